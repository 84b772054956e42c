//! The product's own connector against the peers: two SIP implementations that share not a line.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod common;

use common::{LIMIT, carrier, carrier_with, ms, quick};
use outdial_domain::{Evidence, PhoneNumber, Trunk, TrunkName};
use outdial_peers::sip::Credentials;
use outdial_peers::{
    Action, Audio, CallEnd, CalleeOutcome, CalleePlan, Carrier, CarrierOptions, ContactForm, Flow,
    FlowEnd, FlowOptions, KnownStream, Law, MediaOptions, Phone, PhoneCall, PhoneOptions, Planner,
    Progress, RefreshBy, RegistrationOptions, RegistrationState, SessionTimer, Ticker,
};
use outdial_telephony::sip::{SipConnector, SipSettings};
use outdial_telephony::{
    Account, Address, Call, Caller, Command, Connector, Event, EventReceiver, HangUpReason, LegId,
    Party,
};
use std::time::Duration;

const NUMBER: &str = "+8613012345678";

/// The product, as far as a test needs it.
struct Product {
    connector: SipConnector,
    events: EventReceiver,
    seen: Vec<Event>,
}

impl Product {
    async fn start(trunk: Option<&Carrier>, change: impl FnOnce(&mut Trunk)) -> Self {
        Self::start_with(|_| {}, trunk, change).await
    }

    async fn start_with(
        set: impl FnOnce(&mut SipSettings),
        trunk: Option<&Carrier>,
        change: impl FnOnce(&mut Trunk),
    ) -> Self {
        let mut settings = SipSettings {
            rtp_ports: 0..=0,
            ..SipSettings::at("127.0.0.1:0".parse().unwrap())
        };
        set(&mut settings);
        let (connector, events) = SipConnector::start(settings).await.unwrap();
        if let Some(carrier) = trunk {
            let mut trunk = Trunk::at(TrunkName::new("carrier").unwrap(), &carrier.uri());
            change(&mut trunk);
            connector.send(Command::Trunks(vec![trunk]));
        }
        Self {
            connector,
            events,
            seen: Vec::new(),
        }
    }

    fn place(&self, leg: u64, party: Party) {
        let call = Call::to(LegId(leg), party);
        let identity = self.connector.plan(&call).unwrap();
        self.connector.send(Command::Place { call, identity });
    }

    fn dial(&self, leg: u64) {
        let trunk = TrunkName::new("carrier").unwrap();
        let number = |text| PhoneNumber::from_text(text).unwrap();
        self.place(
            leg,
            Party::Callee {
                trunk,
                to: number(NUMBER),
                caller_id: number("10085"),
            },
        );
    }

    fn ring(&self, leg: u64, address: Address) {
        self.place(
            leg,
            Party::Agent {
                address,
                caller: Caller::default(),
                codecs: Vec::new(),
            },
        );
    }

    fn hang_up(&self, leg: u64) {
        self.connector.send(Command::HangUp {
            leg: LegId(leg),
            reason: HangUpReason::Normal,
        });
    }

