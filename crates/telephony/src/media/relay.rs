//! The relay's rule book: which packet goes where, in which stream, and what an idle leg hears.
//!
//! Pure: packets and the time come in as arguments, packets go out through a [`Wire`]. The work for one
//! packet allocates nothing: its header is rewritten in place, before the payload where it lies.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::g711::Law;
use super::rtp::{HEADER_LEN, PACKET_LEN_MAX, RtpPacket};
use super::stream::OutStream;
use super::tone::{FRAME, TONE_FRAMES, joining_tone, silence};
use crate::LegId;

/// An idle leg hears a packet of silence after so long: phones and border controllers drop one that hears nothing for
/// 10 s. What is left of them is for a busy machine, on which the clock that looks at this ticks late.
pub const COMFORT_AFTER: Duration = Duration::from_millis(9_600);
/// What a callee says before the join is kept so long; of what is older, the listener has no use.
pub const KEEP: Duration = Duration::from_millis(200);
/// Packets kept at most, for a sender that floods: 200 ms at the shortest packet time of 10 ms.
const KEPT_MAX: usize = 20;
/// A stream may move to another source only after the one it is locked to fell silent for so long.
const LOCK: Duration = Duration::from_secs(2);
/// A leg that had sent at least ten packets and then none for so long is reported quiet.
pub const QUIET_AFTER: Duration = Duration::from_secs(5);
const FLOWING: u64 = 10;

/// Where packets go out. Failing to send is the same as losing the packet, which RTP is made for.
pub trait Wire {
    /// Sends one datagram from the socket of `from`.
    fn send(&mut self, from: LegId, to: SocketAddr, datagram: &[u8]);
}

/// What the relay noticed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The first packet of a leg that has a session description but is not answered: early media.
    Heard(LegId),
    /// Packets had flowed from this leg and stopped; said again after every further [`QUIET_AFTER`].
    Quiet(LegId),
}

/// What both sides agreed on for a leg's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Where the other side said it receives.
    pub remote: SocketAddr,
    /// The law we send.
    pub law: Law,
    /// Its payload type in the other side's numbers.
    pub payload_type: u8,
    /// The payload types of telephone events: what it takes, and what we offered; both are understood.
    pub telephone_event: Option<u8>,
    /// False while the other side holds the call.
    pub sending: bool,
}

/// The payload type under which we offer telephone events.
pub const OUR_TELEPHONE_EVENT: u8 = 101;

#[derive(Debug)]
struct Leg {
    agreement: Option<Agreement>,
    answered: bool,
    peer: Option<LegId>,
    /// Who hears this leg without being heard by it, before it is answered; and whom this leg hears so.
    listener: Option<LegId>,
    hears: Option<LegId>,
    out: OutStream,
    kept: VecDeque<(Instant, Vec<u8>)>,
    lock: Option<(SocketAddr, Instant)>,
    packets_in: u64,
    heard: bool,
    last_in: Option<Instant>,
    quiet_at: Option<Instant>,
}

/// All legs and who is joined with whom.
#[derive(Debug, Default)]
pub struct Relay {
    legs: BTreeMap<LegId, Leg>,
    notices: Vec<Notice>,
    /// Datagrams that were no RTP, came from a stranger or carried a payload nobody agreed on.
    pub ignored: u64,
}

impl Relay {
    /// Adds a leg that neither sends nor hears anything yet.
    pub fn open(&mut self, leg: LegId) {
        let out = OutStream::new(rand::random(), rand::random(), rand::random());
        let fresh = Leg {
            agreement: None,
            answered: false,
            peer: None,
            listener: None,
            hears: None,
            out,
            kept: VecDeque::new(),
            lock: None,
            packets_in: 0,
            heard: false,
            last_in: None,
            quiet_at: None,
        };
        self.legs.insert(leg, fresh);
    }

    /// Removes a leg; the one it was joined with becomes idle.
    pub fn close(&mut self, leg: LegId) {
        self.part(leg);
        self.legs.remove(&leg);
    }

