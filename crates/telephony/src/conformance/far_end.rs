//! A far end that does what a test tells it, message by message: a carrier, a phone, a flow.
//!
//! It speaks SIP over one UDP socket and RTP over another, and knows nothing that the test does not tell.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::Failure;
use crate::media::g711::Law;
use crate::media::rtp::{RtpHeader, RtpPacket};
use crate::sdp::{Audio, Direction, Local};

/// How long anything that must come is waited for.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A SIP message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Request or status line.
    pub start: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Who sent it.
    pub source: SocketAddr,
}

impl Message {
    fn parse(datagram: &[u8], source: SocketAddr) -> Option<Self> {
        let end = datagram.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&datagram[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let header = |line: &str| {
            line.split_once(':')
                .map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        Some(Self {
            start,
            headers,
            body: datagram[end + 4..].to_vec(),
            source,
        })
    }

    /// The first header of this name; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of a header, such as the tag of `To`; empty when there is none.
    #[must_use]
    pub fn parameter(&self, header: &str, name: &str) -> &str {
        let value = self.header(header);
        let parts = value
            .rsplit('>')
            .next()
            .unwrap_or(value)
            .split([';', ',', ' ']);
        parts
            .into_iter()
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or("")
    }

    /// The method of a request, or of the request that a response answers.
    #[must_use]
    pub fn method(&self) -> &str {
        if self.start.starts_with("SIP/") {
            self.header("CSeq").split(' ').nth(1).unwrap_or("")
        } else {
            self.start.split(' ').next().unwrap_or("")
        }
    }

    /// The status of a response; 0 for a request.
    #[must_use]
    pub fn status(&self) -> u16 {
        let rest = self.start.strip_prefix("SIP/2.0 ").unwrap_or("");
        rest.split(' ')
            .next()
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// The request URI.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or("")
    }

    /// The number of the CSeq header.
    #[must_use]
    pub fn cseq(&self) -> u32 {
        self.header("CSeq")
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    }

    /// The branch of the topmost Via.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.header("Via")
            .split(';')
            .find_map(|part| part.strip_prefix("branch="))
            .unwrap_or("")
    }
}

/// What a test adds to a response.
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// The tag for To; `None` keeps To as it came.
    pub tag: Option<String>,
    /// Whole header lines.
    pub lines: Vec<String>,
    /// A session description.
    pub body: String,
    /// Leaves the Contact line out.
    pub no_contact: bool,
}

impl Extra {
    /// A tag, and nothing else.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self {
            tag: Some(tag.to_owned()),
            ..Self::default()
        }
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    /// The same with one more header line.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }
}

/// A party at the other end of calls.
#[derive(Debug)]
pub struct FarEnd {
    sip: UdpSocket,
    rtp: UdpSocket,
    seen: HashSet<(String, String, u32)>,
    /// New messages of the method that was expected, which that expectation did not want.
    kept: Vec<Message>,
    cseq: u32,
    rtp_sequence: u16,
}

