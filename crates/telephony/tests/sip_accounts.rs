//! Phones that register with us, trunks that we register with, trunks that are asked, and TCP.

mod common;

use std::time::Duration;

use common::{Outcome, bench, is_request};
use outdial_domain::Transport;
use outdial_telephony::conformance::far_end::{Extra, FarEnd, Message};
use outdial_telephony::digest::{Challenge, Claim, Credentials};
use outdial_telephony::media::g711::Law;
use outdial_telephony::{Account, Address, Call, Caller, Command, Event, LegId, Party, PlanError};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A phone's own side of registering.
struct Registering {
    registrar: SocketAddr,
    call_id: String,
    cseq: u32,
}

impl Registering {
    async fn send(&mut self, phone: &FarEnd, authorization: &str, expires: u32) -> Outcome {
        self.cseq += 1;
        let (ours, cseq) = (phone.address()?, self.cseq);
        let text = format!(
            "REGISTER sip:{} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bKreg{}{cseq};rport\r\n\
             From: <sip:1001@x>;tag=r\r\nTo: <sip:1001@x>\r\nCall-ID: {}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:1001@10.1.2.3:9>;expires={expires}\r\n{authorization}Content-Length: 0\r\n\r\n",
            self.registrar, self.call_id, self.call_id
        );
        Ok(phone.send_raw(text.as_bytes(), self.registrar).await?)
    }

    /// Registers with the password of the tests.
    async fn register(
        &mut self,
        phone: &mut FarEnd,
        expires: u32,
    ) -> Result<Message, Box<dyn std::error::Error>> {
        self.send(phone, "", expires).await?;
        let asked = phone
            .expect_where("REGISTER", |message| message.status() == 401)
            .await?;
        let challenges = asked
            .headers
            .iter()
            .filter(|(name, _)| name == "WWW-Authenticate");
        let challenge = challenges
            .filter_map(|(_, value)| Challenge::parse(value))
            .max_by_key(|c| c.algorithm);
        let credentials = Credentials {
            username: "1001".into(),
            password: "secret".into(),
            realm: None,
        };
        let uri = format!("sip:{}", self.registrar);
        let answer =
            credentials.answer(&challenge.expect("a challenge"), "REGISTER", &uri, 1, "cn");
        self.send(phone, &format!("Authorization: {answer}\r\n"), expires)
            .await?;
        Ok(phone
            .expect_where("REGISTER", |message| message.status() != 401)
            .await?)
    }
}

fn call_to_account(leg: u64) -> Call {
    let address = Address::Registered("1001".into());
    Call::to(
        LegId(leg),
        Party::Agent {
            address,
            caller: Caller::default(),
            codecs: Vec::new(),
        },
    )
}

#[tokio::test]
async fn a_phone_is_called_where_it_registered_from_last() -> Outcome {
    let (mut bench, registrar) = bench().await;
    bench.connector.send(Command::Accounts(vec![Account {
        name: "1001".into(),
        password: "secret".into(),
    }]));
    let refused = bench.connector.plan(&call_to_account(1));
    assert_eq!(refused, Err(PlanError::NotRegistered("1001".into())));
    let (mut desk, mut home) = (FarEnd::start().await?, FarEnd::start().await?);
    for (leg, phone) in [(1, &mut desk), (2, &mut home)] {
        let mut registering = Registering {
            registrar,
            call_id: format!("reg{leg}"),
            cseq: 0,
        };
        let ok = registering.register(phone, 60).await?;
        assert_eq!(ok.status(), 200);
        assert!(
            ok.header("Contact")
                .starts_with("<sip:1001@10.1.2.3:9>;expires=")
        );
        bench
            .wait_for(
                |event| matches!(event, Event::Registered { account, .. } if account == "1001"),
            )
            .await?;
        let call = call_to_account(leg);
        let identity = bench.connector.plan(&call)?;
        bench.connector.send(Command::Place { call, identity });
        // The contact is an address that nobody can reach: the call goes to where the request came from.
        let invite = phone.expect("INVITE").await?;
        assert_eq!(invite.uri(), "sip:1001@10.1.2.3:9");
        phone.pick_up(&invite, "p", &[Law::Pcma]).await?;
        bench
            .wait(LegId(leg), |event| matches!(event, Event::Answered { .. }))
            .await?;
        bench.connector.send(Command::Confirm { leg: LegId(leg) });
        phone.expect("ACK").await?;
        bench.connector.send(Command::HangUp {
            leg: LegId(leg),
            reason: Default::default(),
        });
        phone.expect_where("BYE", is_request).await?;
    }
    let mut registering = Registering {
        registrar,
        call_id: "reg2".into(),
        cseq: 9,
    };
    assert_eq!(registering.register(&mut home, 0).await?.status(), 200);
    bench
        .wait_for(|event| matches!(event, Event::Unregistered { account, .. } if account == "1001"))
        .await?;
    assert!(bench.connector.plan(&call_to_account(3)).is_err());
    Ok(())
}

