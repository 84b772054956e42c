//! What a peer heard, and whether it was one continuous stream.

use super::KnownStream;
use crate::rtp::RtpPacket;
use crate::wait::{Bell, Expired};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A packet and when it arrived.
#[derive(Clone, Debug)]
pub struct HeardPacket {
    /// The packet.
    pub packet: RtpPacket,
    /// When it arrived.
    pub at: Instant,
}

/// What can be said about all packets together; counted as they come, so it costs no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continuity {
    /// Packets received.
    pub packets: u64,
    /// Changes of the source (SSRC) after the first packet.
    pub source_changes: u64,
    /// Sequence numbers skipped.
    pub missing: u64,
    /// Packets with a sequence number at or before the one before: late or doubled.
    pub out_of_order: u64,
    /// Timestamps that went back, or stood still where the sequence went on.
    pub ts_backwards: u64,
    /// Timestamps that jumped ahead by more than the packet before was long, without a marker.
    pub unmarked_jumps: u64,
    /// Packets with the marker bit.
    pub markers: u64,
    /// Telephone-event packets.
    pub events: u64,
    /// Datagrams that were not RTP.
    pub not_rtp: u64,
    /// Longest pause between two packets.
    pub longest_pause: Duration,
}

impl Continuity {
    /// One source, no packet lost, doubled or out of order, time never going back.
    ///
    /// Jumps of the timestamp ahead are allowed: a sender that falls silent makes them.
    #[must_use]
    pub fn is_one_continuous_stream(&self) -> bool {
        let faults = [
            self.source_changes,
            self.missing,
            self.out_of_order,
            self.ts_backwards,
            self.not_rtp,
        ];
        self.packets > 0 && faults.iter().all(|&n| n == 0)
    }
}

/// How much of a known stream arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHeard {
    /// Index of the first packet of the stream that arrived.
    pub first: Option<u64>,
    /// Index of the last one that arrived.
    pub last: Option<u64>,
    /// How many of its packets arrived.
    pub packets: u64,
    /// Steps in which the index did not grow by exactly one.
    pub breaks: u64,
    /// Packets that arrived after its first and before its last and are not of it.
    pub foreign: u64,
}

impl KnownHeard {
    /// Whether at least `n` packets came, in order, none missing and nothing else in between.
    #[must_use]
    pub fn is_unbroken(&self, n: u64) -> bool {
        self.packets >= n && self.breaks == 0 && self.foreign == 0
    }
}

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<HeardPacket>,
    continuity: Continuity,
    last: Option<(RtpHead, Instant)>,
    first_at: Option<Instant>,
    digits: String,
}

#[derive(Clone, Copy, Debug)]
struct RtpHead {
    seq: u16,
    ts: u32,
    ssrc: u32,
    samples: u32,
    is_event: bool,
}

/// Everything that one media port received.
#[derive(Debug)]
pub struct Heard {
    inner: Mutex<Inner>,
    bell: Bell,
    keep: usize,
}

impl Heard {
    pub(crate) fn keeping(keep: usize) -> Self {
        Self {
            inner: Mutex::default(),
            bell: Bell::new(),
            keep,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, datagram: &[u8], event_type: Option<u8>) {
        let at = Instant::now();
        let mut inner = self.lock();
        match RtpPacket::parse(datagram) {
            Some(packet) => inner.add(packet, at, event_type, self.keep),
            None => inner.continuity.not_rtp += 1,
        }
        drop(inner);
        self.bell.ring();
    }

    /// Wakes whoever waits, for something that is counted elsewhere.
    pub(crate) fn notice(&self) {
        self.bell.ring();
    }

    /// The numbers up to now.
    #[must_use]
    pub fn continuity(&self) -> Continuity {
        self.lock().continuity.clone()
    }

    /// Packets received up to now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lock().continuity.packets
    }

    /// When the first and the last packet arrived.
    #[must_use]
    pub fn first_and_last(&self) -> Option<(Instant, Instant)> {
        let inner = self.lock();
        Some((inner.first_at?, inner.last?.1))
    }

