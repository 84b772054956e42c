//! Session descriptions for one G.711 stream with telephone events: offers, answers, and a reader
//! that takes what phones and gateways really write.
//!
//! Source: RFC 8866 (SDP), RFC 3264 (offer and answer), RFC 4733 (telephone events).

mod read;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use self::read::Reader;
use crate::media::g711::Law;

/// Longest description that is read, in bytes.
pub const LEN_MAX: usize = 16 * 1024;
/// Most media sections that are read; a call needs one.
const SECTIONS_MAX: usize = 16;
/// Most payload types of one section that are read.
const FORMATS_MAX: usize = 64;

/// Which way the sender of a description wants media to flow, seen from the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways: the normal call.
    #[default]
    SendRecv,
    /// The sender sends only: it put us on hold.
    SendOnly,
    /// The sender listens only.
    RecvOnly,
    /// Nothing flows: hold without music.
    Inactive,
}

impl Direction {
    /// The answer that gives the other side what it asked for.
    #[must_use]
    pub const fn answered(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// Whether the sender of the description wants to hear us.
    #[must_use]
    pub const fn wants_media(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    const fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// The audio stream of a description that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Where its sender wants to receive RTP. Port 0 means that the stream was refused.
    pub address: SocketAddr,
    /// G.711 payload types in the order of the sender's preference.
    pub laws: Vec<(u8, Law)>,
    /// Payload type of telephone events at 8,000 Hz, when offered.
    pub telephone_event: Option<u8>,
    /// Which way media flows; hold by the address 0.0.0.0 counts as `SendOnly`.
    pub direction: Direction,
    /// Packet time in milliseconds, when named.
    pub ptime_ms: Option<u16>,
    /// Which section of the description this is, counted from 0.
    section: usize,
    /// Every section's `m=` line up to the formats, for the answer that must list them all.
    sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    kind: String,
    protocol: String,
    format: String,
}

/// Why a description is of no use to a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// The description is longer than [`LEN_MAX`].
    #[error(
        "session description: {0} bytes are more than the {LEN_MAX} that are read; send a shorter one"
    )]
    TooLong(usize),
    /// A section or format list goes past what is read.
    #[error("session description: too many {0}; offer one audio stream")]
    TooMany(&'static str),
    /// There is no audio over RTP/AVP in it.
    #[error("session description: no audio stream over RTP/AVP; offer one")]
    NoAudio,
    /// The audio stream names no IP address that can be used.
    #[error("session description: no usable connection address; give an IP address on a c= line")]
    NoAddress,
    /// Neither law of G.711 is in it.
    #[error("session description: neither PCMU nor PCMA; allow one of them")]
    NoCommonCodec,
}

impl Audio {
    /// Reads the first audio section over RTP/AVP. Unknown lines are skipped, bare `\n` line ends taken.
    ///
    /// # Errors
    /// [`SdpError`], when nothing in the text can carry a call.
    pub fn parse(text: &[u8]) -> Result<Self, SdpError> {
        if text.len() > LEN_MAX {
            return Err(SdpError::TooLong(text.len()));
        }
        let text = String::from_utf8_lossy(text);
        let mut reader = Reader::default();
        for line in text.lines() {
            reader.line(line.trim_end())?;
        }
        reader.finish()
    }

    /// The first law in `order` that the other side has too, with its payload type there.
    #[must_use]
    pub fn choose(&self, order: &[Law]) -> Option<(u8, Law)> {
        order
            .iter()
            .find_map(|law| self.laws.iter().find(|(_, theirs)| theirs == law).copied())
    }

    /// Whether the stream was refused (`m=audio 0`).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.address.port() == 0
    }
}

/// Our own side of a description: what the writer needs for offers and answers alike.
#[derive(Clone, Debug)]
pub struct Local {
    /// Where we receive RTP, as the other side is to see it.
    pub address: SocketAddr,
    /// Session id of the origin line: the same for every description of a leg.
    pub session: u64,
    /// Grows by one with each description that differs from the one before.
    pub version: u64,
}

impl Local {
    /// An offer of `laws` in this order, with telephone events as payload type `event`.
    #[must_use]
    pub fn offer(&self, laws: &[Law], event: Option<u8>, direction: Direction) -> String {
        let mut text = self.session_lines();
        let formats: Vec<(u8, Law)> = laws.iter().map(|law| (law.payload_type(), *law)).collect();
        self.audio_lines(&mut text, &formats, event, direction);
        text
    }

    /// The answer to `offer` that takes the law `chosen` (as [`Audio::choose`] gave it) and refuses every
    /// other section by port 0, as RFC 3264 section 6 asks.
    #[must_use]
    pub fn answer(&self, offer: &Audio, chosen: (u8, Law)) -> String {
        let mut text = self.session_lines();
        for (index, section) in offer.sections.iter().enumerate() {
            if index == offer.section {
                self.audio_lines(
                    &mut text,
                    &[chosen],
                    offer.telephone_event,
                    offer.direction.answered(),
                );
            } else {
                let _ = write!(
                    text,
                    "m={} 0 {} {}\r\n",
                    section.kind, section.protocol, section.format
                );
            }
        }
        text
    }

    fn session_lines(&self) -> String {
        let (kind, ip) = (family(self.address.ip()), self.address.ip());
        format!(
            "v=0\r\no=outdial {} {} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n",
            self.session, self.version
        )
    }

    fn audio_lines(
        &self,
        text: &mut String,
        laws: &[(u8, Law)],
        event: Option<u8>,
        direction: Direction,
    ) {
        // Writing to a String cannot fail, hence the ignored results.
        let _ = write!(text, "m=audio {} RTP/AVP", self.address.port());
        for pt in laws.iter().map(|(pt, _)| *pt).chain(event) {
            let _ = write!(text, " {pt}");
        }
        text.push_str("\r\n");
        for (pt, law) in laws {
            let _ = write!(text, "a=rtpmap:{pt} {}/8000\r\n", law.encoding());
        }
        if let Some(pt) = event {
            let _ = write!(
                text,
                "a=rtpmap:{pt} telephone-event/8000\r\na=fmtp:{pt} 0-15\r\n"
            );
        }
        let _ = write!(text, "a=ptime:20\r\na={}\r\n", direction.attribute());
    }
}

const fn family(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}

#[cfg(test)]
mod tests;
