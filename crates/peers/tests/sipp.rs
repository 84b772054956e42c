//! The peers against SIPp: a far end that shares not a line with them.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, carrier, ms};
use outdial_peers::sip::Credentials;
use outdial_peers::{
    CallEnd, CalleePlan, Carrier, Phone, PhoneOptions, RegistrationOptions, RegistrationState, Rule,
};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::{Child, Command};

fn scenario(name: &str) -> String {
    format!("{}/tests/sipp/{name}.xml", env!("CARGO_MANIFEST_DIR"))
}

/// A run of SIPp with a folder for what it prints.
struct Sipp {
    child: Child,
    output: PathBuf,
}

impl Sipp {
    fn start(arguments: &[&str]) -> Self {
        let output =
            std::env::temp_dir().join(format!("peers-{}-{}", std::process::id(), free_port()));
        let printed = std::fs::File::create(&output).unwrap();
        let child = Command::new("sipp")
            .args(arguments)
            .args([
                "-nostdin",
                "-i",
                "127.0.0.1",
                "-timeout",
                "20",
                "-timeout_error",
            ])
            .stdin(Stdio::null())
            .stdout(printed.try_clone().unwrap())
            .stderr(printed)
            .kill_on_drop(true)
            .spawn()
            .expect("SIPp is missing: install the package sip-tester");
        Self { child, output }
    }

    /// Waits for the end, which must be a good one.
    async fn ends_well(mut self) {
        let status = tokio::time::timeout(LIMIT, self.child.wait())
            .await
            .unwrap()
            .unwrap();
        let printed = std::fs::read_to_string(&self.output).unwrap_or_default();
        let _ = std::fs::remove_file(&self.output);
        assert!(status.success(), "{status}:\n{printed}");
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Lets SIPp call a carrier and checks that all calls came and broke only these rules.
async fn calls(carrier: &Carrier, calls: usize, arguments: &[&str], broken: &[(Rule, usize)]) {
    let (target, port, count) = (
        carrier.address().to_string(),
        free_port().to_string(),
        calls.to_string(),
    );
    let common = [
        "-p",
        &port,
        "-m",
        &count,
        "-r",
        "100",
        "-s",
        "13800000000",
        &target,
    ];
    Sipp::start(&[arguments, &common].concat())
        .ends_well()
        .await;
    carrier
        .until("the end of all calls", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!(carrier.read(|log| log.count()), calls);
    assert_eq!(carrier.violation_counts(), broken.iter().copied().collect());
}

#[tokio::test]
async fn sipp_calls_over_udp_and_tcp_and_hangs_up() {
    // SIPp says ACK and BYE without the `transport=tcp` of our Contact, and a strict carrier notices.
    let tcp_faults = [(Rule::RequestUri, 100)];
    for (transport, faults) in [("u1", &[][..]), ("t1", &tcp_faults)] {
        let carrier = carrier(CalleePlan::answer().ring_time(ms(50))).await;
        calls(
            &carrier,
            50,
            &["-sn", "uac", "-d", "100", "-t", transport],
            faults,
        )
        .await;
        let log = carrier.log();
        assert_eq!(log.by_status(), [(200, 50)].into());
        let hung_up =
            |c: &outdial_peers::CallRecord| c.end == Some(CallEnd::TheirBye { reason: None });
        assert!(log.calls().iter().all(hung_up), "{transport}");
    }
}

#[tokio::test]
async fn sipp_cancels_a_callee_that_rings_for_ever() {
    let carrier = carrier(CalleePlan::ring_for_ever()).await;
    calls(&carrier, 20, &["-sf", &scenario("cancel")], &[]).await;
    assert!(
        carrier
            .log()
            .calls()
            .iter()
            .all(|c| c.end == Some(CallEnd::Cancelled))
    );
}

#[tokio::test]
async fn sipp_proves_its_password_and_the_callee_hangs_up() {
    let plan = CalleePlan::answer().talk(ms(100)).challenge(
        401,
        "carrier",
        Credentials::new("trunk", "secret"),
    );
    let carrier = carrier(plan).await;
    // SIPp makes its credentials for the bare host.
    calls(
        &carrier,
        20,
        &["-sf", &scenario("digest")],
        &[(Rule::DigestUri, 20)],
    )
    .await;
    assert!(
        carrier
            .log()
            .calls()
            .iter()
            .all(|c| c.end == Some(CallEnd::OurBye))
    );
}

#[tokio::test]
async fn a_phone_registers_with_a_registrar_made_of_sipp() {
    let registrar = SocketAddr::new("127.0.0.1".parse().unwrap(), free_port());
    let port = registrar.port().to_string();
    let sipp = Sipp::start(&["-sf", &scenario("registrar"), "-p", &port, "-m", "1"]);
    let phone = Phone::start(PhoneOptions::new("1001")).await.unwrap();
    phone.register(RegistrationOptions::at(
        registrar,
        Some(Credentials::new("1001", "secret")),
    ));
    let granted = RegistrationState::Registered {
        expires_s: 120,
        times: 1,
    };
    phone
        .until("the registration", LIMIT, |s| s.registration == granted)
        .await
        .unwrap();
    sipp.ends_well().await;
    phone.shut_down().await;
}
