//! The SIPp scenarios themselves, called by SIPp's own client: a test of the tests' carrier.

use crate::harness::{Sipp, SippOptions, Work, list, secs, until};
use std::process::{Command, Stdio};

/// The scenario of callees of every kind, with its times set short.
fn carrier() -> SippOptions {
    SippOptions::carrier("carrier")
}

/// Calls a number once with a scenario of SIPp and says whether it went as that scenario expects.
async fn call(work: &Work, carrier: &Sipp, kind: u8, client: &[String]) -> bool {
    let name = format!("client-{kind}");
    let mut child = Command::new("sipp")
        .args(client)
        .args([
            "-i",
            "127.0.0.1",
            "-mi",
            "127.0.0.1",
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            "20s",
        ])
        .args([
            "-p",
            &crate::harness::ports::free().to_string(),
            "-s",
            &list::number(1, kind),
        ])
        .args([
            "-au",
            "outdial",
            "-ap",
            "s3cret",
            "-trace_err",
            "-error_file",
        ])
        .arg(work.path(&format!("{name}.errors.log")))
        .arg(format!("127.0.0.1:{}", carrier.port))
        .current_dir(work.folder())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(work.path(&format!("{name}.out"))).unwrap())
        .spawn()
        .unwrap();
    until("SIPp's client ends", secs(30), || {
        child
            .try_wait()
            .unwrap()
            .map(|s| s.success())
            .ok_or_else(|| "it still runs".to_owned())
    })
    .await
}

/// A scenario for SIPp's client, expanded into the test's folder.
fn client(work: &Work, name: &str) -> [String; 2] {
    let path = work.write(name, &crate::harness::scenario::read(name));
    ["-sf".to_owned(), path.display().to_string()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_can_change_in_the_middle() {
    let work = Work::new("sipp-changes");
    let carrier = carrier()
        .with("refusals", 1)
        .with("good_calls", 3)
        .start(&work)
        .await;
    let refused = client(&work, "client-refused.xml");
    let listens = client(&work, "client-listens.xml");
    assert!(call(&work, &carrier, 51, &refused).await, "503 at first");
    assert!(call(&work, &carrier, 51, &listens).await, "then an answer");
    assert!(
        call(&work, &carrier, 0, &refused).await,
        "404 from the third call on"
    );
    let counts = carrier.finish().await;
    let counted = ["full", "talker", "blocked"].map(|counter| counts.of(counter));
    assert_eq!((counted, counts.failed()), ([1, 1, 1], 0), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_callee_counts_what_it_did() {
    let work = Work::new("sipp-scenarios");
    let carrier = carrier().start(&work).await;
    let refused = client(&work, "client-refused.xml");
    for kind in [10, 20, 21, 30, 40, 50, 99] {
        assert!(call(&work, &carrier, kind, &refused).await, "kind {kind}");
    }
    assert!(
        call(&work, &carrier, 60, &client(&work, "client-cancels.xml")).await,
        "cancel"
    );
    let listens = client(&work, "client-listens.xml");
    for kind in [0, 70] {
        assert!(call(&work, &carrier, kind, &listens).await, "kind {kind}");
    }
    let slow = client(&work, "client-slow.xml");
    assert!(call(&work, &carrier, 0, &slow).await, "repeated requests");
    let built_in = ["-sn", "uac"].map(str::to_owned);
    assert!(call(&work, &carrier, 5, &built_in).await, "patient");
    assert!(
        call(&work, &carrier, 80, &client(&work, "client-proves.xml")).await,
        "401"
    );
    let counts = carrier.finish().await;
    for counter in [
        "busy",
        "absent",
        "off",
        "invalid",
        "declined",
        "full",
        "odd",
        "cancelled",
        "talker",
        "early",
        "patient",
        "known_401",
    ] {
        let calls = if counter == "talker" { 2 } else { 1 };
        assert_eq!(counts.of(counter), calls, "{counter}: {counts:?}");
    }
    assert_eq!((counts.of("wrong_cancel"), counts.failed()), (0, 0));
    assert_eq!(counts.of("ended_by_callee"), 4);
}
