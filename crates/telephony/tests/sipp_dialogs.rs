//! Calls that are up, against SIPp: session timers, re-INVITE and REFER, judged by a far end that we have not written.

mod common;
// Each test binary uses its own part of this.
#[allow(dead_code, reason = "see above")]
#[path = "common/sipp.rs"]
mod sipp;

use common::{Outcome, bench_with};
use outdial_domain::{EndedBy, Evidence};
use outdial_telephony::conformance::Bench;
use outdial_telephony::{Address, Caller, Command, Event, LegId, Party};
use sipp::{Sipp, Step};

const CALLS: usize = 5;
const ACK: Step = Step::Receive("ACK", "");
/// Remembers From and To, for requests of SIPp's own.
const INVITE: Step = Step::Receive(
    "INVITE",
    "<action><ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"caller\"/>\
     <ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"callee\"/></action>",
);
/// The refresh names the interval that was agreed on, and that we refresh.
const REFRESHES: &str = "<action><ereg regexp=\"2;refresher=uac\" search_in=\"hdr\" header=\"Session-Expires:\" \
                         check_it=\"true\" assign_to=\"refresh\"/></action>";
const USE_REFRESH: Step = Step::Raw("<Reference variables=\"refresh\"/>");

/// A request of SIPp's own within the dialog.
fn request(method: &str, number: u32, further: &str, body: &str) -> Step {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\n"
    };
    let retransmit = if method == "ACK" {
        ""
    } else {
        " retrans=\"500\""
    };
    let text = format!(
        "<send{retransmit}><![CDATA[\n{method} sip:outdial@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: [$callee];tag=[pid]t[call_number]\nTo: [$caller]\n[last_Call-ID:]\nCSeq: {number} {method}\n\
         Max-Forwards: 70\nContact: <sip:[local_ip]:[local_port]>\n{further}{kind}Content-Length: [len]\n\n{body}]]></send>"
    );
    Step::Raw(Box::leak(text.into_boxed_str()))
}

fn place(bench: &mut Bench, sipp: &Sipp, agent: bool) -> Result<LegId, Box<dyn std::error::Error>> {
    let address = Address::Uri(format!("sip:someone@{}", sipp.address));
    let (caller, codecs) = (Caller::default(), Vec::new());
    let party = if agent {
        Party::Agent {
            address,
            caller,
            codecs,
        }
    } else {
        Party::Flow {
            address,
            caller,
            codecs,
        }
    };
    Ok(bench.place(party)?.0)
}

/// Calls as often as the scenario wants, confirms what is answered, and waits for the ends; those, and how many
/// calls were handed back.
async fn run(
    bench: &mut Bench,
    sipp: &Sipp,
    agent: bool,
) -> Result<(Vec<Evidence>, usize), Box<dyn std::error::Error>> {
    for _ in 0..CALLS {
        place(bench, sipp, agent)?;
    }
    let (mut ends, mut handed_back) = (Vec::new(), 0);
    while ends.len() < CALLS {
        match bench.wait_for(|_| true).await? {
            Event::Answered { leg, .. } => bench.connector.send(Command::Confirm { leg }),
            Event::HandedBack { .. } => handed_back += 1,
            Event::Ended { evidence, .. } => ends.push(evidence),
            _ => {}
        }
    }
    Ok((ends, handed_back))
}

fn all_ended_by(ends: &[Evidence], by: EndedBy) -> bool {
    ends.iter().all(|end| end.ended_by == Some(by))
}

#[tokio::test]
async fn a_session_is_refreshed_by_update_where_that_is_taken() -> Outcome {
    let sipp = Sipp::start(
        "refresh-update",
        CALLS,
        &[
            INVITE,
            Step::Send(
                "200 OK",
                "Allow: INVITE, ACK, BYE, UPDATE|Require: timer|Session-Expires: 2;refresher=uac",
                true,
            ),
            ACK,
            Step::Receive("UPDATE", REFRESHES),
            Step::Send("200 OK", "Session-Expires: 2;refresher=uac", false),
            Step::Receive("UPDATE", REFRESHES),
            Step::Send("200 OK", "Session-Expires: 2;refresher=uac", false),
            USE_REFRESH,
            Step::Bye,
            Step::Response(200),
        ],
    );
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 2).await;
    let (ends, _) = run(&mut bench, &sipp, true).await?;
    assert!(all_ended_by(&ends, EndedBy::Remote), "{ends:?}");
    sipp.succeeded().await;
    Ok(())
}

