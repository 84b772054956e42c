//! Trunks: how they are reached, what they want to see, and what happens when one refuses.

use crate::harness::calls::most_open;
use crate::harness::{Campaign, Config, Server, SippOptions, Team, TrunkLines, Work};
use crate::harness::{list, ms, ports, secs, until};
use outdial_peers::sip::Credentials;
use outdial_peers::{CalleePlan, Carrier, CarrierOptions, Planner};
use serde_json::json;

/// A server with so many agents, all ready.
async fn server(work: &Work, agents: usize, config: Config) -> (Server, Team) {
    let team = Team::start(agents, |phone| phone).await;
    let server = Server::start(work, &config.agents(team.agents())).await;
    team.ready(&server.rest).await;
    (server, team)
}

/// Calls these numbers and waits for the end.
async fn call(server: &Server, numbers: &[String]) -> Campaign {
    let campaign = Campaign::create(&server.rest, json!({ "ring_timeout_s": 2 }));
    campaign.import(numbers);
    campaign.start();
    campaign.until_list_done(secs(60)).await;
    campaign
}

fn trunk_health(server: &Server, name: &str) -> String {
    let trunks = server.rest.get("trunks").ok("trunks");
    let items = trunks["items"].as_array().expect("a list has items");
    let trunk = items
        .iter()
        .find(|t| t["name"] == name)
        .expect("the trunk is listed");
    trunk["health"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_over_tcp_carries_calls_of_every_kind() {
    let work = Work::new("tcp");
    let sipp = SippOptions::carrier("carrier").tcp().start(&work).await;
    let trunk = TrunkLines::new("carrier", &sipp.uri()).with(
        "transport = \"tcp\"\nkeepalive_s = 0\nusername = \"outdial\"\npassword = \"s3cret\"",
    );
    let (server, _team) = server(&work, 6, Config::new().trunk(trunk)).await;
    let shares = [
        (0, 12),
        (10, 6),
        (20, 4),
        (30, 2),
        (40, 3),
        (60, 3),
        (70, 6),
        (80, 4),
    ];
    let campaign = call(&server, &list::mixed(&shares)).await;
    let theirs = sipp.finish().await;
    let outcomes = campaign.outcomes();
    let of = |name: &str| outcomes.get(name).copied().unwrap_or(0);
    let answered = theirs.of("talker") + theirs.of("early") + theirs.of("known_401");
    assert_eq!(of("answered"), answered, "{outcomes:?}");
    assert_eq!(of("busy"), theirs.of("busy"));
    assert_eq!(
        of("no_answer"),
        theirs.of("absent") + theirs.of("cancelled")
    );
    assert_eq!(
        (of("invalid"), of("rejected")),
        (theirs.of("invalid"), theirs.of("declined"))
    );
    assert_eq!((theirs.of("cancelled"), theirs.of("wrong_cancel")), (3, 0));
    assert_eq!((theirs.failed(), campaign.attempts().len()), (0, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_before_progress_goes_to_the_second_trunk_within_the_same_attempt() {
    let work = Work::new("failover");
    let full = Planner::same(CalleePlan::refuse(503).q850(34));
    let full = Carrier::start(CarrierOptions::new(full)).await.unwrap();
    let sipp = SippOptions::carrier("second").start(&work).await;
    let config = Config::new()
        .trunk(TrunkLines::new("first", &full.uri()).with("keepalive_s = 0\nweight = 1000"))
        .trunk(TrunkLines::new("second", &sipp.uri()).with("keepalive_s = 0\nweight = 1"));
    let (server, _team) = server(&work, 4, config).await;
    let campaign = call(&server, &list::mixed(&[(0, 12), (10, 4)])).await;
    let theirs = sipp.finish().await;
    assert_eq!((theirs.of("talker"), theirs.of("busy")), (12, 4));
    assert_eq!(campaign.attempts().len(), 16, "{:?}", campaign.outcomes());
    assert_eq!(
        campaign.outcomes(),
        [("answered".to_owned(), 12), ("busy".to_owned(), 4)].into()
    );
    assert!(
        full.read(|log| log.count()) > 0,
        "the first trunk was tried"
    );
    assert_eq!(full.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_id_never_leaves_by_a_trunk_that_does_not_own_it() {
    let work = Work::new("ownership");
    let full = Planner::same(CalleePlan::refuse(503));
    let owner = Carrier::start(CarrierOptions::new(full)).await.unwrap();
    let busy = Planner::same(CalleePlan::refuse(486));
    let stranger = Carrier::start(CarrierOptions::new(busy)).await.unwrap();
    let lines = |owned: &str| format!("keepalive_s = 0\ncaller_ids = [\"{owned}\"]");
    let config = Config::new()
        .tenant("caller_ids = [\"075586013388\", \"4008013260\"]")
        .trunk(TrunkLines::new("owner", &owner.uri()).with(&lines("075586013388")))
        .trunk(TrunkLines::new("stranger", &stranger.uri()).with(&lines("4008013260")));
    let (server, _team) = server(&work, 2, config).await;
    let campaign = Campaign::create(&server.rest, json!({}));
    campaign.import(&list::mixed(&[(0, 4)]));
    campaign.start();
    owner
        .until("the owner refused a call", secs(20), |log| log.count() >= 2)
        .await
        .unwrap();
    campaign
        .until("the refused contacts rest", secs(10), |s| {
            s["outcomes"]["congestion"].as_u64() >= Some(2)
        })
        .await;
    assert_eq!(
        stranger.read(|log| log.count()),
        0,
        "the caller ID left by the wrong trunk"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_caller_ids_are_written_as_the_trunk_wants_them() {
    let work = Work::new("headers");
    let sipp = SippOptions::new("fussy", "headers.xml")
        .with("number", "0138[0-9]+")
        .with("caller", "75586013388")
        .with("domain", "carrier[.]example")
        .start(&work)
        .await;
    let trunk = TrunkLines::new("fussy", &sipp.uri())
        .with("keepalive_s = 0\nfrom_domain = \"carrier.example\"")
        .with("caller_id_in = [\"from\", \"pai\", \"rpid\", \"diversion\"]")
        .with("number_rules = [{ match = '^\\+86(1\\d{10})$', replace = '0$1' }]")
        .with("caller_id_rules = [{ match = '^\\+86(\\d+)$', replace = '$1' }]");
    let (server, _team) = server(&work, 2, Config::new().trunk(trunk)).await;
    let campaign = call(&server, &list::mixed(&[(10, 6)])).await;
    let theirs = sipp.finish().await;
    assert_eq!(theirs.of("right"), 6, "{theirs:?}");
    assert_eq!(campaign.outcomes(), [("busy".to_owned(), 6)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_format_is_what_it_says() {
    for (format, wanted) in [
        ("plus", "+8613800000010"),
        ("e164", "8613800000010"),
        ("national", "13800000010"),
    ] {
        let work = Work::new(&format!("format-{format}"));
        let busy = Planner::same(CalleePlan::refuse(486));
        let carrier = Carrier::start(CarrierOptions::new(busy)).await.unwrap();
        let line = format!("keepalive_s = 0\nnumber_format = \"{format}\"");
        let trunk = TrunkLines::new("carrier", &carrier.uri()).with(&line);
        let (server, _team) = server(&work, 1, Config::new().trunk(trunk)).await;
        call(&server, &[list::number(0, 10)]).await;
        // In China a mobile number has no prefix of its own.
        assert_eq!(
            carrier.read(|log| log.calls()[0].number.clone()),
            wanted,
            "{format}"
        );
        assert_eq!(carrier.violations(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rules_numbers_leave_as_they_were_given() {
    let work = Work::new("as-given");
    let busy = Planner::same(CalleePlan::refuse(486));
    let carrier = Carrier::start(CarrierOptions::new(busy)).await.unwrap();
    let trunk = TrunkLines::new("carrier", &carrier.uri())
        .with("keepalive_s = 0\nnumber_format = \"as_given\"");
    let (server, _team) = server(&work, 1, Config::new().trunk(trunk)).await;
    let given = ["13800000010", "008613800000110", "10085", "+8613800000210"].map(str::to_owned);
    let campaign = Campaign::create(&server.rest, json!({}));
    let report = campaign.import_csv(&format!("number\n{}\n", given.join("\n")));
    assert_eq!(report["accepted"], given.len(), "{report}");
    campaign.start();
    campaign.until_list_done(secs(20)).await;
    let seen: Vec<(String, String)> = carrier.read(|log| {
        let calls = log.calls().iter();
        calls
            .map(|c| (c.number.clone(), c.caller_id.clone()))
            .collect()
    });
    let wanted = given.map(|number| (number, "075586013388".to_owned()));
    assert_eq!(
        seen, wanted,
        "callee and caller ID as list and configuration have them"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keepalive_sends_options_and_silence_makes_a_trunk_doubtful_only() {
    let work = Work::new("options");
    let port = ports::free();
    let sipp = SippOptions::new("options", "options.xml")
        .port(port)
        .start(&work)
        .await;
    let trunk = TrunkLines::new("carrier", &sipp.uri()).with("keepalive_s = 1");
    let (server, _team) = server(&work, 2, Config::new().trunk(trunk)).await;
    until("SIPp answered OPTIONS", secs(10), || {
        match sipp.counts().of("options") {
            n if n >= 2 => Ok(()),
            n => Err(format!("{n} OPTIONS")),
        }
    })
    .await;
    assert_eq!(trunk_health(&server, "carrier"), "up");
    sipp.kill();
    until("the trunk is doubtful", secs(60), || {
        match trunk_health(&server, "carrier") {
            health if health == "doubtful" => Ok(()),
            health => Err(health),
        }
    })
    .await;
    // A carrier at the same address that takes calls and ignores OPTIONS: calls still go there.
    let talker = Planner::same(CalleePlan::answer().talk(ms(200)));
    let listen = ([127, 0, 0, 1], port).into();
    let options = CarrierOptions {
        listen,
        ..CarrierOptions::new(talker)
    };
    let carrier = Carrier::start(options).await.unwrap();
    carrier.set_answers_options(false);
    let campaign = call(&server, &list::mixed(&[(0, 4)])).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 4)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_wants_a_registration_gets_one() {
    let work = Work::new("registration");
    let account = Credentials::new("outdial", "s3cret");
    let challenge = CalleePlan::answer()
        .talk(ms(200))
        .challenge(407, "carrier", account.clone());
    let options = CarrierOptions {
        accounts: vec![account],
        ..CarrierOptions::new(Planner::same(challenge))
    };
    let carrier = Carrier::start(options).await.unwrap();
    let trunk = TrunkLines::new("carrier", &carrier.uri())
        .with("keepalive_s = 0\nregister = true\nusername = \"outdial\"\npassword = \"s3cret\"");
    let (server, _team) = server(&work, 2, Config::new().trunk(trunk)).await;
    until("the trunk is registered", secs(15), || {
        carrier
            .binding("outdial")
            .map(|_| ())
            .ok_or_else(|| "no binding".to_owned())
    })
    .await;
    let campaign = call(&server, &list::mixed(&[(0, 4)])).await;
    assert_eq!(campaign.outcomes(), [("answered".to_owned(), 4)].into());
    assert_eq!(carrier.violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_a_second_are_shaped_evenly_and_lines_are_never_overbooked() {
    let work = Work::new("shape");
    let busy = Planner::same(CalleePlan::refuse(486).ring_time(ms(500)));
    let carrier = Carrier::start(CarrierOptions::new(busy)).await.unwrap();
    let trunk = TrunkLines::new("carrier", &carrier.uri())
        .with("keepalive_s = 0\ncalls_per_second = 10\nmax_calls = 4");
    let (server, _team) = server(&work, 8, Config::new().trunk(trunk)).await;
    call(&server, &list::mixed(&[(10, 60)])).await;
    carrier.read(|log| {
        assert!(
            log.peak_calls_per_second() <= 11,
            "{} in a second",
            log.peak_calls_per_second()
        );
        assert!(most_open(log) <= 4, "{} calls at once", most_open(log));
        assert_eq!(log.count(), 60);
    });
}
