//! `outdial demo --once`: the whole product in one process, and its account at the end.

use crate::harness::{Work, secs, soak, until};
use std::fs::{self, File};
use std::process::{Command, Stdio};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_ends_and_nothing_is_lost() {
    let work = Work::new("demo");
    // The full size is what the README shows.
    let (contacts, agents, limit) = if soak() {
        ("200", "10", 150)
    } else {
        ("60", "6", 120)
    };
    let output = File::create(work.path("demo.out")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_outdial"))
        .args(["demo", "--once", "--contacts", contacts, "--agents", agents])
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(work.path("data"))
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let status = until("the demo ends", secs(limit), || {
        child
            .try_wait()
            .unwrap()
            .ok_or_else(|| "it still runs".to_owned())
    })
    .await;
    let said = fs::read_to_string(work.path("demo.out")).unwrap();
    assert!(status.success(), "{status}: {said}");
    assert!(
        said.contains(&format!("{contacts} of {contacts}")),
        "{said}"
    );
    assert!(
        !said.to_lowercase().contains("something was lost"),
        "{said}"
    );
}
