//! The socket that phones are plugged into.

use super::{Core, Phone, PhoneOptions, call, lock};
use crate::endpoint::{Endpoint, EndpointCounts, Incoming, Timing};
use crate::media::Ticker;
use crate::sip::{Message, Method, SipUri, response_target, response_to, unique};
use crate::strict::{Rule, Violation, Violations, tag_of};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use tokio::sync::mpsc;

/// A socket and the phones behind it.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) ticker: Ticker,
    pub(super) violations: Arc<Violations>,
    phones: Mutex<HashMap<String, Weak<Core>>>,
}

/// Where a phone is plugged in, and whether it is the only one there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) host: Arc<Host>,
    own: bool,
}

impl Place {
    pub(super) fn own(host: Arc<Host>) -> Self {
        Self { host, own: true }
    }

    pub(super) async fn leave(self) {
        if self.own {
            self.host.endpoint.shut_down().await;
        }
    }

    pub(super) fn abandon(&self) {
        if self.own {
            self.host.endpoint.stop.cancel();
        }
    }
}

impl Host {
    pub(super) async fn start(
        listen: SocketAddr,
        timing: Timing,
        ticker: &Ticker,
    ) -> io::Result<Arc<Self>> {
        let (endpoint, strays) = Endpoint::start(listen, timing).await?;
        let host = Arc::new(Self {
            endpoint: Arc::clone(&endpoint),
            ticker: ticker.clone(),
            violations: Arc::default(),
            phones: Mutex::default(),
        });
        endpoint.spawn(take_strays(Arc::clone(&host), strays));
        Ok(host)
    }

    pub(super) fn add(&self, core: &Arc<Core>) {
        lock(&self.phones).insert(core.options.user.clone(), Arc::downgrade(core));
    }

    pub(super) fn remove(&self, core: &Arc<Core>) {
        let mut phones = lock(&self.phones);
        let user = &core.options.user;
        // A phone that took the user's name over stays.
        if phones
            .get(user)
            .is_some_and(|there| there.as_ptr() == Arc::as_ptr(core))
        {
            phones.remove(user);
        }
    }

    fn phone(&self, request: &Message) -> Option<Arc<Core>> {
        let user = SipUri::parse(request.uri())?.user;
        lock(&self.phones).get(&user)?.upgrade()
    }

    fn reply(&self, incoming: &Incoming, code: u16) {
        let response = response_to(
            &incoming.message,
            incoming.from.addr,
            code,
            Some(&unique("t")),
        );
        let to = response_target(&incoming.message, incoming.from.addr);
        self.endpoint.send(&response, &incoming.from.at(to));
    }
}

async fn take_strays(host: Arc<Host>, mut strays: mpsc::Receiver<Incoming>) {
    while let Some(incoming) = strays.recv().await {
        let Err(incoming) = host.endpoint.deliver(incoming) else {
            continue;
        };
        let message = &incoming.message;
        let Some(method) = message.method() else {
            continue;
        };
        let phone = host.phone(message);
        if phone
            .as_ref()
            .is_some_and(|core| !lock(&core.line).is_plugged())
        {
            continue;
        }
        let in_dialog = tag_of(message, "To").is_some();
        match (method, phone) {
            (Method::Ack, _) => {}
            (Method::Invite, Some(core)) if !in_dialog && !message.call_id().is_empty() => {
                call::take(&host, &core, *incoming);
            }
            (Method::Invite | Method::Options, None) if !in_dialog => host.reply(&incoming, 404),
            (Method::Options, Some(_)) if !in_dialog => host.reply(&incoming, 200),
            _ => {
                host.violations.check_any(message);
                host.violations
                    .add(Rule::UnknownDialog, message, "answered by 481");
                host.reply(&incoming, 481);
            }
        }
    }
}

/// One socket for many phones, told apart by the user part of their addresses.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use outdial_peers::{PhoneHost, PhoneOptions, Ticker, Timing};
/// let listen = "127.0.0.1:0".parse().unwrap();
/// let host = PhoneHost::start(listen, Timing::default(), &Ticker::start()).await.unwrap();
/// let phones: Vec<_> = (0..400).map(|n| host.phone(PhoneOptions::new(format!("{}", 1000 + n)))).collect();
/// assert_eq!(phones[7].uri(), format!("sip:1007@{}", host.address()));
/// host.shut_down().await;
/// # });
/// ```
#[derive(Debug)]
pub struct PhoneHost {
    host: Arc<Host>,
}

impl PhoneHost {
    /// Opens the socket.
    ///
    /// # Errors
    /// The socket's error, for instance when the port is taken.
    pub async fn start(listen: SocketAddr, timing: Timing, ticker: &Ticker) -> io::Result<Self> {
        Ok(Self {
            host: Host::start(listen, timing, ticker).await?,
        })
    }

    /// Plugs a phone in. A phone of the same user that is plugged in already gets no more calls.
    #[must_use]
    pub fn phone(&self, options: PhoneOptions) -> Phone {
        Phone::plugged_into(
            Place {
                host: Arc::clone(&self.host),
                own: false,
            },
            options,
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.host.endpoint.local()
    }

    /// Messages in and out, and garbage.
    #[must_use]
    pub fn counts(&self) -> EndpointCounts {
        self.host.endpoint.counts()
    }

    /// Rules of the protocol that the other side broke at this socket.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.host.violations.list()
    }

    /// Ends every task behind this socket; calls that are up are forgotten without a BYE.
    pub async fn shut_down(self) {
        self.host.endpoint.shut_down().await;
    }
}

impl Drop for PhoneHost {
    fn drop(&mut self) {
        self.host.endpoint.stop.cancel();
    }
}
