//! Whatever comes in, the connector goes on working.

mod common;

use common::{Outcome, TcpEnd, bench, bench_with};
use outdial_telephony::conformance::Bench;
use outdial_telephony::conformance::far_end::{FarEnd, Message};
use outdial_telephony::media::g711::Law;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const MESSAGES: usize = 4_000;

/// Pieces that readers of messages stumble over.
const PIECES: [&[u8]; 16] = [
    b"\r\n\r\n",
    b"\r\n ",
    b"\0",
    b"\xFF\xFE",
    b"99999999999999999999",
    b"-1",
    b"<<<<>>>>",
    b";tag=",
    b"\"",
    b",,,,",
    b"%",
    b"[::1",
    b"Content-Length: 4294967296\r\n",
    b"Via: SIP/2.0/UDP\r\n",
    b"Contact: *\r\n",
    b"\xE2\x98\x8E",
];

fn mutate(random: &mut StdRng, text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..bytes.len().max(1)).min(bytes.len());
        match random.random_range(0..6) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 => bytes.truncate(at.max(1)),
            2 => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            3 => {
                let end = (at + random.random_range(0..80)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + random.random_range(0..200)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                let line = bytes[at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map(|offset| at + offset + 1);
                if let Some(start) = line {
                    let end = bytes[start..]
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .map_or(bytes.len(), |o| start + o + 1);
                    bytes.drain(start..end);
                }
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

/// Messages that belong to a call, as a carrier would send them.
fn of_call(invite: &Message, far: &FarEnd) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let line = |name: &str| format!("{name}: {}\r\n", invite.header(name));
    let copied = ["Via", "From", "Call-ID", "CSeq"].map(line).concat();
    let to = invite.header("To");
    let body = far.description(&[Law::Pcma], Some(101))?;
    let contact = format!(
        "Contact: <{}>\r\nRecord-Route: <sip:{};lr>\r\n",
        far.uri("far")?,
        far.address()?
    );
    let response = |status: &str| {
        format!(
            "SIP/2.0 {status}\r\n{copied}To: {to};tag=h\r\n{contact}Session-Expires: 90;refresher=uac\r\n\
             Reason: Q.850;cause=17\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let request = |method: &str, number: u32| {
        format!(
            "{method} sip:outdial@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{method}{number};rport\r\n\
             From: {to};tag=h\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\nReason: X-Outdial;text=\"queue\"\r\n\
             Refer-To: <sip:a@b>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            far.address().map(|a| a.to_string()).unwrap_or_default(),
            invite.header("From"),
            invite.header("Call-ID"),
            body.len()
        )
    };
    let mut all: Vec<String> = [
        "100 Trying",
        "180 Ringing",
        "183 Session Progress",
        "200 OK",
        "401 Unauthorized",
        "486 Busy Here",
    ]
    .iter()
    .map(|status| response(status))
    .collect();
    for (number, method) in [
        "INVITE", "UPDATE", "BYE", "OPTIONS", "INFO", "REFER", "CANCEL", "ACK", "REGISTER", "PRACK",
    ]
    .iter()
    .enumerate()
    {
        all.push(request(method, number as u32 + 1));
    }
    Ok(all)
}

fn question(
    number: usize,
    far: &FarEnd,
    ours: std::net::SocketAddr,
) -> Result<String, Box<dyn std::error::Error>> {
    Ok(format!(
        "OPTIONS sip:{ours} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKq{number};rport\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:x@{ours}>\r\nCall-ID: q{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        far.address()?
    ))
}

async fn still_works(bench: &mut Bench) -> Outcome {
    let mut far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    let (leg, _) = bench.dial(trunk)?;
    let invite = far.expect("INVITE").await?;
    far.pick_up(&invite, "z", &[Law::Pcma]).await?;
    bench
        .wait(leg, |event| {
            matches!(event, outdial_telephony::Event::Answered { .. })
        })
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_messages_of_every_kind_do_no_harm() -> Outcome {
    let (mut bench, ours) = bench_with(common::impatient).await;
    let mut far = FarEnd::start().await?;
    let mut random = StdRng::seed_from_u64(20_261_120);
    let mut sent = 0;
    while sent < MESSAGES {
        let trunk = bench.trunk_at(&far, |trunk| {
            trunk.username = Some("acme".into());
            trunk.password = Some("secret".into());
        })?;
        bench.dial(trunk)?;
        let (leg, _) = bench.call_flow(&far)?;
        let invite = far.expect("INVITE").await?;
        let messages = of_call(&invite, &far)?;
        for _ in 0..200 {
            let message = &messages[random.random_range(0..messages.len())];
            far.send_raw(&mutate(&mut random, message.as_bytes()), ours)
                .await?;
            sent += 1;
            if sent % 20 == 0 {
                // What was sent has been taken in when a good question is answered: nothing is lost in a full socket.
                let question = question(sent, &far, ours)?;
                far.send_raw(question.as_bytes(), ours).await?;
                far.expect_where("OPTIONS", |message| {
                    message.branch() == format!("z9hG4bKq{sent}")
                })
                .await?;
            }
        }
        bench.connector.send(outdial_telephony::Command::HangUp {
            leg,
            reason: Default::default(),
        });
    }
    still_works(&mut bench).await
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_messages_over_tcp_end_their_connection_only() -> Outcome {
    let (mut bench, ours) = bench().await;
    let mut random = StdRng::seed_from_u64(7);
    let mut older = TcpEnd::connect(ours).await?;
    for burst in 0..10 {
        for number in 0..20 {
            let mut stranger = TcpEnd::connect(ours).await?;
            let text = common::question(&format!("m{burst}x{number}"), "TCP", ours);
            // The other side may have closed it already.
            let _ = stranger.send(mutate(&mut random, text.as_bytes())).await;
        }
        older.ask(&format!("older{burst}")).await?;
        TcpEnd::connect(ours)
            .await?
            .ask(&format!("fresh{burst}"))
            .await?;
        common::ask_over_udp(ours, &format!("udp{burst}")).await?;
    }
    still_works(&mut bench).await
}
