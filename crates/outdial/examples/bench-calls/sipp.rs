//! SIPp as the carrier, and SIPp's own caller as the measure of what a call costs.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{Account, Failure, free_port, signal, until};

/// Longest life of any SIPp.
const LIMIT: &str = "600s";

/// A SIPp that takes calls; killed when dropped.
pub(crate) struct Sipp {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

impl Sipp {
    /// Callees who answer at once, talk for a second and hang up.
    pub(crate) fn carrier(folder: &Path) -> Result<Self, Failure> {
        let scenario = folder.join("answers.xml");
        fs::write(&scenario, include_str!("answers.xml"))?;
        let log = folder.join("answers.log");
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(scenario);
        command.arg("-trace_logs").arg("-log_file").arg(&log);
        Self::start(folder, command, log)
    }

    /// SIPp's own scenario of a callee.
    pub(crate) fn plain_callee(folder: &Path) -> Result<Self, Failure> {
        let mut command = Command::new("sipp");
        command.args(["-sn", "uas"]);
        Self::start(folder, command, PathBuf::new())
    }

    fn start(folder: &Path, mut command: Command, log: PathBuf) -> Result<Self, Failure> {
        let port = free_port()?;
        command.args(["-p", &port.to_string()]);
        let child = quietly(&mut command, folder)?;
        let mut sipp = Self { child, port, log };
        let wanted = format!("0100007F:{port:04X} ");
        until("SIPp listens", Duration::from_secs(10), || {
            if let Some(status) = sipp.child.try_wait()? {
                return Err(format!("SIPp ended at its start: {status}").into());
            }
            let sockets = fs::read_to_string("/proc/net/udp")?;
            Ok(sockets.contains(&wanted).then_some(()))
        })?;
        Ok(sipp)
    }

    /// Ends it; says when each number's 200 was sent.
    pub(crate) fn answers(mut self) -> Result<HashMap<String, SystemTime>, Failure> {
        signal(&self.child, "USR1")?;
        until("SIPp ends", Duration::from_secs(40), || {
            Ok(self.child.try_wait()?)
        })?;
        let log = fs::read_to_string(&self.log)?;
        let answers = log.lines().filter_map(|line| line.strip_prefix("answer "));
        answers.map(answer).collect()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `13800000000 2026-11-20 16:47:49.123456 1795193269.123456`: number, local time, seconds since 1970.
fn answer(line: &str) -> Result<(String, SystemTime), Failure> {
    let mut words = line.split_whitespace();
    let (Some(number), Some(since_1970)) = (words.next(), words.nth(2)) else {
        return Err(format!("SIPp's log has another form: {line}").into());
    };
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(since_1970.parse()?);
    Ok((number.to_owned(), at))
}

/// Processor time of SIPp's own caller for so many calls that talk for a second.
pub(crate) fn caller_cpu(folder: &Path, rate: u64, calls: u64) -> Result<Duration, Failure> {
    let callee = Sipp::plain_callee(folder)?;
    let mut command = Command::new("sipp");
    command.args(["-sn", "uac", &format!("127.0.0.1:{}", callee.port)]);
    command.args([
        "-d",
        "1000",
        "-r",
        &rate.to_string(),
        "-m",
        &calls.to_string(),
    ]);
    let mut child = quietly(&mut command, folder)?;
    let account = Account::of(&child);
    let mut cpu = Duration::ZERO;
    // The account is gone with the process, so it is read until then.
    while child.try_wait()?.is_none() {
        cpu = account.cpu().unwrap_or(cpu).max(cpu);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(cpu)
}

fn quietly(command: &mut Command, folder: &Path) -> Result<Child, Failure> {
    let output = File::options()
        .create(true)
        .append(true)
        .open(folder.join("sipp.out"))?;
    command
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin"])
        // On two busy cores a slow scheduler is no reason to give up.
        .args(["-timeout", LIMIT, "-watchdog_interval", "0"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .map_err(|error| format!("sipp: {error}; package sip-tester brings it").into())
}
