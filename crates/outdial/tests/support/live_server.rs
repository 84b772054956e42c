//! The real server on free ports, and a trunk that refuses every call.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything; loaded machines are slow.
const DEADLINE: Duration = Duration::from_secs(60);

/// `outdial serve` in a directory of its own.
pub struct LiveServer {
    child: Child,
    log: JoinHandle<String>,
    pub url: String,
    pub directory: tempfile::TempDir,
}

impl LiveServer {
    /// Starts it with a trunk at this address and everything logged; its admin key is `admin-key`.
    pub fn start(trunk: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = write_configuration(directory.path(), trunk);
        let mut child = super::program()
            .args(["serve", "--stop-limit", "2", "--config"])
            .arg(&config)
            .env("OUTDIAL_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut log = child.stderr.take().expect("a pipe");
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).expect("UTF-8");
            text
        });
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("UTF-8");
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self {
            child,
            log,
            url,
            directory,
        }
    }

    pub fn configuration(&self) -> PathBuf {
        self.directory.path().join("outdial.toml")
    }

    /// Runs an operator command against it.
    pub fn ask(&self, arguments: &[&str]) -> std::process::Output {
        let server = ["--url", &self.url, "--key", "admin-key"];
        super::outdial(arguments.iter().chain(&server))
    }

    /// Ends it by SIGTERM; gives its exit status and its log.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let until = Instant::now() + DEADLINE;
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if Instant::now() > until => {
                    self.child.kill().expect("a child");
                    panic!("the server does not stop");
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        (status, self.log.join().expect("the log"))
    }
}

/// A configuration with one tenant on free ports.
pub fn write_configuration(directory: &Path, trunk: SocketAddr) -> PathBuf {
    let path = directory.join("outdial.toml");
    let text = format!(
        r#"[server]
listen = "127.0.0.1:0"
admin_key = "admin-key"
[telephony.sip]
listen = "127.0.0.1:0"
rtp_ports = "0"
[[trunk]]
name = "carrier"
uri = "sip:{trunk}"
[[tenant]]
name = "acme"
time_zone = "Asia/Shanghai"
caller_ids = ["075586013388"]
[[tenant.skill_group]]
id = 255
name = "sales"
[[tenant.agent]]
id = "1001"
skill_groups = [255]
uri = "sip:1001@{trunk}"
"#
    );
    std::fs::write(&path, text).expect("a writable directory");
    path
}

/// A trunk that answers OPTIONS and is busy for every call.
pub struct BusyTrunk {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BusyTrunk {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout");
        let address = socket.local_addr().expect("bound");
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while !until.load(Ordering::Relaxed) {
                let Ok((count, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
                let status = match request.split(' ').next() {
                    Some("OPTIONS") => "200 OK",
                    Some("INVITE") => "486 Busy Here",
                    _ => continue,
                };
                socket
                    .send_to(response(&request, status).as_bytes(), from)
                    .expect("loopback");
            }
        });
        Self {
            address,
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for BusyTrunk {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn response(request: &str, status: &str) -> String {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default();
        if ["Via", "From", "Call-ID", "CSeq"]
            .iter()
            .any(|kept| name.eq_ignore_ascii_case(kept))
        {
            response.push_str(&format!("{line}\r\n"));
        } else if name.eq_ignore_ascii_case("To") {
            response.push_str(&format!("{line};tag=busy\r\n"));
        }
    }
    response + "Content-Length: 0\r\n\r\n"
}
