//! A phone's registration: made, kept up, taken back.

use super::host::Host;
use super::{Core, call, lock};
use crate::endpoint::{Incoming, Remote};
use crate::sip::{
    BRANCH_COOKIE, Challenge, Credentials, DigestAlgorithm, Message, Method, NameAddr, unique,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where and how a phone registers.
#[derive(Clone, Debug)]
pub struct RegistrationOptions {
    /// The registrar's address.
    pub registrar: SocketAddr,
    /// Domain in Request-URI, From and To; the registrar's address by default.
    pub domain: Option<String>,
    /// Name and password; `None` for a registrar that does not ask.
    pub credentials: Option<Credentials>,
    /// Wished lifetime in seconds; refreshed after half of what is granted. Default: 60.
    pub expires_s: u32,
    /// Hashes that the phone knows. Default: both.
    pub algorithms: Vec<DigestAlgorithm>,
}

impl RegistrationOptions {
    /// Registers at this address with these credentials, for a minute at a time.
    #[must_use]
    pub fn at(registrar: SocketAddr, credentials: Option<Credentials>) -> Self {
        Self {
            registrar,
            domain: None,
            credentials,
            expires_s: 60,
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
        }
    }
}

/// How a registration stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RegistrationState {
    /// Not wished, or taken back.
    #[default]
    Off,
    /// On its way.
    Trying,
    /// Registered.
    Registered {
        /// Granted lifetime in seconds.
        expires_s: u32,
        /// REGISTERs that succeeded, this one included.
        times: u32,
    },
    /// Refused with this status; tried again after a second.
    Refused(u16),
    /// No response; tried again at once.
    NoResponse,
}

/// What a registration keeps over refreshes and moves.
#[derive(Debug)]
pub(super) struct Registration {
    call_id: String,
    tag: String,
    cseq: AtomicU32,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    options: RegistrationOptions,
    /// Stops the task without a word.
    stop: CancellationToken,
    /// Asks the task to take the registration back.
    away: CancellationToken,
}

impl Registration {
    pub(super) fn new() -> Self {
        Self {
            call_id: unique("reg-"),
            tag: unique("t"),
            cseq: AtomicU32::new(0),
            running: Mutex::default(),
        }
    }

    /// The options of a registration that is wished for.
    pub(super) fn options(&self) -> Option<RegistrationOptions> {
        lock(&self.running)
            .as_ref()
            .filter(|r| !r.away.is_cancelled())
            .map(|r| r.options.clone())
    }

    pub(super) fn wish_away(&self) {
        if let Some(running) = &*lock(&self.running) {
            running.away.cancel();
        }
    }

    pub(super) fn stop(&self) {
        if let Some(running) = lock(&self.running).take() {
            running.stop.cancel();
        }
    }
}

/// Starts to register from this host; a registration that runs elsewhere stops without a word.
pub(super) fn keep_up(core: &Arc<Core>, host: &Arc<Host>, options: RegistrationOptions) {
    let registration = &core.registration;
    registration.stop();
    let (stop, away) = (CancellationToken::new(), CancellationToken::new());
    *lock(&registration.running) = Some(Running {
        options: options.clone(),
        stop: stop.clone(),
        away: away.clone(),
    });
    let line = Arc::clone(&lock(&core.line));
    let inbox = host.endpoint.route(&registration.call_id, &line);
    let client = Client {
        core: Arc::clone(core),
        host: Arc::clone(host),
        options,
        inbox,
        challenge: None,
        claims: 0,
        times: 0,
    };
    // Shown before anything is sent, so that nobody takes the state before for the one after.
    client.show(RegistrationState::Trying);
    host.endpoint.spawn(async move {
        let _ = stop.run_until_cancelled(client.run(away)).await;
    });
}

struct Client {
    core: Arc<Core>,
    host: Arc<Host>,
    options: RegistrationOptions,
    inbox: mpsc::Receiver<Incoming>,
    challenge: Option<(u16, Challenge)>,
    /// Answers given to it.
    claims: u32,
    times: u32,
}

