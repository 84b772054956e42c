//! Calls against SIPp: what the connector reports equals what SIPp's scenario did.

mod common;
#[path = "common/sipp.rs"]
mod far;

use std::time::{Duration, Instant};

use common::{Outcome, bench, bench_with};
use far::{Sipp, Step};
use outdial_domain::{EndedBy, Evidence, LocalFailure, Progress, Transport, Trunk, TrunkName};
use outdial_telephony::conformance::Bench;
use outdial_telephony::{Command, DialogIdentity, Event, LegId, StoredDialog};

const CALLS: usize = 20;
const INVITE: Step = Step::Receive("INVITE", "");
const ACK: Step = Step::Receive("ACK", "");

/// Remembers From and To, for a BYE of SIPp's own.
const INVITE_TO_END: Step = Step::Receive(
    "INVITE",
    "<action><ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"caller\"/>\
     <ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"callee\"/></action>",
);

fn trunk_at(bench: &Bench, sipp: &Sipp, change: impl FnOnce(&mut Trunk)) -> TrunkName {
    let name = TrunkName::new("sipp").expect("a name");
    let mut trunk = Trunk::at(name, &format!("sip:{}", sipp.address));
    trunk.keepalive = Duration::ZERO;
    change(&mut trunk);
    bench.connector.send(Command::Trunks(vec![trunk]));
    name
}

/// What is done when a call rings or is answered.
#[derive(Clone, Copy)]
enum Then {
    HangUp,
    CancelWhenRinging,
    Wait,
}

/// Places all calls and sees them to their end; the evidence of each.
async fn run(bench: &mut Bench, trunk: TrunkName, then: Then) -> Vec<Evidence> {
    for _ in 0..CALLS {
        bench.dial(trunk).expect("a call can be placed");
    }
    let mut ends = Vec::new();
    while ends.len() < CALLS {
        match bench.wait_for(|_| true).await.expect("an event") {
            Event::Progress { leg, .. } if matches!(then, Then::CancelWhenRinging) => {
                bench.connector.send(Command::Cancel { leg });
            }
            Event::Answered { leg, .. } => {
                bench.connector.send(Command::Confirm { leg });
                if matches!(then, Then::HangUp) {
                    bench.connector.send(Command::HangUp {
                        leg,
                        reason: Default::default(),
                    });
                }
            }
            Event::Ended { evidence, .. } => ends.push(evidence),
            _ => {}
        }
    }
    ends
}

