//! The simulated carrier: takes INVITEs and plays the callees behind it.

mod call;
mod log;
mod plan;
mod planner;

pub use log::{CallLog, CallRecord};
pub use plan::{Answer, CalleeOutcome, CalleePlan, ChallengePlan, ContactForm, Progress, Refusal};
pub use planner::{CalleeMix, Dialed, Planner};

use crate::conversation::Action;
use crate::dialog::{Dialog, Whereabouts};
use crate::endpoint::{Endpoint, EndpointCounts, Incoming, Line, Timing};
use crate::leg::Leg;
use crate::media::Ticker;
use crate::registrar::{Binding, Registrar};
use crate::sip::{
    Credentials, Message, Method, NameAddr, SipUri, response_target, response_to, unique,
};
use crate::strict::{Rule, Violation, Violations};
use crate::wait::{Bell, Expired};
use call::Call;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How a carrier is set up.
#[derive(Clone, Debug)]
pub struct CarrierOptions {
    /// Where it listens, UDP and TCP. Default: 127.0.0.1, any port.
    pub listen: SocketAddr,
    /// Chooses the plan of each call.
    pub planner: Planner,
    /// Retransmission times.
    pub timing: Timing,
    /// Refuses with 503 while so many calls are open. Default: no limit.
    pub max_calls: Option<usize>,
    /// Refuses with 503 beyond so many calls within a second. Default: no limit.
    pub calls_per_second: Option<usize>,
    /// Caller IDs that the carrier knows; another one breaks [`Rule::CallerId`]. Empty: all.
    pub caller_ids: Vec<String>,
    /// Header beside From that must name the caller ID: `P-Asserted-Identity` or another.
    pub identity_header: Option<String>,
    /// Address that Contact announces instead of its own, for a relay in between.
    pub contact: Option<SocketAddr>,
    /// Sends its requests to where the INVITE came from, for a relay in between.
    pub to_source: bool,
    /// Accounts that may register; empty: anybody, unasked.
    pub accounts: Vec<Credentials>,
    /// Clock of all audio; its own by default.
    pub ticker: Option<Ticker>,
}

impl CarrierOptions {
    /// A carrier with this planner and defaults else.
    #[must_use]
    pub fn new(planner: Planner) -> Self {
        Self {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            planner,
            timing: Timing::default(),
            max_calls: None,
            calls_per_second: None,
            caller_ids: Vec::new(),
            identity_header: None,
            contact: None,
            to_source: false,
            accounts: Vec::new(),
            ticker: None,
        }
    }
}

/// What every call of the carrier shares.
struct Shared {
    endpoint: Arc<Endpoint>,
    options: CarrierOptions,
    planner: RwLock<Planner>,
    ticker: Ticker,
    log: Mutex<CallLog>,
    bell: Bell,
    violations: Arc<Violations>,
    commands: Mutex<HashMap<String, mpsc::Sender<Action>>>,
    answers_options: AtomicBool,
    options_seen: AtomicU64,
    registrar: Registrar,
}

/// A simulated carrier on loopback.
///
/// Ends with [`Carrier::shut_down`]; dropped without it, its tasks are stopped, too.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use outdial_peers::{CalleePlan, Carrier, CarrierOptions, Planner};
/// let busy = Planner::same(CalleePlan::refuse(486).q850(17));
/// let carrier = Carrier::start(CarrierOptions::new(busy)).await.unwrap();
/// println!("dial at {}", carrier.uri());
/// assert_eq!(carrier.read(|log| log.count()), 0);
/// carrier.shut_down().await;
/// # });
/// ```
pub struct Carrier {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

impl Carrier {
    /// Binds the ports and starts to take calls.
    ///
    /// # Errors
    /// The socket's error, for instance when the port is taken.
    pub async fn start(options: CarrierOptions) -> io::Result<Self> {
        let (endpoint, strays) = Endpoint::start(options.listen, options.timing).await?;
        let shared = Arc::new(Shared {
            endpoint: Arc::clone(&endpoint),
            planner: RwLock::new(options.planner.clone()),
            ticker: options.ticker.clone().unwrap_or_else(Ticker::start),
            log: Mutex::default(),
            bell: Bell::new(),
            violations: Arc::default(),
            commands: Mutex::default(),
            answers_options: AtomicBool::new(true),
            options_seen: AtomicU64::new(0),
            registrar: Registrar::new(&options.accounts),
            options,
        });
        endpoint.spawn(take_strays(Arc::clone(&shared), strays));
        Ok(Self { shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.endpoint.local()
    }

    /// Its address for a trunk's configuration: `sip:127.0.0.1:PORT`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("sip:{}", self.address())
    }

    /// Plans of calls that come from now on.
    pub fn set_planner(&self, planner: Planner) {
        *self
            .shared
            .planner
            .write()
            .unwrap_or_else(PoisonError::into_inner) = planner;
    }

    /// Whether OPTIONS is answered (default) or ignored.
    pub fn set_answers_options(&self, answers: bool) {
        self.shared
            .answers_options
            .store(answers, Ordering::Relaxed);
    }

    /// How many OPTIONS came in.
    #[must_use]
    pub fn options_seen(&self) -> u64 {
        self.shared.options_seen.load(Ordering::Relaxed)
    }

    /// A copy of the log as it is now.
    #[must_use]
    pub fn log(&self) -> CallLog {
        self.shared.log().clone()
    }

    /// Asks the log something without copying it.
    pub fn read<T>(&self, ask: impl FnOnce(&CallLog) -> T) -> T {
        ask(&self.shared.log())
    }

    /// Waits until a condition on the log holds.
    ///
    /// # Errors
    /// [`Expired`] after `limit`, with `what` in its text.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        holds: impl Fn(&CallLog) -> bool,
    ) -> Result<(), Expired> {
        self.shared
            .bell
            .until(what, limit, || holds(&self.shared.log()).then_some(()))
            .await
    }