impl Client {
    async fn run(mut self, away: CancellationToken) {
        let mut expires_s = self.options.expires_s;
        loop {
            let pause = match self.register(expires_s).await {
                Some(response) if response.code() == Some(200) => {
                    let granted = granted(&response).unwrap_or(expires_s);
                    self.times += 1;
                    self.show(RegistrationState::Registered {
                        expires_s: granted,
                        times: self.times,
                    });
                    Duration::from_millis(u64::from(granted.max(1)) * 500)
                }
                Some(response) if response.code() == Some(423) => {
                    let least = response.header("Min-Expires").and_then(|v| v.parse().ok());
                    expires_s = least.unwrap_or(expires_s.saturating_mul(2)).max(expires_s);
                    Duration::from_millis(50)
                }
                Some(response) => {
                    self.show(RegistrationState::Refused(response.code().unwrap_or(0)));
                    Duration::from_secs(1)
                }
                None => {
                    self.show(RegistrationState::NoResponse);
                    Duration::from_millis(10)
                }
            };
            if tokio::time::timeout(pause, away.cancelled()).await.is_ok() {
                break;
            }
        }
        self.register(0).await;
        self.show(RegistrationState::Off);
    }

    fn show(&self, state: RegistrationState) {
        self.core
            .status
            .send_modify(|status| status.registration = state);
    }

    /// One registration, with credentials where they are asked for.
    async fn register(&mut self, expires_s: u32) -> Option<Message> {
        let mut asked = false;
        loop {
            let request = self.request(expires_s);
            let response = self.send(request).await?;
            if !matches!(response.code(), Some(401 | 407)) {
                return Some(response);
            }
            let challenge = Challenge::of_response(&response, &self.options.algorithms);
            // Asked again with a fresh challenge, the password must be wrong.
            let (Some(challenge), false, Some(code)) = (challenge, asked, response.code()) else {
                return Some(response);
            };
            asked = true;
            self.challenge = Some((code, challenge));
            self.claims = 0;
        }
    }

    fn request(&mut self, expires_s: u32) -> Message {
        let (registration, user) = (&self.core.registration, &self.core.options.user);
        let cseq = registration.cseq.fetch_add(1, Ordering::Relaxed) + 1;
        let registrar = self.options.registrar;
        let domain = self
            .options
            .domain
            .clone()
            .unwrap_or_else(|| registrar.to_string());
        let uri = format!("sip:{domain}");
        let local = self.host.endpoint.local();
        let contact = if self.core.options.behind_nat {
            call::PRIVATE
        } else {
            local
        };
        let via = format!("SIP/2.0/UDP {local};rport;branch={}", unique(BRANCH_COOKIE));
        let mut request = Message::request(Method::Register, uri.clone())
            .with("Via", via)
            .with("Max-Forwards", "70")
            .with(
                "From",
                format!("<sip:{user}@{domain}>;tag={}", registration.tag),
            )
            .with("To", format!("<sip:{user}@{domain}>"))
            .with("Call-ID", registration.call_id.clone())
            .with("CSeq", format!("{cseq} REGISTER"))
            .with("Contact", format!("<sip:{user}@{contact}>"))
            .with("Expires", expires_s.to_string());
        self.claims += 1;
        if let (Some((code, challenge)), Some(who)) = (&self.challenge, &self.options.credentials) {
            let name = if *code == 407 {
                "Proxy-Authorization"
            } else {
                "Authorization"
            };
            request.push(name, challenge.answer(who, "REGISTER", &uri, self.claims));
        }
        request
    }

    /// Sends until there is a final response.
    async fn send(&mut self, request: Message) -> Option<Message> {
        let timing = self.host.endpoint.timing;
        let to = Remote::udp(self.options.registrar);
        let give_up = Instant::now() + timing.give_up();
        let mut pause = timing.t1;
        loop {
            if lock(&self.core.line).is_plugged() {
                self.host.endpoint.send(&request, &to);
            }
            let again = (Instant::now() + pause).min(give_up);
            while let Ok(Some(incoming)) = tokio::time::timeout_at(again, self.inbox.recv()).await {
                let response = incoming.message;
                if response.cseq() == request.cseq() && response.code() >= Some(200) {
                    return Some(response);
                }
            }
            if Instant::now() >= give_up || self.inbox.is_closed() {
                return None;
            }
            pause = (pause * 2).min(timing.t2);
        }
    }
}

/// Lifetime that the registrar granted.
fn granted(response: &Message) -> Option<u32> {
    let contact = response.header("Contact").and_then(NameAddr::parse);
    let expires = contact.and_then(|c| c.params.value("expires").map(str::to_owned));
    expires
        .or_else(|| response.header("Expires").map(str::to_owned))?
        .parse()
        .ok()
}
