//! The machine that figures were measured on; without it they mean little.

use std::fmt;
use std::fs;
use std::process::Command;

use crate::fault::Fault;
use crate::process;
use crate::workspace::Workspace;

/// What a reader needs to know before comparing figures.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    rustc: String,
    /// The commit that was measured.
    commit: String,
    /// The day on which it was measured, in UTC.
    date: String,
}

impl Machine {
    /// # Errors
    /// When rustc, git or the system's calendar cannot be asked.
    pub(crate) fn this(workspace: &Workspace) -> Result<Self, Fault> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let rustc = process::capture(
            Command::new("rustc")
                .current_dir(&workspace.root)
                .arg("--version"),
        )?;
        // The std library knows no calendar.
        let date = process::capture(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        Ok(Self {
            cpu: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| std::env::consts::ARCH.into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_gib(&read("/proc/meminfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: rustc.trim().to_owned(),
            commit: commit(workspace)?,
            date: date.trim().to_owned(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            cores,
            memory_gib,
            kernel,
            rustc,
            commit,
            date,
        } = self;
        write!(
            f,
            "{cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}, {rustc}, commit {commit}, {date}"
        )
    }
}

/// The commit that is checked out, and whether the code differs from it. The page of figures
/// itself does not count: each run changes it.
fn commit(workspace: &Workspace) -> Result<String, Fault> {
    let git = |arguments: &[&str]| {
        process::capture(
            Command::new("git")
                .current_dir(&workspace.root)
                .args(arguments),
        )
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&[
        "status",
        "--porcelain",
        "--",
        ".",
        &format!(":!{}", super::PAGE),
    ])?;
    let suffix = if changes.is_empty() {
        ""
    } else {
        " with changes"
    };
    Ok(format!("{}{suffix}", commit.trim()))
}

/// The value of `key : value` in one of the kernel's lists.
fn field(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim().to_owned())
    })
}

/// Rounded: a machine sold with 24 GiB shows a little less.
fn memory_gib(meminfo: &str) -> u64 {
    let kib =
        field(meminfo, "MemTotal").and_then(|value| value.strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or(0, |kib| (kib + (1 << 19)) >> 20)
}

#[cfg(test)]
pub(crate) fn sample() -> Machine {
    Machine {
        cpu: "Sample CPU".into(),
        cores: 2,
        memory_gib: 24,
        kernel: "6.1".into(),
        rustc: "rustc 1.95.0".into(),
        commit: "0123456789ab".into(),
        date: "2026-11-20".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lists_are_read() {
        assert_eq!(
            field("processor\t: 0\nmodel name\t: X 1\n", "model name").as_deref(),
            Some("X 1")
        );
        assert_eq!(
            memory_gib("MemTotal:       24676220 kB\nMemFree: 1 kB\n"),
            24
        );
        assert_eq!(memory_gib(""), 0);
    }
}
