//! One media port: a UDP socket, its stream out and what it hears.

use super::{Audio, Heard, Ticker};
use crate::endpoint::{Line, bind_udp};
use crate::rtp::{RtpPacket, key_event};
use crate::sdp::{Direction, Law, Sdp};
use crate::sip::unique;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// How a peer treats audio.
#[derive(Clone, Debug)]
pub struct MediaOptions {
    /// Laws it can do, in order of preference. Default: A, then µ.
    pub laws: Vec<Law>,
    /// Payload type of telephone-event, `None` for a peer without. Default: 101.
    pub telephone_event: Option<u8>,
    /// Milliseconds per packet, 5 to 320. Default: 20.
    pub ptime_ms: u32,
    /// What it sends. Default: silence.
    pub audio: Audio,
    /// How many packets [`Heard`] keeps, the newest ones; 0 counts only. Default: 0.
    pub keep: usize,
    /// Sends to where packets come from, whatever SDP says. Default: no.
    pub symmetric: bool,
    /// Behind a NAT that SDP knows nothing of: SDP names a port at which nobody listens, so only a
    /// far end that answers to the source of packets is heard. Default: no.
    pub behind_nat: bool,
}

impl Default for MediaOptions {
    fn default() -> Self {
        Self {
            laws: vec![Law::A, Law::Mu],
            telephone_event: Some(101),
            ptime_ms: 20,
            audio: Audio::Silence,
            keep: 0,
            symmetric: false,
            behind_nat: false,
        }
    }
}

impl MediaOptions {
    /// Sends a known stream and keeps up to 100,000 packets of what it hears.
    #[must_use]
    pub fn recording(audio: Audio) -> Self {
        Self {
            audio,
            keep: 100_000,
            ..Self::default()
        }
    }

    /// Neither sends nor keeps anything: the cheapest.
    #[must_use]
    pub fn mute() -> Self {
        Self {
            audio: Audio::Off,
            ..Self::default()
        }
    }

    /// Offers and takes only this law.
    #[must_use]
    pub fn only(mut self, law: Law) -> Self {
        self.laws = vec![law];
        self
    }
}

/// Packets of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaCounts {
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

#[derive(Debug)]
struct Sending {
    remote: Option<SocketAddr>,
    law: Law,
    /// What we last wished and what the other side last said.
    local: Direction,
    peer: Direction,
    audio: Audio,
    muted: bool,
    event_type_out: Option<u8>,
    keys: VecDeque<u8>,
    key_packet: u16,
    sdp_version: u64,
    seq: u16,
    ts: u32,
    ssrc: u32,
    n: u64,
    marker: bool,
}

/// A media port of one call.
#[derive(Debug)]
pub struct MediaPort {
    socket: UdpSocket,
    announced: SocketAddr,
    options: MediaOptions,
    sending: Mutex<Sending>,
    heard: Heard,
    sent: AtomicU64,
    ticking: AtomicBool,
    ticker: Ticker,
    line: Arc<Line>,
    closed: CancellationToken,
    session: u64,
}

