//! Signals to our own children, by their id.

use std::process::{Child, Command};

/// Sends a signal to a child of ours that has not been reaped.
pub(crate) fn send(child: &Child, name: &str) {
    // The shell's own `kill`: the program of that name is not on every machine.
    let status = Command::new("sh")
        .args([
            "-c",
            "kill -\"$1\" \"$2\"",
            "sh",
            name,
            &child.id().to_string(),
        ])
        .status()
        .unwrap();
    assert!(status.success(), "kill -{name} {}", child.id());
}
