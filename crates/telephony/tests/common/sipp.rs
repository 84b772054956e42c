//! SIPp as a carrier or as phones: a far end that we have not written.

use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One step of a scenario.
pub(crate) enum Step {
    /// A request that must come. `Step::Receive("INVITE", "")`; the second text stands inside the element.
    Receive(&'static str, &'static str),
    /// A response. Status line, further header lines (separated by `|`), whether it carries a description.
    Send(&'static str, &'static str, bool),
    /// A BYE of its own.
    Bye,
    /// A response that must come.
    Response(u16),
    /// A pause in milliseconds.
    Pause(u32),
    /// Raw text of the scenario.
    Raw(&'static str),
}

const CONTACT: &str = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>";
const COPIED: &str = "[last_Via:]\n[last_From:]\n[last_Call-ID:]\n[last_CSeq:]";
const DESCRIPTION: &str = "v=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n";

/// The text of a scenario.
fn scenario(steps: &[Step]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"outdial\">\n",
    );
    let mut answered = false;
    for step in steps {
        match step {
            Step::Receive(method, inside) => {
                let _ = writeln!(text, "<recv request=\"{method}\">{inside}</recv>");
                answered |= matches!(*method, "ACK" | "BYE" | "CANCEL");
            }
            Step::Send(status, further, describes) => {
                let final_invite = !status.starts_with('1') && !answered;
                let retransmit = if final_invite { " retrans=\"500\"" } else { "" };
                let tag = if answered {
                    ""
                } else {
                    ";tag=[pid]t[call_number]"
                };
                let contact = if further.contains("NoContact") {
                    ""
                } else {
                    CONTACT
                };
                let lines: String = further
                    .split('|')
                    .filter(|l| !l.is_empty() && *l != "NoContact")
                    .map(|l| format!("{l}\n"))
                    .collect();
                let body = if *describes {
                    format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{DESCRIPTION}")
                } else {
                    "Content-Length: 0\n\n".to_owned()
                };
                let contact = if contact.is_empty() {
                    String::new()
                } else {
                    format!("{contact}\n")
                };
                let _ = writeln!(
                    text,
                    "<send{retransmit}><![CDATA[\nSIP/2.0 {status}\n{COPIED}\n[last_To:]{tag}\n{lines}{contact}{body}]]></send>"
                );
            }
            Step::Bye => {
                let _ = writeln!(
                    text,
                    "<send retrans=\"500\"><![CDATA[\nBYE sip:outdial@127.0.0.1 SIP/2.0\n\
                     Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
                     From: [$callee];tag=[pid]t[call_number]\nTo: [$caller]\n[last_Call-ID:]\nCSeq: 1 BYE\n\
                     Max-Forwards: 70\nReason: Q.850;cause=16\nContent-Length: 0\n\n]]></send>"
                );
            }
            Step::Response(status) => {
                let _ = writeln!(text, "<recv response=\"{status}\"></recv>");
            }
            Step::Pause(millis) => {
                let _ = writeln!(text, "<pause milliseconds=\"{millis}\"/>");
            }
            Step::Raw(raw) => {
                let _ = writeln!(text, "{raw}");
            }
        }
    }
    text += "<timewait milliseconds=\"200\"/>\n</scenario>\n";
    text
}

/// A running SIPp; ended when dropped.
pub(crate) struct Sipp {
    child: Child,
    pub(crate) address: SocketAddr,
    directory: PathBuf,
}

impl Sipp {
    /// Starts SIPp with a scenario for so many calls.
    pub(crate) fn start(name: &str, calls: usize, steps: &[Step]) -> Self {
        let port = UdpSocket::bind("127.0.0.1:0")
            .and_then(|s| s.local_addr())
            .expect("a free port")
            .port();
        let directory =
            std::env::temp_dir().join(format!("outdial-sipp-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory for the scenario");
        let file = directory.join("scenario.xml");
        std::fs::write(&file, scenario(steps)).expect("the scenario is written");
        let output =
            std::fs::File::create(directory.join("output")).expect("a file for the output");
        let child = Command::new("sipp")
            .current_dir(&directory)
            .args([
                "-sf",
                "scenario.xml",
                "-i",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-nostdin",
            ])
            .args(["-m", &calls.to_string(), "-timeout", "40s", "-trace_err"])
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the file"))
            .stderr(output)
            .spawn()
            .expect("SIPp runs; it comes with the package sip-tester");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let sipp = Self {
            child,
            address,
            directory,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        // The port is taken once SIPp listens.
        while UdpSocket::bind(address).is_ok() {
            assert!(Instant::now() < deadline, "SIPp does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        sipp
    }

    /// Waits until SIPp is done; panics with its own words when a call did not go as the scenario says.
    pub(crate) async fn succeeded(mut self) {
        let deadline = Instant::now() + Duration::from_secs(45);
        loop {
            match self.child.try_wait().expect("SIPp can be waited for") {
                Some(status) if status.success() => return,
                Some(status) => panic!("SIPp ended with {status}: {}", self.words()),
                None => assert!(
                    Instant::now() < deadline,
                    "SIPp does not end: {}",
                    self.words()
                ),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn words(&self) -> String {
        let mut words = String::new();
        for entry in std::fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.file_name() != "scenario.xml" {
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                words += &text.chars().take(6_000).collect::<String>();
            }
        }
        words
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
