//! One continuous outgoing RTP stream, whatever is put into it.
//!
//! An agent's leg lives for hours and carries many callees one after another, with tones and silence
//! in between. Phones and border controllers want one synchronisation source, a sequence without
//! gaps of our making, and timestamps that follow the clock: this keeps them so.

use std::time::{Duration, Instant};

use super::g711::SAMPLES_PER_SECOND;
use super::rtp::RtpHeader;

/// A jump of the source's sequence by more than this is a restart of the source and no loss.
const SEQUENCE_JUMP_MAX: u16 = 3_000;

/// The state of the stream towards one leg.
#[derive(Debug)]
pub struct OutStream {
    ssrc: u32,
    next_sequence: u16,
    /// Timestamp and length in samples of the newest packet, and when it was sent.
    newest: Newest,
    source: Option<Source>,
}

#[derive(Debug)]
struct Newest {
    timestamp: u32,
    samples: u32,
    sent_at: Option<Instant>,
}

/// The stream that is being passed on, and what turns its numbers into ours.
#[derive(Debug)]
struct Source {
    ssrc: u32,
    first_sequence: u16,
    newest_sequence: u16,
    sequence_offset: u16,
    timestamp_offset: u32,
}

impl OutStream {
    /// A stream that has sent nothing yet; its three numbers should be random (RFC 3550, 5.1).
    #[must_use]
    pub const fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            next_sequence: sequence,
            newest: Newest {
                timestamp,
                samples: 0,
                sent_at: None,
            },
            source: None,
        }
    }

    /// When the last packet went out.
    #[must_use]
    pub const fn last_sent(&self) -> Option<Instant> {
        self.newest.sent_at
    }

    /// The header of a packet of our own making (silence, tone) of so many samples.
    pub fn own(&mut self, now: Instant, payload_type: u8, samples: u32) -> RtpHeader {
        self.source = None;
        let marker = self.is_after_pause(now);
        let header = RtpHeader {
            marker,
            payload_type,
            sequence: self.next_sequence,
            timestamp: self.timestamp_at(now),
            ssrc: self.ssrc,
        };
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.newest = Newest {
            timestamp: header.timestamp,
            samples,
            sent_at: Some(now),
        };
        header
    }

    /// The header under which a packet of another stream is passed on, or `None` for a straggler from
    /// before the switch to that stream.
    ///
    /// Loss and reordering of the source stay as they are; a new source starts right behind what was
    /// sent last, with the marker set.
    pub fn pass(
        &mut self,
        now: Instant,
        incoming: &RtpHeader,
        payload_type: u8,
        samples: u32,
    ) -> Option<RtpHeader> {
        let switched = !self.continues(incoming);
        if switched {
            let timestamp = self.timestamp_at(now);
            self.source = Some(Source {
                ssrc: incoming.ssrc,
                first_sequence: incoming.sequence,
                newest_sequence: incoming.sequence,
                sequence_offset: self.next_sequence.wrapping_sub(incoming.sequence),
                timestamp_offset: timestamp.wrapping_sub(incoming.timestamp),
            });
        }
        let source = self.source.as_mut()?;
        if is_before(incoming.sequence, source.first_sequence) {
            return None;
        }
        if is_before(source.newest_sequence, incoming.sequence) {
            source.newest_sequence = incoming.sequence;
        }
        let header = RtpHeader {
            marker: incoming.marker || switched,
            payload_type,
            sequence: incoming.sequence.wrapping_add(source.sequence_offset),
            timestamp: incoming.timestamp.wrapping_add(source.timestamp_offset),
            ssrc: self.ssrc,
        };
        if !is_before(header.sequence, self.next_sequence) {
            self.next_sequence = header.sequence.wrapping_add(1);
            self.newest = Newest {
                timestamp: header.timestamp,
                samples,
                sent_at: Some(now),
            };
        }
        Some(header)
    }

    /// A packet of the source that is not passed on leaves no gap behind.
    pub fn skip(&mut self, incoming: &RtpHeader) {
        if self.continues(incoming)
            && let Some(source) = self.source.as_mut()
            && is_before(source.newest_sequence, incoming.sequence)
        {
            source.newest_sequence = incoming.sequence;
            source.sequence_offset = source.sequence_offset.wrapping_sub(1);
        }
    }

    /// What comes next is a new source, even if it numbers its packets like the one before.
    pub fn end_source(&mut self) {
        self.source = None;
    }

    fn continues(&self, incoming: &RtpHeader) -> bool {
        self.source.as_ref().is_some_and(|source| {
            let jump = incoming.sequence.wrapping_sub(source.newest_sequence);
            source.ssrc == incoming.ssrc && jump.min(jump.wrapping_neg()) <= SEQUENCE_JUMP_MAX
        })
    }

    fn is_after_pause(&self, now: Instant) -> bool {
        self.newest
            .sent_at
            .is_none_or(|at| now.duration_since(at) > Duration::from_millis(60))
    }

    /// The timestamp that follows the newest packet: by the clock after a pause, never overlapping.
    fn timestamp_at(&self, now: Instant) -> u32 {
        let elapsed = self
            .newest
            .sent_at
            .map_or(Duration::ZERO, |at| now.duration_since(at));
        // Milliseconds times 8 samples; the cast wraps as timestamps do.
        let by_clock = (elapsed.as_millis() * u128::from(SAMPLES_PER_SECOND) / 1_000) as u32;
        self.newest
            .timestamp
            .wrapping_add(by_clock.max(self.newest.samples))
    }
}

