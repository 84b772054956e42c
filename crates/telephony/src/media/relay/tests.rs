use super::super::g711::MU_TO_A;
use super::super::rtp::RtpHeader;
use super::*;

const CALLEE: LegId = LegId(1);
const AGENT: LegId = LegId(2);

/// What went out: from which leg's socket, where to, and the packet.
#[derive(Default)]
struct Sent(Vec<(LegId, SocketAddr, Vec<u8>)>);

impl Wire for Sent {
    fn send(&mut self, from: LegId, to: SocketAddr, datagram: &[u8]) {
        self.0.push((from, to, datagram.to_vec()));
    }
}

impl Sent {
    fn to(&self, leg: LegId) -> Vec<RtpPacket<'_>> {
        let mine = self.0.iter().filter(|(from, _, _)| *from == leg);
        mine.map(|(_, _, datagram)| RtpPacket::parse(datagram).expect("we send RTP"))
            .collect()
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

fn agreement(law: Law, port: u16) -> Agreement {
    Agreement {
        remote: address(port),
        law,
        payload_type: law.payload_type(),
        telephone_event: Some(OUR_TELEPHONE_EVENT),
        sending: true,
    }
}

fn packet(payload_type: u8, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let timestamp = u32::from(sequence) * 160;
    let header = RtpHeader {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc: 0xCA11,
    };
    [&header.to_bytes(), payload].concat()
}

struct World {
    relay: Relay,
    sent: Sent,
    now: Instant,
}

impl World {
    fn new(callee: Law, agent: Law) -> Self {
        let mut world = Self {
            relay: Relay::default(),
            sent: Sent::default(),
            now: Instant::now(),
        };
        for (leg, law, port) in [(CALLEE, callee, 4000), (AGENT, agent, 5000)] {
            world.relay.open(leg);
            world.relay.agree(leg, agreement(law, port));
            world.relay.answer(leg, world.now, &mut world.sent);
        }
        world.sent.0.clear();
        world
    }

    fn pass_time(&mut self, duration: Duration) {
        self.now += duration;
    }

    fn callee_says(&mut self, sequence: u16, payload: &[u8]) {
        self.says(CALLEE, 4000, Law::Pcmu.payload_type(), sequence, payload);
    }

    fn says(&mut self, leg: LegId, port: u16, payload_type: u8, sequence: u16, payload: &[u8]) {
        let mut datagram = packet(payload_type, sequence, payload);
        self.relay
            .receive(leg, address(port), &mut datagram, self.now, &mut self.sent);
    }

    fn join(&mut self, tone: bool) {
        assert!(
            self.relay
                .join(CALLEE, AGENT, tone, self.now, &mut self.sent)
        );
    }

    fn tick(&mut self) {
        self.relay.tick(self.now, &mut self.sent);
    }
}

#[test]
fn equal_laws_pass_byte_for_byte_and_other_laws_by_the_table() {
    let all: Vec<u8> = (0..=255).collect();
    for (agent, expected) in [
        (Law::Pcmu, all.clone()),
        (
            Law::Pcma,
            all.iter().map(|b| MU_TO_A[usize::from(*b)]).collect(),
        ),
    ] {
        let mut world = World::new(Law::Pcmu, agent);
        world.join(false);
        world.callee_says(1, &all);
        let to_agent = world.sent.to(AGENT);
        assert_eq!(to_agent[0].payload, expected);
        assert_eq!(to_agent[0].header.payload_type, agent.payload_type());
        assert_eq!(world.sent.0[0].1, address(5000));
    }
}

#[test]
fn the_tone_comes_first_and_every_kept_packet_after_it_in_order() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    for sequence in 0..30u16 {
        world.callee_says(sequence, &[sequence as u8; 160]);
        world.pass_time(Duration::from_millis(20));
    }
    world.join(true);
    world.callee_says(30, &[30; 160]);
    let to_agent = world.sent.to(AGENT);
    let tone: Vec<u8> = to_agent[..TONE_FRAMES]
        .iter()
        .flat_map(|p| p.payload.to_vec())
        .collect();
    assert_eq!(tone, joining_tone(Law::Pcmu));
    let said: Vec<u8> = to_agent[TONE_FRAMES..]
        .iter()
        .map(|p| p.payload[0])
        .collect();
    // 200 ms before the join are the packets 20 to 29; what is older is gone.
    assert_eq!(said, (20..=30).collect::<Vec<u8>>());
    for pair in to_agent.windows(2) {
        assert_eq!(
            pair[1].header.sequence,
            pair[0].header.sequence.wrapping_add(1)
        );
        assert_eq!(
            pair[1].header.timestamp,
            pair[0].header.timestamp.wrapping_add(160)
        );
        assert_eq!(pair[1].header.ssrc, pair[0].header.ssrc);
    }
}

