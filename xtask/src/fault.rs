//! What can go wrong in a task, worded for the person who ran it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a task ended without doing its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("cannot start `{command}`: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: ExitStatus },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("`{command}` printed what xtask cannot read: {problem}")]
    Output { command: String, problem: String },
    #[error("{}", findings.join("\n"))]
    Findings { findings: Vec<String> },
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    /// `Ok` when nothing was found; otherwise every finding, a line each.
    pub(crate) fn from_findings(findings: Vec<String>) -> Result<(), Self> {
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Self::Findings { findings })
        }
    }
}
