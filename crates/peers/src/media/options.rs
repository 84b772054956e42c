//! How a peer treats audio.

use super::Audio;
use crate::g711::Law;

/// What a media port sends, takes and keeps.
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
    /// How many packets [`Heard`](super::Heard) keeps, the newest ones; 0 counts only. Default: 0.
    pub keep: usize,
    /// Sends to where packets come from and hears packets from anywhere, whatever SDP says.
    /// Default: no.
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
    /// Received and heard.
    pub received: u64,
    /// Received from somewhere else than the other side's SDP says, and not heard. Ports are used
    /// again soon, and the last packets of a call may reach the next one.
    pub strangers: u64,
}
