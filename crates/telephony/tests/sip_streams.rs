//! SIP over TCP: what one connection carries, or fails to take, is nobody else's trouble.

mod common;

use std::time::Duration;

use common::{Outcome, TcpEnd, ask_over_udp, bench, bench_with, eventually, impatient, question};
use outdial_domain::{EndedBy, Transport, Trunk};
use outdial_telephony::conformance::far_end::FarEnd;
use outdial_telephony::{Command, Event};
use tokio::net::TcpListener;

/// A CANCEL of a call that nobody knows. Each is answered.
fn cancel(number: usize) -> String {
    format!(
        "CANCEL sip:a SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKc{number}\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:x@y>\r\nCall-ID: c{number}\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_far_end_that_floods_and_does_not_read_makes_nobody_wait() -> Outcome {
    let (bench, ours) = bench().await;
    // A trunk at the same address, so that nothing is refused for being too much of a stranger's.
    bench.trunk_at(&FarEnd::start().await?, |_| ())?;
    let mut deaf = TcpEnd::connect(ours).await?;
    let mut older = TcpEnd::connect(ours).await?;
    older.ask("before").await?;
    let flood: String = (0..60_000).map(cancel).collect();
    // Until the other side takes no more of it.
    let sending = tokio::spawn(async move {
        let _ = deaf.send(&flood).await;
        std::future::pending::<()>().await;
    });
    for number in 0..10 {
        ask_over_udp(ours, &format!("u{number}")).await?;
        older.ask(&format!("o{number}")).await?;
        TcpEnd::connect(ours)
            .await?
            .ask(&format!("f{number}"))
            .await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sending.abort();
    Ok(())
}

/// A line of a message.
fn line(message: &str, name: &str) -> String {
    let found = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn one_message_that_cannot_be_read_costs_neither_the_connection_nor_the_call() -> Outcome {
    let (mut bench, _) = bench().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let name = outdial_domain::TrunkName::new("carrier")?;
    let mut trunk = Trunk::at(name, &format!("sip:{}", listener.local_addr()?));
    trunk.transport = Transport::Tcp;
    trunk.keepalive = Duration::ZERO;
    bench.connector.send(Command::Trunks(vec![trunk]));
    let (leg, _) = bench.dial(name)?;
    let mut far = TcpEnd::of(listener.accept().await?.0);
    let invite = far.receive().await?;
    let copied =
        ["Via", "From", "Call-ID", "CSeq"].map(|n| format!("{n}: {}\r\n", line(&invite, n)));
    let to = line(&invite, "To");
    let body = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n";
    far.send(format!(
        "SIP/2.0 200 OK\r\n{}To: {to};tag=f\r\nContact: <sip:far@{};transport=tcp>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        copied.concat(),
        listener.local_addr()?,
        body.len()
    ))
    .await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    assert!(far.receive().await?.starts_with("ACK "));

    let counted = bench.connector.counters().signalling_garbage;
    far.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    far.send("OPTIONS sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nab")
        .await?;
    far.send(b"OPTIONS sip:a SIP/2.0\r\nVia: \xFF\r\n\r\n")
        .await?;
    far.ask("between").await?;
    assert_eq!(bench.connector.counters().signalling_garbage, counted + 3);
    // A script that does not know our address writes this. Dropping it would leave the call up.
    far.send(format!(
        "BYE sip:outdial@:5060 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKbye\r\nFrom: {to};tag=f\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        line(&invite, "From"),
        line(&invite, "Call-ID")
    ))
    .await?;
    assert!(far.receive().await?.starts_with("SIP/2.0 200 "));
    assert_eq!(bench.ended(leg).await?.ended_by, Some(EndedBy::Remote));
    Ok(())
}

#[tokio::test]
async fn what_is_no_sip_is_counted_over_tcp_too() -> Outcome {
    let (bench, ours) = bench().await;
    for _ in 0..20 {
        let mut stranger = TcpEnd::connect(ours).await?;
        stranger.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    }
    eventually("the count of garbage", || {
        bench.connector.counters().signalling_garbage == 20
    })
    .await;
    // Part of a message, and nothing after it.
    let mut stranger = TcpEnd::connect(ours).await?;
    stranger.send("OPTIONS sip:a SIP/2.0\r\nVia: ").await?;
    drop(stranger);
    eventually("the count of garbage", || {
        bench.connector.counters().signalling_garbage == 21
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn a_ping_is_answered() -> Outcome {
    let (_bench, ours) = bench().await;
    let mut phone = tokio::net::TcpStream::connect(ours).await?;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    phone.write_all(b"\r\n\r\n").await?;
    let mut pong = [0; 2];
    phone.read_exact(&mut pong).await?;
    assert_eq!(&pong, b"\r\n");
    Ok(())
}

#[tokio::test]
async fn strangers_may_not_stay_silent_nor_come_in_crowds() -> Outcome {
    let (_bench, ours) = bench_with(impatient).await;
    let mut silent = TcpEnd::connect(ours).await?;
    assert!(!silent.is_closed_within(Duration::from_millis(500)).await);
    assert!(silent.is_closed_within(Duration::from_secs(5)).await);

    let mut crowd = Vec::new();
    for number in 0..64 {
        let mut stranger = TcpEnd::connect(ours).await?;
        if number % 16 == 0 {
            stranger.ask(&format!("crowd{number}")).await?;
        }
        crowd.push(stranger);
    }
    let mut one_too_many = TcpEnd::connect(ours).await?;
    assert!(
        one_too_many
            .is_closed_within(Duration::from_millis(900))
            .await
    );
    ask_over_udp(ours, "beside").await
}

#[tokio::test]
async fn strangers_get_an_answer_to_so_much_and_trunks_to_everything() -> Outcome {
    let (bench, ours) = bench().await;
    let mut far = FarEnd::start().await?;
    let mut asked = 0;
    let mut ask = async |far: &mut FarEnd, times: usize| {
        for _ in 0..times {
            asked += 1;
            let question = question(&format!("s{asked}"), "UDP", far.address()?);
            far.send_raw(question.as_bytes(), ours).await?;
            if asked % 50 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    ask(&mut far, 1_000).await?;
    eventually("the count of requests refused", || {
        bench.connector.counters().strangers_refused > 300
    })
    .await;
    // The same address, but a trunk's now.
    bench.trunk_at(&far, |_| ())?;
    let refused = bench.connector.counters().strangers_refused;
    ask(&mut far, 500).await?;
    ask_over_udp(ours, "last").await?;
    assert_eq!(bench.connector.counters().strangers_refused, refused);
    Ok(())
}

#[tokio::test]
async fn over_ipv6_the_name_in_via_is_not_looked_up() -> Outcome {
    let mut settings = outdial_telephony::sip::SipSettings::at("[::1]:0".parse()?);
    settings.rtp_ports = 0..=0;
    let Ok((connector, _events)) = outdial_telephony::sip::SipConnector::start(settings).await
    else {
        eprintln!("this machine has no IPv6; nothing was tested");
        return Ok(());
    };
    let phone = tokio::net::UdpSocket::bind("[::1]:0").await?;
    let text = question("v6", "UDP", connector.listen_address());
    let (start, rest) = text.split_once("[::1]").ok_or("no address in Via")?;
    let text = format!("{start}phone.invalid{rest}");
    // The repetition is answered by the stack's loop itself.
    for _ in 0..2 {
        phone
            .send_to(text.as_bytes(), connector.listen_address())
            .await?;
        let mut answer = [0; 2_048];
        let receiving = phone.recv_from(&mut answer);
        let (length, _) = tokio::time::timeout(Duration::from_secs(5), receiving).await??;
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        assert!(answer.contains(";received=::1"), "{answer}");
    }
    Ok(())
}