    /// Lets the callee of a call do something; `false` where the call is over or unknown. Before
    /// the answer only a hang-up counts: the callee refuses with 480.
    pub async fn act(&self, call_id: &str, action: Action) -> bool {
        let sender = self.shared.commands().get(call_id).cloned();
        match sender {
            Some(sender) => sender.send(action).await.is_ok(),
            None => false,
        }
    }

    /// Every broken rule of the protocol up to now.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.violations.list()
    }

    /// How often each rule was broken.
    #[must_use]
    pub fn violation_counts(&self) -> BTreeMap<Rule, usize> {
        self.shared.violations.counts()
    }

    /// Waits until a rule was broken.
    ///
    /// # Errors
    /// [`Expired`] after `limit`.
    pub async fn until_broken(&self, rule: Rule, limit: Duration) -> Result<(), Expired> {
        self.shared.violations.until_broken(rule, limit).await
    }

    /// Messages in and out, and garbage.
    #[must_use]
    pub fn counts(&self) -> EndpointCounts {
        self.shared.endpoint.counts()
    }

    /// Where a user registered, if it did.
    #[must_use]
    pub fn binding(&self, user: &str) -> Option<Binding> {
        self.shared.registrar.binding(user)
    }

    /// Waits until a user's registration is as wished.
    ///
    /// # Errors
    /// [`Expired`] after `limit`.
    pub async fn until_binding(
        &self,
        user: &str,
        limit: Duration,
        holds: impl Fn(Option<&Binding>) -> bool,
    ) -> Result<(), Expired> {
        let registrar = &self.shared.registrar;
        let ask = || holds(registrar.binding(user).as_ref()).then_some(());
        registrar.bell.until("a registration", limit, ask).await
    }

