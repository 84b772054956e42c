//! Commands that xtask runs.

use std::process::{Command, Stdio};

use crate::fault::Fault;

/// The cargo that started us, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The command as a person would type it.
pub(crate) fn as_typed(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Runs a command whose output the person sees.
///
/// # Errors
/// [`Fault::Start`] when there is no such program, [`Fault::Failed`] when it ends unsuccessfully.
pub(crate) fn run(command: &mut Command) -> Result<(), Fault> {
    let typed = as_typed(command);
    println!("    {typed}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Fault::Start {
            command: typed.clone(),
            source,
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(Fault::Failed {
            command: typed,
            status,
        })
    }
}

/// Runs a command and returns what it printed; its error output the person sees.
///
/// # Errors
/// As [`run`], and [`Fault::Output`] when the output is not UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String, Fault> {
    let typed = as_typed(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Fault::Start {
            command: typed.clone(),
            source,
        })?;
    if !output.status.success() {
        return Err(Fault::Failed {
            command: typed,
            status: output.status,
        });
    }
    String::from_utf8(output.stdout).map_err(|error| Fault::Output {
        command: typed,
        problem: error.to_string(),
    })
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["doc", "--no-deps"]);
        assert_eq!(as_typed(&command), "cargo doc --no-deps");
    }

    #[test]
    fn a_failing_command_is_named_in_its_fault() {
        let fault = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(fault.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_missing_program_is_named_in_its_fault() {
        let fault = capture(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(
            fault
                .to_string()
                .starts_with("cannot start `no-such-program-here`"),
            "{fault}"
        );
    }

    #[test]
    fn installed_programs_are_told_from_missing_ones() {
        assert!(is_installed("sh"));
        assert!(!is_installed("no-such-program-here"));
    }
}