#[tokio::test]
async fn a_session_is_refreshed_by_invite_where_update_is_not_taken() -> Outcome {
    let sipp = Sipp::start(
        "refresh-invite",
        CALLS,
        &[
            INVITE,
            Step::Send(
                "200 OK",
                "Allow: INVITE, ACK, BYE|Require: timer|Session-Expires: 2;refresher=uac",
                true,
            ),
            ACK,
            Step::Receive("INVITE", REFRESHES),
            Step::Send("200 OK", "Session-Expires: 2;refresher=uac", true),
            ACK,
            USE_REFRESH,
            Step::Bye,
            Step::Response(200),
        ],
    );
    let (mut bench, _) = bench_with(|settings| settings.session_expires_s = 2).await;
    let (ends, _) = run(&mut bench, &sipp, true).await?;
    assert!(all_ended_by(&ends, EndedBy::Remote), "{ends:?}");
    sipp.succeeded().await;
    Ok(())
}

#[tokio::test]
async fn hold_resume_and_refreshes_of_the_far_end_are_answered() -> Outcome {
    const HELD: &str = "v=0\no=sipp 1 2 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8\n\
                        a=rtpmap:8 PCMA/8000\na=sendonly\n";
    const RESUMED: &str = "v=0\no=sipp 1 3 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8\n\
                           a=rtpmap:8 PCMA/8000\na=sendrecv\n";
    let answered_with = |direction: &'static str| {
        let text = format!(
            "<recv response=\"100\" optional=\"true\"/><recv response=\"200\"><action><ereg regexp=\"a={direction}\" \
             search_in=\"body\" check_it=\"true\" assign_to=\"direction\"/></action></recv>"
        );
        Step::Raw(Box::leak(text.into_boxed_str()))
    };
    let timer = "Supported: timer\nSession-Expires: 90;refresher=uac\n";
    let sipp = Sipp::start(
        "hold",
        CALLS,
        &[
            INVITE,
            Step::Send("200 OK", "", true),
            ACK,
            request("INVITE", 1, "", HELD),
            answered_with("recvonly"),
            request("ACK", 1, "", ""),
            request("UPDATE", 2, timer, RESUMED),
            Step::Raw(
                "<recv response=\"200\"><action><ereg regexp=\"90;refresher=uac\" search_in=\"hdr\" \
                 header=\"Session-Expires:\" check_it=\"true\" assign_to=\"direction\"/></action></recv>",
            ),
            Step::Raw("<Reference variables=\"direction\"/>"),
            request("UPDATE", 3, "Supported: timer\nSession-Expires: 1\n", ""),
            Step::Response(422),
            request("INVITE", 4, "Require: replaces\n", HELD),
            Step::Raw("<recv response=\"100\" optional=\"true\"/>"),
            Step::Response(420),
            request("ACK", 4, "", ""),
            request("BYE", 5, "", ""),
            Step::Response(200),
        ],
    );
    let (mut bench, _) = bench_with(|_| ()).await;
    let (ends, _) = run(&mut bench, &sipp, true).await?;
    assert!(all_ended_by(&ends, EndedBy::Remote), "{ends:?}");
    sipp.succeeded().await;
    Ok(())
}

#[tokio::test]
async fn a_flow_hands_back_by_refer() -> Outcome {
    let notified = "<action><ereg regexp=\"SIP/2.0 200\" search_in=\"body\" check_it=\"true\" assign_to=\"outcome\"/>\
                    <ereg regexp=\"terminated\" search_in=\"hdr\" header=\"Subscription-State:\" check_it=\"true\" \
                    assign_to=\"outcome\"/></action>";
    let sipp = Sipp::start(
        "refer",
        CALLS,
        &[
            INVITE,
            Step::Send("200 OK", "", true),
            ACK,
            request("REFER", 1, "Refer-To: <sip:queue@outdial>\n", ""),
            Step::Response(202),
            Step::Receive("NOTIFY", notified),
            Step::Send("200 OK", "", false),
            Step::Raw("<Reference variables=\"outcome\"/>"),
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ],
    );
    let (mut bench, _) = bench_with(|_| ()).await;
    let (ends, handed_back) = run(&mut bench, &sipp, false).await?;
    assert_eq!(handed_back, CALLS);
    assert!(all_ended_by(&ends, EndedBy::Us), "{ends:?}");
    sipp.succeeded().await;
    Ok(())
}
