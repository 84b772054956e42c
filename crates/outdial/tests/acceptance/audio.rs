//! Audio through the whole product: what one end says arrives at the other.

use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs};
use outdial_peers::{
    Audio, CalleePlan, Carrier, CarrierOptions, KnownHeard, KnownStream, Law, MediaOptions,
    MediaPort, Planner, Progress,
};
use outdial_telephony::media::g711;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Packets of a stream that are looked for: a minute of 20 ms.
const STREAM: u64 = 3_000;
/// The id of the agent's own stream; callees' streams have their number.
const AGENT_SAYS: u64 = 500;

fn stream(id: u64) -> KnownStream {
    KnownStream::new(id)
}

/// One agent, and a carrier whose n-th callee says the stream with id n for so long.
struct Line {
    /// Kept for its folder.
    _work: Work,
    team: Team,
    carrier: Carrier,
    server: Server,
}

impl Line {
    async fn set(name: &str, agent: Option<Law>, callee: Option<Law>, talk: Duration) -> Self {
        let work = Work::new(name);
        let media = |law: Option<Law>, says| {
            let options = MediaOptions::recording(Audio::Known(says));
            law.map_or(options.clone(), |law| options.only(law))
        };
        let planner = Planner::by(move |dialed| {
            let says = stream(dialed.index as u64);
            CalleePlan::answer().talk(talk).media(media(callee, says))
        });
        let carrier = Carrier::start(CarrierOptions::new(planner)).await.unwrap();
        let team = Team::start(1, |phone| phone.media(media(agent, stream(AGENT_SAYS)))).await;
        let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
        let server = Server::start(&work, &config).await;
        team.ready(&server.rest).await;
        Self {
            _work: work,
            team,
            carrier,
            server,
        }
    }

    /// Calls so many contacts one after another.
    async fn call(&self, contacts: usize) {
        let campaign = Campaign::create(&self.server.rest, json!({}));
        campaign.import(&list::mixed(&[(0, contacts)]));
        campaign.start();
        let stats = campaign
            .until_list_done(secs(20 + 5 * contacts as u64))
            .await;
        assert_eq!(stats["answered"], contacts, "{stats}");
    }

    fn agent_media(&self) -> Arc<MediaPort> {
        self.team.phones[0]
            .media()
            .expect("the agent's phone had a call")
    }

    fn callee_media(&self, n: usize) -> Arc<MediaPort> {
        self.carrier
            .read(|log| log.calls()[n].media.clone())
            .expect("the callee was answered")
    }
}

/// Whether a stream came whole: in order, none missing, nothing between, and from soon after the
/// answer to the end. `callee` is the callee's port, whose packets tell how long the talk was, on
/// however busy a machine.
fn whole(what: &str, known: &KnownHeard, callee: &MediaPort) {
    // Up to a second goes by until both sides are joined and the tone is over.
    let least = callee.counts().sent.saturating_sub(50).max(10);
    assert!(
        known.is_unbroken(least),
        "{what}: {known:?}, at least {least} packets"
    );
}

fn same(byte: u8) -> u8 {
    byte
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_codecs_pass_byte_for_byte_in_both_directions() {
    let line = Line::set("audio-equal", Some(Law::A), Some(Law::A), secs(4)).await;
    line.call(1).await;
    let (agent, callee) = (line.agent_media(), line.callee_media(0));
    let known = agent.heard().known(stream(0), STREAM, same);
    whole("the callee at the agent", &known, &callee);
    let known = callee.heard().known(stream(AGENT_SAYS), STREAM, same);
    whole("the agent at the callee", &known, &callee);
    let heard = callee.heard().continuity();
    assert!(heard.is_one_continuous_stream(), "at the callee: {heard:?}");
    assert_eq!(line.carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_codecs_pass_as_the_table_says_in_both_directions() {
    let line = Line::set("audio-laws", Some(Law::Mu), Some(Law::A), secs(4)).await;
    line.call(1).await;
    let to_mu = |byte: u8| g711::A_TO_MU[usize::from(byte)];
    let to_a = |byte: u8| g711::MU_TO_A[usize::from(byte)];
    let (agent, callee) = (line.agent_media(), line.callee_media(0));
    let known = agent.heard().known(stream(0), STREAM, to_mu);
    whole("the callee at the agent", &known, &callee);
    let known = callee.heard().known(stream(AGENT_SAYS), STREAM, to_a);
    whole("the agent at the callee", &known, &callee);
    assert_eq!((agent.law(), callee.law()), (Law::Mu, Law::A));
}

/// The product's tables, judged by decoders that are not the product's.
#[test]
fn the_tables_choose_a_sound_as_near_as_the_laws_allow() {
    for (from, to, table) in [
        (Law::A, Law::Mu, &g711::A_TO_MU),
        (Law::Mu, Law::A, &g711::MU_TO_A),
    ] {
        for byte in 0..=u8::MAX {
            let wanted = i32::from(from.decode(byte));
            let distance = |b: u8| (i32::from(to.decode(b)) - wanted).abs();
            let nearest = (0..=u8::MAX).map(distance).min().unwrap();
            let chosen = distance(table[usize::from(byte)]);
            // The laws' decision values are not quite the middles between their sounds.
            let near = nearest + 8 + wanted.abs() / 64;
            assert!(
                chosen <= near,
                "{from:?} {byte:#04x}: {chosen}, nearest {nearest}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_callees_in_a_row_are_one_continuous_stream_at_the_agent() {
    let line = Line::set("audio-ten", None, None, ms(1_800)).await;
    line.call(10).await;
    let agent = line.agent_media();
    for n in 0..10 {
        let known = agent.heard().known(stream(n as u64), STREAM, same);
        whole(
            &format!("callee {n} at the agent"),
            &known,
            &line.callee_media(n),
        );
    }
    let heard = agent.heard().continuity();
    assert!(heard.is_one_continuous_stream(), "{heard:?}");
    assert!(
        heard.markers >= 10,
        "each callee begins with a marker: {heard:?}"
    );
    assert_eq!(
        line.team.phones[0].status().answered,
        1,
        "one call of the agent's phone for all"
    );
    assert_eq!(line.team.phones[0].violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preempted_agent_hears_what_the_callee_hears_before_the_answer() {
    let work = Work::new("audio-early");
    let planner = Planner::by(|_| {
        let media = MediaOptions::recording(Audio::Known(stream(0)));
        let mut plan = CalleePlan::refuse(486).ring_time(secs(3)).media(media);
        plan.progress = vec![Progress::early_media()];
        plan
    });
    let carrier = Carrier::start(CarrierOptions::new(planner)).await.unwrap();
    let silent = MediaOptions::recording(Audio::Silence);
    let team = Team::start(1, |phone| phone.media(silent.clone())).await;
    let config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({ "mode": "preempted" }));
    campaign.import(&list::mixed(&[(0, 1)]));
    campaign.start();
    campaign.until_list_done(secs(30)).await;
    let callee = carrier
        .read(|log| log.calls()[0].media.clone())
        .expect("early media flowed");
    let agent = team.phones[0].media().expect("the agent's leg was up");
    let known = agent.heard().known(stream(0), STREAM, same);
    whole("the announcement at the agent", &known, &callee);
    assert_eq!(campaign.outcomes(), [("busy".to_owned(), 1)].into());
    assert_eq!(carrier.violations(), []);
}