    /// The packets that were kept, oldest first.
    #[must_use]
    pub fn packets(&self) -> Vec<HeardPacket> {
        self.lock().kept.iter().cloned().collect()
    }

    /// Keys pressed at the other side, each counted once.
    #[must_use]
    pub fn digits(&self) -> String {
        self.lock().digits.clone()
    }

    /// Forgets what was heard up to now; the next packet starts anew.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// Waits until so many packets have arrived.
    ///
    /// # Errors
    /// [`Expired`] after `limit`.
    pub async fn until_count(&self, packets: u64, limit: Duration) -> Result<(), Expired> {
        let what = format!("{packets} RTP packets");
        self.bell
            .until(&what, limit, || (self.count() >= packets).then_some(()))
            .await
    }

    /// Waits until a condition on the whole holds.
    ///
    /// # Errors
    /// [`Expired`] after `limit`.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Result<(), Expired> {
        self.bell
            .until(what, limit, || holds(self).then_some(()))
            .await
    }

    /// Looks for a known stream among the packets kept, in order of arrival.
    ///
    /// `table` is laid over every byte of the stream first: the identity for equal codecs, the
    /// conversion table of G.711 for different ones. The first `up_to` packets are looked for.
    #[must_use]
    pub fn known(&self, stream: KnownStream, up_to: u64, table: impl Fn(u8) -> u8) -> KnownHeard {
        let packets = self.packets();
        let samples = packets
            .iter()
            .map(|p| p.packet.payload.len())
            .max()
            .unwrap_or(0);
        let converted = |n| {
            stream
                .payload(n, samples)
                .into_iter()
                .map(&table)
                .collect::<Vec<u8>>()
        };
        let index: HashMap<Vec<u8>, u64> = (0..up_to).map(|n| (converted(n), n)).collect();
        let found: Vec<Option<u64>> = packets
            .iter()
            .map(|p| index.get(&p.packet.payload).copied())
            .collect();
        let mut result = KnownHeard::default();
        let mut foreign_since = 0;
        for n in found {
            match (n, result.last) {
                (Some(n), last) => {
                    result.packets += 1;
                    result.first = result.first.or(Some(n));
                    result.breaks += u64::from(last.is_some_and(|last| n != last + 1));
                    result.foreign += std::mem::take(&mut foreign_since);
                    result.last = Some(n);
                }
                (None, Some(_)) => foreign_since += 1,
                (None, None) => {}
            }
        }
        result
    }
}

impl Inner {
    fn add(&mut self, packet: RtpPacket, at: Instant, event_type: Option<u8>, keep: usize) {
        let is_event = event_type == Some(packet.payload_type);
        let head = RtpHead {
            seq: packet.seq,
            ts: packet.ts,
            ssrc: packet.ssrc,
            samples: u32::try_from(packet.payload.len()).unwrap_or(u32::MAX),
            is_event,
        };
        self.first_at.get_or_insert(at);
        let c = &mut self.continuity;
        c.packets += 1;
        c.markers += u64::from(packet.marker);
        c.events += u64::from(is_event);
        let before = self.last.map(|(head, _)| head);
        if let Some((last, last_at)) = self.last {
            c.longest_pause = c.longest_pause.max(at.duration_since(last_at));
            c.compare(last, head, packet.marker);
        }
        if is_event && before.is_none_or(|b| !b.is_event || b.ts != head.ts) {
            self.digits.extend(
                packet
                    .payload
                    .first()
                    .and_then(|&e| "0123456789*#".chars().nth(e.into())),
            );
        }
        self.last = Some((head, at));
        if keep > 0 {
            if self.kept.len() == keep {
                self.kept.pop_front();
            }
            self.kept.push_back(HeardPacket { packet, at });
        }
    }
}

