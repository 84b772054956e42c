//! The embedded connector keeps every promise of the interface.

use outdial_telephony::conformance;
use outdial_telephony::sip::{SipConnector, SipSettings};

#[tokio::test(flavor = "multi_thread")]
async fn the_sip_connector_passes_the_suite() {
    let mut failures = Vec::new();
    for case in conformance::CASES {
        let mut settings = SipSettings::at("127.0.0.1:0".parse().expect("an address"));
        settings.rtp_ports = 0..=0;
        let (connector, events) = SipConnector::start(settings).await.expect("it starts");
        if let Err(failure) = conformance::run(case, Box::new(connector), events).await {
            failures.push(failure.to_string());
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
