//! HTTP as little as it can be, so that what is measured is the server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::Failure;

/// Longest time that an answer may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    held: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self {
            stream,
            held: Vec::new(),
        })
    }

    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        self.send(request)?;
        self.receive()
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(request)?)
    }

    pub(crate) fn receive(&mut self) -> Result<Answer, Failure> {
        loop {
            if let Some((answer, end)) = self.whole()? {
                self.held.drain(..end);
                return Ok(answer);
            }
            let mut piece = [0; 16_384];
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err("the server has closed the connection".into());
            }
            self.held.extend_from_slice(&piece[..read]);
        }
    }

    /// An answer that has come whole, and where it ends.
    fn whole(&self) -> Result<Option<(Answer, usize)>, Failure> {
        let Some(head) = self.held.windows(4).position(|at| at == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&self.held[..head])?;
        let status = text.get(9..12).ok_or("a short status line")?.parse()?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        let (begin, length) = (head + 4, length.ok_or("an answer without a length")?);
        let body = self.held.get(begin..begin + length);
        Ok(body.map(|body| {
            let body = body.to_vec();
            (Answer { status, body }, begin + length)
        }))
    }
}

/// A request as it goes out.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
