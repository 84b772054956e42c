//! Flows: how they hand the callee back.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, caller, ms, quick};
use outdial_peers::{
    Action, CallEnd, CallOptions, Flow, FlowEnd, FlowOptions, PlacedStatus, TO_QUEUE,
};

async fn end_of(end: FlowEnd) -> PlacedStatus {
    let mut options = FlowOptions::new(ms(100), end.clone());
    options.carrier.timing = quick();
    let flow = Flow::start("ivr", options).await.unwrap();
    let caller = caller().await;
    let mut call = CallOptions::new("ivr", flow.address());
    call.to = flow.uri();
    let call = caller.call(call).await.unwrap();
    call.media().heard().until_count(4, LIMIT).await.unwrap();
    if end == FlowEnd::Wait {
        call.act(Action::hang_up()).await;
    }
    let status = call
        .until("the end", LIMIT, |s| s.end.is_some())
        .await
        .unwrap();
    flow.until("the end in the log", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
    assert_eq!(flow.violations(), []);
    assert_eq!(flow.log().calls()[0].number, "ivr");
    flow.shut_down().await;
    status
}

#[tokio::test]
async fn a_flow_hangs_up_or_waits() {
    assert_eq!(
        end_of(FlowEnd::HangUp).await.end,
        Some(CallEnd::TheirBye { reason: None })
    );
    assert_eq!(end_of(FlowEnd::Wait).await.end, Some(CallEnd::OurBye));
}

#[tokio::test]
async fn a_flow_hands_back_by_a_reason() {
    let reason = Some(TO_QUEUE.to_owned());
    assert_eq!(
        end_of(FlowEnd::ToQueue).await.end,
        Some(CallEnd::TheirBye { reason })
    );
}

#[tokio::test]
async fn a_flow_hands_back_by_refer() {
    let status = end_of(FlowEnd::Refer("sip:queue@127.0.0.1:5060".into())).await;
    assert_eq!(status.referred_to, ["<sip:queue@127.0.0.1:5060>"]);
    assert_eq!(status.end, Some(CallEnd::TheirBye { reason: None }));
}
