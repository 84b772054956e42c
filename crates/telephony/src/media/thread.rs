//! The thread that reads every leg's socket and feeds the [`Relay`].
//!
//! One thread with one readiness queue: a packet costs one read and one write, no lock, no task switch
//! and no allocation, and whatever the asynchronous part of the server does cannot delay it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use outdial_domain::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::relay::{Agreement, Notice, Relay, Wire};
use super::rtp::PACKET_LEN_MAX;
use crate::LegId;
use crate::clock;

/// How often comfort packets and quiet legs are looked after: a comfort packet is late by no more.
const TICK: Duration = Duration::from_millis(50);
/// Packets read from one socket before the others have their turn.
const BURST: usize = 64;
const WAKE: Token = Token(usize::MAX);

/// What the media thread tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaReport {
    /// Something the relay noticed.
    Noticed(Notice),
    /// Two legs hear each other since this instant.
    Joined {
        /// The callee's leg.
        callee: LegId,
        /// The leg that took the call.
        other: LegId,
        /// When.
        at: Timestamp,
    },
}

enum Order {
    Open(LegId, std::net::UdpSocket),
    Agree(LegId, Agreement),
    Answer(LegId),
    Join {
        callee: LegId,
        other: LegId,
        tone: bool,
    },
    Listen {
        callee: LegId,
        other: LegId,
    },
    Close(LegId),
    Stop,
}

/// A handle to the media thread. Dropping it ends the thread.
#[derive(Debug)]
pub struct MediaThread {
    orders: Sender<Order>,
    waker: Arc<Waker>,
    ignored: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl MediaThread {
    /// Starts the thread; what it notices goes to `reports`, which is never waited for.
    ///
    /// # Errors
    /// The system has no thread or no readiness queue left.
    pub fn start(reports: UnboundedSender<MediaReport>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (orders, inbox) = channel();
        let ignored = Arc::new(AtomicU64::new(0));
        let mut state = Loop {
            poll,
            inbox,
            reports,
            ignored: Arc::clone(&ignored),
            relay: Relay::default(),
            sockets: Sockets::default(),
        };
        let thread = std::thread::Builder::new()
            .name("outdial-media".into())
            .spawn(move || state.run())?;
        Ok(Self {
            orders,
            waker,
            ignored,
            thread: Some(thread),
        })
    }

    /// Adds a leg with its bound, non-blocking socket.
    pub fn open(&self, leg: LegId, socket: std::net::UdpSocket) {
        self.order(Order::Open(leg, socket));
    }

    /// See [`Relay::agree`].
    pub fn agree(&self, leg: LegId, agreement: Agreement) {
        self.order(Order::Agree(leg, agreement));
    }

    /// See [`Relay::answer`].
    pub fn answer(&self, leg: LegId) {
        self.order(Order::Answer(leg));
    }

    /// See [`Relay::join`]; answered by [`MediaReport::Joined`] when both legs are there.
    pub fn join(&self, callee: LegId, other: LegId, tone: bool) {
        self.order(Order::Join {
            callee,
            other,
            tone,
        });
    }

    /// See [`Relay::listen`].
    pub fn listen(&self, callee: LegId, other: LegId) {
        self.order(Order::Listen { callee, other });
    }

    /// See [`Relay::close`]; closes the socket too.
    pub fn close(&self, leg: LegId) {
        self.order(Order::Close(leg));
    }

    /// Datagrams so far that were no RTP of anybody's call.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    fn order(&self, order: Order) {
        // The thread ends only after its handle: an order that cannot be given has no one left to matter to.
        if self.orders.send(order).is_ok()
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "the media thread cannot be woken; orders wait for its next tick");
        }
    }
}

impl Drop for MediaThread {
    fn drop(&mut self) {
        self.order(Order::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the media thread had panicked");
        }
    }
}

struct Loop {
    poll: Poll,
    inbox: Receiver<Order>,
    reports: UnboundedSender<MediaReport>,
    ignored: Arc<AtomicU64>,
    relay: Relay,
    sockets: Sockets,
}

/// The open sockets. A leg's number is its token, so that an event finds its leg without a table.
#[derive(Default)]
struct Sockets {
    open: BTreeMap<LegId, UdpSocket>,
}

impl Wire for Sockets {
    fn send(&mut self, from: LegId, to: SocketAddr, datagram: &[u8]) {
        if let Some(socket) = self.open.get(&from)
            && let Err(error) = socket.send_to(datagram, to)
        {
            tracing::trace!(%error, leg = from.0, "an RTP packet was not sent");
        }
    }
}

