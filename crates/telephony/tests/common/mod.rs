//! What the tests of the SIP connector share.

// Each test binary uses its own part of this.
#![allow(dead_code, reason = "see above")]

use std::net::SocketAddr;
use std::time::Duration;

use outdial_telephony::conformance::Bench;
use outdial_telephony::conformance::far_end::Message;
use outdial_telephony::sip::{SipConnector, SipSettings};

/// A test's outcome: every step may fail with words.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A bench around a connector with defaults on free ports, and where that listens.
pub(crate) async fn bench() -> (Bench, SocketAddr) {
    bench_with(|_| ()).await
}

/// The same with other settings.
pub(crate) async fn bench_with(change: impl FnOnce(&mut SipSettings)) -> (Bench, SocketAddr) {
    let mut settings = SipSettings::at("127.0.0.1:0".parse().expect("an address"));
    settings.rtp_ports = 0..=0;
    change(&mut settings);
    let (connector, events) = SipConnector::start(settings).await.expect("it starts");
    let address = connector.listen_address();
    (Bench::new(Box::new(connector), events), address)
}

/// A bench at an address that a connector which was just dropped may still hold for a moment.
pub(crate) async fn successor(address: SocketAddr, change: impl Fn(&mut SipSettings)) -> Bench {
    for _ in 0..200 {
        let mut settings = SipSettings::at(address);
        settings.rtp_ports = 0..=0;
        change(&mut settings);
        if let Ok((connector, events)) = SipConnector::start(settings).await {
            return Bench::new(Box::new(connector), events);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the address is not free again in time");
}

/// Timers of SIP so short that silence is over in 1.3 s.
pub(crate) fn impatient(settings: &mut SipSettings) {
    settings.t1 = Duration::from_millis(20);
}

/// Whether a message is a request.
pub(crate) fn is_request(message: &Message) -> bool {
    message.status() == 0
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come about in time");
}