    /// Takes what a session description of the other side said.
    ///
    /// A new description unlocks the source, since media may come from elsewhere now.
    pub fn agree(&mut self, leg: LegId, agreement: Agreement) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            if leg
                .agreement
                .is_none_or(|before| before.remote != agreement.remote)
            {
                leg.lock = None;
            }
            leg.agreement = Some(agreement);
        }
    }

    /// The leg was answered: it hears a first packet of silence at once, which also opens its firewall.
    pub fn answer(&mut self, leg: LegId, now: Instant, wire: &mut impl Wire) {
        if let Some(state) = self.legs.get_mut(&leg) {
            state.answered = true;
            state.lock = None;
            state.comfort(leg, now, wire);
        }
    }

    /// Joins two legs, each leaving whom it was joined with. False when one of them is not there.
    ///
    /// With `tone`, `other` hears the joining tone first; then what `callee` said in the last
    /// [`KEEP`] follows, in order and without loss.
    pub fn join(
        &mut self,
        callee: LegId,
        other: LegId,
        tone: bool,
        now: Instant,
        wire: &mut impl Wire,
    ) -> bool {
        if callee == other || !self.legs.contains_key(&callee) || !self.legs.contains_key(&other) {
            return false;
        }
        self.part(callee);
        self.part(other);
        let mut kept = VecDeque::new();
        for (leg, peer) in [(callee, other), (other, callee)] {
            if let Some(state) = self.legs.get_mut(&leg) {
                state.peer = Some(peer);
                state.out.end_source();
                let said = std::mem::take(&mut state.kept);
                if leg == callee {
                    kept = said;
                }
            }
        }
        if tone && let Some(state) = self.legs.get_mut(&other) {
            state.tone(other, now, wire);
        }
        for (at, mut datagram) in kept {
            if now.duration_since(at) <= KEEP {
                self.pass(callee, other, &mut datagram, now, wire);
            }
        }
        true
    }

    /// Lets `other` hear what comes from a callee that is not answered yet; the callee hears nothing
    /// of it. Both leave whom they were joined with. Ends with a [`Relay::join`] of either.
    pub fn listen(&mut self, callee: LegId, other: LegId) {
        if callee == other || !self.legs.contains_key(&callee) || !self.legs.contains_key(&other) {
            return;
        }
        self.part(callee);
        self.part(other);
        if let Some(state) = self.legs.get_mut(&callee) {
            state.listener = Some(other);
        }
        if let Some(state) = self.legs.get_mut(&other) {
            state.hears = Some(callee);
        }
    }

    /// Takes a leg out of its bridge; both become idle.
    pub fn part(&mut self, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        state.out.end_source();
        let with = [state.peer.take(), state.listener.take(), state.hears.take()];
        for other in with.into_iter().flatten() {
            if let Some(state) = self.legs.get_mut(&other) {
                state.out.end_source();
                (state.peer, state.listener, state.hears) = (None, None, None);
            }
        }
    }

    /// A datagram arrived on the socket of `leg`. The buffer is written over.
    pub fn receive(
        &mut self,
        leg: LegId,
        from: SocketAddr,
        datagram: &mut [u8],
        now: Instant,
        wire: &mut impl Wire,
    ) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let known = RtpPacket::parse(datagram)
            .is_some_and(|packet| state.knows(packet.header.payload_type));
        if !known || datagram.len() > PACKET_LEN_MAX || !state.accepts(from, now) {
            self.ignored += 1;
            return;
        }
        state.packets_in += 1;
        state.last_in = Some(now);
        state.quiet_at = None;
        if !state.answered && !state.heard {
            state.heard = true;
            self.notices.push(Notice::Heard(leg));
        }
        match state.peer.or(state.listener) {
            Some(peer) => self.pass(leg, peer, datagram, now, wire),
            None if state.answered => state.keep(datagram, now),
            None => {}
        }
    }

    /// What must happen by the clock: comfort packets, and looking for legs that fell quiet.
    ///
    /// To be called often: what is due waits for the next call.
    pub fn tick(&mut self, now: Instant, wire: &mut impl Wire) {
        for (id, leg) in &mut self.legs {
            let idle_since = leg.out.last_sent();
            if leg.answered && idle_since.is_none_or(|at| now.duration_since(at) >= COMFORT_AFTER) {
                leg.comfort(*id, now, wire);
            }
            let since = leg.quiet_at.or(leg.last_in);
            if leg.answered
                && leg.packets_in >= FLOWING
                && since.is_some_and(|at| now.duration_since(at) >= QUIET_AFTER)
            {
                leg.quiet_at = Some(now);
                self.notices.push(Notice::Quiet(*id));
            }
        }
    }

    /// What was noticed since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// How many legs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is no leg.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Passes one packet that `from` sent on to `to`.
    fn pass(
        &mut self,
        from: LegId,
        to: LegId,
        datagram: &mut [u8],
        now: Instant,
        wire: &mut impl Wire,
    ) {
        let Some(theirs) = self.legs.get(&from).and_then(|leg| leg.agreement) else {
            return;
        };
        let Some(leg) = self.legs.get_mut(&to) else {
            return;
        };
        let (Some(ours), Some(address)) = (leg.agreement, leg.destination()) else {
            return;
        };
        let Some(packet) = RtpPacket::parse(datagram) else {
            return;
        };
        let incoming = packet.header;
        let (start, length) = (packet.payload_at, packet.payload.len());
        let law = theirs.law_of(incoming.payload_type);
        let payload_type = match law {
            Some(_) => Some(ours.payload_type),
            None => ours.telephone_event,
        };
        let Some(payload_type) = payload_type.filter(|_| ours.sending) else {
            leg.out.skip(&incoming);
            return;
        };
        let samples = if law.is_some() { length as u32 } else { 0 };
        let Some(header) = leg.out.pass(now, &incoming, payload_type, samples) else {
            return;
        };
        if let Some(table) = law.and_then(|law| law.table_to(ours.law)) {
            for byte in &mut datagram[start..start + length] {
                *byte = table[usize::from(*byte)];
            }
        }
        datagram[start - HEADER_LEN..start].copy_from_slice(&header.to_bytes());
        wire.send(to, address, &datagram[start - HEADER_LEN..start + length]);
    }
}

