//! What the tests of the program share: running it, and a server that only pretends.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test file uses a part of it, and is a crate of its own"
)]

pub mod fake_server;
pub mod live_server;

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The program, without any variable of ours from outside.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outdial"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OUTDIAL_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn outdial<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    program()
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// Runs the program with a text on its standard input.
pub fn outdial_with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // A program that ends early closes the pipe; its output tells why.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("the program ends")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("the program ends by itself")
}
