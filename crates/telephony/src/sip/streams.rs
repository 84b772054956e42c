//! TCP, in front of the stack.
//!
//! Each connection has one task of ours that reads and writes it. The stack sees a channel: nothing it sends ever
//! waits for a far end that does not read, and nothing it gets is other than a message. A far end that does not take
//! what it is sent is not listened to either, and loses its connection after a while.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rsipstack::sip::Transport as WireTransport;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::framing::{Frame, Framer, OutOfStep};
use super::socket::Counts;

/// How long a connection of a known far end may be silent: longer than a phone's registration over it may last.
const IDLE_MAX: Duration = Duration::from_secs(2 * 3_600);
/// How long a far end may take nothing of what it is sent.
const STUCK_MAX: Duration = Duration::from_secs(5);
/// Bytes that wait to be written, beyond which nothing more is read.
const UNSENT_MAX: usize = 65_536;
/// Messages that wait to be written, beyond which nothing more is read, and beyond which the connection is given up.
const QUEUE_READ_MAX: usize = 256;
const QUEUE_MAX: usize = 8_192;
/// Connections of strangers: from one address, and in all.
const STRANGERS_OF_ADDRESS_MAX: usize = 64;
const STRANGERS_MAX: usize = 1_024;
/// Rest after connections cannot be taken, for instance because the process is out of files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
const PONG: &[u8] = b"\r\n";

/// A far end to which no way can be found or opened.
#[derive(Debug)]
pub(crate) struct NoWay;

/// The TCP connections there are.
pub(crate) struct Streams {
    endpoint: EndpointInnerRef,
    counts: Arc<Counts>,
    cancel: CancellationToken,
    /// How long a stranger may be silent.
    stranger_idle: Duration,
    open: Arc<Mutex<Open>>,
    dialing: Mutex<HashMap<SocketAddr, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Default)]
struct Open {
    made: u64,
    by_address: HashMap<SocketAddr, Stream>,
    /// How many connections of strangers there are, by address.
    strangers: HashMap<IpAddr, usize>,
}

struct Stream {
    number: u64,
    connection: SipConnection,
    is_known: Arc<AtomicBool>,
}