#[test]
fn ten_callees_make_one_continuous_stream_for_the_agent() {
    let mut world = World::new(Law::Pcmu, Law::Pcma);
    for call in 0..10u64 {
        let callee = LegId(100 + call);
        world.relay.open(callee);
        world.relay.agree(callee, agreement(Law::Pcmu, 4000));
        world.relay.answer(callee, world.now, &mut world.sent);
        assert!(
            world
                .relay
                .join(callee, AGENT, true, world.now, &mut world.sent)
        );
        for sequence in 0..20 {
            world.says(callee, 4000, 0, 1000 * call as u16 + sequence, &[7; 160]);
            world.pass_time(Duration::from_millis(20));
        }
        world.relay.close(callee);
        world.pass_time(Duration::from_secs(12));
        world.tick();
    }
    let to_agent = world.sent.to(AGENT);
    assert_eq!(to_agent.len(), 10 * (TONE_FRAMES + 20 + 1));
    for pair in to_agent.windows(2) {
        assert_eq!(pair[0].header.ssrc, pair[1].header.ssrc);
        assert_eq!(
            pair[1].header.sequence,
            pair[0].header.sequence.wrapping_add(1)
        );
        let step = pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp);
        assert!((160..13 * 8_000).contains(&step), "{step}");
    }
}

#[test]
fn telephone_events_take_the_number_of_each_leg_or_vanish_without_a_gap() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.relay.agree(
        CALLEE,
        Agreement {
            telephone_event: Some(96),
            ..agreement(Law::Pcmu, 4000)
        },
    );
    world.join(false);
    world.says(CALLEE, 4000, 96, 1, &[5, 10, 0, 160]);
    world.says(AGENT, 5000, 101, 1, &[6, 10, 0, 160]);
    assert_eq!(world.sent.to(AGENT)[0].header.payload_type, 101);
    assert_eq!(world.sent.to(CALLEE)[0].header.payload_type, 96);
    world.relay.agree(
        AGENT,
        Agreement {
            telephone_event: None,
            ..agreement(Law::Pcmu, 5000)
        },
    );
    world.callee_says(2, &[1; 160]);
    world.says(CALLEE, 4000, 96, 3, &[5, 10, 0, 160]);
    world.callee_says(4, &[2; 160]);
    let sequences: Vec<u16> = world
        .sent
        .to(AGENT)
        .iter()
        .map(|p| p.header.sequence)
        .collect();
    assert_eq!(sequences[2], sequences[1].wrapping_add(1));
    assert_eq!(sequences.len(), 3);
}

#[test]
fn media_goes_where_it_comes_from_and_a_stranger_cannot_take_it_over() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.join(false);
    // The agent is behind address translation: packets come from elsewhere than it says.
    world.says(AGENT, 61_000, 0, 1, &[1; 160]);
    world.callee_says(1, &[2; 160]);
    assert_eq!(
        world.sent.0.last().map(|(_, to, _)| *to),
        Some(address(61_000))
    );
    world.says(AGENT, 61_666, 0, 9, &[3; 160]);
    assert_eq!(world.relay.ignored, 1);
    world.callee_says(2, &[2; 160]);
    assert_eq!(
        world.sent.0.last().map(|(_, to, _)| *to),
        Some(address(61_000))
    );
    // The translation changed its mind: after a silence another source is taken.
    world.pass_time(Duration::from_secs(3));
    world.says(AGENT, 62_000, 0, 2, &[1; 160]);
    world.callee_says(3, &[2; 160]);
    assert_eq!(
        world.sent.0.last().map(|(_, to, _)| *to),
        Some(address(62_000))
    );
}

#[test]
fn an_idle_leg_never_waits_ten_seconds_for_a_comfort_packet() {
    let mut world = World::new(Law::Pcmu, Law::Pcma);
    let (mut heard, mut since) = (0, Duration::ZERO);
    for _ in 0..20 * 90 {
        world.pass_time(Duration::from_millis(50));
        since += Duration::from_millis(50);
        world.tick();
        let packets = world.sent.to(AGENT).len();
        if packets > heard {
            (heard, since) = (packets, Duration::ZERO);
        }
        // A third of a second is left for a clock that ticks late.
        assert!(since < Duration::from_millis(9_650), "{since:?}");
    }
    let to_agent = world.sent.to(AGENT);
    assert!((9..=10).contains(&to_agent.len()), "{}", to_agent.len());
    assert!(to_agent.iter().all(|p| p.payload == [0xD5; 160]));
    // A leg that hears someone needs none.
    world.sent.0.clear();
    world.join(false);
    for sequence in 0..1_000 {
        world.callee_says(sequence, &[0; 160]);
        world.pass_time(Duration::from_millis(20));
        world.tick();
    }
    assert_eq!(world.sent.to(AGENT).len(), 1_000);
}

