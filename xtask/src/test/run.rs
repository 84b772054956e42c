//! Runs one test binary: its output as it comes, its counts, and an end when the time is up.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::tally::Tally;
use crate::fault::Fault;
use crate::process;

/// How often a quiet binary is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long the last lines of an ended binary may take to arrive. Needed because
/// a server that a test left behind keeps the pipe open.
const LAST_LINES: Duration = Duration::from_millis(500);

/// A test binary, or the doc tests.
pub(super) struct Part {
    pub(super) label: String,
    pub(super) command: Command,
}

impl Part {
    /// Runs it to its end, or to the deadline, which counts as a failure.
    ///
    /// # Errors
    /// When the binary cannot be started or watched.
    pub(super) fn run(&mut self, deadline: Instant) -> Result<Tally, Fault> {
        let typed = process::as_typed(&self.command);
        let fault = |source| Fault::Start {
            command: typed.clone(),
            source,
        };
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        let lines = read_lines(child.stdout.take());
        let mut watch = Watch { lines, tally: None };
        let status = watch.until_end(&mut child, deadline).map_err(fault)?;
        Ok(watch.verdict(status))
    }
}

/// Reads on a thread of its own, so that the deadline holds even when nothing is printed.
fn read_lines(stdout: Option<ChildStdout>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = stdout
            .into_iter()
            .flat_map(|stdout| BufReader::new(stdout).split(b'\n'));
        for line in lines.map_while(Result::ok) {
            // The receiver is gone once the binary has ended.
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    receiver
}

struct Watch {
    lines: Receiver<String>,
    /// `None` until a closing line was seen.
    tally: Option<Tally>,
}

impl Watch {
    /// `None` when the deadline came first and the binary was killed.
    fn until_end(
        &mut self,
        child: &mut Child,
        deadline: Instant,
    ) -> std::io::Result<Option<ExitStatus>> {
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => self.take(&line),
                Err(RecvTimeoutError::Timeout) => {}
                // Every line has arrived: only the end itself is awaited.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(5)),
            }
            if let Some(status) = child.try_wait()? {
                let last = Instant::now() + LAST_LINES;
                while let Ok(line) = self
                    .lines
                    .recv_timeout(last.saturating_duration_since(Instant::now()))
                {
                    self.take(&line);
                }
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                println!("the time is up; ending it");
                kill_with_descendants(child)?;
                return Ok(None);
            }
        }
    }

    fn take(&mut self, line: &str) {
        println!("{line}");
        if let Some(tally) = Tally::from_closing_line(line) {
            // Doc tests print one closing line per crate.
            *self.tally.get_or_insert_default() += tally;
        }
    }

    /// The counts, corrected by how the binary ended: a crash is a failure although nobody counted it.
    fn verdict(&self, status: Option<ExitStatus>) -> Tally {
        let ended_well = status.is_some_and(|status| status.success());
        let mut tally = match self.tally {
            Some(tally) => tally,
            // A binary with a main function of its own is one test.
            None => Tally {
                passed: u64::from(ended_well),
                ..Tally::default()
            },
        };
        if !ended_well && tally.failed == 0 {
            tally.failed = 1;
        }
        tally
    }
}

/// Kills a test binary and the servers and peers it started, which would hold their ports.
fn kill_with_descendants(child: &mut Child) -> std::io::Result<()> {
    let family = descendants(child.id(), &parents());
    child.kill()?;
    child.wait()?;
    if !family.is_empty() {
        let pids = family.iter().map(u32::to_string);
        // The shell's own `kill`: the program of that name is not on every machine.
        Command::new("sh")
            .args(["-c", "kill -KILL \"$@\"", "sh"])
            .args(pids)
            .stderr(Stdio::null())
            .status()?;
    }
    Ok(())
}

/// `(process, parent)` of every process that can be seen.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parent_in(&stat)?))
    })
    .collect()
}

/// The parent in a line of `/proc/PID/stat`; the program's name before it may hold any character.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

fn descendants(of: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![of];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, given)| *given == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Duration) -> Tally {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Part {
            label: "sample".into(),
            command,
        }
        .run(Instant::now() + limit)
        .unwrap()
    }

    const AMPLE: Duration = Duration::from_secs(60);

    #[test]
    fn the_counts_of_every_closing_line_are_added_up() {
        let line = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let tally = run(&format!("echo '{line}'; echo; echo '{line}'"), AMPLE);
        assert_eq!(
            tally,
            Tally {
                passed: 4,
                failed: 0,
                ignored: 0
            }
        );
    }

    #[test]
    fn a_crash_is_a_failure_although_nobody_counted_it() {
        assert_eq!(
            run("kill -ABRT $$", AMPLE),
            Tally {
                failed: 1,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn a_binary_with_its_own_main_function_is_one_test() {
        assert_eq!(
            run("exit 0", AMPLE),
            Tally {
                passed: 1,
                ..Tally::default()
            }
        );
        assert_eq!(
            run("exit 1", AMPLE),
            Tally {
                failed: 1,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn a_hanging_binary_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let started = Instant::now();
        let script = format!("sleep 300 & echo $! > {}; wait", file.display());
        let tally = run(&script, Duration::from_secs(2));
        assert_eq!(
            tally,
            Tally {
                failed: 1,
                ..Tally::default()
            }
        );
        assert!(started.elapsed() < AMPLE);
        let sleeper: u32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let deadline = Instant::now() + AMPLE;
        while is_running(sleeper) {
            assert!(
                Instant::now() < deadline,
                "process {sleeper} was left behind"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A killed process that nobody has reaped yet is a zombie, `Z`.
    fn is_running(pid: u32) -> bool {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            !stat
                .rsplit_once(')')
                .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
        })
    }

    #[test]
    fn a_child_that_outlives_its_parent_does_not_hold_up_the_run() {
        let started = Instant::now();
        assert_eq!(run("sleep 20 & exit 0", AMPLE).passed, 1);
        assert!(started.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn descendants_are_found_over_generations() {
        let parents = [(2, 1), (3, 2), (4, 3), (9, 8)];
        assert_eq!(descendants(2, &parents), [3, 4]);
    }

    #[test]
    fn a_program_may_have_a_bracket_in_its_name() {
        assert_eq!(parent_in("12 (a) b) S 7 12"), Some(7));
    }
}