/// Whether one sequence number lies before another, modulo 2^16.
const fn is_before(a: u16, b: u16) -> bool {
    (a.wrapping_sub(b) as i16) < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(ssrc: u32, sequence: u16, timestamp: u32) -> RtpHeader {
        RtpHeader {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc,
        }
    }

    #[test]
    fn two_sources_and_a_pause_make_one_stream() {
        let start = Instant::now();
        let mut stream = OutStream::new(42, 65_534, u32::MAX - 100);
        let mut sequences = Vec::new();
        let mut timestamps = Vec::new();
        let mut push = |header: RtpHeader| {
            assert_eq!(header.ssrc, 42);
            sequences.push(header.sequence);
            timestamps.push(header.timestamp);
        };
        push(stream.own(start, 0, 160));
        let first = stream
            .pass(start, &incoming(7, 900, 5_000), 0, 160)
            .expect("new source");
        assert!(first.marker);
        push(first);
        push(
            stream
                .pass(start, &incoming(7, 901, 5_160), 0, 160)
                .expect("same source"),
        );
        // A second later another callee, whose numbers have nothing to do with the first one's.
        let later = start + Duration::from_secs(1);
        push(
            stream
                .pass(later, &incoming(8, 3, 77), 0, 160)
                .expect("new source"),
        );
        push(stream.own(later, 0, 160));
        assert_eq!(sequences, [65_534, 65_535, 0, 1, 2]);
        let steps: Vec<u32> = timestamps
            .windows(2)
            .map(|w| w[1].wrapping_sub(w[0]))
            .collect();
        assert_eq!(steps, [160, 160, 8_000, 160]);
    }

    #[test]
    fn loss_and_reordering_of_the_source_stay_visible() {
        let now = Instant::now();
        let mut stream = OutStream::new(1, 100, 0);
        let mut pass = |sequence| {
            stream
                .pass(now, &incoming(5, sequence, 0), 0, 160)
                .map(|h| h.sequence)
        };
        assert_eq!(pass(10), Some(100));
        assert_eq!(pass(13), Some(103));
        assert_eq!(pass(12), Some(102));
        assert_eq!(pass(9), None, "from before the switch");
        assert_eq!(pass(14), Some(104));
    }

    #[test]
    fn a_packet_that_is_left_out_leaves_no_gap() {
        let now = Instant::now();
        let mut stream = OutStream::new(1, 100, 0);
        assert_eq!(
            stream
                .pass(now, &incoming(5, 1, 0), 0, 160)
                .map(|h| h.sequence),
            Some(100)
        );
        stream.skip(&incoming(5, 2, 160));
        assert_eq!(
            stream
                .pass(now, &incoming(5, 3, 320), 0, 160)
                .map(|h| h.sequence),
            Some(101)
        );
    }

    #[test]
    fn a_source_that_restarts_its_numbers_goes_on_without_a_gap() {
        let now = Instant::now();
        let mut stream = OutStream::new(1, 100, 0);
        stream.pass(now, &incoming(5, 60_000, 0), 0, 160);
        let restarted = stream
            .pass(now, &incoming(5, 20, 0), 0, 160)
            .expect("restart");
        assert!(restarted.marker);
        assert_eq!(restarted.sequence, 101);
    }
}
