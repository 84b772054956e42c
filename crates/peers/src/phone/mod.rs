//! Agents' phones: many behind one socket, or each with one of its own.

mod call;
mod host;
mod registration;

pub use host::PhoneHost;
pub use registration::{RegistrationOptions, RegistrationState};

use crate::conversation::{Action, CallEnd};
use crate::endpoint::{Line, Timing};
use crate::media::{MediaOptions, MediaPort, Ticker};
use crate::session::SessionTimer;
use crate::sip::Message;
use crate::strict::Violation;
use crate::wait::Expired;
use host::{Host, Place};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What a phone does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnCall {
    /// Rings that long, then answers.
    Answer {
        /// From INVITE to 200.
        after: Duration,
    },
    /// Refuses at once.
    Refuse {
        /// Status, for instance 486.
        code: u16,
    },
    /// Rings until CANCEL.
    RingForEver,
}

/// How a phone is set up.
#[derive(Clone, Debug)]
pub struct PhoneOptions {
    /// User part of its address.
    pub user: String,
    /// What it does with a call; a second call gets 486. Default: answers after 50 ms.
    pub on_call: OnCall,
    /// Its audio. Default: silence out, packets counted.
    pub media: MediaOptions,
    /// Hangs up after so long without an RTP packet. Default: never.
    pub audio_watchdog: Option<Duration>,
    /// Its session timer. Default: none.
    pub session_timer: Option<SessionTimer>,
    /// Sits behind a NAT: Contact and SDP name addresses at which nobody listens, so it is reached
    /// only where its packets come from. Default: no.
    pub behind_nat: bool,
}

impl PhoneOptions {
    /// A phone of this user with defaults else.
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            on_call: OnCall::Answer {
                after: Duration::from_millis(50),
            },
            media: MediaOptions::default(),
            audio_watchdog: None,
            session_timer: None,
            behind_nat: false,
        }
    }

    /// Sets what it does with a call.
    #[must_use]
    pub fn on_call(mut self, on_call: OnCall) -> Self {
        self.on_call = on_call;
        self
    }

    /// Sets its audio.
    #[must_use]
    pub fn media(mut self, media: MediaOptions) -> Self {
        self.media = media;
        self
    }

    /// Hangs up after so long without an RTP packet.
    #[must_use]
    pub fn audio_watchdog(mut self, limit: Duration) -> Self {
        self.audio_watchdog = Some(limit);
        self
    }

    /// Sets its session timer.
    #[must_use]
    pub fn session_timer(mut self, timer: SessionTimer) -> Self {
        self.session_timer = Some(timer);
        self
    }

    /// Puts it behind a NAT.
    #[must_use]
    pub fn behind_nat(mut self) -> Self {
        self.behind_nat = true;
        self.media.behind_nat = true;
        self
    }
}

/// Where a phone's call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PhoneCall {
    /// No call.
    #[default]
    Idle,
    /// Ringing.
    Ringing,
    /// Answered.
    Up,
}

/// What a phone can be asked at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneStatus {
    /// Its present call.
    pub call: PhoneCall,
    /// Calls taken up to now.
    pub answered: u32,
    /// INVITEs for a new call seen up to now, refused ones included.
    pub invited: u32,
    /// Refreshes of the session, over all calls.
    pub refreshes: u32,
    /// Changes of the session by the other side, refreshes included.
    pub changes: u32,
    /// How the last call ended.
    pub last_end: Option<CallEnd>,
    /// Whether it is registered.
    pub registration: RegistrationState,
}

/// Everything that belongs to one phone, wherever it is plugged in.
#[derive(Debug)]
struct Core {
    options: PhoneOptions,
    on_call: Mutex<OnCall>,
    status: watch::Sender<PhoneStatus>,
    /// Replaced when the phone moves; the old one stays dead.
    line: Mutex<Arc<Line>>,
    commands: Mutex<Option<mpsc::Sender<Action>>>,
    media: Mutex<Option<Arc<MediaPort>>>,
    invite: Mutex<Option<Message>>,
    registration: registration::Registration,
}

/// An agent's phone.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use outdial_peers::{OnCall, Phone, PhoneOptions};
/// use std::time::Duration;
/// let phone = Phone::start(PhoneOptions::new("1001")).await.unwrap();
/// println!("agent 1001 at {}", phone.uri());
/// phone.set_on_call(OnCall::Refuse { code: 486 });
/// phone.shut_down().await;
/// # });
/// ```
#[derive(Debug)]
pub struct Phone {
    core: Arc<Core>,
    place: Mutex<Place>,
}