impl Continuity {
    fn compare(&mut self, last: RtpHead, now: RtpHead, marker: bool) {
        if now.ssrc != last.ssrc {
            self.source_changes += 1;
            return;
        }
        let seq_step = now.seq.wrapping_sub(last.seq);
        if seq_step == 0 || seq_step > 0x8000 {
            self.out_of_order += 1;
            return;
        }
        self.missing += u64::from(seq_step - 1);
        let ts_step = now.ts.wrapping_sub(last.ts);
        // The packets of one key press share a timestamp (RFC 4733 section 2.2).
        let same_event = now.is_event && last.is_event && ts_step == 0;
        if !same_event && (ts_step == 0 || ts_step > 0x8000_0000) {
            self.ts_backwards += 1;
        }
        let plain = !now.is_event && !last.is_event && seq_step == 1;
        self.unmarked_jumps +=
            u64::from(plain && !marker && ts_step != last.samples && ts_step < 0x8000_0000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(seq: u16, ts: u32, ssrc: u32, payload: Vec<u8>) -> Vec<u8> {
        let mut bytes = Vec::new();
        RtpPacket {
            marker: false,
            payload_type: 8,
            seq,
            ts,
            ssrc,
            payload,
        }
        .write_to(&mut bytes);
        bytes
    }

    fn heard(packets: &[(u16, u32, u32)]) -> Continuity {
        let heard = Heard::keeping(0);
        packets
            .iter()
            .for_each(|&(seq, ts, ssrc)| heard.push(&datagram(seq, ts, ssrc, vec![0; 160]), None));
        heard.continuity()
    }

    #[test]
    fn a_stream_that_wraps_is_continuous() {
        let c = heard(&[
            (65_534, u32::MAX - 319, 1),
            (65_535, u32::MAX - 159, 1),
            (0, 0, 1),
            (1, 160, 1),
        ]);
        assert!(c.is_one_continuous_stream(), "{c:?}");
        assert_eq!(c.unmarked_jumps, 0);
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert_eq!(heard(&[(1, 0, 1), (3, 320, 1)]).missing, 1);
        assert_eq!(heard(&[(2, 0, 1), (1, 160, 1)]).out_of_order, 1);
        assert_eq!(heard(&[(1, 160, 1), (2, 160, 1)]).ts_backwards, 1);
        assert_eq!(heard(&[(1, 0, 1), (2, 160, 2)]).source_changes, 1);
        assert_eq!(heard(&[(1, 0, 1), (2, 1600, 1)]).unmarked_jumps, 1);
        assert!(
            !heard(&[]).is_one_continuous_stream(),
            "nothing is not a stream"
        );
    }

    #[test]
    fn a_known_stream_is_found_among_other_packets() {
        let (stream, heard) = (KnownStream::new(9), Heard::keeping(100));
        let flip = |b: u8| b ^ 0x55;
        let mut payloads = vec![vec![0xD5; 160]];
        payloads.extend([4, 5, 6].map(|n| stream.payload(n, 160).into_iter().map(flip).collect()));
        payloads.push(vec![0xD5; 160]);
        for (seq, payload) in (1u16..).zip(payloads) {
            heard.push(&datagram(seq, u32::from(seq) * 160, 1, payload), None);
        }
        let known = heard.known(stream, 100, flip);
        assert_eq!((known.first, known.last), (Some(4), Some(6)));
        assert!(known.is_unbroken(3), "{known:?}");
        assert_eq!(heard.known(stream, 100, |b| b).packets, 0);
    }

    #[test]
    fn a_key_counts_once_however_many_packets_it_has() {
        let heard = Heard::keeping(0);
        for (seq, ts, key) in [(1, 0, 5), (2, 0, 5), (3, 0, 5), (4, 800, 5), (5, 1600, 11)] {
            let mut bytes = Vec::new();
            RtpPacket {
                marker: false,
                payload_type: 96,
                seq,
                ts,
                ssrc: 1,
                payload: vec![key, 0, 0, 0],
            }
            .write_to(&mut bytes);
            heard.push(&bytes, Some(96));
        }
        assert_eq!(heard.digits(), "55#");
    }
}
