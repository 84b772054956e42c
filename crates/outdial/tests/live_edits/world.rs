//! One tenant of all four vendors: its server, its carrier, its agents, and a client for each API.

use crate::clients::{self, Alibaba, Dezhu, DezhuKey, Huawei, Tencent, now_ms};
use crate::harness::config::CALLER_ID;
use crate::harness::{Campaign, Config, Rest, Server, Team, TrunkLines, Work, list, secs, until};
use outdial_peers::{Carrier, CarrierOptions, Planner};
use serde_json::Value;

/// Numbers of the tenant that can be shown, the first of them as Tencent writes it.
pub(crate) const SHOWN: [&str; 8] = [
    CALLER_ID,
    "075586013389",
    "02066668888",
    "01088886666",
    "057185022088",
    "4008013260",
    "13800009999",
    "10085",
];

/// The number group of all numbers but the first.
pub(crate) const MIXED_GROUP: &str = "1070678044124225";

/// The tenant's flow, which is Alibaba's script.
pub(crate) const FLOW: u64 = 4600;

/// What a world is made of beside the defaults.
pub(crate) struct Plan {
    pub(crate) planner: Planner,
    pub(crate) agents: usize,
    /// Calls at once of the trunk; `None` = any.
    pub(crate) lines: Option<u32>,
    /// Where flow and script are.
    pub(crate) flow: String,
    /// Further lines of the tenant's table.
    pub(crate) tenant: String,
}

impl Plan {
    pub(crate) fn new(planner: Planner) -> Self {
        Self {
            planner,
            agents: 0,
            lines: None,
            flow: "sip:nobody@127.0.0.1:9".to_owned(),
            tenant: String::new(),
        }
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) carrier: Carrier,
    pub(crate) tencent: Tencent,
    pub(crate) alibaba: Alibaba,
    pub(crate) huawei: Huawei,
    pub(crate) dezhu: Dezhu,
    /// Keeps their phones connected.
    _team: Team,
    /// Last, so that its files outlive the server.
    _work: Work,
}

impl World {
    pub(crate) async fn start(name: &str, plan: Plan) -> Self {
        the_day_goes_on().await;
        let work = Work::new(name);
        let carrier = Carrier::start(CarrierOptions::new(plan.planner))
            .await
            .unwrap();
        let team = Team::start(plan.agents, |phone| phone).await;
        let key = DezhuKey::new(&work);
        let mut trunk = TrunkLines::new("carrier", &carrier.uri()).with("keepalive_s = 0");
        if let Some(lines) = plan.lines {
            trunk = trunk.with(&format!("max_calls = {lines}"));
        }
        let numbers = |numbers: &[&str]| format!("{numbers:?}");
        let mut tenant = format!("caller_ids = {}\n", numbers(&SHOWN));
        tenant.push_str(&clients::lines(&key));
        tenant.push_str(&format!(
            "[[tenant.flow]]\nid = {FLOW}\nname = \"script\"\nuri = \"{}\"\naliases = [\"{}\"]\n",
            plan.flow,
            clients::SCRIPT
        ));
        let mut group = |id: &str, list: &[&str]| {
            let list = numbers(list);
            tenant.push_str(&format!(
                "[[tenant.number_group]]\nid = \"{id}\"\ncaller_ids = {list}\n"
            ));
        };
        group(MIXED_GROUP, &SHOWN[1..]);
        // A group for each number, so that a task can show just that one.
        for number in SHOWN {
            group(number, &[number]);
        }
        tenant.push_str(&plan.tenant);
        let config = Config::new()
            .trunk(trunk)
            .agents(team.agents())
            .tenant(&tenant);
        let server = Server::start(&work, &config).await;
        team.ready(&server.rest).await;
        let http = server.http;
        Self {
            tencent: Tencent::new(http),
            alibaba: Alibaba::new(http),
            huawei: Huawei::new(http),
            dezhu: Dezhu::new(http, key),
            server,
            carrier,
            _team: team,
            _work: work,
        }
    }

    pub(crate) fn rest(&self) -> &Rest {
        &self.server.rest
    }

    /// A campaign that was made through any API, as our own shows it.
    pub(crate) fn campaign(&self, id: u64) -> Campaign {
        Campaign::of(self.rest(), id)
    }

    /// The id of the campaign with this second id.
    pub(crate) fn by_uuid(&self, uuid: &str) -> u64 {
        let all = self.rest().all("campaigns");
        let found = all.iter().find(|campaign| campaign["uuid"] == uuid);
        found.expect("a campaign has this uuid")["id"]
            .as_u64()
            .unwrap()
    }

    /// Every revision, with its settings.
    pub(crate) fn revisions(&self, campaign: u64) -> Vec<Value> {
        self.rest().all(&format!("campaigns/{campaign}/revisions"))
    }
}

/// So many numbers from the n-th on.
pub(crate) fn numbers(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|n| list::number(n, 0)).collect()
}

/// Waits out the last minutes of the tenant's day: no vendor's windows reach to its very end.
async fn the_day_goes_on() {
    until("the last minutes of the day are over", secs(300), || {
        let minute = (now_ms() / 60_000 + 8 * 60) % (24 * 60);
        let left = 24 * 60 - minute;
        (left > 3).then_some(()).ok_or(format!("{left} minutes"))
    })
    .await;
}

/// Hours of the day in which it is not now, nor will be soon: local time is that of Shanghai.
pub(crate) fn other_half_of_the_day() -> (&'static str, &'static str) {
    let hour = (now_ms() / 3_600_000 + 8) % 24;
    match hour {
        6..18 => ("22:00", "23:00"),
        _ => ("11:00", "12:00"),
    }
}
