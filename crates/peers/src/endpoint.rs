//! A SIP port on loopback: UDP and TCP sockets, and the way from a datagram to its call.

use crate::sip::Message;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages that one call may have waiting; more are dropped like datagrams.
const INBOX: usize = 256;
/// Most bytes of one message on a stream.
const STREAM_LIMIT: usize = 256 * 1024;

/// Retransmission times of RFC 3261 section 17.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// First retransmission; 500 ms by default. Transactions give up after 64 times this.
    pub t1: Duration,
    /// Longest pause between two retransmissions; 4 s by default.
    pub t2: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
        }
    }
}

impl Timing {
    /// How long a transaction is kept up: 64 × T1.
    #[must_use]
    pub fn give_up(&self) -> Duration {
        self.t1 * 64
    }
}

/// What a SIP port has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointCounts {
    /// SIP messages received.
    pub received: u64,
    /// SIP messages sent, retransmissions included.
    pub sent: u64,
    /// Datagrams that were not SIP (keep-alives of white space not counted).
    pub garbage: u64,
}

/// The other side of an exchange: an address, and its connection where it came by TCP.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) addr: SocketAddr,
    stream: Option<mpsc::Sender<Vec<u8>>>,
}

impl Remote {
    pub(crate) fn udp(addr: SocketAddr) -> Self {
        Self { addr, stream: None }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// The same transport towards another address; a stream stays on its connection.
    pub(crate) fn at(&self, addr: SocketAddr) -> Self {
        match self.stream {
            Some(_) => self.clone(),
            None => Self::udp(addr),
        }
    }
}

/// A message, where it came from and when.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) from: Remote,
    pub(crate) at: Instant,
}

/// The cable of one phone: pulled out, nothing goes in or out.
#[derive(Debug)]
pub(crate) struct Line(AtomicBool);

