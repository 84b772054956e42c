//! What the tests of all peers share.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use outdial_peers::{
    CallOptions, CalleePlan, Caller, Carrier, CarrierOptions, PlacedCall, Planner, Timing,
};
use std::time::Duration;

/// Long enough for a loaded machine, short enough to end a test that hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Retransmission times a tenth of the real ones: give-up after 3.2 s.
pub(crate) fn quick() -> Timing {
    Timing {
        t1: ms(50),
        t2: ms(400),
    }
}

pub(crate) async fn carrier(plan: CalleePlan) -> Carrier {
    carrier_with(CarrierOptions::new(Planner::same(plan))).await
}

pub(crate) async fn carrier_with(options: CarrierOptions) -> Carrier {
    Carrier::start(CarrierOptions {
        timing: quick(),
        ..options
    })
    .await
    .unwrap()
}

pub(crate) async fn caller() -> Caller {
    Caller::start(quick()).await.unwrap()
}

pub(crate) async fn dial(caller: &Caller, carrier: &Carrier) -> PlacedCall {
    caller
        .call(CallOptions::new("13800000000", carrier.address()))
        .await
        .unwrap()
}