#[test]
fn nothing_is_sent_to_a_leg_on_hold() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.join(false);
    world.relay.agree(
        AGENT,
        Agreement {
            sending: false,
            ..agreement(Law::Pcmu, 5000)
        },
    );
    world.callee_says(1, &[0; 160]);
    world.pass_time(Duration::from_secs(11));
    world.tick();
    assert!(world.sent.to(AGENT).is_empty());
    world.relay.agree(AGENT, agreement(Law::Pcmu, 5000));
    world.callee_says(2, &[0; 160]);
    assert_eq!(world.sent.to(AGENT).len(), 1);
}

#[test]
fn early_media_is_heard_once_and_a_leg_that_falls_quiet_is_reported() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    let ringing = LegId(3);
    world.relay.open(ringing);
    world.says(ringing, 6000, 0, 1, &[0; 160]);
    assert!(
        world.relay.take_notices().is_empty(),
        "nothing was agreed yet"
    );
    world.relay.agree(ringing, agreement(Law::Pcmu, 6000));
    world.says(ringing, 6000, 0, 2, &[0; 160]);
    world.says(ringing, 6000, 0, 3, &[0; 160]);
    assert_eq!(world.relay.take_notices(), [Notice::Heard(ringing)]);

    for sequence in 0..20 {
        world.says(AGENT, 5000, 0, sequence, &[0; 160]);
    }
    world.pass_time(QUIET_AFTER);
    world.tick();
    assert_eq!(world.relay.take_notices(), [Notice::Quiet(AGENT)]);
    world.tick();
    assert!(world.relay.take_notices().is_empty());
}

#[test]
fn garbage_and_unknown_payloads_are_ignored_and_counted() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.join(false);
    world.says(CALLEE, 4000, 18, 1, &[0; 20]);
    for garbage in [
        &b""[..],
        b"hello",
        b"OPTIONS sip:a SIP/2.0\r\n\r\n",
        &[0x80; 11],
        &[0xFF; 2_000],
    ] {
        world.relay.receive(
            CALLEE,
            address(4000),
            &mut garbage.to_vec(),
            world.now,
            &mut world.sent,
        );
    }
    assert_eq!(world.relay.ignored, 6);
    assert!(world.sent.0.is_empty());
    world.relay.close(AGENT);
    world.callee_says(2, &[0; 160]);
    assert!(world.sent.0.is_empty());
}

#[test]
fn a_callee_who_is_passed_on_is_heard_by_the_next_agent() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    let second = LegId(9);
    world.relay.open(second);
    world.relay.agree(second, agreement(Law::Pcmu, 7000));
    world.relay.answer(second, world.now, &mut world.sent);
    world.join(false);
    world.callee_says(1, &[1; 160]);
    world.relay.close(AGENT);
    world.callee_says(2, &[2; 160]);
    assert!(
        world
            .relay
            .join(CALLEE, second, false, world.now, &mut world.sent)
    );
    world.callee_says(3, &[3; 160]);
    let heard: Vec<u8> = world
        .sent
        .to(second)
        .iter()
        .skip(1)
        .map(|p| p.payload[0])
        .collect();
    assert_eq!(heard, [2, 3]);
    assert!(
        !world
            .relay
            .join(CALLEE, AGENT, false, world.now, &mut world.sent),
        "gone"
    );
}

#[test]
fn a_listener_hears_a_callee_before_the_answer_and_is_not_heard() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.relay.close(CALLEE);
    world.relay.open(CALLEE);
    world.relay.agree(CALLEE, agreement(Law::Pcmu, 4000));
    world.relay.listen(CALLEE, AGENT);
    world.callee_says(1, &[1; 160]);
    world.says(AGENT, 5000, Law::Pcmu.payload_type(), 1, &[9; 160]);
    assert!(world.sent.to(CALLEE).is_empty());
    world.relay.answer(CALLEE, world.now, &mut world.sent);
    world.callee_says(2, &[2; 160]);
    world.join(false);
    world.callee_says(3, &[3; 160]);
    world.says(AGENT, 5000, Law::Pcmu.payload_type(), 2, &[8; 160]);
    let to_agent = world.sent.to(AGENT);
    let heard: Vec<u8> = to_agent.iter().map(|p| p.payload[0]).collect();
    assert_eq!(heard, [1, 2, 3]);
    let to_callee = world.sent.to(CALLEE);
    let last = to_callee.last().map(|p| p.payload[0]);
    assert_eq!(last, Some(8));
}

#[test]
fn whoever_leaves_hears_nothing_more() {
    let mut world = World::new(Law::Pcmu, Law::Pcmu);
    world.relay.listen(CALLEE, AGENT);
    world.relay.part(AGENT);
    world.callee_says(1, &[1; 160]);
    world.relay.listen(CALLEE, AGENT);
    world.relay.close(AGENT);
    world.callee_says(2, &[2; 160]);
    assert!(world.sent.to(AGENT).is_empty());
}
