//! What the tests of the SIP connector share.

// Each test binary uses its own part of this.
#![allow(dead_code, reason = "see above")]

use std::net::SocketAddr;
use std::time::Duration;

use outdial_telephony::conformance::Bench;
use outdial_telephony::conformance::far_end::Message;
use outdial_telephony::sip::{SipConnector, SipSettings};

/// A test's outcome: every step may fail with words.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A bench around a connector with defaults on free ports, and where that listens.
pub(crate) async fn bench() -> (Bench, SocketAddr) {
    bench_with(|_| ()).await
}

/// The same with other settings.
pub(crate) async fn bench_with(change: impl FnOnce(&mut SipSettings)) -> (Bench, SocketAddr) {
    let mut settings = SipSettings::at("127.0.0.1:0".parse().expect("an address"));
    settings.rtp_ports = 0..=0;
    change(&mut settings);
    let (connector, events) = SipConnector::start(settings).await.expect("it starts");
    let address = connector.listen_address();
    (Bench::new(Box::new(connector), events), address)
}

/// A bench at an address that a connector which was just dropped may still hold for a moment.
pub(crate) async fn successor(address: SocketAddr, change: impl Fn(&mut SipSettings)) -> Bench {
    for _ in 0..200 {
        let mut settings = SipSettings::at(address);
        settings.rtp_ports = 0..=0;
        change(&mut settings);
        if let Ok((connector, events)) = SipConnector::start(settings).await {
            return Bench::new(Box::new(connector), events);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the address is not free again in time");
}

/// Timers of SIP so short that silence is over in 1.3 s.
pub(crate) fn impatient(settings: &mut SipSettings) {
    settings.t1 = Duration::from_millis(20);
}

/// Whether a message is a request.
pub(crate) fn is_request(message: &Message) -> bool {
    message.status() == 0
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come about in time");
}

/// A far end that speaks SIP over one TCP connection.
pub(crate) struct TcpEnd {
    stream: tokio::net::TcpStream,
    came: Vec<u8>,
}

impl TcpEnd {
    pub(crate) async fn connect(to: SocketAddr) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self::of(tokio::net::TcpStream::connect(to).await?))
    }

    pub(crate) fn of(stream: tokio::net::TcpStream) -> Self {
        Self {
            stream,
            came: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Outcome {
        use tokio::io::AsyncWriteExt as _;
        Ok(self.stream.write_all(bytes.as_ref()).await?)
    }

    /// The next message as text, with its body; an error when the connection ends or nothing comes in time.
    pub(crate) async fn receive(&mut self) -> Result<String, Box<dyn std::error::Error>> {
        use tokio::io::AsyncReadExt as _;
        let reading = async {
            loop {
                let text = String::from_utf8_lossy(&self.came).into_owned();
                if let Some(head) = text.find("\r\n\r\n") {
                    let length = text[..head]
                        .lines()
                        .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
                    let end = head + 4 + length.unwrap_or(0);
                    if text.len() >= end {
                        self.came.drain(..end);
                        return Ok(text[..end].to_owned());
                    }
                }
                if self.stream.read_buf(&mut self.came).await? == 0 {
                    return Err("the connection was closed".into());
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), reading).await?
    }

    /// Asks by OPTIONS; an error when no 200 comes.
    pub(crate) async fn ask(&mut self, branch: &str) -> Outcome {
        self.send(question(branch, "TCP", self.stream.local_addr()?))
            .await?;
        loop {
            let answer = self.receive().await?;
            if answer.contains(&format!("branch=z9hG4bK{branch};")) {
                assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
                return Ok(());
            }
        }
    }

    /// Whether the other side closes the connection within this time.
    pub(crate) async fn is_closed_within(&mut self, time: Duration) -> bool {
        use tokio::io::AsyncReadExt as _;
        let mut byte = [0; 64];
        let reading =
            async { while matches!(self.stream.read(&mut byte).await, Ok(n) if n > 0) {} };
        tokio::time::timeout(time, reading).await.is_ok()
    }
}

/// An OPTIONS that is answered by 200.
pub(crate) fn question(branch: &str, transport: &str, from: SocketAddr) -> String {
    format!(
        "OPTIONS sip:outdial SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK{branch};rport\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: {branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Asks by OPTIONS over UDP; an error when no 200 comes.
pub(crate) async fn ask_over_udp(ours: SocketAddr, branch: &str) -> Outcome {
    let mut far = outdial_telephony::conformance::far_end::FarEnd::start().await?;
    let question = question(branch, "UDP", far.address()?);
    far.send_raw(question.as_bytes(), ours).await?;
    far.expect_where("OPTIONS", |message| message.status() == 200)
        .await?;
    Ok(())
}