impl Streams {
    /// Takes connections from now on. A stranger's may be silent for `stranger_idle`.
    pub(crate) fn start(
        listener: TcpListener,
        endpoint: EndpointInnerRef,
        counts: Arc<Counts>,
        stranger_idle: Duration,
        cancel: CancellationToken,
    ) -> Arc<Self> {
        let streams = Arc::new(Self {
            endpoint,
            counts,
            cancel,
            stranger_idle,
            open: Arc::default(),
            dialing: Mutex::default(),
        });
        tokio::spawn(Arc::clone(&streams).accept(listener));
        streams
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.cancel.cancelled() => return,
            };
            match accepted {
                Ok((stream, from)) => {
                    if self.take(stream, from, false).await.is_none() {
                        tracing::debug!("too many connections of strangers; a new one was closed");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a TCP connection could not be taken");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    /// The way to an address, opened if there is none.
    pub(crate) async fn way(&self, to: &SipAddr) -> Result<(SipConnection, SipAddr), NoWay> {
        let layer = &self.endpoint.transport_layer;
        let to = match to.get_socketaddr() {
            Ok(_) => to.clone(),
            Err(_) => layer
                .inner
                .domain_resolver
                .resolve(to)
                .await
                .map_err(|_| NoWay)?,
        };
        if to.r#type != Some(WireTransport::Tcp) {
            return layer.lookup(&to, None).await.map_err(|_| NoWay);
        }
        let address = to.get_socketaddr().map_err(|_| NoWay)?;
        if let Some(connection) = self.find(address) {
            return Ok((connection, to));
        }
        // Many calls at once open one connection, not many.
        let turn = Arc::clone(lock(&self.dialing).entry(address).or_default());
        let _mine = turn.lock().await;
        let connection = match self.find(address) {
            Some(connection) => Some(connection),
            None => self.dial(address).await,
        };
        // Two references: ours and the table's. Nobody else waits.
        let mut dialing = lock(&self.dialing);
        if Arc::strong_count(&turn) <= 2 {
            dialing.remove(&address);
        }
        connection.map(|connection| (connection, to)).ok_or(NoWay)
    }

    async fn dial(&self, address: SocketAddr) -> Option<SipConnection> {
        let stream = TcpStream::connect(address).await.ok()?;
        self.take(stream, address, true).await
    }

    fn find(&self, address: SocketAddr) -> Option<SipConnection> {
        let open = lock(&self.open);
        open.by_address
            .get(&address)
            .map(|stream| stream.connection.clone())
    }

    /// Whoever is at the other end of this connection has shown that they belong here.
    pub(crate) fn know(&self, address: SocketAddr) {
        let mut open = lock(&self.open);
        let Some(stream) = open.by_address.get(&address) else {
            return;
        };
        if !stream.is_known.swap(true, Ordering::Relaxed) {
            open.forget_stranger(address.ip());
        }
    }

    /// Carries a connection from now on; `None` when it was one too many.
    async fn take(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        is_known: bool,
    ) -> Option<SipConnection> {
        if !is_known && !lock(&self.open).admits_stranger(from.ip()) {
            return None;
        }
        // Requests and answers are small; waiting for more of them costs a round trip.
        let _ = stream.set_nodelay(true);
        let (to_stack, incoming) = unbounded_channel();
        let (outgoing, from_stack) = unbounded_channel();
        let remote = SipAddr::new(WireTransport::Tcp, from.into());
        let over = self.cancel.child_token();
        let channel = ChannelConnection::create_connection(
            incoming,
            outgoing,
            remote.clone(),
            Some(over.clone()),
        )
        .await
        .ok()?;
        let connection = SipConnection::Channel(channel);
        let is_known = Arc::new(AtomicBool::new(is_known));
        let number = lock(&self.open).add(from, connection.clone(), Arc::clone(&is_known));
        let known_again = Arc::clone(&is_known);
        self.endpoint
            .transport_layer
            .add_connection(connection.clone());
        let carrier = Carrier {
            stream,
            remote,
            from,
            framer: Framer::default(),
            unsent: Vec::new(),
            to_stack,
            from_stack,
            connection: connection.clone(),
            counts: Arc::clone(&self.counts),
            is_known,
            stranger_idle: self.stranger_idle,
        };
        let guard = Gone {
            open: Arc::clone(&self.open),
            from,
            number,
            is_known: known_again,
        };
        tokio::spawn(async move {
            let _guard = guard;
            tokio::select! {
                () = carrier.run() => {}
                () = over.cancelled() => {}
            }
        });
        Some(connection)
    }
}

impl Open {
    /// Counts one more connection of a stranger, unless there are too many.
    fn admits_stranger(&mut self, ip: IpAddr) -> bool {
        let in_all: usize = self.strangers.values().sum();
        let of_address = self.strangers.entry(ip).or_default();
        let admitted = *of_address < STRANGERS_OF_ADDRESS_MAX && in_all < STRANGERS_MAX;
        if admitted {
            *of_address += 1;
        } else if *of_address == 0 {
            self.strangers.remove(&ip);
        }
        admitted
    }

    fn forget_stranger(&mut self, ip: IpAddr) {
        if let Some(count) = self.strangers.get_mut(&ip) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.strangers.remove(&ip);
            }
        }
    }

    fn add(&mut self, at: SocketAddr, connection: SipConnection, known: Arc<AtomicBool>) -> u64 {
        self.made += 1;
        let stream = Stream {
            number: self.made,
            connection,
            is_known: known,
        };
        self.by_address.insert(at, stream);
        self.made
    }
}

/// Takes a connection that is over out of the table.
struct Gone {
    open: Arc<Mutex<Open>>,
    from: SocketAddr,
    number: u64,
    is_known: Arc<AtomicBool>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        // A newer connection from the same address is another one's.
        let is_ours = |stream: &Stream| stream.number == self.number;
        if open.by_address.get(&self.from).is_some_and(is_ours) {
            open.by_address.remove(&self.from);
        }
        if !self.is_known.swap(true, Ordering::Relaxed) {
            open.forget_stranger(self.from.ip());
        }
    }
}