    /// The first event, past or future, of which something is known.
    async fn until<T>(&mut self, what: &str, known: impl Fn(&Event) -> Option<T>) -> T {
        if let Some(known) = self.seen.iter().find_map(&known) {
            return known;
        }
        let wait = async {
            loop {
                let event = self.events.recv().await.unwrap();
                let found = known(&event);
                self.seen.push(event);
                if let Some(found) = found {
                    return found;
                }
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .unwrap_or_else(|_| panic!("{what}: {:?}", self.seen))
    }

    /// Waits for the answer and confirms it.
    async fn answered(&mut self, leg: u64) {
        let is_answer =
            |e: &Event| matches!(e, Event::Answered { leg: l, .. } if l.0 == leg).then_some(());
        self.until("an answer", is_answer).await;
        self.connector.send(Command::Confirm { leg: LegId(leg) });
    }

    async fn ended(&mut self, leg: u64) -> Evidence {
        let evidence = |e: &Event| match e {
            Event::Ended {
                leg: l, evidence, ..
            } if l.0 == leg => Some(*evidence),
            _ => None,
        };
        self.until("an end", evidence).await
    }

    async fn joined(&mut self, callee: u64, other: u64) {
        self.connector.send(Command::Join {
            callee: LegId(callee),
            other: LegId(other),
            tone: false,
        });
        let joined =
            |e: &Event| matches!(e, Event::Joined { callee: c, .. } if c.0 == callee).then_some(());
        self.until("joined legs", joined).await;
    }
}

async fn over(carrier: &Carrier) {
    carrier
        .until("the end of all calls", LIMIT, |log| log.open_now() == 0)
        .await
        .unwrap();
}

async fn phone(options: PhoneOptions) -> Phone {
    let listen = "127.0.0.1:0".parse().unwrap();
    Phone::start_at(listen, options, quick(), &Ticker::start())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_arrive_as_evidence_and_break_no_rule() {
    for code in [302, 404, 480, 486, 488, 503, 603] {
        let carrier = carrier(CalleePlan::refuse(code).q850(17).ring_time(ms(50))).await;
        let mut product = Product::start(Some(&carrier), |_| {}).await;
        product.dial(1);
        let evidence = product.ended(1).await;
        assert_eq!(
            (evidence.sip_status, evidence.q850_cause),
            (Some(code), Some(17))
        );
        over(&carrier).await;
        assert_eq!(carrier.violations(), []);
        assert_eq!(carrier.log().calls()[0].caller_id, "10085");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_for_ever_is_cancelled_as_the_standard_says() {
    let carrier =
        carrier(CalleePlan::ring_for_ever().progress(vec![Progress::early_media()])).await;
    let mut product = Product::start(Some(&carrier), |_| {}).await;
    product.dial(1);
    product
        .until("progress", |e| {
            matches!(e, Event::Progress { .. }).then_some(())
        })
        .await;
    product.connector.send(Command::Cancel { leg: LegId(1) });
    product.ended(1).await;
    over(&carrier).await;
    assert_eq!(carrier.log().calls()[0].end, Some(CallEnd::Cancelled));
    assert_eq!(carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_crosses_the_cancel_is_ended() {
    let carrier = carrier(CalleePlan::with_outcome(CalleeOutcome::AnswerAtCancel(
        Default::default(),
    )))
    .await;
    let mut product = Product::start(Some(&carrier), |_| {}).await;
    product.dial(1);
    product
        .until("progress", |e| {
            matches!(e, Event::Progress { .. }).then_some(())
        })
        .await;
    product.connector.send(Command::Cancel { leg: LegId(1) });
    product.ended(1).await;
    over(&carrier).await;
    assert!(
        matches!(carrier.log().calls()[0].end, Some(CallEnd::TheirBye { .. })),
        "{:?}",
        carrier.log()
    );
    assert_eq!(carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_do_not_stay_off_hook() {
    let missing = |form| CalleePlan::answer().answering(|a| a.contact = form);
    let plans = [
        missing(ContactForm::Missing),
        missing(ContactForm::Unreadable),
        CalleePlan::answer().answering(|a| a.code = 299),
        CalleePlan::answer().answering(|a| a.copies = 3),
    ];
    for plan in plans {
        let name = format!("{:?}", plan.outcome);
        let carrier = carrier(plan).await;
        let mut product = Product::start(Some(&carrier), |_| {}).await;
        product.dial(1);
        let heard_of =
            |e: &Event| matches!(e, Event::Answered { .. } | Event::Ended { .. }).then_some(());
        product.until("an outcome", heard_of).await;
        product.connector.send(Command::Confirm { leg: LegId(1) });
        carrier
            .until("the ACK", LIMIT, |log| log.calls()[0].acked_at.is_some())
            .await
            .unwrap();
        product.hang_up(1);
        over(&carrier).await;
        assert!(
            matches!(carrier.log().calls()[0].end, Some(CallEnd::TheirBye { .. })),
            "{name}: {:?}",
            carrier.log()
        );
        assert_eq!(carrier.violations(), [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_branch_of_a_forked_call_is_ended() {
    let carrier = carrier(CalleePlan::answer().answering(|a| a.forked = true)).await;
    let mut product = Product::start(Some(&carrier), |_| {}).await;
    product.dial(1);
    product.answered(1).await;
    carrier
        .until("the ACK", LIMIT, |log| log.calls()[0].acked_at.is_some())
        .await
        .unwrap();
    product.hang_up(1);
    carrier
        .until("both ends", LIMIT, |log| {
            log.open_now() == 0 && log.calls()[0].forks_ended == 1
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trunk_proves_its_password() {
    for code in [401, 407] {
        let plan =
            CalleePlan::answer().challenge(code, "carrier", Credentials::new("trunk", "secret"));
        let carrier = carrier(plan.talk(ms(100))).await;
        let with_password = |trunk: &mut Trunk| {
            trunk.username = Some("trunk".into());
            trunk.password = Some("secret".into());
        };
        let mut product = Product::start(Some(&carrier), with_password).await;
        product.dial(1);
        product.answered(1).await;
        assert_eq!(product.ended(1).await.sip_status, Some(200));
        over(&carrier).await;
        assert_eq!(
            (carrier.read(|log| log.count()), carrier.violations()),
            (1, vec![])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callee_and_agent_hear_each_other_through_the_relay() {
    for agent_law in [Law::A, Law::Mu] {
        let (theirs, ours) = (KnownStream::new(1), KnownStream::new(2));
        let plan =
            CalleePlan::answer().media(MediaOptions::recording(Audio::Known(theirs)).only(Law::A));
        let carrier = carrier(plan).await;
        let media = MediaOptions::recording(Audio::Known(ours)).only(agent_law);
        let phone = phone(PhoneOptions::new("1001").media(media)).await;
        let mut product = Product::start(Some(&carrier), |_| {}).await;
        product.ring(1, Address::Uri(phone.uri()));
        product.answered(1).await;
        product.dial(2);
        product.answered(2).await;
        product.joined(2, 1).await;
        let (agent, callee) = (
            phone.media().unwrap(),
            carrier.log().calls()[0].media.clone().unwrap(),
        );
        let table = |from: Law, to: Law| {
            let law = |l| {
                if l == Law::A {
                    outdial_telephony::media::g711::Law::Pcma
                } else {
                    outdial_telephony::media::g711::Law::Pcmu
                }
            };
            let table = law(from).table_to(law(to));
            move |byte: u8| table.map_or(byte, |t| t[usize::from(byte)])
        };
        let unbroken = |known: outdial_peers::KnownHeard| known.is_unbroken(25);
        let from_callee =
            |h: &outdial_peers::Heard| unbroken(h.known(theirs, 2_000, table(Law::A, agent_law)));
        agent
            .heard()
            .until("the callee's stream", LIMIT, from_callee)
            .await
            .unwrap();
        let from_agent =
            |h: &outdial_peers::Heard| unbroken(h.known(ours, 2_000, table(agent_law, Law::A)));
        callee
            .heard()
            .until("the agent's stream", LIMIT, from_agent)
            .await
            .unwrap();
        product.hang_up(2);
        over(&carrier).await;
        assert!(
            agent.heard().continuity().is_one_continuous_stream(),
            "{:?}",
            agent.heard().continuity()
        );
        assert!(
            callee.heard().continuity().is_one_continuous_stream(),
            "{:?}",
            callee.heard().continuity()
        );
        assert_eq!((carrier.violations(), phone.violations()), (vec![], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callee_holds_resumes_and_presses_keys() {
    let plan = CalleePlan::answer()
        .media(MediaOptions {
            telephone_event: Some(96),
            ..MediaOptions::default()
        })
        .step(ms(100), Action::Hold)
        .step(ms(300), Action::Resume)
        .step(ms(500), Action::Press("42#".into()));
    let carrier = carrier(plan).await;
    let phone = phone(PhoneOptions::new("1001")).await;
    let mut product = Product::start(Some(&carrier), |_| {}).await;
    product.ring(1, Address::Uri(phone.uri()));
    product.answered(1).await;
    product.dial(2);
    product.answered(2).await;
    product.joined(2, 1).await;
    let agent = phone.media().unwrap();
    agent
        .heard()
        .until("the keys", LIMIT, |h| h.digits() == "42#")
        .await
        .unwrap();
    assert!(
        agent.heard().continuity().is_one_continuous_stream(),
        "{:?}",
        agent.heard().continuity()
    );
    assert_eq!(carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_kept_up_whoever_refreshes() {
    // The product refuses intervals under 90 s, the standard's minimum, unless it is told to ask for shorter ones.
    // Here the phones refresh; the other way round is for longer tests.
    let timers = [
        SessionTimer::by_peer(2, RefreshBy::Reinvite),
        SessionTimer::by_peer(2, RefreshBy::Update),
    ];
    for timer in timers {
        let phone = phone(PhoneOptions::new("1001").session_timer(timer)).await;
        let mut product = Product::start_with(|s| s.session_expires_s = 2, None, |_| {}).await;
        product.ring(1, Address::Uri(phone.uri()));
        product.answered(1).await;
        let refreshed = phone
            .until("three refreshes", LIMIT, |s| {
                s.refreshes >= 3 || s.last_end.is_some()
            })
            .await;
        let status = refreshed.unwrap();
        assert_eq!(
            (status.last_end, status.call),
            (None, PhoneCall::Up),
            "{timer:?}"
        );
        assert_eq!(phone.violations(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_registers_is_called_moves_and_is_called_again() {
    let mut product = Product::start(None, |_| {}).await;
    product.connector.send(Command::Accounts(vec![Account {
        name: "1001".into(),
        password: "secret".into(),
    }]));
    for behind_nat in [false, true] {
        let options = PhoneOptions::new("1001").media(MediaOptions::recording(Audio::Tone));
        let phone = phone(if behind_nat {
            options.behind_nat()
        } else {
            options
        })
        .await;
        let registrar = product.connector.listen_address();
        phone.register(RegistrationOptions::at(
            registrar,
            Some(Credentials::new("1001", "secret")),
        ));
        let registered = |s: &outdial_peers::PhoneStatus| {
            matches!(s.registration, RegistrationState::Registered { .. })
        };
        phone
            .until("a registration", LIMIT, registered)
            .await
            .unwrap();
        let leg = 1 + 2 * u64::from(behind_nat);
        product.ring(leg, Address::Registered("1001".into()));
        product.answered(leg).await;
        phone
            .until("the call", LIMIT, |s| s.call == PhoneCall::Up)
            .await
            .unwrap();
        phone
            .media()
            .unwrap()
            .heard()
            .until_count(1, LIMIT)
            .await
            .unwrap();
        phone.move_to_new_port().await.unwrap();
        phone
            .until("the next registration", LIMIT, registered)
            .await
            .unwrap();
        product.ring(leg + 1, Address::Registered("1001".into()));
        product.answered(leg + 1).await;
        phone
            .until("the next call", LIMIT, |s| s.answered == 2)
            .await
            .unwrap();
        phone.unregister();
        phone
            .until("off", LIMIT, |s| s.registration == RegistrationState::Off)
            .await
            .unwrap();
        assert_eq!(phone.violations(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_hand_back_by_reason_and_by_refer() {
    for refers in [false, true] {
        let mut product = Product::start(None, |_| {}).await;
        let to_us = format!("sip:queue@{}", product.connector.listen_address());
        let end = if refers {
            FlowEnd::Refer(to_us)
        } else {
            FlowEnd::ToQueue
        };
        let mut options = FlowOptions::new(ms(200), end);
        options.carrier.timing = quick();
        let flow = Flow::start("ivr", options).await.unwrap();
        let address = Address::Uri(flow.uri());
        product.place(
            1,
            Party::Flow {
                address,
                caller: Caller::default(),
                codecs: Vec::new(),
            },
        );
        product.answered(1).await;
        let handed = |e: &Event| matches!(e, Event::HandedBack { .. }).then_some(());
        product.until("the hand-back", handed).await;
        if refers {
            product.hang_up(1);
        }
        over(&flow).await;
        assert_eq!(flow.violations(), [], "refers: {refers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_out_over_tcp_as_well() {
    let carrier = carrier(CalleePlan::answer().talk(ms(100))).await;
    let tcp = |trunk: &mut Trunk| trunk.transport = outdial_domain::Transport::Tcp;
    let mut product = Product::start(Some(&carrier), tcp).await;
    product.dial(1);
    product.answered(1).await;
    product.ended(1).await;
    over(&carrier).await;
    assert_eq!(carrier.log().calls()[0].end, Some(CallEnd::OurBye));
    assert_eq!(carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_asked_and_a_dead_carrier_is_noticed() {
    let carrier = carrier_with(CarrierOptions::new(Planner::same(CalleePlan::answer()))).await;
    let often = |trunk: &mut Trunk| trunk.keepalive = Duration::from_secs(1);
    let mut product = Product::start(Some(&carrier), often).await;
    let well = |e: &Event| matches!(e, Event::TrunkHealth { answered: true, .. }).then_some(());
    product.until("health", well).await;
    assert!(carrier.options_seen() >= 1);
    assert_eq!(carrier.violations(), []);
}
