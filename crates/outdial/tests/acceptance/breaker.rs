//! The trunk breaker: a carrier that from one call on says 404 to everything.

use crate::harness::{Campaign, Config, Server, Sipp, SippOptions, Team, Work, list, secs, until};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Calls before the carrier changes.
const GOOD_CALLS: usize = 120;
/// Within so many calls after the change dialing has to stop.
const STOPS_WITHIN: u64 = 30;

struct Blocked {
    work: Work,
    team: Team,
    server: Server,
    campaign: Campaign,
    sipp: Sipp,
    numbers: Vec<String>,
}

/// A campaign whose trunk blocks in the middle, at the moment when the breaker has stopped it.
async fn blocked(name: &str) -> Blocked {
    let work = Work::new(name);
    let sipp = SippOptions::carrier("blocks")
        .with("good_calls", GOOD_CALLS + 1)
        .start(&work)
        .await;
    let team = Team::start(8, |phone| phone).await;
    let config = Config::new().carrier(&sipp.uri()).agents(team.agents());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({ "name": name }));
    let numbers = list::mixed(&[(0, 180), (10, 50), (30, 10)]);
    campaign.import(&numbers);
    campaign.start();
    campaign.until_not_dialing(&["breaker"], secs(60)).await;
    let stats = campaign
        .until("calls in flight have ended", secs(15), |stats| {
            stats["calls_now"]["ringing"] == 0 && stats["calls_now"]["talking"] == 0
        })
        .await;
    assert_eq!(stats["state"], "running", "{stats}");
    Blocked {
        work,
        team,
        server,
        campaign,
        sipp,
        numbers,
    }
}

fn breakers(server: &Server) -> Value {
    server.rest.get("trunks").ok("trunks")["items"][0]["breakers"].clone()
}

/// Contacts by number, as far as they are final: number and last outcome.
fn final_contacts(campaign: &Campaign) -> BTreeMap<String, String> {
    let contacts = campaign.contacts();
    let done = contacts.iter().filter(|c| c["state"] == "done");
    done.map(|c| {
        let text = |name: &str| c[name].as_str().unwrap_or_default().to_owned();
        (text("number"), text("last_outcome"))
    })
    .collect()
}

impl Blocked {
    /// Numbers that only got the 404 of the change.
    fn hit(&self) -> BTreeSet<String> {
        let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for attempt in self.campaign.attempts() {
            outcomes
                .entry(attempt.number.clone())
                .or_default()
                .push(attempt.outcome().to_owned());
        }
        let only_invalid = |(number, seen): (String, Vec<String>)| {
            (list::kind_of(&number) != 30 && seen.iter().all(|o| o == "invalid")).then_some(number)
        };
        outcomes.into_iter().filter_map(only_invalid).collect()
    }

    async fn stops_in_time_and_decides_nothing(self) -> Self {
        let hit = self.hit();
        assert!(
            hit.len() as u64 <= STOPS_WITHIN,
            "{} calls after the change",
            hit.len()
        );
        assert!(!hit.is_empty());
        let decided = final_contacts(&self.campaign);
        let wrong: Vec<&String> = hit.iter().filter(|n| decided.contains_key(*n)).collect();
        assert_eq!(wrong, [""; 0], "contacts made final by the block");
        let open = breakers(&self.server);
        assert_eq!(open.as_array().map(Vec::len), Some(1), "{open}");
        assert!(
            open[0]["suspects"].as_u64() >= Some(hit.len() as u64),
            "{open}"
        );
        self
    }

    /// The carrier is well again at the same address.
    async fn carrier_gets_well(self) -> Self {
        let Self {
            work,
            team,
            server,
            campaign,
            sipp,
            numbers,
        } = self;
        let port = sipp.port;
        let theirs = sipp.finish().await;
        assert!(theirs.of("blocked") <= STOPS_WITHIN, "{theirs:?}");
        let sipp = SippOptions::carrier("well").port(port).start(&work).await;
        Self {
            work,
            team,
            server,
            campaign,
            sipp,
            numbers,
        }
    }

    fn resume(&self, suspect: &str) {
        let body = json!({ "suspect": suspect });
        self.server
            .rest
            .post("trunks/carrier/resume", &body)
            .ok("resume");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suspect_results_are_tried_again_once_the_carrier_is_well() {
    let blocked = blocked("breaker-retry")
        .await
        .stops_in_time_and_decides_nothing()
        .await;
    let blocked = blocked.carrier_gets_well().await;
    blocked.resume("retry");
    let stats = blocked.campaign.until_list_done(secs(60)).await;
    assert_eq!(stats["contacts"]["done"], blocked.numbers.len(), "{stats}");
    let decided = final_contacts(&blocked.campaign);
    for number in &blocked.numbers {
        let wanted = match list::kind_of(number) {
            0 => "answered",
            10 => "busy",
            _ => "invalid",
        };
        assert_eq!(decided[number], wanted, "{number}");
    }
    until("the breaker is closed", secs(5), || {
        match breakers(&blocked.server) {
            Value::Array(open) if open.is_empty() => Ok(()),
            open => Err(open.to_string()),
        }
    })
    .await;
    blocked.sipp.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspect_results_stand_when_the_operator_says_so() {
    let blocked = blocked("breaker-keep")
        .await
        .stops_in_time_and_decides_nothing()
        .await;
    let hit = blocked.hit();
    let blocked = blocked.carrier_gets_well().await;
    blocked.resume("keep");
    blocked.campaign.until_list_done(secs(60)).await;
    let decided = final_contacts(&blocked.campaign);
    assert_eq!(decided.len(), blocked.numbers.len());
    for number in &hit {
        assert_eq!(
            decided[number], "invalid",
            "{number} was suspect and is kept"
        );
    }
    let attempts = blocked.campaign.attempts();
    assert_eq!(
        attempts.len(),
        blocked.numbers.len(),
        "nobody was called twice"
    );
    blocked.sipp.finish().await;
}