/// One connection and what is on its way over it.
struct Carrier {
    stream: TcpStream,
    remote: SipAddr,
    from: SocketAddr,
    framer: Framer,
    unsent: Vec<u8>,
    to_stack: UnboundedSender<TransportEvent>,
    from_stack: UnboundedReceiver<TransportEvent>,
    connection: SipConnection,
    counts: Arc<Counts>,
    is_known: Arc<AtomicBool>,
    stranger_idle: Duration,
}

/// What a turn of a connection brought.
enum Turn {
    Wrote(std::io::Result<usize>),
    Read(std::io::Result<usize>),
    ToSend(Option<Vec<u8>>),
    TooLong,
}

impl Carrier {
    /// Reads and writes until the connection is over.
    async fn run(mut self) {
        let mut heard = Instant::now();
        let mut moved = Instant::now();
        let mut buffer = vec![0; 8_192];
        loop {
            let takes = self.unsent.len() < UNSENT_MAX;
            // Who does not read what we send is not listened to.
            let listens = takes && self.from_stack.len() < QUEUE_READ_MAX;
            let until = if self.unsent.is_empty() {
                heard + self.idle_max()
            } else {
                moved + STUCK_MAX
            };
            let (mut reader, mut writer) = self.stream.split();
            let turn = tokio::select! {
                wrote = writer.write(&self.unsent), if !self.unsent.is_empty() => Turn::Wrote(wrote),
                event = self.from_stack.recv(), if takes => Turn::ToSend(event.map(bytes_of)),
                read = reader.read(&mut buffer), if listens => Turn::Read(read),
                () = tokio::time::sleep_until(until) => Turn::TooLong,
            };
            match turn {
                Turn::Wrote(Ok(length)) if length > 0 => {
                    self.unsent.drain(..length);
                    moved = Instant::now();
                }
                Turn::ToSend(Some(bytes)) => {
                    if self.unsent.is_empty() {
                        moved = Instant::now();
                    }
                    self.unsent.extend_from_slice(&bytes);
                }
                Turn::Read(Ok(length)) if length > 0 => {
                    heard = Instant::now();
                    self.framer.push(&buffer[..length]);
                    if !self.take_in(&mut moved) {
                        break;
                    }
                }
                // A stranger may have become known while this slept.
                Turn::TooLong if self.unsent.is_empty() && heard.elapsed() < self.idle_max() => {}
                _ => break,
            }
            if self.from_stack.len() > QUEUE_MAX {
                tracing::warn!(
                    "a far end takes less than it is sent; its TCP connection is closed"
                );
                break;
            }
        }
        if self.framer.has_rest() {
            Counts::add(&self.counts.garbage);
        }
    }

    fn idle_max(&self) -> Duration {
        if self.is_known.load(Ordering::Relaxed) {
            IDLE_MAX
        } else {
            self.stranger_idle
        }
    }

    /// Hands what has come to the stack; false when the connection is of no use any more.
    fn take_in(&mut self, moved: &mut Instant) -> bool {
        loop {
            match self.framer.next() {
                Ok(None) => return true,
                Ok(Some(Frame::Ping)) => {
                    if self.unsent.is_empty() {
                        *moved = Instant::now();
                    }
                    self.unsent.extend_from_slice(PONG);
                }
                Ok(Some(Frame::Message(message))) => {
                    let noted =
                        SipConnection::update_msg_received(*message, self.from, WireTransport::Tcp);
                    let Ok(message) = noted else {
                        Counts::add(&self.counts.garbage);
                        continue;
                    };
                    let event = TransportEvent::Incoming(
                        message,
                        self.connection.clone(),
                        self.remote.clone(),
                    );
                    if self.to_stack.send(event).is_err() {
                        return false;
                    }
                }
                Ok(Some(Frame::Garbage)) => {
                    Counts::add(&self.counts.garbage);
                    tracing::debug!("skipped what is no SIP on a TCP connection");
                }
                Err(OutOfStep) => {
                    tracing::debug!("a TCP connection is out of step and is closed");
                    return false;
                }
            }
        }
    }
}

/// What the stack wants sent.
fn bytes_of(event: TransportEvent) -> Vec<u8> {
    match event {
        TransportEvent::Incoming(message, ..) => message.to_bytes(),
        TransportEvent::New(_) | TransportEvent::Closed(_) => Vec::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