/// Packets of one key press while the key is down, and repetitions of its end.
const KEY_PACKETS: u16 = 5;
const KEY_ENDS: u16 = 3;

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
        let seed = crate::random::Random::new(0, &unique("media"), 0).next();
        let [s0, s1, t0, t1, t2, t3, ..] = seed.to_le_bytes();
        let sending = Sending {
            remote: None,
            law: options.laws.first().copied().unwrap_or(Law::A),
            local: Direction::SendRecv,
            peer: Direction::SendRecv,
            audio: options.audio,
            muted: false,
            event_type_out: None,
            keys: VecDeque::new(),
            key_packet: 0,
            sdp_version: 0,
            seq: u16::from_le_bytes([s0, s1]),
            ts: u32::from_le_bytes([t0, t1, t2, t3]),
            ssrc: u32::try_from(seed >> 32).unwrap_or(1),
            n: 0,
            marker: true,
        };
        Ok(Arc::new(Self {
            socket,
            announced,
            heard: Heard::keeping(options.keep),
            options,
            sending: Mutex::new(sending),
            sent: AtomicU64::new(0),
            ticking: AtomicBool::new(false),
            ticker: ticker.clone(),
            line: Arc::clone(line),
            closed: CancellationToken::new(),
            session: seed >> 1,
        }))
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
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
        sending.sdp_version += 1;
        Sdp {
            version: (self.session, sending.sdp_version),
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
        sending.sdp_version += 1;
        let version = (self.session, sending.sdp_version);
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

    fn start_sending(self: &Arc<Self>) {
        let sending = self.sending();
        let wanted = sending.audio != Audio::Off || !sending.keys.is_empty();
        drop(sending);
        if wanted && !self.closed.is_cancelled() && !self.ticking.swap(true, Ordering::AcqRel) {
            self.ticker.join(self);
        }
    }

    /// Sends what is due and says when the next packet is; `None` when the stream is over.
    pub(super) fn send_due(&self, datagram: &mut Vec<u8>) -> Option<Duration> {
        let mut sending = self.sending();
        if self.closed.is_cancelled() || (sending.audio == Audio::Off && sending.keys.is_empty()) {
            self.ticking.store(false, Ordering::Release);
            return None;
        }
        let samples = self.options.ptime_ms.clamp(5, 320) * 8;
        let ptime = Duration::from_millis(u64::from(samples / 8));
        let may_send =
            narrow(sending.local, sending.peer.answered()).sends() && self.line.is_plugged();
        match sending.remote.filter(|_| may_send && !sending.muted) {
            Some(remote) => {
                sending.next_packet(samples).write_to(datagram);
                // A full socket buffer loses the packet: that is what networks do.
                if self.socket.try_send_to(datagram, remote).is_ok() {
                    self.sent.fetch_add(1, Ordering::Relaxed);
                }
            }
            None => sending.marker = true,
        }
        sending.ts = sending.ts.wrapping_add(samples);
        Some(ptime)
    }

    /// Receives until the port is closed.
    pub(crate) async fn receive(self: Arc<Self>) {
        let mut buffer = [0; 2048];
        let closed = self.closed.clone();
        let receive = async {
            loop {
                let Ok((length, from)) = self.socket.recv_from(&mut buffer).await else {
                    continue;
                };
                if self.line.is_plugged() {
                    self.heard
                        .push(&buffer[..length], self.options.telephone_event);
                    if self.options.symmetric {
                        self.sending().remote = Some(from);
                    }
                }
            }
        };
        let _: Option<()> = closed.run_until_cancelled(receive).await;
    }

    /// Ends sending and receiving; what was heard stays readable.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }
}

impl Sending {
    fn agree(&mut self, law: Law, description: &Sdp) {
        self.law = law;
        self.peer = description.direction;
        self.event_type_out = description.telephone_event;
        self.remote = description.destination();
        self.marker = true;
    }

    fn next_packet(&mut self, samples: u32) -> RtpPacket {
        let packet = match (self.keys.front().copied(), self.event_type_out) {
            (Some(key), Some(event_type)) => self.key_packet(key, event_type, samples),
            _ => {
                self.keys.clear();
                self.audio_packet(samples)
            }
        };
        self.seq = self.seq.wrapping_add(1);
        packet
    }

    fn audio_packet(&mut self, samples: u32) -> RtpPacket {
        let payload = self.audio.payload(self.law, self.n, samples as usize);
        self.n += 1;
        RtpPacket {
            marker: std::mem::take(&mut self.marker),
            payload_type: self.law.payload_type(),
            seq: self.seq,
            ts: self.ts,
            ssrc: self.ssrc,
            payload,
        }
    }

    fn key_packet(&mut self, key: u8, event_type: u8, samples: u32) -> RtpPacket {
        let step = self.key_packet;
        let held = u32::from(step.min(KEY_PACKETS - 1) + 1) * samples;
        let end = step >= KEY_PACKETS - 1;
        let [_, _, d0, d1] = held.to_be_bytes();
        // Every packet of one key press carries the timestamp of its beginning.
        let ts = self.ts.wrapping_sub(u32::from(step) * samples);
        if step + 1 == KEY_PACKETS + KEY_ENDS - 1 {
            self.key_packet = 0;
            self.keys.pop_front();
            self.marker = true;
        } else {
            self.key_packet += 1;
        }
        RtpPacket {
            marker: step == 0,
            payload_type: event_type,
            seq: self.seq,
            ts,
            ssrc: self.ssrc,
            payload: vec![key, (u8::from(end) << 7) | 10, d0, d1],
        }
    }
}

/// What remains when both sides have their say.
fn narrow(ours: Direction, allowed: Direction) -> Direction {
    match (
        ours.sends() && allowed.sends(),
        ours.receives() && allowed.receives(),
    ) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
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
