//! Runs a script with the vendors' client libraries.

use crate::harness::{Server, Work, secs, until};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest time of any workflow.
const LIMIT: Duration = secs(180);

/// Where `cargo xtask test` puts the client libraries.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("vendor-clients/bin/python");
    assert!(
        python.is_file(),
        "the vendors' client libraries are not installed; run: cargo xtask test --only vendors"
    );
    python
}

/// A script that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has mostly ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `scripts/NAME.py` with the server's address (`127.0.0.1:PORT`) and the name of a workflow.
///
/// # Panics
/// When it fails or does not end, with everything that it printed.
pub(crate) async fn run(name: &str, workflow: &str, work: &Work, server: &Server) {
    let arguments = [format!("127.0.0.1:{}", server.http), workflow.to_owned()];
    run_with(&format!("scripts/{name}.py"), &arguments, work).await;
}

/// Runs a script of this folder with these arguments.
///
/// # Panics
/// When it fails or does not end, with everything that it printed.
pub(crate) async fn run_with(script: &str, arguments: &[String], work: &Work) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vendors")
        .join(script);
    let printed = work.path("script.txt");
    let output = File::create(&printed).unwrap();
    let mut command = Command::new(python());
    command
        .arg("-B")
        .arg(path)
        .args(arguments)
        // No proxy stands between the client and this machine.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output);
    let mut running = Running(command.spawn().unwrap());
    let status = until(&format!("{script} ends"), LIMIT, || {
        let status = running.0.try_wait().unwrap();
        status.ok_or_else(|| fs::read_to_string(&printed).unwrap_or_default())
    })
    .await;
    assert!(
        status.success(),
        "{script} {arguments:?} failed ({status}):\n{}",
        fs::read_to_string(&printed).unwrap_or_default()
    );
}