    /// Ends every task; calls that are up are forgotten without a BYE.
    pub async fn shut_down(self) {
        self.shared.endpoint.shut_down().await;
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.shared.endpoint.stop.cancel();
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, CallLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commands(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Action>>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call_id: &str, change: impl FnOnce(&mut CallRecord)) {
        self.log().change(call_id, change);
        self.bell.ring();
    }

    fn forget(&self, call_id: &str) {
        self.commands().remove(call_id);
    }

    fn begin_call(self: &Arc<Self>, incoming: Incoming) {
        let invite = &incoming.message;
        let dialed = self.dialed(invite);
        if self.log().call(invite.call_id()).is_some() {
            self.violations
                .add(Rule::CallIdReuse, invite, "a call that is over");
        }
        self.check_caller_id(invite, &dialed);
        let plan = match self.refuses_for_capacity(incoming.at) {
            true => CalleePlan::refuse(503),
            false => self
                .planner
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .plan(&dialed),
        };
        let line = Line::plugged();
        let inbox = self.endpoint.route(invite.call_id(), &line);
        let here = Whereabouts {
            user: dialed.number.clone(),
            addr: self.endpoint.local(),
            contact: self.options.contact,
            to_source: self.options.to_source,
        };
        let dialog = Dialog::answering(invite, &incoming.from, &here);
        let (sender, commands) = mpsc::channel(16);
        self.commands().insert(invite.call_id().to_owned(), sender);
        self.log().begin(record(invite, dialed, incoming.at));
        self.bell.ring();
        let mut leg = Leg::new(&self.endpoint, &line, inbox, dialog, &self.violations);
        leg.serve(incoming);
        let call = Call {
            shared: Arc::clone(self),
            leg,
            plan,
            commands,
            body: None,
        };
        self.endpoint.spawn(call.run());
    }

    fn dialed(&self, invite: &Message) -> Dialed {
        let number = SipUri::parse(invite.uri())
            .map(|uri| uri.user)
            .unwrap_or_default();
        let log = self.log();
        let (index, attempt) = (log.count(), log.attempts(&number));
        Dialed {
            number,
            caller_id: user_of(invite, "From").unwrap_or_default(),
            index,
            attempt,
        }
    }

    fn check_caller_id(&self, invite: &Message, dialed: &Dialed) {
        let known = &self.options.caller_ids;
        let expected = |id: &str| known.is_empty() || known.iter().any(|k| k == id);
        if dialed.caller_id.is_empty() || !expected(&dialed.caller_id) {
            self.violations
                .add(Rule::CallerId, invite, "From names another");
        }
        if let Some(header) = &self.options.identity_header
            && user_of(invite, header).is_none_or(|id| !expected(&id))
        {
            self.violations.add(
                Rule::CallerId,
                invite,
                format_args!("{header} is missing or names another"),
            );
        }
    }

    fn refuses_for_capacity(&self, now: Instant) -> bool {
        let log = self.log();
        let full = self
            .options
            .max_calls
            .is_some_and(|max| log.open_now() >= max);
        let since = |c: &CallRecord| now.duration_since(c.received_at);
        let recent = || {
            log.calls()
                .iter()
                .rev()
                .take_while(|c| since(c) < Duration::from_secs(1))
                .count()
        };
        full || self
            .options
            .calls_per_second
            .is_some_and(|max| recent() >= max)
    }

    fn answer_stray(&self, incoming: &Incoming, response: &Message) {
        let target = response_target(&incoming.message, incoming.from.addr);
        self.endpoint.send(response, &incoming.from.at(target));
    }
}

fn record(invite: &Message, dialed: Dialed, received_at: Instant) -> CallRecord {
    CallRecord {
        call_id: invite.call_id().to_owned(),
        invite: Arc::new(invite.clone()),
        number: dialed.number,
        caller_id: dialed.caller_id,
        asserted_id: user_of(invite, "P-Asserted-Identity"),
        received_at,
        invites: 1,
        progress_at: None,
        answered_at: None,
        acked_at: None,
        ended_at: None,
        final_status: None,
        end: None,
        forks_ended: 0,
        media: None,
    }
}

fn user_of(message: &Message, header: &str) -> Option<String> {
    Some(NameAddr::parse(message.header(header)?)?.address()?.user)
}

/// Takes what belongs to no call yet.
async fn take_strays(shared: Arc<Shared>, mut strays: mpsc::Receiver<Incoming>) {
    while let Some(incoming) = strays.recv().await {
        // The INVITE's retransmission may have queued up behind the INVITE itself.
        let Err(incoming) = shared.endpoint.deliver(incoming) else {
            continue;
        };
        let message = &incoming.message;
        match message.method() {
            Some(Method::Invite)
                if crate::strict::tag_of(message, "To").is_none()
                    && !message.call_id().is_empty() =>
            {
                shared.begin_call(*incoming);
            }
            Some(Method::Options) => {
                shared.options_seen.fetch_add(1, Ordering::Relaxed);
                shared.violations.check_any(message);
                if shared.answers_options.load(Ordering::Relaxed) {
                    let response =
                        response_to(message, incoming.from.addr, 200, Some(&unique("t")));
                    shared.answer_stray(
                        &incoming,
                        &response.with("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS"),
                    );
                }
            }
            Some(Method::Register) => {
                shared.violations.check_any(message);
                let response = shared.registrar.answer(message, incoming.from.addr);
                shared.answer_stray(&incoming, &response);
            }
            Some(Method::Ack) | None => {}
            Some(_) => {
                shared.violations.check_any(message);
                shared
                    .violations
                    .add(Rule::UnknownDialog, message, "answered by 481");
                let response = response_to(message, incoming.from.addr, 481, Some(&unique("t")));
                shared.answer_stray(&incoming, &response);
            }
        }
    }
}