impl FarEnd {
    /// Listens on free ports of the loopback.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self, Failure> {
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Ok(Self {
            sip: UdpSocket::bind(any).await?,
            rtp: UdpSocket::bind(any).await?,
            seen: HashSet::new(),
            kept: Vec::new(),
            cseq: 0,
            rtp_sequence: 0,
        })
    }

    /// Where it takes SIP.
    ///
    /// # Errors
    /// The socket is broken.
    pub fn address(&self) -> Result<SocketAddr, Failure> {
        Ok(self.sip.local_addr()?)
    }

    /// The URI of a user here.
    ///
    /// # Errors
    /// The socket is broken.
    pub fn uri(&self, user: &str) -> Result<String, Failure> {
        Ok(format!("sip:{user}@{}", self.address()?))
    }

    /// A session description with this end's RTP address.
    ///
    /// # Errors
    /// The socket is broken.
    pub fn description(&self, laws: &[Law], event: Option<u8>) -> Result<String, Failure> {
        let local = Local {
            address: self.rtp.local_addr()?,
            session: 1,
            version: 1,
        };
        Ok(local.offer(laws, event, Direction::SendRecv))
    }

    /// The next new request of this method, or response to it; other messages and repetitions are skipped.
    ///
    /// # Errors
    /// Nothing of the kind came within [`PATIENCE`].
    pub async fn expect(&mut self, method: &str) -> Result<Message, Failure> {
        self.expect_where(method, |_| true).await
    }

    /// Like [`FarEnd::expect`], but for the messages that `wanted` picks.
    ///
    /// # Errors
    /// Nothing of the kind came within [`PATIENCE`].
    pub async fn expect_where(
        &mut self,
        method: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message, Failure> {
        let kept = self
            .kept
            .iter()
            .position(|message| message.method() == method && wanted(message));
        if let Some(position) = kept {
            return Ok(self.kept.remove(position));
        }
        let found = async {
            loop {
                let message = self.receive().await?;
                if !self.is_new(&message) || message.method() != method {
                    continue;
                }
                if wanted(&message) {
                    return Ok(message);
                }
                self.kept.push(message);
            }
        };
        timeout(PATIENCE, found)
            .await
            .map_err(|_| Failure::new(format!("no {method} came in time")))?
    }

    /// The next new request of any of these methods.
    ///
    /// # Errors
    /// None came within [`PATIENCE`].
    pub async fn expect_any(&mut self, methods: &[&str]) -> Result<Message, Failure> {
        let found = async {
            loop {
                let message = self.receive().await?;
                if self.is_new(&message)
                    && message.status() == 0
                    && methods.contains(&message.method())
                {
                    return Ok(message);
                }
            }
        };
        timeout(PATIENCE, found)
            .await
            .map_err(|_| Failure::new(format!("none of {methods:?} came in time")))?
    }

    fn is_new(&mut self, message: &Message) -> bool {
        let line = format!("{} {}", message.header("CSeq"), message.branch());
        self.seen
            .insert((message.start.clone(), line, message.cseq()))
    }

    /// The next message, repetitions included.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn receive(&mut self) -> Result<Message, Failure> {
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, source) = self.sip.recv_from(&mut buffer).await?;
            if let Some(message) = Message::parse(&buffer[..length], source) {
                return Ok(message);
            }
        }
    }

    /// Whether nothing of this method comes for a while.
    ///
    /// # Errors
    /// Something came, or the socket is broken.
    pub async fn expect_none(&mut self, method: &str, during: Duration) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + during;
        while let Ok(message) = tokio::time::timeout_at(until, self.receive()).await {
            let message = message?;
            if message.method() == method {
                return Err(Failure::new(format!("unexpected: {}", message.start)));
            }
        }
        Ok(())
    }

    /// Answers a request.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn respond(
        &self,
        request: &Message,
        status: &str,
        extra: Extra,
    ) -> Result<(), Failure> {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for (_, value) in request
                .headers
                .iter()
                .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            {
                let tag = extra
                    .tag
                    .as_ref()
                    .filter(|_| name == "To" && !value.contains(";tag="));
                match tag {
                    Some(tag) => text += &format!("{name}: {value};tag={tag}\r\n"),
                    None => text += &format!("{name}: {value}\r\n"),
                }
            }
        }
        if !extra.no_contact {
            text += &format!("Contact: <{}>\r\n", self.uri("far")?);
        }
        self.finish(text, &extra, request.source).await
    }

    /// Sends a request within the dialog that `invite` opened and `tag` names on this side.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn request(
        &mut self,
        method: &str,
        invite: &Message,
        tag: &str,
        extra: Extra,
    ) -> Result<(), Failure> {
        self.cseq += 1;
        let contact = invite.header("Contact");
        let target = contact.trim_start_matches('<').trim_end_matches('>');
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKfar{}x{};rport\r\nMax-Forwards: 70\r\n\
             From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: <{}>\r\n",
            self.address()?,
            self.cseq,
            method,
            invite.header("To"),
            invite.header("From"),
            invite.header("Call-ID"),
            self.cseq,
            self.uri("far")?,
        );
        self.finish(text, &extra, invite.source).await
    }

    /// Acknowledges the answer to a request of this end with this number.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn acknowledge(
        &mut self,
        invite: &Message,
        tag: &str,
        number: u32,
        extra: Extra,
    ) -> Result<(), Failure> {
        let before = std::mem::replace(&mut self.cseq, number.wrapping_sub(1));
        let sent = self.request("ACK", invite, tag, extra).await;
        self.cseq = before;
        sent
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn send_raw(&self, datagram: &[u8], to: SocketAddr) -> Result<(), Failure> {
        self.sip.send_to(datagram, to).await?;
        Ok(())
    }

    async fn finish(&self, mut text: String, extra: &Extra, to: SocketAddr) -> Result<(), Failure> {
        for line in &extra.lines {
            text += &format!("{line}\r\n");
        }
        if !extra.body.is_empty() {
            text += "Content-Type: application/sdp\r\n";
        }
        text += &format!("Content-Length: {}\r\n\r\n{}", extra.body.len(), extra.body);
        self.sip.send_to(text.as_bytes(), to).await?;
        Ok(())
    }

    /// Answers an INVITE by 180 and 200 with a description of `laws`.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn pick_up(&self, invite: &Message, tag: &str, laws: &[Law]) -> Result<(), Failure> {
        self.respond(invite, "180 Ringing", Extra::tag(tag)).await?;
        let body = self.description(laws, Some(101))?;
        self.respond(invite, "200 OK", Extra::tag(tag).body(body))
            .await
    }

    /// Sends one voice packet to where `invite` offered to receive.
    ///
    /// # Errors
    /// The offer cannot be read, or the socket is broken.
    pub async fn say(&mut self, invite: &Message, law: Law, payload: &[u8]) -> Result<(), Failure> {
        let audio = Audio::parse(&invite.body).map_err(|e| Failure::new(e.to_string()))?;
        self.rtp_sequence = self.rtp_sequence.wrapping_add(1);
        let header = RtpHeader {
            marker: false,
            payload_type: law.payload_type(),
            sequence: self.rtp_sequence,
            timestamp: u32::from(self.rtp_sequence) * 160,
            ssrc: 0xFA_12_E4_D0,
        };
        self.rtp
            .send_to(&[&header.to_bytes()[..], payload].concat(), audio.address)
            .await?;
        Ok(())
    }

    /// The next voice packet that comes: its header and its payload.
    ///
    /// # Errors
    /// Nothing came within [`PATIENCE`].
    pub async fn hear(&self) -> Result<(RtpHeader, Vec<u8>), Failure> {
        let mut buffer = vec![0; 2_048];
        let (length, _) = timeout(PATIENCE, self.rtp.recv_from(&mut buffer))
            .await
            .map_err(|_| Failure::new("no voice came in time"))??;
        let packet = RtpPacket::parse(&buffer[..length])
            .ok_or_else(|| Failure::new("what came is no RTP"))?;
        Ok((packet.header, packet.payload.to_vec()))
    }

    /// The next voice packet with just this payload; others are skipped.
    ///
    /// # Errors
    /// Nothing of the kind came within [`PATIENCE`].
    pub async fn hear_payload(&self, payload: &[u8]) -> Result<RtpHeader, Failure> {
        let found = async {
            loop {
                let (header, heard) = self.hear().await?;
                if heard == payload {
                    return Ok(header);
                }
            }
        };
        timeout(PATIENCE, found)
            .await
            .map_err(|_| Failure::new("the expected voice did not come in time"))?
    }
}
