//! The suite that every connector passes, and the scripted far end that it is run against.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use outdial_telephony::conformance;
//! use outdial_telephony::sip::{SipConnector, SipSettings};
//!
//! for case in conformance::CASES {
//!     let (connector, events) = SipConnector::start(SipSettings::at("127.0.0.1:0".parse()?)).await?;
//!     conformance::run(case, Box::new(connector), events).await?;
//! }
//! # Ok(()) }
//! ```

mod cases;
pub mod far_end;

use std::time::Duration;

use outdial_domain::{PhoneNumber, Trunk, TrunkName};

use self::far_end::{FarEnd, Message, PATIENCE};
use crate::media::g711::Law;
use crate::{
    Address, Call, Caller, Command, Connector, DialogIdentity, Event, EventReceiver, LegId, Party,
};

pub use self::cases::CASES;

/// A connector broke its promise, or the bench did.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
}

impl Failure {
    /// A failure in words.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("the bench's network failed: {error}"))
    }
}

/// One promise.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    pub(crate) body: cases::Body,
}

/// Tries whether a connector that has just started keeps one promise.
///
/// # Errors
/// [`Failure`] says what was not kept.
pub async fn run(
    case: &Case,
    connector: Box<dyn Connector>,
    events: EventReceiver,
) -> Result<(), Failure> {
    let mut bench = Bench {
        connector,
        events,
        legs: 0,
    };
    let outcome = case.body.run(&mut bench).await;
    bench.connector.shutdown(Duration::from_millis(100)).await;
    outcome.map_err(|failure| Failure::new(format!("{}: {failure}", case.name)))
}

/// A connector under test, and short words for what tests do with it.
pub struct Bench {
    /// The connector.
    pub connector: Box<dyn Connector>,
    /// Its events.
    pub events: EventReceiver,
    legs: u64,
}

impl Bench {
    /// A bench around a connector.
    #[must_use]
    pub fn new(connector: Box<dyn Connector>, events: EventReceiver) -> Self {
        Self {
            connector,
            events,
            legs: 0,
        }
    }

    /// An unused leg.
    pub fn new_leg(&mut self) -> LegId {
        self.legs += 1;
        LegId(self.legs)
    }

    /// Makes `far` the trunk of this name, without keep-alive.
    ///
    /// # Errors
    /// The far end's socket is broken.
    pub fn trunk_at(
        &self,
        far: &FarEnd,
        change: impl FnOnce(&mut Trunk),
    ) -> Result<TrunkName, Failure> {
        let name = TrunkName::new("carrier").map_err(|e| Failure::new(e.to_string()))?;
        let mut trunk = Trunk::at(name, &format!("sip:{}", far.address()?));
        trunk.keepalive = Duration::ZERO;
        change(&mut trunk);
        self.connector.send(Command::Trunks(vec![trunk]));
        Ok(name)
    }

    /// Calls a callee over a trunk; the leg, and the names that were planned.
    ///
    /// # Errors
    /// The connector refuses the plan.
    pub fn dial(&mut self, trunk: TrunkName) -> Result<(LegId, DialogIdentity), Failure> {
        let number = |text| PhoneNumber::from_text(text).map_err(|e| Failure::new(e.to_string()));
        let party = Party::Callee {
            trunk,
            to: number("+8613012345678")?,
            caller_id: number("10085")?,
        };
        self.place(party)
    }

    /// Calls an agent's phone at a far end.
    ///
    /// # Errors
    /// The connector refuses the plan.
    pub fn call_agent(&mut self, far: &FarEnd) -> Result<(LegId, DialogIdentity), Failure> {
        let address = Address::Uri(far.uri("1001")?);
        self.place(Party::Agent {
            address,
            caller: Caller::default(),
            codecs: Vec::new(),
        })
    }

    /// Calls a flow at a far end.
    ///
    /// # Errors
    /// The connector refuses the plan.
    pub fn call_flow(&mut self, far: &FarEnd) -> Result<(LegId, DialogIdentity), Failure> {
        let address = Address::Uri(far.uri("ivr")?);
        self.place(Party::Flow {
            address,
            caller: Caller::default(),
            codecs: Vec::new(),
        })
    }

    /// Plans and places a call.
    ///
    /// # Errors
    /// The connector refuses the plan.
    pub fn place(&mut self, party: Party) -> Result<(LegId, DialogIdentity), Failure> {
        let leg = self.new_leg();
        let call = Call::to(leg, party);
        let identity = self
            .connector
            .plan(&call)
            .map_err(|e| Failure::new(e.to_string()))?;
        self.connector.send(Command::Place {
            call,
            identity: identity.clone(),
        });
        Ok((leg, identity))
    }

    /// Calls an agent's phone that picks up, and confirms; the leg and its INVITE.
    ///
    /// # Errors
    /// The connector did not carry the call out.
    pub async fn agent_up(
        &mut self,
        far: &mut FarEnd,
        laws: &[Law],
    ) -> Result<(LegId, Message), Failure> {
        let (leg, _) = self.call_agent(far)?;
        let invite = far.expect("INVITE").await?;
        self.take_up(far, leg, invite, laws).await
    }

    /// Calls a callee who picks up, and confirms; the leg and its INVITE.
    ///
    /// # Errors
    /// The connector did not carry the call out.
    pub async fn callee_up(
        &mut self,
        far: &mut FarEnd,
        trunk: TrunkName,
        laws: &[Law],
    ) -> Result<(LegId, Message), Failure> {
        let (leg, _) = self.dial(trunk)?;
        let invite = far.expect("INVITE").await?;
        self.take_up(far, leg, invite, laws).await
    }

    async fn take_up(
        &mut self,
        far: &mut FarEnd,
        leg: LegId,
        invite: Message,
        laws: &[Law],
    ) -> Result<(LegId, Message), Failure> {
        far.pick_up(&invite, "far", laws).await?;
        self.wait(leg, |event| matches!(event, Event::Answered { .. }))
            .await?;
        self.connector.send(Command::Confirm { leg });
        far.expect("ACK").await?;
        Ok((leg, invite))
    }

    /// The next event of a leg that `wanted` picks; others are skipped.
    ///
    /// # Errors
    /// None came in time, or the leg ended before.
    pub async fn wait(
        &mut self,
        leg: LegId,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Event, Failure> {
        self.wait_for(|event| {
            event.leg() == Some(leg) && (wanted(event) || matches!(event, Event::Ended { .. }))
        })
        .await
        .and_then(|event| {
            if wanted(&event) {
                Ok(event)
            } else {
                Err(Failure::new(format!("the leg ended early: {event:?}")))
            }
        })
    }

    /// The next event that `wanted` picks; others are skipped.
    ///
    /// # Errors
    /// None came in time.
    pub async fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event, Failure> {
        let found = async {
            loop {
                match self.events.recv().await {
                    Some(event) if wanted(&event) => return Ok(event),
                    Some(_) => {}
                    None => return Err(Failure::new("the connector closed its events")),
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .map_err(|_| Failure::new("the expected event did not come in time"))?
    }

    /// How a leg ended.
    ///
    /// # Errors
    /// It did not end in time.
    pub async fn ended(&mut self, leg: LegId) -> Result<outdial_domain::Evidence, Failure> {
        match self
            .wait(leg, |event| matches!(event, Event::Ended { .. }))
            .await?
        {
            Event::Ended { evidence, .. } => Ok(evidence),
            other => Err(Failure::new(format!("not an end: {other:?}"))),
        }
    }
}
