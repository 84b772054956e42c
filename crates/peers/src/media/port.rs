//! One media port: a UDP socket, its stream out and what it hears.

use super::stream::{OutStream, narrow};
use super::{Audio, Heard, MediaCounts, MediaOptions, Ticker};
use crate::endpoint::{Line, bind_udp};
use crate::g711::Law;
use crate::rtp::key_event;
use crate::sdp::{Direction, Sdp};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// A media port of one call.
#[derive(Debug)]
pub struct MediaPort {
    /// Gone when the port is closed: a log of ten thousand calls must not hold as many sockets.
    socket: Mutex<Option<Arc<UdpSocket>>>,
    announced: SocketAddr,
    options: MediaOptions,
    sending: Mutex<OutStream>,
    heard: Heard,
    sent: AtomicU64,
    strangers: AtomicU64,
    ticking: AtomicBool,
    ticker: Ticker,
    line: Arc<Line>,
    closed: CancellationToken,
    session: u64,
    sdp_version: AtomicU64,
}

impl MediaPort {
    /// Opens a port on any free UDP port of this address.
    pub(crate) async fn open(
        ip: IpAddr,
        options: MediaOptions,
        ticker: &Ticker,
        line: &Arc<Line>,
    ) -> io::Result<Arc<Self>> {
        let socket = bind_udp(SocketAddr::new(ip, 0), 256 * 1024)?;
        socket.writable().await?;
        let local = socket.local_addr()?;
        // A port that was free a moment ago and is closed again: packets to it are lost.
        let announced = if options.behind_nat {
            bind_udp(SocketAddr::new(ip, 0), 0)?.local_addr()?
        } else {
            local
        };
        let law = options.laws.first().copied().unwrap_or(Law::A);
        Ok(Arc::new(Self {
            socket: Mutex::new(Some(Arc::new(socket))),
            announced,
            heard: Heard::keeping(options.keep),
            sending: Mutex::new(OutStream::new(options.audio, law)),
            options,
            sent: AtomicU64::new(0),
            strangers: AtomicU64::new(0),
            ticking: AtomicBool::new(false),
            ticker: ticker.clone(),
            line: Arc::clone(line),
            closed: CancellationToken::new(),
            session: u64::from(local.port()),
            sdp_version: AtomicU64::new(0),
        }))
    }

    fn sending(&self) -> MutexGuard<'_, OutStream> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn socket(&self) -> Option<Arc<UdpSocket>> {
        self.socket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What arrived.
    #[must_use]
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Packets sent and received.
    #[must_use]
    pub fn counts(&self) -> MediaCounts {
        MediaCounts {
            sent: self.sent.load(Ordering::Relaxed),
            received: self.heard.count(),
            strangers: self.strangers.load(Ordering::Relaxed),
        }
    }

    /// The law agreed on.
    #[must_use]
    pub fn law(&self) -> Law {
        self.sending().law
    }

