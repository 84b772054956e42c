//! The embedded connector: native SIP over UDP and TCP, with a media relay of its own.
//!
//! The stack below (`rsipstack`) brings the parser, transports and transactions. Dialogs are ours: we
//! acknowledge answers ourselves, so that an answer can stay unacknowledged until its dialog is stored, and
//! every 2xx that cannot become a call is acknowledged and ended.
//!
//! The stack logs whole messages, phone numbers included, at level `info`: a log filter must hold the target
//! `rsipstack` at `warn`.

mod address;
mod answered;
mod calling;
mod clearing;
mod core;
mod directory;
mod framing;
mod inspect;
mod late;
mod leg;
mod message;
mod outbound;
mod plan;
mod registrar;
mod remnants;
mod requests;
mod socket;
mod strangers;
mod streams;
mod timers;
mod trunks;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::EndpointBuilder;
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::address::Local;
use self::core::{Core, Input};
use self::directory::Directory;
use self::inspect::{MarkLocal, TakeStrays};
use self::outbound::Outbound;
use self::socket::{Counts, SignallingSocket};
use self::strangers::Door;
use self::streams::Streams;
use crate::media::ports::{PortRangeError, RtpPorts};
use crate::media::thread::MediaThread;
use crate::{
    Call, Command, Connector, Counters, DialogIdentity, EventReceiver, LegUp, PlanError, clock,
};

/// How the connector is set up.
#[derive(Clone, Debug)]
pub struct SipSettings {
    /// Where we listen, UDP and TCP; port 0 stands for any.
    pub listen: SocketAddr,
    /// The address that the far end sees, behind an address translation.
    pub external_address: Option<IpAddr>,
    /// Ports for RTP, of which the even ones are used; `0..=0` stands for any.
    pub rtp_ports: RangeInclusive<u16>,
    /// Session interval that we ask phones for, in seconds. Default 1,800. Shorter intervals than 90 are refused
    /// by most phones (RFC 4028, section 4); a shorter one here also lowers what we take from them.
    pub session_expires_s: u32,
    /// T1 of RFC 3261: the round trip that repetitions reckon with. Silence of 64 × T1 is the end. Default 500 ms.
    pub t1: Duration,
    /// How often the trunk of an answered callee is asked whether it still knows the call. Default 2 min.
    pub callee_check: Duration,
    /// What we call ourselves in `User-Agent` and `Server`.
    pub user_agent: String,
}

impl SipSettings {
    /// The defaults, at this address.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            external_address: None,
            rtp_ports: 20_000..=29_999,
            session_expires_s: 1_800,
            t1: Duration::from_millis(500),
            callee_check: Duration::from_secs(120),
            user_agent: concat!("Outdial/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why the connector cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The signalling port cannot be had.
    #[error(
        "telephony.sip.listen: cannot listen on {address} ({transport}): {source}; choose a free port"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The range of media ports cannot carry a call.
    #[error("telephony.sip.{0}")]
    RtpPorts(#[from] PortRangeError),
    /// The media thread cannot start.
    #[error("the media thread cannot start: {0}")]
    Media(#[source] std::io::Error),
    /// The SIP stack refuses to start.
    #[error("the SIP stack cannot start: {0}")]
    Stack(String),
}

/// The embedded SIP connector.
#[derive(Debug)]
pub struct SipConnector {
    inbox: UnboundedSender<Input>,
    directory: Arc<RwLock<Directory>>,
    local: Local,
    counts: Arc<Counts>,
    media: Arc<MediaThread>,
    cancel: CancellationToken,
}

impl SipConnector {
    /// Binds the ports and starts.
    ///
    /// # Errors
    /// [`StartError`], when ports or threads cannot be had.
    pub async fn start(settings: SipSettings) -> Result<(Self, EventReceiver), StartError> {
        let cancel = CancellationToken::new();
        let counts = Arc::new(Counts::default());
        let (udp, tcp) = bind(settings.listen).await?;
        let bound = udp
            .local_addr()
            .map_err(|source| listen_error(settings.listen, "UDP", source))?;
        let socket = Arc::new(SignallingSocket {
            socket: udp,
            counts: Arc::clone(&counts),
        });
        let local = Local {
            bound,
            external: settings.external_address,
        };
        let (inbox, inputs) = unbounded_channel();
        let directory = Arc::new(RwLock::new(Directory::default()));
        let door = Arc::new(Door::new(Arc::clone(&directory)));
        let itself = Arc::new(OnceLock::new());
        let strays = TakeStrays {
            endpoint: Arc::clone(&itself),
            inbox: inbox.clone(),
            counts: Arc::clone(&counts),
            door: Arc::clone(&door),
        };
        let (endpoint, incoming) = start_stack(&settings, local, &socket, strays, &cancel).await?;
        // A second value cannot be there: the cell was made above.
        let _ = itself.set(Arc::downgrade(&endpoint));
        let streams = Streams::start(
            tcp,
            endpoint.clone(),
            Arc::clone(&counts),
            settings.t1 * 64,
            cancel.clone(),
        );
        let (reports, media_reports) = unbounded_channel();
        let media = Arc::new(MediaThread::start(reports).map_err(StartError::Media)?);
        let (events, receiver) = unbounded_channel();
        let core = Core {
            ports: RtpPorts::new(bound.ip(), settings.rtp_ports.clone())?,
            settings,
            local,
            out: Outbound {
                endpoint,
                socket,
                streams,
                inbox: inbox.clone(),
                cancel: cancel.clone(),
            },
            directory: Arc::clone(&directory),
            door,
            counts: Arc::clone(&counts),
            events,
            media: Arc::clone(&media),
            legs: HashMap::new(),
            by_call_id: HashMap::new(),
            remnants: remnants::Remnants::default(),
            clearing: clearing::Clearing::default(),
            timers: timers::Timers::default(),
            registrations: trunks::Registrations::default(),
            leaving: 0,
            stopping: None,
        };
        let until = cancel.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = core.run(inputs, media_reports) => {}
                () = until.cancelled() => {}
            }
        });
        tokio::spawn(pass_on(incoming, inbox.clone()));
        Ok((
            Self {
                inbox,
                directory,
                local,
                counts,
                media,
                cancel,
            },
            receiver,
        ))
    }

