//! Session descriptions for one G.711 stream with telephone events: offers, answers, and a reader
//! that takes what phones and gateways really write.
//!
//! Source: RFC 8866 (SDP), RFC 3264 (offer and answer), RFC 4733 (telephone events).

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

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

#[derive(Default)]
struct Reader {
    session_address: Option<IpAddr>,
    session_direction: Option<Direction>,
    sections: Vec<Section>,
    audio: Option<AudioLines>,
    /// Whether the lines now read belong to the chosen audio section.
    in_audio: bool,
}

struct AudioLines {
    section: usize,
    port: u16,
    address: Option<IpAddr>,
    direction: Option<Direction>,
    formats: Vec<u8>,
    rtpmaps: Vec<(u8, String)>,
    ptime_ms: Option<u16>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), SdpError> {
        let Some((kind, value)) = line.split_once('=') else {
            return Ok(());
        };
        match kind {
            "m" => self.media(value),
            "c" => {
                let address = connection_address(value);
                let before_media = self.sections.is_empty();
                match self.current() {
                    Some(audio) => audio.address = address.or(audio.address),
                    None if before_media => self.session_address = address,
                    None => {}
                }
                Ok(())
            }
            "a" => {
                self.attribute(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn current(&mut self) -> Option<&mut AudioLines> {
        if self.in_audio {
            self.audio.as_mut()
        } else {
            None
        }
    }

    fn media(&mut self, value: &str) -> Result<(), SdpError> {
        let mut words = value.split_ascii_whitespace();
        let kind = words.next().unwrap_or("audio").to_owned();
        // "49170/2" asks for two ports; only the first matters here.
        let port = words
            .next()
            .and_then(|word| word.split('/').next()?.parse().ok())
            .unwrap_or(0);
        let protocol = words.next().unwrap_or("RTP/AVP").to_owned();
        let formats: Vec<&str> = words.collect();
        if self.sections.len() >= SECTIONS_MAX {
            return Err(SdpError::TooMany("media sections"));
        }
        if formats.len() > FORMATS_MAX {
            return Err(SdpError::TooMany("payload types"));
        }
        self.in_audio = kind == "audio" && protocol == "RTP/AVP" && self.audio.is_none();
        if self.in_audio {
            self.audio = Some(AudioLines {
                section: self.sections.len(),
                port,
                address: None,
                direction: None,
                formats: formats
                    .iter()
                    .filter_map(|word| word.parse().ok())
                    .filter(|pt| *pt < 128)
                    .collect(),
                rtpmaps: Vec::new(),
                ptime_ms: None,
            });
        }
        let format = formats.first().copied().unwrap_or("0").to_owned();
        self.sections.push(Section {
            kind,
            protocol,
            format,
        });
        Ok(())
    }

    fn attribute(&mut self, value: &str) {
        let (name, rest) = value.split_once(':').unwrap_or((value, ""));
        let direction = match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        };
        let before_media = self.sections.is_empty();
        match self.current() {
            Some(audio) => match name {
                "rtpmap" if audio.rtpmaps.len() < FORMATS_MAX => {
                    if let Some((pt, map)) = rest.split_once(' ')
                        && let Ok(pt) = pt.parse()
                    {
                        audio.rtpmaps.push((pt, map.trim().to_ascii_lowercase()));
                    }
                }
                "ptime" => audio.ptime_ms = rest.trim().parse().ok(),
                _ => audio.direction = direction.or(audio.direction),
            },
            None if before_media => self.session_direction = direction.or(self.session_direction),
            None => {}
        }
    }

    fn finish(self) -> Result<Audio, SdpError> {
        let audio = self.audio.ok_or(SdpError::NoAudio)?;
        let address = audio
            .address
            .or(self.session_address)
            .ok_or(SdpError::NoAddress)?;
        let mapped = |pt: u8| {
            audio
                .rtpmaps
                .iter()
                .find(|(of, _)| *of == pt)
                .map(|(_, map)| map.as_str())
        };
        let mut laws: Vec<(u8, Law)> = Vec::new();
        let mut telephone_event = None;
        for &pt in &audio.formats {
            // The static types need no rtpmap; a dynamic one that maps to G.711 is as good.
            let law = match (mapped(pt), pt) {
                (Some(map), _) if is_map(map, "pcmu/8000") => Some(Law::Pcmu),
                (Some(map), _) if is_map(map, "pcma/8000") => Some(Law::Pcma),
                (None, 0) => Some(Law::Pcmu),
                (None, 8) => Some(Law::Pcma),
                (Some(map), _) if is_map(map, "telephone-event/8000") => {
                    telephone_event = telephone_event.or(Some(pt));
                    None
                }
                _ => None,
            };
            laws.extend(law.map(|law| (pt, law)));
        }
        if laws.is_empty() && audio.port != 0 {
            return Err(SdpError::NoCommonCodec);
        }
        let mut direction = audio
            .direction
            .or(self.session_direction)
            .unwrap_or_default();
        // RFC 3264, 8.4: older phones hold by the address 0.0.0.0.
        if address.is_unspecified() && direction == Direction::SendRecv {
            direction = Direction::SendOnly;
        }
        Ok(Audio {
            address: SocketAddr::new(address, audio.port),
            laws,
            telephone_event,
            direction,
            ptime_ms: audio.ptime_ms.filter(|ms| (10..=60).contains(ms)),
            section: audio.section,
            sections: self.sections,
        })
    }
}

/// Whether an rtpmap (lower case) names `encoding`, with or without a channel count of one.
fn is_map(map: &str, encoding: &str) -> bool {
    map.strip_prefix(encoding)
        .is_some_and(|rest| rest.is_empty() || rest == "/1")
}

fn connection_address(value: &str) -> Option<IpAddr> {
    let mut words = value.split_ascii_whitespace();
    let (_net, _kind) = (words.next()?, words.next()?);
    words.next()?.split('/').next()?.parse().ok()
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
mod tests {
    use super::*;

    fn local() -> Local {
        Local {
            address: "192.0.2.1:20000".parse().expect("address"),
            session: 7,
            version: 1,
        }
    }

    fn audio(text: &str) -> Result<Audio, SdpError> {
        Audio::parse(text.as_bytes())
    }

    #[test]
    fn an_offer_of_ours_is_read_back() {
        let text = local().offer(&[Law::Pcma, Law::Pcmu], Some(101), Direction::SendRecv);
        let read = audio(&text).expect("our own offer");
        assert_eq!(read.address, local().address);
        assert_eq!(read.laws, vec![(8, Law::Pcma), (0, Law::Pcmu)]);
        assert_eq!(read.telephone_event, Some(101));
        assert_eq!(read.ptime_ms, Some(20));
        assert_eq!(read.choose(&[Law::Pcmu]), Some((0, Law::Pcmu)));
    }

    #[test]
    fn the_order_of_ours_decides_among_what_both_have() {
        let read = audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0 8\n").expect("two laws");
        assert_eq!(read.choose(&[Law::Pcma, Law::Pcmu]), Some((8, Law::Pcma)));
        let one = audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n").expect("one law");
        assert_eq!(one.choose(&[Law::Pcma, Law::Pcmu]), Some((0, Law::Pcmu)));
        assert_eq!(one.choose(&[Law::Pcma]), None);
    }

    #[test]
    fn a_dynamic_payload_type_that_maps_to_g711_is_taken() {
        let read = audio(
            "c=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 97 98 96\r\na=rtpmap:97 opus/48000/2\r\n\
            a=rtpmap:98 PCMA/8000/1\r\na=rtpmap:96 telephone-event/8000\r\n",
        )
        .expect("mapped");
        assert_eq!(read.laws, vec![(98, Law::Pcma)]);
        assert_eq!(read.telephone_event, Some(96));
    }

    #[test]
    fn hold_is_seen_in_all_its_forms() {
        for (line, direction) in [
            ("a=sendonly", Direction::SendOnly),
            ("a=inactive", Direction::Inactive),
            ("a=recvonly", Direction::RecvOnly),
            ("a=sendrecv", Direction::SendRecv),
        ] {
            let read = audio(&format!(
                "c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n{line}\n"
            ))
            .expect(line);
            assert_eq!(read.direction, direction);
        }
        let by_session = audio("c=IN IP4 192.0.2.9\na=inactive\nm=audio 4000 RTP/AVP 0\n")
            .expect("session level");
        assert_eq!(by_session.direction, Direction::Inactive);
        let by_address = audio("c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n").expect("old hold");
        assert_eq!(by_address.direction, Direction::SendOnly);
        assert!(!by_address.direction.wants_media());
    }

    #[test]
    fn the_address_of_the_section_wins_over_that_of_the_session() {
        let read = audio("c=IN IP4 192.0.2.1\nm=video 1 RTP/AVP 99\nc=IN IP4 192.0.2.2\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.3/127\n")
            .expect("two addresses");
        assert_eq!(read.address, "192.0.2.3:4000".parse().expect("address"));
    }

    #[test]
    fn an_answer_lists_every_section_and_refuses_the_others() {
        let offer = audio(
            "c=IN IP6 2001:db8::1\nm=video 6000 RTP/AVP 99\nm=audio 4000 RTP/AVP 8 96\n\
            a=rtpmap:96 telephone-event/8000\na=sendonly\n",
        )
        .expect("offer");
        let text = local().answer(&offer, (8, Law::Pcma));
        assert!(
            text.contains("m=video 0 RTP/AVP 99\r\nm=audio 20000 RTP/AVP 8 96\r\n"),
            "{text}"
        );
        assert!(text.contains("a=recvonly"), "{text}");
    }

    #[test]
    fn refused_useless_and_hostile_descriptions_are_told_apart() {
        assert!(
            audio("c=IN IP4 192.0.2.9\nm=audio 0 RTP/AVP 0\n")
                .expect("refused")
                .is_refused()
        );
        assert_eq!(audio(""), Err(SdpError::NoAudio));
        assert_eq!(
            audio("m=audio 4000 RTP/SAVP 0\nc=IN IP4 192.0.2.9\n"),
            Err(SdpError::NoAudio)
        );
        assert_eq!(audio("m=audio 4000 RTP/AVP 0\n"), Err(SdpError::NoAddress));
        assert_eq!(
            audio("c=IN IP4 host.example\nm=audio 4000 RTP/AVP 0\n"),
            Err(SdpError::NoAddress)
        );
        assert_eq!(
            audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 18\n"),
            Err(SdpError::NoCommonCodec)
        );
        assert_eq!(
            audio(&"a=x\n".repeat(5_000)),
            Err(SdpError::TooLong(20_000))
        );
        assert_eq!(
            audio(&"m=audio 1 RTP/AVP 0\n".repeat(40)),
            Err(SdpError::TooMany("media sections"))
        );
        let many = format!("m=audio 1 RTP/AVP{}\n", " 0".repeat(100));
        assert_eq!(audio(&many), Err(SdpError::TooMany("payload types")));
        for odd in [
            "m=",
            "m=audio",
            "m=audio x y z",
            "c=",
            "a=rtpmap:",
            "=",
            "a=rtpmap:300 PCMU/8000",
            "\u{0}\u{1}",
        ] {
            let _ = audio(odd);
        }
    }
}