    /// Source identifier of the stream out.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.sending().ssrc
    }

    /// Stops sending although the call goes on, or sends again.
    pub fn set_muted(&self, muted: bool) {
        self.sending().muted = muted;
    }

    /// Sends something else from now on.
    pub fn set_audio(self: &Arc<Self>, audio: Audio) {
        let mut sending = self.sending();
        sending.audio = audio;
        sending.n = 0;
        drop(sending);
        self.start_sending();
    }

    /// Presses keys, one after the other, as telephone-events. Other characters than `0-9*#` are
    /// left out.
    pub fn press(self: &Arc<Self>, keys: &str) {
        self.sending()
            .keys
            .extend(keys.chars().filter_map(key_event));
        self.start_sending();
    }

    /// Offer with our wish for the direction; the version grows with every description.
    pub(crate) fn offer(&self, direction: Direction) -> Sdp {
        let mut sending = self.sending();
        sending.local = direction;
        Sdp {
            version: self.next_version(),
            audio: self.announced,
            laws: self.options.laws.clone(),
            telephone_event: self.options.telephone_event,
            direction,
            ptime_ms: Some(self.options.ptime_ms),
        }
    }

    /// Answers an offer with its first law that we can do; `None` without a common law.
    pub(crate) fn answer(self: &Arc<Self>, offer: &Sdp) -> Option<Sdp> {
        let law = offer
            .laws
            .iter()
            .copied()
            .find(|law| self.options.laws.contains(law))?;
        let mut sending = self.sending();
        let direction = narrow(sending.local, offer.direction.answered());
        sending.agree(law, offer);
        let version = self.next_version();
        drop(sending);
        self.start_sending();
        Some(Sdp {
            version,
            audio: self.announced,
            laws: vec![law],
            telephone_event: self
                .options
                .telephone_event
                .filter(|_| offer.telephone_event.is_some()),
            direction,
            ptime_ms: Some(self.options.ptime_ms),
        })
    }

    /// Takes the answer to our offer; `false` without a common law.
    pub(crate) fn take_answer(self: &Arc<Self>, answer: &Sdp) -> bool {
        let Some(law) = answer
            .laws
            .iter()
            .copied()
            .find(|law| self.options.laws.contains(law))
        else {
            return false;
        };
        self.sending().agree(law, answer);
        self.start_sending();
        true
    }

    /// Session id and a version that grows with every description.
    fn next_version(&self) -> (u64, u64) {
        (
            self.session,
            self.sdp_version.fetch_add(1, Ordering::Relaxed) + 1,
        )
    }

    fn start_sending(self: &Arc<Self>) {
        let wanted = self.sending().has_something_to_send();
        if wanted && !self.closed.is_cancelled() && !self.ticking.swap(true, Ordering::AcqRel) {
            self.ticker.join(self);
        }
    }

    /// Sends what is due and says when the next packet is; `None` when the stream is over.
    pub(super) fn send_due(&self, datagram: &mut Vec<u8>) -> Option<Duration> {
        let mut sending = self.sending();
        if self.closed.is_cancelled() || !sending.has_something_to_send() {
            self.ticking.store(false, Ordering::Release);
            return None;
        }
        let ptime_ms = self.options.ptime_ms.clamp(5, 320);
        let due = sending.step(ptime_ms * 8, self.line.is_plugged());
        drop(sending);
        if let Some((remote, packet)) = due {
            packet.write_to(datagram);
            // A full socket buffer loses the packet: that is what networks do.
            let socket = self.socket();
            if socket.is_some_and(|s| s.try_send_to(datagram, remote).is_ok()) {
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
        }
        Some(Duration::from_millis(ptime_ms.into()))
    }

    /// Receives until the port is closed.
    pub(crate) async fn receive(self: Arc<Self>) {
        let mut buffer = [0; 2048];
        let closed = self.closed.clone();
        let Some(socket) = self.socket() else { return };
        let receive = async {
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
                    continue;
                };
                if self.line.is_plugged() {
                    self.take(&buffer[..length], from);
                }
            }
        };
        let _: Option<()> = closed.run_until_cancelled(receive).await;
    }

    fn take(&self, datagram: &[u8], from: SocketAddr) {
        let mut sending = self.sending();
        if self.options.symmetric {
            sending.remote = Some(from);
        }
        let stranger = sending.remote.is_some_and(|remote| remote != from);
        drop(sending);
        if stranger {
            self.strangers.fetch_add(1, Ordering::Relaxed);
            self.heard.notice();
        } else {
            self.heard.push(datagram, self.options.telephone_event);
        }
    }

    /// Ends sending and receiving; what was heard stays readable.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        self.socket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::KnownStream;
    use std::net::Ipv4Addr;

    const IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const LIMIT: Duration = Duration::from_secs(10);

    async fn pair(a: MediaOptions, b: MediaOptions) -> (Arc<MediaPort>, Arc<MediaPort>) {
        let (ticker, line) = (Ticker::start(), Line::plugged());
        let a = MediaPort::open(IP, a, &ticker, &line).await.unwrap();
        let b = MediaPort::open(IP, b, &ticker, &line).await.unwrap();
        tokio::spawn(Arc::clone(&a).receive());
        tokio::spawn(Arc::clone(&b).receive());
        let offer = a.offer(Direction::SendRecv);
        let answer = b.answer(&offer).unwrap();
        assert!(a.take_answer(&answer));
        (a, b)
    }

    #[tokio::test]
    async fn a_known_stream_arrives_whole_and_in_order() {
        let stream = KnownStream::new(1);
        let recording = MediaOptions::recording(Audio::Known(stream));
        let (a, b) = pair(recording, MediaOptions::recording(Audio::Silence)).await;
        b.heard().until_count(20, LIMIT).await.unwrap();
        assert!(
            b.heard().continuity().is_one_continuous_stream(),
            "{:?}",
            b.heard().continuity()
        );
        assert!(b.heard().known(stream, 1000, |byte| byte).is_unbroken(20));
        assert_eq!(b.heard().known(stream, 1000, |byte| byte).first, Some(0));
        a.close();
        b.close();
    }

    #[tokio::test]
    async fn keys_arrive_with_the_payload_type_that_the_listener_asked_for() {
        let other = MediaOptions {
            telephone_event: Some(96),
            ..MediaOptions::recording(Audio::Silence)
        };
        let (a, b) = pair(MediaOptions::default(), other).await;
        a.press("1x*");
        b.heard()
            .until("both keys", LIMIT, |h| h.digits() == "1*")
            .await
            .unwrap();
        b.heard()
            .until("audio again", LIMIT, |h| {
                h.continuity().packets > h.continuity().events + 3
            })
            .await
            .unwrap();
        let c = b.heard().continuity();
        assert!(c.is_one_continuous_stream() && c.events >= 14, "{c:?}");
    }

    #[tokio::test]
    async fn hold_stops_the_held_side_and_resume_starts_it_again() {
        let (a, b) = pair(MediaOptions::default(), MediaOptions::default()).await;
        a.heard().until_count(2, LIMIT).await.unwrap();
        let answer = b.answer(&a.offer(Direction::SendOnly)).unwrap();
        assert_eq!(answer.direction, Direction::RecvOnly);
        assert!(a.take_answer(&answer));
        let sent = b.counts().sent;
        b.heard()
            .until_count(b.heard().count() + 10, LIMIT)
            .await
            .unwrap();
        assert_eq!(
            b.counts().sent,
            sent,
            "held, b stays quiet while a sends on"
        );
        assert!(a.take_answer(&b.answer(&a.offer(Direction::SendRecv)).unwrap()));
        a.heard()
            .until_count(a.heard().count() + 5, LIMIT)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn packets_of_strangers_are_counted_and_not_heard() {
        let (a, b) = pair(MediaOptions::default(), MediaOptions::default()).await;
        let stranger = UdpSocket::bind((IP, 0)).await.unwrap();
        stranger
            .send_to(&[0x80, 8, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9, 1], b.announced)
            .await
            .unwrap();
        b.heard()
            .until("the stranger", LIMIT, |_| b.counts().strangers == 1)
            .await
            .unwrap();
        b.heard().until_count(3, LIMIT).await.unwrap();
        assert!(b.heard().continuity().is_one_continuous_stream());
        a.close();
    }

    #[tokio::test]
    async fn a_closed_port_is_free_although_its_account_is_kept() {
        let (ticker, line) = (Ticker::start(), Line::plugged());
        let port = MediaPort::open(IP, MediaOptions::mute(), &ticker, &line)
            .await
            .unwrap();
        let receiving = tokio::spawn(Arc::clone(&port).receive());
        let address = port.announced;
        port.close();
        receiving.await.unwrap();
        std::net::UdpSocket::bind(address).expect("the socket is closed");
        assert_eq!(port.counts(), MediaCounts::default());
    }

    #[tokio::test]
    async fn without_a_common_law_there_is_no_answer() {
        let (ticker, line) = (Ticker::start(), Line::plugged());
        let a = MediaPort::open(IP, MediaOptions::mute().only(Law::A), &ticker, &line)
            .await
            .unwrap();
        let b = MediaPort::open(IP, MediaOptions::mute().only(Law::Mu), &ticker, &line)
            .await
            .unwrap();
        assert_eq!(b.answer(&a.offer(Direction::SendRecv)), None);
    }
}