    /// Where it listens.
    #[must_use]
    pub const fn listen_address(&self) -> SocketAddr {
        self.local.bound
    }
}

impl Drop for SipConnector {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[async_trait]
impl Connector for SipConnector {
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError> {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        plan::plan(call, &directory, self.local, clock::now())
    }

    fn send(&self, command: Command) {
        // Plans made right after a change must see it.
        let directory = || {
            self.directory
                .write()
                .unwrap_or_else(PoisonError::into_inner)
        };
        match &command {
            Command::Trunks(trunks) => directory().set_trunks(trunks.clone()),
            Command::Accounts(accounts) => directory().registrar.set_accounts(accounts.clone()),
            _ => {}
        }
        // After a shutdown there is nobody left to obey.
        let _ = self.inbox.send(Input::Command(command));
    }

    async fn legs_up(&self) -> Vec<LegUp> {
        let (answer, legs) = oneshot::channel();
        let _ = self.inbox.send(Input::LegsUp(answer));
        legs.await.unwrap_or_default()
    }

    fn counters(&self) -> Counters {
        Counters {
            signalling_garbage: self.counts.garbage.load(Ordering::Relaxed),
            unknown_dialogs: self.counts.unknown_dialogs.load(Ordering::Relaxed),
            media_garbage: self.media.ignored(),
            registrations_refused: self.counts.registrations_refused.load(Ordering::Relaxed),
            strangers_refused: self.counts.strangers_refused.load(Ordering::Relaxed),
        }
    }

    async fn shutdown(&self, patience: Duration) {
        let (done, over) = oneshot::channel();
        let _ = self.inbox.send(Input::Shutdown(done));
        if tokio::time::timeout(patience, over).await.is_err() {
            tracing::warn!("some calls did not confirm their end in time");
        }
        self.cancel.cancel();
    }
}

fn listen_error(
    address: SocketAddr,
    transport: &'static str,
    source: std::io::Error,
) -> StartError {
    StartError::Listen {
        address,
        transport,
        source,
    }
}

/// Binds UDP and TCP on the same port.
async fn bind(
    address: SocketAddr,
) -> Result<(tokio::net::UdpSocket, tokio::net::TcpListener), StartError> {
    const TRIES: usize = 20;
    let mut last = None;
    for _ in 0..TRIES {
        let udp = tokio::net::UdpSocket::bind(address)
            .await
            .map_err(|e| listen_error(address, "UDP", e))?;
        let bound = udp
            .local_addr()
            .map_err(|e| listen_error(address, "UDP", e))?;
        match tokio::net::TcpListener::bind(bound).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(source) if address.port() == 0 => last = Some(listen_error(bound, "TCP", source)),
            Err(source) => return Err(listen_error(bound, "TCP", source)),
        }
    }
    Err(last.unwrap_or_else(|| listen_error(address, "TCP", std::io::ErrorKind::AddrInUse.into())))
}

async fn start_stack(
    settings: &SipSettings,
    local: Local,
    socket: &Arc<SignallingSocket>,
    strays: TakeStrays,
    cancel: &CancellationToken,
) -> Result<(EndpointInnerRef, TransactionReceiver), StartError> {
    let broken = |error: rsipstack::Error| StartError::Stack(error.to_string());
    let layer = TransportLayer::new(cancel.clone());
    let external = local
        .external
        .map(|ip| SocketAddr::new(ip, local.bound.port()));
    let udp = UdpConnection::from_socket(
        Arc::clone(socket) as Arc<dyn rsipstack::platform::net::UdpSocket>,
        external,
        Some(cancel.child_token()),
    );
    layer.add_transport(SipConnection::Udp(udp.await.map_err(broken)?));
    let endpoint = EndpointBuilder::new()
        .with_user_agent(&settings.user_agent)
        .with_transport_layer(layer)
        .with_cancel_token(cancel.clone())
        .with_inspector(Box::new(MarkLocal))
        .with_transport_inspector(Box::new(strays))
        .with_option(EndpointOption {
            auto_ack_2xx: false,
            t1: settings.t1,
            t1x64: settings.t1 * 64,
            // When to give up a call that rings is not for the stack to say.
            timerc: Duration::from_secs(3_600),
            ..EndpointOption::default()
        })
        .build();
    let incoming = endpoint.incoming_transactions().map_err(broken)?;
    let inner = endpoint.inner.clone();
    tokio::spawn(async move { endpoint.serve().await });
    Ok((inner, incoming))
}

async fn pass_on(mut incoming: TransactionReceiver, inbox: UnboundedSender<Input>) {
    while let Some(transaction) = incoming.recv().await {
        if inbox.send(Input::Request(Box::new(transaction))).is_err() {
            return;
        }
    }
}
