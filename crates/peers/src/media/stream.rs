//! The stream that a media port sends: sequence, clock and what is in its packets.

use super::Audio;
use crate::g711::Law;
use crate::random::Random;
use crate::rtp::RtpPacket;
use crate::sdp::{Direction, Sdp};
use crate::sip::unique;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Packets of one key press while the key is down, and repetitions of its end.
const KEY_PACKETS: u16 = 5;
const KEY_ENDS: u16 = 3;

/// A stream out and what was negotiated for it.
#[derive(Debug)]
pub(super) struct OutStream {
    pub(super) remote: Option<SocketAddr>,
    pub(super) law: Law,
    /// Direction that we last wished.
    pub(super) local: Direction,
    /// Direction that the other side last named.
    peer: Direction,
    pub(super) audio: Audio,
    pub(super) muted: bool,
    event_type_out: Option<u8>,
    pub(super) keys: VecDeque<u8>,
    key_packet: u16,
    seq: u16,
    ts: u32,
    pub(super) ssrc: u32,
    /// Index of the next packet in the sequence that is sent.
    pub(super) n: u64,
    marker: bool,
}

impl OutStream {
    /// A stream that begins anywhere, as RFC 3550 asks for, but not secretly.
    pub(super) fn new(audio: Audio, law: Law) -> Self {
        let mut random = Random::new(0, &unique("stream"), 0);
        let [s0, s1, t0, t1, t2, t3, ..] = random.next().to_le_bytes();
        let [r0, r1, r2, r3, ..] = random.next().to_le_bytes();
        Self {
            remote: None,
            law,
            local: Direction::SendRecv,
            peer: Direction::SendRecv,
            audio,
            muted: false,
            event_type_out: None,
            keys: VecDeque::new(),
            key_packet: 0,
            seq: u16::from_le_bytes([s0, s1]),
            ts: u32::from_le_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_le_bytes([r0, r1, r2, r3]),
            n: 0,
            marker: true,
        }
    }

    /// Whether there is anything to be paced.
    pub(super) fn has_something_to_send(&self) -> bool {
        self.audio != Audio::Off || !self.keys.is_empty()
    }

    /// The packet that is due and where it goes; `None` while nothing may be sent. Time goes on
    /// either way.
    pub(super) fn step(&mut self, samples: u32, plugged: bool) -> Option<(SocketAddr, RtpPacket)> {
        let may_send = narrow(self.local, self.peer.answered()).sends() && plugged && !self.muted;
        let due = self.remote.filter(|_| may_send);
        let packet = due.map(|remote| (remote, self.next_packet(samples)));
        // The first packet after a pause is marked.
        self.marker |= packet.is_none();
        self.ts = self.ts.wrapping_add(samples);
        packet
    }

    /// Takes over what was negotiated.
    pub(super) fn agree(&mut self, law: Law, description: &Sdp) {
        let remote = description.destination();
        // A refresh that changes nothing leaves the stream as it is.
        self.marker |= self.law != law || self.remote != remote;
        self.law = law;
        self.peer = description.direction;
        self.event_type_out = description.telephone_event;
        self.remote = remote;
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
pub(super) fn narrow(ours: Direction, allowed: Direction) -> Direction {
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
