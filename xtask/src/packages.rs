//! Programs that tests and benches drive. On Debian as root the missing ones are installed;
//! elsewhere the run ends with the one command that brings them.

use std::fs;
use std::process::Command;

use crate::fault::Fault;
use crate::process;

/// A program and the Debian package that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
    /// Arguments with which it succeeds where all of it is there; none = it is enough that it exists.
    pub(crate) proof: &'static [&'static str],
}

impl Tool {
    fn is_installed(&self) -> bool {
        process::is_installed(self.program)
            && (self.proof.is_empty()
                || process::capture(Command::new(self.program).args(self.proof)).is_ok())
    }
}

/// The independent SIP endpoint that plays carrier and phones.
pub(crate) const SIPP: Tool = Tool {
    program: "sipp",
    package: "sip-tester",
    proof: &[],
};
/// The yardstick of the import bench.
pub(crate) const SQLITE_SHELL: Tool = Tool {
    program: "sqlite3",
    package: "sqlite3",
    proof: &[],
};
/// What the vendors' client libraries run in. Debian has its `venv` in a package of its own.
pub(crate) const PYTHON: Tool = Tool {
    program: "python3",
    package: "python3-venv",
    proof: &["-c", "import ensurepip, venv"],
};

/// Makes sure of every tool, installing what is missing where that needs nobody's leave.
///
/// # Errors
/// [`Fault::Refused`] with the command to type, where only the person can install.
pub(crate) fn ensure(tools: &[Tool]) -> Result<String, Fault> {
    let missing: Vec<Tool> = tools
        .iter()
        .copied()
        .filter(|tool| !tool.is_installed())
        .collect();
    if !missing.is_empty() {
        if !(is_debian() && is_root()) {
            return Err(Fault::Refused(advice(&missing)));
        }
        install(&missing)?;
    }
    if let Some(tool) = missing.iter().find(|tool| !tool.is_installed()) {
        return Err(Fault::Refused(format!(
            "package {} brought no program {}",
            tool.package, tool.program
        )));
    }
    Ok(tools
        .iter()
        .map(|tool| tool.program)
        .collect::<Vec<_>>()
        .join(", "))
}

fn install(missing: &[Tool]) -> Result<(), Fault> {
    // Another apt-get may be at work: wait for it.
    let patience = ["-o", "DPkg::Lock::Timeout=300"];
    process::run(
        Command::new("apt-get")
            .args(patience)
            .args(["update", "-q"]),
    )?;
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt.args(patience)
        .args(["install", "-q", "-y", "--no-install-recommends"]);
    apt.args(missing.iter().map(|tool| tool.package));
    process::run(&mut apt)
}

fn advice(missing: &[Tool]) -> String {
    let programs: Vec<_> = missing.iter().map(|tool| tool.program).collect();
    let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    format!(
        "missing: {}. Install with:\n    sudo apt-get update && sudo apt-get install -y {}\n\
         (Debian's package names; other systems have the same programs)",
        programs.join(", "),
        packages.join(" "),
    )
}

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
        && process::is_installed("apt-get")
}

/// Debian itself and what is derived from it.
fn names_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .any(|ids| ids.trim_matches('"').split(' ').any(|id| id == "debian"))
}

fn is_root() -> bool {
    process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_derivatives_are_told_from_others() {
        assert!(names_debian("NAME=x\nID=debian\n"));
        assert!(names_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(names_debian("ID=mint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nVERSION_CODENAME=debianish\n"));
    }

    #[test]
    fn the_advice_is_one_command_with_every_missing_package() {
        let advice = advice(&[SIPP, SQLITE_SHELL]);
        assert!(
            advice.contains("apt-get install -y sip-tester sqlite3"),
            "{advice}"
        );
        assert!(advice.starts_with("missing: sipp, sqlite3."), "{advice}");
    }

    #[test]
    fn tools_that_are_there_need_no_package() {
        let shell = Tool {
            program: "sh",
            package: "dash",
            proof: &[],
        };
        assert_eq!(ensure(&[shell]).unwrap(), "sh");
    }
}