impl Agreement {
    /// The law of a payload type that we receive: the agreed one, or the other law by its static number
    /// for gateways that change within what was offered. `None` is a telephone event.
    fn law_of(&self, payload_type: u8) -> Option<Law> {
        match payload_type {
            pt if pt == self.payload_type => Some(self.law),
            0 => Some(Law::Pcmu),
            8 => Some(Law::Pcma),
            _ => None,
        }
    }
}

impl Leg {
    fn knows(&self, payload_type: u8) -> bool {
        self.agreement.is_some_and(|agreement| {
            agreement.law_of(payload_type).is_some()
                || payload_type == OUR_TELEPHONE_EVENT
                || Some(payload_type) == agreement.telephone_event
        })
    }

    /// Symmetric RTP: the first packet shows where the other side really is, behind whatever address
    /// translation; from then on a stranger cannot take the stream over while it flows.
    fn accepts(&mut self, from: SocketAddr, now: Instant) -> bool {
        match &mut self.lock {
            Some((source, seen)) if *source == from => {
                *seen = now;
                true
            }
            Some((_, seen)) if now.duration_since(*seen) < LOCK => false,
            lock => {
                *lock = Some((from, now));
                true
            }
        }
    }

    fn destination(&self) -> Option<SocketAddr> {
        let signalled = self.agreement.map(|agreement| agreement.remote);
        let to = self.lock.map(|(source, _)| source).or(signalled)?;
        (to.port() != 0 && !to.ip().is_unspecified()).then_some(to)
    }

    fn keep(&mut self, datagram: &[u8], now: Instant) {
        while self
            .kept
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > KEEP)
            || self.kept.len() >= KEPT_MAX
        {
            // The oldest buffer is used again: keeping allocates only for the first packets.
            let Some((_, mut buffer)) = self.kept.pop_front() else {
                break;
            };
            if self.kept.len() < KEPT_MAX {
                buffer.clear();
                buffer.extend_from_slice(datagram);
                self.drop_stale(now);
                self.kept.push_back((now, buffer));
                return;
            }
        }
        self.kept.push_back((now, datagram.to_vec()));
    }

    fn drop_stale(&mut self, now: Instant) {
        while self
            .kept
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > KEEP)
        {
            self.kept.pop_front();
        }
    }

    fn comfort(&mut self, id: LegId, now: Instant, wire: &mut impl Wire) {
        if let Some(agreement) = self.agreement {
            self.send_own(id, agreement, &silence(agreement.law), now, wire);
        }
    }

    fn tone(&mut self, id: LegId, now: Instant, wire: &mut impl Wire) {
        if let Some(agreement) = self.agreement {
            for frame in joining_tone(agreement.law).chunks(FRAME).take(TONE_FRAMES) {
                self.send_own(id, agreement, frame, now, wire);
            }
        }
    }

    fn send_own(
        &mut self,
        id: LegId,
        agreement: Agreement,
        payload: &[u8],
        now: Instant,
        wire: &mut impl Wire,
    ) {
        let Some(to) = self.destination().filter(|_| agreement.sending) else {
            return;
        };
        let header = self
            .out
            .own(now, agreement.payload_type, payload.len() as u32);
        let mut datagram = [0; HEADER_LEN + FRAME];
        let end = HEADER_LEN + payload.len().min(FRAME);
        datagram[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        datagram[HEADER_LEN..end].copy_from_slice(&payload[..end - HEADER_LEN]);
        wire.send(id, to, &datagram[..end]);
    }
}

#[cfg(test)]
mod tests;