#[tokio::test]
async fn a_trunk_is_registered_with() -> Outcome {
    let (mut bench, ours) = bench().await;
    let mut far = FarEnd::start().await?;
    bench.trunk_at(&far, |trunk| {
        trunk.register = true;
        trunk.username = Some("acme".into());
        trunk.password = Some("secret".into());
        trunk.from_domain = Some("acme.example".into());
    })?;
    let register = far.expect("REGISTER").await?;
    assert_eq!(register.header("To"), "<sip:acme@acme.example>");
    assert_eq!(register.header("Contact"), format!("<sip:outdial@{ours}>"));
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    far.respond(
        &register,
        "401 Unauthorized",
        Extra::tag("r").line(challenge),
    )
    .await?;
    let register = far.expect("REGISTER").await?;
    assert!(
        Claim::parse(register.header("Authorization"))
            .expect("an answer")
            .is_proven("secret", "REGISTER")
    );
    far.respond(&register, "200 OK", Extra::tag("r").line("Expires: 120"))
        .await?;
    let stands = |event: &Event| {
        matches!(
            event,
            Event::TrunkRegistration {
                registered: true,
                status: Some(200),
                ..
            }
        )
    };
    bench.wait_for(stands).await?;
    Ok(())
}

#[tokio::test]
async fn a_trunk_is_asked_until_it_is_gone_from_the_configuration() -> Outcome {
    let (mut bench, _) = bench().await;
    let mut far = FarEnd::start().await?;
    let name = bench.trunk_at(&far, |trunk| trunk.keepalive = Duration::from_secs(1))?;
    for _ in 0..2 {
        let options = far.expect("OPTIONS").await?;
        far.respond(&options, "404 Not Found", Extra::tag("o"))
            .await?;
        bench
            .wait_for(|event| matches!(event, Event::TrunkHealth { answered: true, .. }))
            .await?;
    }
    bench.connector.send(Command::Trunks(Vec::new()));
    bench.connector.send(Command::Probe { trunk: name });
    far.expect_none("OPTIONS", Duration::from_millis(1_500))
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_silent_trunk_is_reported() -> Outcome {
    let (mut bench, _) = common::bench_with(common::impatient).await;
    let far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |_| ())?;
    bench.connector.send(Command::Probe { trunk });
    bench
        .wait_for(|event| {
            matches!(
                event,
                Event::TrunkHealth {
                    answered: false,
                    ..
                }
            )
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn anybody_may_ask_and_nobody_may_call_us() -> Outcome {
    let (_bench, ours) = bench().await;
    let mut far = FarEnd::start().await?;
    for (method, status) in [
        ("OPTIONS", 200),
        ("INVITE", 404),
        ("MESSAGE", 405),
        ("BYE", 481),
    ] {
        let text = format!(
            "{method} sip:x@{ours} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{method};rport\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:x@{ours}>\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n",
            far.address()?
        );
        far.send_raw(text.as_bytes(), ours).await?;
        let answer = far.expect(method).await?;
        assert_eq!(answer.status(), status, "{method}");
        assert!(!answer.parameter("To", "tag").is_empty(), "{method}");
    }
    Ok(())
}

/// Reads one SIP message without body, or with one of the announced length.
async fn read_message(
    stream: &mut tokio::net::TcpStream,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = Vec::new();
    loop {
        text.push(stream.read_u8().await?);
        if text.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(text)?;
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
                .unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            return Ok(head);
        }
    }
}

fn tcp_response(request: &str, status: &str, further: &str, body: &str) -> String {
    let copied: String = request
        .lines()
        .filter(|line| {
            ["Via:", "From:", "Call-ID:", "CSeq:"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .map(|line| format!("{line}\r\n"))
        .collect();
    let to = request
        .lines()
        .find(|line| line.starts_with("To:"))
        .unwrap_or_default();
    let tag = if to.contains(";tag=") { "" } else { ";tag=t" };
    format!(
        "SIP/2.0 {status}\r\n{copied}{to}{tag}\r\n{further}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_trunk_over_tcp_carries_a_whole_call() -> Outcome {
    let (mut bench, _) = bench().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let far = FarEnd::start().await?;
    let trunk = bench.trunk_at(&far, |trunk| {
        trunk.uri = format!("sip:{address}");
        trunk.transport = Transport::Tcp;
    })?;
    let (leg, _) = bench.dial(trunk)?;
    let (mut stream, _) = listener.accept().await?;
    let invite = read_message(&mut stream).await?;
    assert!(
        invite.starts_with("INVITE sip:+8613012345678@127.0.0.1"),
        "{invite}"
    );
    assert!(
        invite.contains("Via: SIP/2.0/TCP ") && invite.contains(";transport=tcp>"),
        "{invite}"
    );
    let description = far.description(&[Law::Pcma], None)?;
    let contact =
        format!("Contact: <sip:far@{address};transport=tcp>\r\nContent-Type: application/sdp\r\n");
    stream
        .write_all(tcp_response(&invite, "200 OK", &contact, &description).as_bytes())
        .await?;
    bench
        .wait(leg, |event| matches!(event, Event::Answered { .. }))
        .await?;
    bench.connector.send(Command::Confirm { leg });
    assert!(read_message(&mut stream).await?.starts_with("ACK "));
    bench.connector.send(Command::HangUp {
        leg,
        reason: Default::default(),
    });
    let bye = read_message(&mut stream).await?;
    assert!(bye.starts_with("BYE "), "{bye}");
    stream
        .write_all(tcp_response(&bye, "200 OK", "", "").as_bytes())
        .await?;
    bench.ended(leg).await?;

    // A port where nobody listens is told at once, not after half a minute.
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await?
        .local_addr()?;
    let trunk = bench.trunk_at(&far, |trunk| {
        trunk.uri = format!("sip:{dead}");
        trunk.transport = Transport::Tcp;
    })?;
    let (leg, _) = bench.dial(trunk)?;
    let evidence = bench.ended(leg).await?;
    assert_eq!(
        evidence.local,
        Some(outdial_domain::LocalFailure::Transport)
    );
    Ok(())
}