async fn refused_with(name: &str, status: &'static str, code: u16) {
    let sipp = Sipp::start(name, CALLS, &[INVITE, Step::Send(status, "", false), ACK]);
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::Wait).await {
        assert_eq!(
            (evidence.sip_status, evidence.ended_by),
            (Some(code), Some(EndedBy::Remote))
        );
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn refusals_are_reported_with_their_status() {
    refused_with("486", "486 Busy Here", 486).await;
    refused_with("480", "480 Temporarily Unavailable", 480).await;
    refused_with("404", "404 Not Found", 404).await;
    refused_with("603", "603 Decline", 603).await;
    refused_with("503", "503 Service Unavailable", 503).await;
}

#[tokio::test]
async fn an_answered_call_is_acknowledged_and_ended_by_us() {
    let sipp = Sipp::start(
        "answer",
        CALLS,
        &[
            INVITE,
            Step::Send("180 Ringing", "", false),
            Step::Send("200 OK", "", true),
            ACK,
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ],
    );
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::HangUp).await {
        assert_eq!(
            (evidence.sip_status, evidence.ended_by),
            (Some(200), Some(EndedBy::Us))
        );
        assert_eq!(evidence.progress, Some(Progress::Ringing));
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn ringing_is_ended_by_cancel_on_the_same_branch() {
    let remember = "<action><ereg regexp=\"branch=[^;]*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"1\"/></action>";
    let compare = "<action><ereg regexp=\"branch=[^;]*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"2\"/>\
                   <strcmp assign_to=\"3\" variable=\"1\" variable2=\"2\"/>\
                   <test assign_to=\"4\" variable=\"3\" compare=\"equal\" value=\"0\"/></action>";
    // The 487 belongs to the INVITE again, whose Via and To are those of the CANCEL, but not its CSeq.
    let terminated = "<send retrans=\"500\"><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n\
                      [last_To:];tag=[pid]t[call_number]\n[last_Call-ID:]\nCSeq: 1 INVITE\nContent-Length: 0\n\n]]></send>";
    let sipp = Sipp::start(
        "cancel",
        CALLS,
        &[
            Step::Receive("INVITE", remember),
            Step::Send("180 Ringing", "", false),
            Step::Receive("CANCEL", compare),
            Step::Raw("<nop test=\"4\" next=\"5\"/>"),
            Step::Send("500 Another Branch", "", false),
            Step::Raw("<label id=\"5\"/>"),
            Step::Send("200 OK", "", false),
            Step::Raw(terminated),
            ACK,
        ],
    );
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::CancelWhenRinging).await {
        assert_eq!(
            (evidence.sip_status, evidence.ended_by),
            (Some(487), Some(EndedBy::Us))
        );
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn a_trunk_that_sends_only_183_makes_progress() {
    let sipp = Sipp::start(
        "183",
        CALLS,
        &[
            INVITE,
            Step::Send("183 Session Progress", "", true),
            Step::Pause(50),
            Step::Send("200 OK", "", true),
            ACK,
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ],
    );
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::HangUp).await {
        assert_eq!(evidence.progress, Some(Progress::SessionProgress));
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn both_challenges_are_answered() {
    let verify = "<action><verifyauth assign_to=\"authvalid\" username=\"acme\" password=\"secret\"/></action>";
    let header = "<action><ereg regexp=\"Digest username=.acme.\" search_in=\"hdr\" header=\"Proxy-Authorization:\" \
                  check_it=\"true\" assign_to=\"1\"/></action><!-- -->";
    for (name, status, line, second) in [
        (
            "401",
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"sipp\", nonce=\"n0\", algorithm=MD5",
            verify,
        ),
        (
            "407",
            "407 Proxy Authentication Required",
            "Proxy-Authenticate: Digest realm=\"sipp\", nonce=\"n0\", algorithm=MD5",
            header,
        ),
    ] {
        let checked = if name == "401" {
            Step::Raw(
                "<nop test=\"authvalid\" next=\"1\"/><send><![CDATA[\nSIP/2.0 403 Wrong\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>\n<recv request=\"ACK\" timeout=\"1\"/><label id=\"1\"/>",
            )
        } else {
            Step::Raw("<Reference variables=\"1\"/>")
        };
        let sipp = Sipp::start(
            name,
            CALLS,
            &[
                INVITE,
                Step::Raw(Box::leak(refusal(status, line).into_boxed_str())),
                Step::Raw("<recv request=\"ACK\"/>"),
                Step::Receive("INVITE", second),
                checked,
                Step::Send("200 OK", "", true),
                ACK,
                Step::Receive("BYE", ""),
                Step::Send("200 OK", "", false),
            ],
        );
        let (mut bench, _) = bench().await;
        let trunk = trunk_at(&bench, &sipp, |trunk| {
            trunk.username = Some("acme".into());
            trunk.password = Some("secret".into());
        });
        for evidence in run(&mut bench, trunk, Then::HangUp).await {
            assert_eq!(evidence.sip_status, Some(200), "{name}");
        }
        sipp.succeeded().await;
    }
}

fn refusal(status: &str, line: &str) -> String {
    format!(
        "<send retrans=\"500\"><![CDATA[\nSIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=c[call_number]\n\
         [last_Call-ID:]\n[last_CSeq:]\n{line}\nContent-Length: 0\n\n]]></send>"
    )
}

#[tokio::test]
async fn a_callee_can_hang_up() {
    let sipp = Sipp::start(
        "bye",
        CALLS,
        &[
            INVITE_TO_END,
            Step::Send("200 OK", "", true),
            ACK,
            Step::Pause(50),
            Step::Bye,
            Step::Response(200),
        ],
    );
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::Wait).await {
        assert_eq!(
            (evidence.ended_by, evidence.q850_cause),
            (Some(EndedBy::Remote), Some(16))
        );
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn an_answer_without_contact_is_ended_at_the_trunk() {
    let sipp = Sipp::start(
        "contactless",
        CALLS,
        &[
            INVITE,
            Step::Send("200 OK", "NoContact", true),
            ACK,
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ],
    );
    let (mut bench, _) = bench().await;
    let trunk = trunk_at(&bench, &sipp, |_| ());
    for evidence in run(&mut bench, trunk, Then::Wait).await {
        assert_eq!(evidence.local, Some(LocalFailure::NoUsableContact));
    }
    sipp.succeeded().await;
}

#[tokio::test]
async fn a_dead_port_is_no_response() {
    let (mut bench, _) = bench_with(common::impatient).await;
    let name = TrunkName::new("dead").expect("a name");
    for transport in [Transport::Udp, Transport::Tcp] {
        let port = std::net::UdpSocket::bind("127.0.0.1:0")
            .and_then(|s| s.local_addr())
            .expect("a port")
            .port();
        let mut trunk = Trunk::at(name, &format!("sip:127.0.0.1:{port}"));
        trunk.transport = transport;
        trunk.keepalive = Duration::ZERO;
        bench.connector.send(Command::Trunks(vec![trunk]));
        for evidence in run(&mut bench, name, Then::Wait).await {
            assert_eq!((evidence.responded, evidence.sip_status), (false, None));
            assert!(matches!(
                evidence.local,
                Some(LocalFailure::NoResponse | LocalFailure::Transport)
            ));
        }
    }
}

/// The connector dies with calls ringing, answered but not confirmed, and confirmed; its successor on the same
/// port ends them all, in much less than ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_successor_ends_what_a_crash_left_behind() -> Outcome {
    let terminated = "<send retrans=\"500\"><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n\
                      [last_To:];tag=[pid]t[call_number]\n[last_Call-ID:]\nCSeq: 1 INVITE\nContent-Length: 0\n\n]]></send>";
    let ringing = Sipp::start(
        "left-ringing",
        CALLS,
        &[
            INVITE,
            Step::Send("180 Ringing", "", false),
            Step::Receive("CANCEL", ""),
            Step::Send("200 OK", "", false),
            Step::Raw(terminated),
            ACK,
        ],
    );
    let answered = || {
        [
            INVITE,
            Step::Send("200 OK", "", true),
            ACK,
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ]
    };
    // An answer that nobody acknowledged is repeated; a CANCEL comes too late for it (RFC 3261, 9.2).
    let repeated = "<send retrans=\"500\"><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:];tag=late[call_number]\n\
                    [last_Call-ID:]\nCSeq: 1 INVITE\nContact: <sip:[local_ip]:[local_port]>\n\
                    Content-Length: 0\n\n]]></send>";
    let unconfirmed = Sipp::start(
        "left-unconfirmed",
        CALLS,
        &[
            INVITE,
            Step::Send("200 OK", "", true),
            Step::Receive("CANCEL", ""),
            Step::Send("200 OK", "", false),
            Step::Raw(repeated),
            ACK,
            Step::Receive("BYE", ""),
            Step::Send("200 OK", "", false),
        ],
    );
    let confirmed = Sipp::start("left-confirmed", CALLS, &answered());
    let (mut first, address) = bench().await;
    let mut stored: Vec<StoredDialog> = Vec::new();
    for (sipp, wants_answer, confirms) in [
        (&ringing, false, false),
        (&unconfirmed, true, false),
        (&confirmed, true, true),
    ] {
        let trunk = trunk_at(&first, sipp, |_| ());
        let mut placed: Vec<(LegId, DialogIdentity)> = Vec::new();
        for _ in 0..CALLS {
            placed.push(first.dial(trunk)?);
        }
        for (leg, identity) in placed {
            stored.push(StoredDialog {
                leg,
                identity,
                answered: None,
            });
        }
        for _ in 0..CALLS {
            let reached = |event: &Event| match event {
                Event::Answered { .. } => wants_answer,
                Event::Progress { .. } => !wants_answer,
                _ => false,
            };
            if let Event::Answered { leg, dialog, .. } = first.wait_for(reached).await?
                && confirms
            {
                // Only what was committed is known after the crash.
                first.connector.send(Command::Confirm { leg });
                let entry = stored
                    .iter_mut()
                    .find(|entry| entry.leg == leg)
                    .expect("placed");
                entry.answered = Some(dialog);
            }
        }
    }
    // The last acknowledgements leave before the process does.
    first.connector.legs_up().await;
    drop(first);
    let started = Instant::now();
    let mut second = common::successor(address, |_| ()).await;
    // The successor knows the trunk, and that it asks for no credentials.
    trunk_at(&second, &ringing, |_| ());
    second.connector.send(Command::Clear(stored));
    for sipp in [ringing, unconfirmed, confirmed] {
        sipp.succeeded().await;
    }
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(9), "{elapsed:?}");
    second
        .wait_for(|event| matches!(event, Event::Cleared { .. }))
        .await?;
    Ok(())
}
