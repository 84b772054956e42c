//! A flow: an IVR or bot at a SIP address that takes the callee first.

use crate::carrier::{CalleePlan, Carrier, CarrierOptions, Planner};
use crate::conversation::{Action, TO_QUEUE};
use crate::media::MediaOptions;
use std::io;
use std::ops::Deref;
use std::time::Duration;

/// How a flow ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowEnd {
    /// BYE: the conversation is over.
    HangUp,
    /// BYE with the Reason that hands the callee to the queue.
    ToQueue,
    /// REFER to this address, then BYE.
    Refer(String),
    /// Nothing: it waits for the other side's BYE.
    Wait,
}

/// How a flow behaves, the same for every call.
#[derive(Clone, Debug)]
pub struct FlowOptions {
    /// Everything but the plan: where it listens, retransmission times and so on.
    pub carrier: CarrierOptions,
    /// From INVITE to answer. Default: 20 ms.
    pub answer_after: Duration,
    /// From answer to end. Default: 1 s.
    pub plays: Duration,
    /// How it ends. Default: hang-up.
    pub end: FlowEnd,
    /// What it plays. Default: silence.
    pub media: MediaOptions,
}

impl FlowOptions {
    /// A flow that plays for so long and ends like this.
    #[must_use]
    pub fn new(plays: Duration, end: FlowEnd) -> Self {
        Self {
            carrier: CarrierOptions::new(Planner::same(CalleePlan::answer())),
            answer_after: Duration::from_millis(20),
            plays,
            end,
            media: MediaOptions::default(),
        }
    }

    fn plan(&self) -> CalleePlan {
        let plan = CalleePlan::answer()
            .ring_time(self.answer_after)
            .media(self.media.clone());
        match &self.end {
            FlowEnd::HangUp => plan.talk(self.plays),
            FlowEnd::ToQueue => plan.step(
                self.plays,
                Action::HangUp {
                    reason: Some(TO_QUEUE.to_owned()),
                },
            ),
            FlowEnd::Refer(to) => plan.step(self.plays, Action::Refer { to: to.clone() }),
            FlowEnd::Wait => plan,
        }
    }
}

/// A flow at a SIP address. Its log, commands and violations are those of a [`Carrier`], for a
/// flow takes calls just as a callee does.
#[derive(Debug)]
pub struct Flow {
    carrier: Carrier,
    user: String,
}

impl Flow {
    /// Starts a flow that is called `user`.
    ///
    /// # Errors
    /// The socket's error, for instance when the port is taken.
    pub async fn start(user: &str, options: FlowOptions) -> io::Result<Self> {
        let planner = Planner::same(options.plan());
        let carrier = Carrier::start(CarrierOptions {
            planner,
            ..options.carrier
        })
        .await?;
        Ok(Self {
            carrier,
            user: user.to_owned(),
        })
    }

    /// Its address for a flow's configuration: `sip:USER@127.0.0.1:PORT`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("sip:{}@{}", self.user, self.carrier.address())
    }

    /// Ends every task.
    pub async fn shut_down(self) {
        self.carrier.shut_down().await;
    }
}

impl Deref for Flow {
    type Target = Carrier;

    fn deref(&self) -> &Carrier {
        &self.carrier
    }
}
