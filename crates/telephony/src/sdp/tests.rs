use super::*;

fn local() -> Local {
    Local {
        address: "192.0.2.1:20000".parse().expect("address"),
        session: 7,
        version: 1,
    }
}

fn audio(text: &str) -> Result<Audio, SdpError> {
    Audio::parse(text.as_bytes())
}

#[test]
fn an_offer_of_ours_is_read_back() {
    let text = local().offer(&[Law::Pcma, Law::Pcmu], Some(101), Direction::SendRecv);
    let read = audio(&text).expect("our own offer");
    assert_eq!(read.address, local().address);
    assert_eq!(read.laws, vec![(8, Law::Pcma), (0, Law::Pcmu)]);
    assert_eq!(read.telephone_event, Some(101));
    assert_eq!(read.ptime_ms, Some(20));
    assert_eq!(read.choose(&[Law::Pcmu]), Some((0, Law::Pcmu)));
}

#[test]
fn the_order_of_ours_decides_among_what_both_have() {
    let read = audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0 8\n").expect("two laws");
    assert_eq!(read.choose(&[Law::Pcma, Law::Pcmu]), Some((8, Law::Pcma)));
    let one = audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n").expect("one law");
    assert_eq!(one.choose(&[Law::Pcma, Law::Pcmu]), Some((0, Law::Pcmu)));
    assert_eq!(one.choose(&[Law::Pcma]), None);
}

#[test]
fn a_dynamic_payload_type_that_maps_to_g711_is_taken() {
    let read = audio(
        "c=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 97 98 96\r\na=rtpmap:97 opus/48000/2\r\n\
        a=rtpmap:98 PCMA/8000/1\r\na=rtpmap:96 telephone-event/8000\r\n",
    )
    .expect("mapped");
    assert_eq!(read.laws, vec![(98, Law::Pcma)]);
    assert_eq!(read.telephone_event, Some(96));
}

#[test]
fn hold_is_seen_in_all_its_forms() {
    for (line, direction) in [
        ("a=sendonly", Direction::SendOnly),
        ("a=inactive", Direction::Inactive),
        ("a=recvonly", Direction::RecvOnly),
        ("a=sendrecv", Direction::SendRecv),
    ] {
        let read = audio(&format!(
            "c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n{line}\n"
        ))
        .expect(line);
        assert_eq!(read.direction, direction);
    }
    let by_session =
        audio("c=IN IP4 192.0.2.9\na=inactive\nm=audio 4000 RTP/AVP 0\n").expect("session level");
    assert_eq!(by_session.direction, Direction::Inactive);
    let by_address = audio("c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n").expect("old hold");
    assert_eq!(by_address.direction, Direction::SendOnly);
    assert!(!by_address.direction.wants_media());
}

#[test]
fn the_address_of_the_section_wins_over_that_of_the_session() {
    let read = audio("c=IN IP4 192.0.2.1\nm=video 1 RTP/AVP 99\nc=IN IP4 192.0.2.2\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.3/127\n")
        .expect("two addresses");
    assert_eq!(read.address, "192.0.2.3:4000".parse().expect("address"));
}

#[test]
fn an_answer_lists_every_section_and_refuses_the_others() {
    let offer = audio(
        "c=IN IP6 2001:db8::1\nm=video 6000 RTP/AVP 99\nm=audio 4000 RTP/AVP 8 96\n\
        a=rtpmap:96 telephone-event/8000\na=sendonly\n",
    )
    .expect("offer");
    let text = local().answer(&offer, (8, Law::Pcma));
    assert!(
        text.contains("m=video 0 RTP/AVP 99\r\nm=audio 20000 RTP/AVP 8 96\r\n"),
        "{text}"
    );
    assert!(text.contains("a=recvonly"), "{text}");
}

#[test]
fn refused_useless_and_hostile_descriptions_are_told_apart() {
    assert!(
        audio("c=IN IP4 192.0.2.9\nm=audio 0 RTP/AVP 0\n")
            .expect("refused")
            .is_refused()
    );
    assert_eq!(audio(""), Err(SdpError::NoAudio));
    assert_eq!(
        audio("m=audio 4000 RTP/SAVP 0\nc=IN IP4 192.0.2.9\n"),
        Err(SdpError::NoAudio)
    );
    assert_eq!(audio("m=audio 4000 RTP/AVP 0\n"), Err(SdpError::NoAddress));
    assert_eq!(
        audio("c=IN IP4 host.example\nm=audio 4000 RTP/AVP 0\n"),
        Err(SdpError::NoAddress)
    );
    assert_eq!(
        audio("c=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 18\n"),
        Err(SdpError::NoCommonCodec)
    );
    assert_eq!(
        audio(&"a=x\n".repeat(5_000)),
        Err(SdpError::TooLong(20_000))
    );
    assert_eq!(
        audio(&"m=audio 1 RTP/AVP 0\n".repeat(40)),
        Err(SdpError::TooMany("media sections"))
    );
    let many = format!("m=audio 1 RTP/AVP{}\n", " 0".repeat(100));
    assert_eq!(audio(&many), Err(SdpError::TooMany("payload types")));
    for odd in [
        "m=",
        "m=audio",
        "m=audio x y z",
        "c=",
        "a=rtpmap:",
        "=",
        "a=rtpmap:300 PCMU/8000",
        "\u{0}\u{1}",
    ] {
        let _ = audio(odd);
    }
}