impl Phone {
    /// A phone with a port of its own on 127.0.0.1.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn start(options: PhoneOptions) -> io::Result<Self> {
        let anywhere = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        Self::start_at(anywhere, options, Timing::default(), &Ticker::start()).await
    }

    /// A phone with a port of its own at this address; many phones should share one ticker.
    ///
    /// # Errors
    /// The socket's error.
    pub async fn start_at(
        listen: SocketAddr,
        options: PhoneOptions,
        timing: Timing,
        ticker: &Ticker,
    ) -> io::Result<Self> {
        let host = Host::start(listen, timing, ticker).await?;
        Ok(Self::plugged_into(Place::own(host), options))
    }

    fn plugged_into(place: Place, options: PhoneOptions) -> Self {
        let core = Arc::new(Core {
            on_call: Mutex::new(options.on_call.clone()),
            options,
            status: watch::Sender::default(),
            line: Mutex::new(Line::plugged()),
            commands: Mutex::default(),
            media: Mutex::default(),
            invite: Mutex::default(),
            registration: registration::Registration::new(),
        });
        place.host.add(&core);
        Self {
            core,
            place: Mutex::new(place),
        }
    }

    fn host(&self) -> Arc<Host> {
        Arc::clone(&lock(&self.place).host)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.host().endpoint.local()
    }

    /// Its address for an agent's configuration: `sip:USER@127.0.0.1:PORT`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("sip:{}@{}", self.core.options.user, self.address())
    }

    /// What it does with calls from now on.
    pub fn set_on_call(&self, on_call: OnCall) {
        *lock(&self.core.on_call) = on_call;
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> PhoneStatus {
        self.core.status.borrow().clone()
    }

    /// Waits until a condition on its status holds.
    ///
    /// # Errors
    /// [`Expired`] after `limit`, with `what` in its text.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&PhoneStatus) -> bool,
    ) -> Result<PhoneStatus, Expired> {
        let mut status = self.core.status.subscribe();
        let expired = || Expired {
            what: what.to_owned(),
            waited: limit,
        };
        match tokio::time::timeout(limit, status.wait_for(|s| holds(s))).await {
            Ok(Ok(status)) => Ok(status.clone()),
            _ => Err(expired()),
        }
    }

    /// Does something in the present call; `false` without one.
    pub async fn act(&self, action: Action) -> bool {
        let sender = lock(&self.core.commands).clone();
        match sender {
            Some(sender) => sender.send(action).await.is_ok(),
            None => false,
        }
    }

    /// Hangs up, or refuses a call that rings with 486; `false` without a call.
    pub async fn hang_up(&self) -> bool {
        self.act(Action::hang_up()).await
    }

    /// Pulls the cable: nothing goes in or out until [`Phone::plug_in`].
    pub fn unplug(&self) {
        lock(&self.core.line).set_plugged(false);
    }

    /// Puts the cable back. A call that is still up on both sides goes on.
    pub fn plug_in(&self) {
        lock(&self.core.line).set_plugged(true);
    }

    /// Audio of the present call, or of the last one.
    #[must_use]
    pub fn media(&self) -> Option<Arc<MediaPort>> {
        lock(&self.core.media).clone()
    }

    /// The last INVITE for a new call, as it came.
    #[must_use]
    pub fn last_invite(&self) -> Option<Message> {
        lock(&self.core.invite).clone()
    }

    /// Rules of the protocol that the other side broke at this phone's socket.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.host().violations.list()
    }

    /// Registers and keeps the registration up until [`Phone::unregister`]. The outcome shows in
    /// [`PhoneStatus::registration`].
    pub fn register(&self, options: RegistrationOptions) {
        registration::keep_up(&self.core, &self.host(), options);
    }

    /// Takes its registration back.
    pub fn unregister(&self) {
        self.core.registration.wish_away();
    }

    /// Starts anew on another port, as after a crash: a call that was up is forgotten without a
    /// word, and a registration is made again from the new port.
    ///
    /// # Errors
    /// The socket's error; the phone stays where it was then.
    pub async fn move_to_new_port(&self) -> io::Result<()> {
        let old = self.host();
        let anywhere = SocketAddr::new(old.endpoint.local().ip(), 0);
        let new = Host::start(anywhere, old.endpoint.timing, &old.ticker).await?;
        old.remove(&self.core);
        let line = std::mem::replace(&mut *lock(&self.core.line), Line::plugged());
        line.set_plugged(false);
        self.act(Action::Vanish).await;
        let before = std::mem::replace(&mut *lock(&self.place), Place::own(Arc::clone(&new)));
        before.leave().await;
        // Only an idle phone takes a call, and the old one ends within a moment at the latest.
        let _ = self
            .until("idle", Duration::from_secs(1), |s| {
                s.call == PhoneCall::Idle
            })
            .await;
        new.add(&self.core);
        if let Some(options) = self.core.registration.options() {
            registration::keep_up(&self.core, &new, options);
        }
        Ok(())
    }

    /// Ends its tasks; a call that is up is forgotten without a BYE. On a shared host the socket
    /// stays open for the others.
    pub async fn shut_down(self) {
        self.core.registration.stop();
        self.host().remove(&self.core);
        self.act(Action::Vanish).await;
        let place = lock(&self.place).clone();
        place.leave().await;
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.core.registration.stop();
        let place = lock(&self.place);
        place.host.remove(&self.core);
        place.abandon();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