impl Line {
    pub(crate) fn plugged() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    pub(crate) fn is_plugged(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set_plugged(&self, plugged: bool) {
        self.0.store(plugged, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Route {
    inbox: mpsc::Sender<Incoming>,
    line: Arc<Line>,
}

/// A SIP port, its receive tasks and its routes from Call-ID to call.
#[derive(Debug)]
pub(crate) struct Endpoint {
    udp: UdpSocket,
    local: SocketAddr,
    routes: Mutex<HashMap<String, Route>>,
    strays: mpsc::Sender<Incoming>,
    received: AtomicU64,
    sent: AtomicU64,
    garbage: AtomicU64,
    pub(crate) timing: Timing,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Endpoint {
    /// Binds UDP and TCP on the same port and starts to receive. Messages of no known call go to
    /// the returned channel.
    ///
    /// # Errors
    /// The socket's error, for instance when the port is taken.
    pub(crate) async fn start(
        listen: SocketAddr,
        timing: Timing,
    ) -> io::Result<(Arc<Self>, mpsc::Receiver<Incoming>)> {
        let (udp, tcp) = bind_both(listen).await?;
        udp.writable().await?;
        let local = udp.local_addr()?;
        let (strays, stray_inbox) = mpsc::channel(4096);
        let endpoint = Arc::new(Self {
            udp,
            local,
            routes: Mutex::default(),
            strays,
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            garbage: AtomicU64::new(0),
            timing,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        endpoint.spawn(Arc::clone(&endpoint).receive_udp());
        endpoint.spawn(Arc::clone(&endpoint).accept_tcp(tcp));
        Ok((endpoint, stray_inbox))
    }

    /// Runs a task until it ends or the endpoint shuts down.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let _ = stop.run_until_cancelled(task).await;
        });
    }

    /// Ends every task and waits for them; the sockets close with the last reference.
    pub(crate) async fn shut_down(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(crate) fn counts(&self) -> EndpointCounts {
        EndpointCounts {
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            garbage: self.garbage.load(Ordering::Relaxed),
        }
    }

    /// From now on messages of this Call-ID come out of the returned channel, until it is closed.
    pub(crate) fn route(&self, call_id: &str, line: &Arc<Line>) -> mpsc::Receiver<Incoming> {
        let (inbox, out) = mpsc::channel(INBOX);
        self.routes().insert(
            call_id.to_owned(),
            Route {
                inbox,
                line: Arc::clone(line),
            },
        );
        out
    }

    pub(crate) fn forget(&self, call_id: &str) {
        self.routes().remove(call_id);
    }

    /// Hands a message to its call.
    ///
    /// # Errors
    /// The message itself where no call has its Call-ID.
    pub(crate) fn deliver(&self, incoming: Incoming) -> Result<(), Box<Incoming>> {
        let routes = self.routes();
        let Some(route) = routes.get(incoming.message.call_id()) else {
            return Err(Box::new(incoming));
        };
        if route.line.is_plugged() {
            // A full inbox loses the message, as a full socket buffer would.
            let _ = route.inbox.try_send(incoming);
        }
        Ok(())
    }

    /// Sends a message; a datagram that the kernel refuses is lost like any other.
    pub(crate) fn send(&self, message: &Message, to: &Remote) {
        self.send_bytes(message.to_bytes(), to);
    }

    pub(crate) fn send_bytes(&self, bytes: Vec<u8>, to: &Remote) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        match &to.stream {
            Some(stream) => {
                let _ = stream.try_send(bytes);
            }
            None => {
                let _ = self.udp.try_send_to(&bytes, to.addr);
            }
        }
    }

    fn routes(&self) -> std::sync::MutexGuard<'_, HashMap<String, Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dispatch(&self, message: Message, from: Remote) {
        self.received.fetch_add(1, Ordering::Relaxed);
        let incoming = Incoming {
            message,
            from,
            at: Instant::now(),
        };
        if let Err(stray) = self.deliver(incoming) {
            let _ = self.strays.try_send(*stray);
        }
    }

    async fn receive_udp(self: Arc<Self>) {
        let mut buffer = vec![0; 65_536];
        loop {
            // Errors here are about a datagram sent earlier (port unreachable), not about ours.
            let Ok((length, addr)) = self.udp.recv_from(&mut buffer).await else {
                continue;
            };
            let bytes = &buffer[..length];
            match Message::parse(bytes) {
                Ok(message) => self.dispatch(message, Remote::udp(addr)),
                Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Err(_) => {
                    self.garbage.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn accept_tcp(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, addr)) => self.serve_stream(stream, addr),
                // Out of file handles or the like: wait a little, the listener itself is sound.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn serve_stream(self: &Arc<Self>, stream: TcpStream, addr: SocketAddr) {
        let (outbox, mut out) = mpsc::channel::<Vec<u8>>(INBOX);
        let (mut reader, mut writer) = stream.into_split();
        self.spawn(async move {
            while let Some(bytes) = out.recv().await {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let endpoint = Arc::clone(self);
        self.spawn(async move {
            let from = Remote {
                addr,
                stream: Some(outbox),
            };
            let mut bytes = Vec::new();
            while let Ok(1..) = reader.read_buf(&mut bytes).await {
                if endpoint.drain_stream(&mut bytes, &from).is_err() || bytes.len() > STREAM_LIMIT {
                    endpoint.garbage.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    fn drain_stream(
        &self,
        bytes: &mut Vec<u8>,
        from: &Remote,
    ) -> Result<(), crate::sip::ParseError> {
        loop {
            let blank = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
            bytes.drain(..blank);
            let Some((message, used)) = Message::parse_stream(bytes)? else {
                return Ok(());
            };
            bytes.drain(..used);
            self.dispatch(message, from.clone());
        }
    }
}

/// Binds UDP and TCP on one port. With port 0 the kernel's choice for UDP may be taken for TCP, so
/// a few ports are tried.
async fn bind_both(listen: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..16 {
        let udp = bind_udp(listen, 4 << 20)?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if listen.port() == 0 => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// A UDP socket with a receive buffer that takes a burst.
pub(crate) fn bind_udp(listen: SocketAddr, receive_buffer: usize) -> io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(listen);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
    // The kernel caps the size; a smaller buffer is no reason to fail.
    let _ = socket.set_recv_buffer_size(receive_buffer);
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Method;

    const LOOPBACK: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    fn options(call_id: &str) -> Vec<u8> {
        Message::request(Method::Options, "sip:x")
            .with("Call-ID", call_id)
            .to_bytes()
    }

    #[tokio::test]
    async fn messages_reach_their_call_and_strays_the_owner() {
        let (endpoint, mut strays) = Endpoint::start(LOOPBACK, Timing::default()).await.unwrap();
        let mut call = endpoint.route("mine", &Line::plugged());
        let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
        for bytes in [
            b"\x00garbage".to_vec(),
            b"\r\n\r\n".to_vec(),
            options("mine"),
            options("other"),
        ] {
            socket.send_to(&bytes, endpoint.local()).await.unwrap();
        }
        assert_eq!(strays.recv().await.unwrap().message.call_id(), "other");
        assert_eq!(call.recv().await.unwrap().message.call_id(), "mine");
        assert_eq!(
            endpoint.counts(),
            EndpointCounts {
                received: 2,
                sent: 0,
                garbage: 1
            }
        );
        endpoint.shut_down().await;
    }

    #[tokio::test]
    async fn a_stream_is_cut_into_messages_and_answered_on_its_connection() {
        let (endpoint, mut strays) = Endpoint::start(LOOPBACK, Timing::default()).await.unwrap();
        let mut stream = TcpStream::connect(endpoint.local()).await.unwrap();
        let both = [options("a"), options("b")].concat();
        let (front, back) = both.split_at(30);
        stream.write_all(front).await.unwrap();
        stream.flush().await.unwrap();
        stream.write_all(back).await.unwrap();
        let first = strays.recv().await.unwrap();
        assert_eq!(strays.recv().await.unwrap().message.call_id(), "b");
        endpoint.send(&Message::response(200, "OK"), &first.from);
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"SIP/2.0");
        endpoint.shut_down().await;
    }

    #[tokio::test]
    async fn an_unplugged_line_hears_nothing() {
        let (endpoint, mut strays) = Endpoint::start(LOOPBACK, Timing::default()).await.unwrap();
        let line = Line::plugged();
        let mut call = endpoint.route("mine", &line);
        line.set_plugged(false);
        let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
        for bytes in [options("mine"), options("other")] {
            socket.send_to(&bytes, endpoint.local()).await.unwrap();
        }
        assert!(strays.recv().await.is_some());
        assert!(call.try_recv().is_err());
        endpoint.shut_down().await;
    }
}
