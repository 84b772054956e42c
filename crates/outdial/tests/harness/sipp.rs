//! SIPp as a child process: bounded, with its statistics read from its own files.

use super::{Work, ports, scenario, secs, signal, until};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest life of any SIPp.
const LIMIT: Duration = Duration::from_secs(600);

/// How SIPp is started.
#[derive(Clone, Debug)]
pub(crate) struct SippOptions {
    name: String,
    scenario: String,
    port: u16,
    tcp: bool,
    values: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl SippOptions {
    /// A scenario of `tests/sipp` as a server; `name` tells its files apart.
    pub(crate) fn new(name: &str, scenario: &str) -> Self {
        Self {
            name: name.to_owned(),
            scenario: scenario.to_owned(),
            port: ports::free(),
            tcp: false,
            values: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// `carrier.xml`: callees of every kind, who ring for 100 ms and talk for 200 ms.
    pub(crate) fn carrier(name: &str) -> Self {
        Self::new(name, "carrier.xml")
            .with("ring_ms", 100)
            .with("talk_ms", 200)
            .with("refusals", 0)
            .with("good_calls", 1_000_000_000)
    }

    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub(crate) fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Puts a value in for `{name}` in the scenario.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.values
            .retain(|(given, _)| given[1..given.len() - 1] != *name);
        self.values.push((format!("{{{name}}}"), value.to_string()));
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn start(self, work: &Work) -> Sipp {
        let file = |ending: &str| work.path(&format!("{}.{ending}", self.name));
        let mut text = scenario::read(&self.scenario);
        for (name, value) in &self.values {
            text = text.replace(name, value);
        }
        let scenario = work.write(&format!("{}.xml", self.name), &text);
        let output = File::create(file("out")).unwrap();
        let child = Command::new("sipp")
            .arg("-sf")
            .arg(scenario)
            .args([
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
            ])
            .args([
                "-t",
                if self.tcp { "t1" } else { "u1" },
                "-nostdin",
                "-fd",
                "1",
            ])
            .args(["-timeout", &format!("{}s", LIMIT.as_secs())])
            // On two busy cores a slow scheduler is no reason to give up.
            .args(["-watchdog_interval", "0"])
            .args(["-trace_stat", "-stf"])
            .arg(file("csv"))
            .args(["-trace_err", "-error_file"])
            .arg(file("errors.log"))
            .args(["-trace_screen", "-screen_file"])
            .arg(file("screen.log"))
            .args(&self.arguments)
            .current_dir(work.folder())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start sipp: {e}; package sip-tester brings it"));
        let mut sipp = Sipp {
            child: Some(child),
            port: self.port,
            tcp: self.tcp,
            csv: file("csv"),
            errors: file("errors.log"),
        };
        sipp.until_listening().await;
        sipp
    }
}

/// A running SIPp.
#[derive(Debug)]
pub(crate) struct Sipp {
    child: Option<Child>,
    pub(crate) port: u16,
    tcp: bool,
    csv: PathBuf,
    errors: PathBuf,
}

impl Sipp {
    /// Its address for a trunk.
    pub(crate) fn uri(&self) -> String {
        format!("sip:127.0.0.1:{}", self.port)
    }

    async fn until_listening(&mut self) {
        let table = if self.tcp {
            "/proc/net/tcp"
        } else {
            "/proc/net/udp"
        };
        let wanted = format!("0100007F:{:04X} ", self.port);
        let child = self.child.as_mut().expect("just started");
        until("SIPp listens", secs(10), || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("SIPp ended at its start: {status}");
            }
            let listens = fs::read_to_string(table)
                .unwrap_or_default()
                .contains(&wanted);
            if listens {
                Ok(())
            } else {
                Err("no socket".to_owned())
            }
        })
        .await;
    }

    /// Ends it by SIGUSR1 once its calls are over, and returns its final counts by name.
    pub(crate) async fn finish(mut self) -> SippCounts {
        let mut child = self.child.take().expect("it runs until it is finished");
        signal::send(&child, "USR1");
        // A scenario ends at latest when its time-waits are over.
        until("SIPp ends its calls", secs(40), || {
            child
                .try_wait()
                .unwrap()
                .map(|_| ())
                .ok_or_else(|| "it still runs".to_owned())
        })
        .await;
        self.counts()
    }

    /// Kills it, as when a carrier dies.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The counts as last written, at most a second old.
    pub(crate) fn counts(&self) -> SippCounts {
        SippCounts::parse(&fs::read_to_string(&self.csv).unwrap_or_default())
    }

    /// What it complained about.
    pub(crate) fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        self.end();
    }
}

/// The last line of SIPp's statistics.
#[derive(Clone, Debug, Default)]
pub(crate) struct SippCounts(BTreeMap<String, u64>);

impl SippCounts {
    fn parse(csv: &str) -> Self {
        let mut lines = csv.lines().filter(|line| !line.trim().is_empty());
        let (Some(names), Some(last)) = (lines.next(), lines.next_back()) else {
            return Self::default();
        };
        let pairs = names.split(';').zip(last.split(';'));
        Self(
            pairs
                .filter_map(|(k, v)| Some((k.trim().to_owned(), v.trim().parse().ok()?)))
                .collect(),
        )
    }

    /// Calls that ended as the scenario says.
    pub(crate) fn successful(&self) -> u64 {
        self.column("SuccessfulCall(C)")
    }

    /// Calls that did not.
    pub(crate) fn failed(&self) -> u64 {
        self.column("FailedCall(C)")
    }

    /// A counter of the scenario; `0` while nothing was counted.
    pub(crate) fn of(&self, counter: &str) -> u64 {
        self.column(&format!("{counter}(C)"))
    }

    fn column(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}
