//! The real binary, started, killed and started again at the same ports.

use super::config::{ADMIN_KEY, Config};
use super::{Rest, Work, ports, secs, signal, until};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// RTP ports that a server gets.
const RTP_PORTS: u16 = 400;

/// A server under test.
#[derive(Debug)]
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) rest: Rest,
    pub(crate) http: u16,
    pub(crate) sip: u16,
    config: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Writes the configuration, starts the server and waits until it is ready.
    pub(crate) async fn start(work: &Work, config: &Config) -> Self {
        let (http, sip) = (ports::free(), ports::free());
        Self::start_at(work, config, http, sip).await
    }

    /// The same at these ports, for those who have to know them beforehand.
    pub(crate) async fn start_at(work: &Work, config: &Config, http: u16, sip: u16) -> Self {
        let rtp = ports::block(RTP_PORTS);
        let text = config.to_toml(http, sip, (rtp, rtp + RTP_PORTS - 1));
        let mut server = Self {
            child: None,
            rest: Rest::new(&format!("http://127.0.0.1:{http}"), ADMIN_KEY),
            http,
            sip,
            config: work.write("outdial.toml", &text),
            log: work.path("server.log"),
        };
        server.launch();
        server.until_ready().await;
        server
    }

    /// Starts the process and does not wait for anything.
    pub(crate) fn launch(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = append(&self.log);
        let child = Command::new(env!("CARGO_BIN_EXE_outdial"))
            .args(["serve", "--config"])
            .arg(&self.config)
            .env("OUTDIAL_LOG", "info,outdial=debug")
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) async fn until_ready(&mut self) {
        let (child, rest) = (&mut self.child, &self.rest);
        until("the server is ready", secs(20), || {
            let child = child.as_mut().expect("the server was started");
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended at its start: {status}");
            }
            match rest.send("GET", "/readyz", None, b"") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.text),
                Err(error) => Err(error),
            }
        })
        .await;
    }

    /// `kill -9`, and waits for the end of the process.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Kills it if it runs, and starts it again at the same ports with the same files.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.launch();
        self.until_ready().await;
    }

    /// Ends it in the friendly way and returns how it went.
    pub(crate) async fn stop(&mut self, limit: Duration) -> ExitStatus {
        let mut child = self.child.take().expect("the server runs");
        signal::send(&child, "TERM");
        until("the server ends after SIGTERM", limit, || {
            child
                .try_wait()
                .unwrap()
                .ok_or_else(|| "it still runs".to_owned())
        })
        .await
    }

    /// Whether the process is alive.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The log of all its lives.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The sum of a metric over its labels that contain all of these texts.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.rest.get("/metrics").text;
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        });
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    pub(crate) fn config_path(&self) -> &Path {
        &self.config
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}
