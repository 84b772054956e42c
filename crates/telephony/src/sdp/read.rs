//! Reading what others wrote, line by line.

use std::net::{IpAddr, SocketAddr};

use super::{Audio, Direction, FORMATS_MAX, SECTIONS_MAX, SdpError, Section};
use crate::media::g711::Law;

#[derive(Default)]
pub(super) struct Reader {
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
    pub(super) fn line(&mut self, line: &str) -> Result<(), SdpError> {
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

    pub(super) fn finish(self) -> Result<Audio, SdpError> {
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
