//! As much of SDP as a G.711 phone needs (RFC 8866, RFC 3264).

use crate::g711::Law;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Who may send media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both sides.
    #[default]
    SendRecv,
    /// Only the side that says so: it holds the other.
    SendOnly,
    /// Only the other side.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The answer that suits an offer with this direction.
    #[must_use]
    pub fn answered(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            same => same,
        }
    }

    /// Whether the side that says this sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the side that says this listens.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// The audio part of a session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    /// Session id and version of the origin line.
    pub version: (u64, u64),
    /// Where audio is expected; an unspecified address or port 0 means nowhere.
    pub audio: SocketAddr,
    /// G.711 laws, in order of preference.
    pub laws: Vec<Law>,
    /// Payload type of telephone-event (RFC 4733).
    pub telephone_event: Option<u8>,
    /// Who may send.
    pub direction: Direction,
    /// Milliseconds of audio per packet, where given.
    pub ptime_ms: Option<u32>,
}

impl Sdp {
    /// The content type of a session description.
    pub const CONTENT_TYPE: &str = "application/sdp";

    /// Reads the first audio stream; `None` where there is none or the text is not SDP.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let mut sdp = Self {
            version: (0, 0),
            audio: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            laws: Vec::new(),
            telephone_event: None,
            direction: Direction::SendRecv,
            ptime_ms: None,
        };
        let (mut seen_audio, mut inside, mut mapped) = (false, true, Vec::new());
        for line in text.lines().map(str::trim_end) {
            let Some((kind, value)) = line.split_once('=') else {
                continue;
            };
            match kind {
                "m" => {
                    // Only the first audio stream counts; attributes of others are not ours.
                    inside = value.starts_with("audio ") && !seen_audio;
                    if inside {
                        seen_audio = true;
                        sdp.read_media(value)?;
                    }
                }
                "o" => sdp.version = origin_version(value).unwrap_or_default(),
                "c" if inside => {
                    if let Some(ip) = value
                        .rsplit(' ')
                        .next()
                        .and_then(|a| a.parse::<IpAddr>().ok())
                    {
                        sdp.audio.set_ip(ip);
                    }
                }
                "a" if inside => sdp.read_attribute(value, &mut mapped),
                _ => {}
            }
        }
        sdp.laws
            .retain(|law| !mapped.contains(&(law.payload_type(), false)));
        seen_audio.then_some(sdp)
    }

    fn read_media(&mut self, value: &str) -> Option<()> {
        let mut parts = value.split_whitespace().skip(1);
        let port = parts.next()?.split('/').next()?.parse().ok()?;
        self.audio.set_port(port);
        let types = parts.skip(1).filter_map(|t| t.parse::<u8>().ok());
        self.laws = types
            .filter_map(|t| match t {
                0 => Some(Law::Mu),
                8 => Some(Law::A),
                _ => None,
            })
            .collect();
        Some(())
    }

    fn read_attribute(&mut self, value: &str, mapped: &mut Vec<(u8, bool)>) {
        match value {
            "sendrecv" => self.direction = Direction::SendRecv,
            "sendonly" => self.direction = Direction::SendOnly,
            "recvonly" => self.direction = Direction::RecvOnly,
            "inactive" => self.direction = Direction::Inactive,
            _ => {}
        }
        if let Some(ms) = value.strip_prefix("ptime:") {
            self.ptime_ms = ms.trim().parse().ok();
        }
        let Some((number, name)) = value
            .strip_prefix("rtpmap:")
            .and_then(|v| v.split_once(' '))
        else {
            return;
        };
        let Ok(number) = number.parse::<u8>() else {
            return;
        };
        let name = name.to_ascii_lowercase();
        if name.starts_with("telephone-event/8000") {
            self.telephone_event = Some(number);
        }
        let expected = match number {
            0 => "pcmu/8000",
            8 => "pcma/8000",
            _ => return,
        };
        mapped.push((number, name.starts_with(expected)));
    }

    /// The description as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (ip, family) = (
            self.audio.ip(),
            if self.audio.is_ipv4() { "IP4" } else { "IP6" },
        );
        let mut types: Vec<String> = self
            .laws
            .iter()
            .map(|l| l.payload_type().to_string())
            .collect();
        types.extend(self.telephone_event.map(|t| t.to_string()));
        let mut text = format!(
            "v=0\r\no=- {} {} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP {}\r\n",
            self.version.0,
            self.version.1,
            self.audio.port(),
            types.join(" "),
        );
        // Writing into a String cannot fail.
        for law in &self.laws {
            let _ = write!(
                text,
                "a=rtpmap:{} {}/8000\r\n",
                law.payload_type(),
                law.name()
            );
        }
        if let Some(t) = self.telephone_event {
            let _ = write!(
                text,
                "a=rtpmap:{t} telephone-event/8000\r\na=fmtp:{t} 0-15\r\n"
            );
        }
        if let Some(ms) = self.ptime_ms {
            let _ = write!(text, "a=ptime:{ms}\r\n");
        }
        let _ = write!(text, "a={}\r\n", self.direction.name());
        text
    }

    /// Where to send audio; `None` where the other side wants none or gave a hold address.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        (self.audio.port() != 0 && !self.audio.ip().is_unspecified()).then_some(self.audio)
    }
}

fn origin_version(value: &str) -> Option<(u64, u64)> {
    let mut parts = value.split_whitespace().skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let sdp = Sdp {
            version: (3, 4),
            audio: "127.0.0.1:4000".parse().unwrap(),
            laws: vec![Law::Mu, Law::A],
            telephone_event: Some(96),
            direction: Direction::SendOnly,
            ptime_ms: Some(30),
        };
        assert_eq!(Sdp::parse(sdp.to_text().as_bytes()), Some(sdp));
    }

    #[test]
    fn attributes_of_video_are_not_those_of_audio() {
        let text = "v=0\no=- 1 1 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 8 101\n\
            a=rtpmap:101 telephone-event/8000\nm=video 5000 RTP/AVP 99\na=inactive\nc=IN IP4 10.0.0.1\n";
        let sdp = Sdp::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (sdp.direction, sdp.telephone_event),
            (Direction::SendRecv, Some(101))
        );
        assert_eq!(sdp.destination(), Some("127.0.0.1:4000".parse().unwrap()));
    }

    #[test]
    fn the_old_way_to_hold_has_no_destination() {
        let text = "v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n";
        assert_eq!(Sdp::parse(text.as_bytes()).unwrap().destination(), None);
        assert_eq!(Sdp::parse(b"m=video 1 RTP/AVP 1"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "([mcao]=[ -~]{0,40}\n){0,6}") {
            let _ = Sdp::parse(text.as_bytes());
        }
    }
}
