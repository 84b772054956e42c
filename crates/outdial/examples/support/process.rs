//! What Linux accounts to a process, and signals to our own children.

use std::process::{Child, Command};
use std::time::Duration;

use super::Failure;

/// Length of a tick in `/proc/PID/stat`: 100 a second on every architecture that Linux shows to
/// programs.
const TICK: Duration = Duration::from_millis(10);

/// A process in `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Account(u32);

impl Account {
    pub fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// Processor time of all its threads since its start, in user and kernel mode.
    pub fn cpu(self) -> Result<Duration, Failure> {
        let line = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name in parentheses may hold anything; field 3 follows it.
        let fields: Vec<&str> = line
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |field: usize| -> Result<u32, Failure> {
            Ok(fields
                .get(field - 3)
                .ok_or("a short account of a process")?
                .parse()?)
        };
        Ok(TICK * (ticks(14)? + ticks(15)?))
    }

    /// The most memory that it has held, in MB of 10⁶ bytes.
    pub fn peak_memory_mb(self) -> Result<f64, Failure> {
        self.memory_mb("VmHWM:")
    }

    /// The memory that it holds now, in MB of 10⁶ bytes.
    pub fn memory_now_mb(self) -> Result<f64, Failure> {
        self.memory_mb("VmRSS:")
    }

    fn memory_mb(self, field: &str) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"))
            .ok_or("no account of memory")?;
        Ok(kib.trim().parse::<f64>()? * 1024.0 / 1e6)
    }
}

/// Sends a signal to a child that has not been reaped.
pub fn signal(child: &Child, name: &str) -> Result<(), Failure> {
    // The shell's own `kill`: the program of that name is not on every machine.
    let status = Command::new("sh")
        .args(["-c", "kill -\"$1\" \"$2\"", "sh", name])
        .arg(child.id().to_string())
        .status()?;
    status
        .success()
        .then_some(())
        .ok_or_else(|| format!("kill -{name} {} failed", child.id()).into())
}