impl Loop {
    fn run(&mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = [0u8; PACKET_LEN_MAX + 1];
        let mut unread: Vec<LegId> = Vec::new();
        let mut next_tick = Instant::now() + TICK;
        loop {
            let wait = if unread.is_empty() {
                next_tick.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the media thread cannot wait for packets");
                return;
            }
            // One look at the clock for all that came at once.
            let now = Instant::now();
            for leg in std::mem::take(&mut unread) {
                self.drain(leg, &mut buffer, now, &mut unread);
            }
            for event in &events {
                if event.token() != WAKE {
                    self.drain(LegId(event.token().0 as u64), &mut buffer, now, &mut unread);
                }
            }
            if !self.obey(now) {
                return;
            }
            if now >= next_tick {
                self.relay.tick(now, &mut self.sockets);
                self.ignored.store(self.relay.ignored, Ordering::Relaxed);
                next_tick = now + TICK;
            }
            for notice in self.relay.take_notices() {
                // Nobody reads any more: the connector is shutting down.
                let _ = self.reports.send(MediaReport::Noticed(notice));
            }
        }
    }

    fn drain(&mut self, leg: LegId, buffer: &mut [u8], now: Instant, unread: &mut Vec<LegId>) {
        for _ in 0..BURST {
            let Some(socket) = self.sockets.open.get(&leg) else {
                return;
            };
            match socket.recv_from(buffer) {
                Ok((length, from)) => {
                    self.relay
                        .receive(leg, from, &mut buffer[..length], now, &mut self.sockets);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // A port that answers "unreachable" shows here; the other side may still come up.
                Err(_) => {}
            }
        }
        unread.push(leg);
    }

    /// Does what has been ordered; false when the thread is to end.
    fn obey(&mut self, now: Instant) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Open(leg, socket)) => self.open(leg, socket),
                Ok(Order::Agree(leg, agreement)) => self.relay.agree(leg, agreement),
                Ok(Order::Answer(leg)) => self.relay.answer(leg, now, &mut self.sockets),
                Ok(Order::Join {
                    callee,
                    other,
                    tone,
                }) => {
                    if self.relay.join(callee, other, tone, now, &mut self.sockets) {
                        let _ = self.reports.send(MediaReport::Joined {
                            callee,
                            other,
                            at: clock::now(),
                        });
                    }
                }
                Ok(Order::Listen { callee, other }) => self.relay.listen(callee, other),
                Ok(Order::Close(leg)) => {
                    self.relay.close(leg);
                    if let Some(mut socket) = self.sockets.open.remove(&leg) {
                        // Closing the socket takes it out of the queue as well.
                        let _ = self.poll.registry().deregister(&mut socket);
                    }
                }
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn open(&mut self, leg: LegId, socket: std::net::UdpSocket) {
        let mut socket = UdpSocket::from_std(socket);
        let token = Token(leg.0 as usize);
        if let Err(error) = self
            .poll
            .registry()
            .register(&mut socket, token, Interest::READABLE)
        {
            tracing::error!(%error, "a leg's socket cannot be waited for; the leg will be silent");
        }
        self.relay.open(leg);
        self.sockets.open.insert(leg, socket);
    }
}

#[cfg(test)]
mod tests {
    use super::super::g711::Law;
    use super::super::ports::RtpPorts;
    use super::super::rtp::{RtpHeader, RtpPacket};
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const CALLEE: LegId = LegId(1);
    const AGENT: LegId = LegId(2);

    fn phone() -> std::net::UdpSocket {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("timeout");
        socket
    }

    #[tokio::test]
    async fn packets_cross_between_two_real_phones_after_the_join() {
        let (reports, mut inbox) = tokio::sync::mpsc::unbounded_channel();
        let media = MediaThread::start(reports).expect("a thread");
        let mut ports = RtpPorts::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0..=0).expect("any port");
        let phones = [phone(), phone()];
        let mut ours = Vec::new();
        for (leg, phone) in [CALLEE, AGENT].into_iter().zip(&phones) {
            let socket = ports.bind().expect("a free port");
            ours.push(socket.local_addr().expect("bound"));
            media.open(leg, socket);
            media.agree(
                leg,
                Agreement {
                    remote: phone.local_addr().expect("bound"),
                    law: Law::Pcma,
                    payload_type: 8,
                    telephone_event: None,
                    sending: true,
                },
            );
            media.answer(leg);
        }
        media.join(CALLEE, AGENT, false);
        let joined = inbox.recv().await.expect("a report");
        assert!(matches!(
            joined,
            MediaReport::Joined {
                callee: CALLEE,
                other: AGENT,
                ..
            }
        ));

        let header = RtpHeader {
            marker: false,
            payload_type: 8,
            sequence: 9,
            timestamp: 9,
            ssrc: 9,
        };
        phones[0]
            .send_to(&[&header.to_bytes()[..], b"hello"].concat(), ours[0])
            .expect("sent");
        let mut buffer = [0; 2_000];
        loop {
            let length = phones[1]
                .recv(&mut buffer)
                .expect("the agent hears the callee");
            let packet = RtpPacket::parse(&buffer[..length]).expect("RTP");
            if packet.payload == b"hello" {
                break;
            }
            assert_eq!(packet.payload, [Law::Pcma.silence(); 160]);
        }
    }
}
