//! Part two: whole edits, from the socket to the disk and back, beside a handler that commits a row of
//! the same size through the same store.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bodies;
use crate::clients::{self, Dezhu};
use crate::inside::Inside;
use crate::support::{ADMIN_KEY, Failure, Figures, Metric, say};
use crate::wire::{Connection, request};

/// Share of the bare commit's requests that a whole edit has to reach.
const SHARE_MIN: f64 = 0.5;
const ROUNDS: usize = 7;
const REQUESTS: u64 = 150;

/// A campaign that one API edits.
pub(crate) struct Edited<'d> {
    pub(crate) name: &'static str,
    /// Its second id for Alibaba.
    id: String,
    dezhu: &'d Dezhu,
    now: bool,
    own_name: String,
}

impl<'d> Edited<'d> {
    /// Makes a campaign through an API. One that begins `now` runs once it has contacts.
    pub(crate) fn make(
        connection: &mut Connection,
        name: &'static str,
        dezhu: &'d Dezhu,
        now: bool,
        number: usize,
    ) -> Result<Self, Failure> {
        let own_name = format!("bench {name} {number}");
        let asked = match name {
            "Tencent" => clients::tencent(
                "CreatePredictiveDialingCampaign",
                &bodies::tencent(None, 0)?,
            ),
            "Alibaba" => {
                let mut pairs = bodies::alibaba(0);
                pairs.push(("JobGroupName", own_name.clone()));
                let pairs: Vec<_> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
                clients::alibaba("CreateJobGroup", &pairs)?
            }
            "Huawei" => clients::huawei("POST", "", &bodies::huawei(&own_name, now, 0)?),
            "Dezhu" => dezhu.request(
                "/task/outbound/create",
                &bodies::dezhu(None, &own_name, now, 0)?,
            )?,
            _ => clients::rest("POST", "campaigns", ADMIN_KEY, &bodies::campaign(&own_name)),
        };
        let made = connection.ask(&asked)?.json();
        bodies::succeeded(name, &made)?;
        let places = [
            &made["Response"]["CampaignId"],
            &made["JobGroup"]["JobGroupId"],
            &made["returnObject"]["id"],
            &made["data"],
            &made["id"],
        ];
        let id = places.into_iter().find(|id| !id.is_null()).ok_or("no id")?;
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        if name == "Alibaba" {
            // Only a group that was suspended is edited.
            let pairs = [
                ("InstanceId", clients::INSTANCE),
                ("JobGroupId", &id),
                ("All", "true"),
            ];
            let answer = connection.ask(&clients::alibaba("SuspendJobs", &pairs)?)?;
            bodies::succeeded("SuspendJobs", &answer.json())?;
        }
        Ok(Self {
            name,
            id,
            dezhu,
            now,
            own_name,
        })
    }

    /// Its number in our own API, where the vendor tells that.
    pub(crate) fn number(&self) -> Result<u64, Failure> {
        Ok(self.id.parse()?)
    }

    /// The next edit; each turn differs from the one before.
    pub(crate) fn edit(&self, turn: u64) -> Result<Vec<u8>, Failure> {
        let id = || self.number();
        Ok(match self.name {
            "Tencent" => clients::tencent(
                "UpdatePredictiveDialingCampaign",
                &bodies::tencent(Some(id()?), turn)?,
            ),
            "Alibaba" => {
                let mut pairs = bodies::alibaba(turn);
                pairs.push(("Name", self.own_name.clone()));
                pairs.push(("JobGroupId", self.id.clone()));
                pairs.push(("ScenarioId", "41".to_owned()));
                let pairs: Vec<_> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
                clients::alibaba("ModifyJobGroup", &pairs)?
            }
            "Huawei" => {
                let body = bodies::huawei(&self.own_name, self.now, turn)?;
                clients::huawei("PUT", &format!("/{}", id()?), &body)
            }
            "Dezhu" => {
                let body = bodies::dezhu(Some(id()?), &self.own_name, self.now, turn)?;
                self.dezhu.request("/task/outbound/edit", &body)?
            }
            _ => {
                let path = format!("campaigns/{}", id()?);
                clients::rest("PATCH", &path, ADMIN_KEY, &bodies::patch(turn))
            }
        })
    }
}

pub(crate) const APIS: [&str; 5] = ["Tencent", "Alibaba", "Huawei", "Dezhu", "PATCH"];

pub(crate) fn measure(
    inside: &Inside,
    dezhu: &Dezhu,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let mut connection = Connection::open(inside.address)?;
    for (made, name) in APIS.into_iter().enumerate() {
        let campaign = Edited::make(&mut connection, name, dezhu, false, 0)?;
        bodies::succeeded(name, &connection.ask(&campaign.edit(1)?)?.json())?;
        let row = row_of(inside, made)?;
        let commit = request(
            "POST",
            &format!("/bench/commit/{row}"),
            &[
                ("host", clients::HOST),
                ("content-type", "application/json"),
            ],
            b"{}",
        );
        let (mut commits, mut edits) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS as u64 {
            let bare: Vec<_> = (0..REQUESTS).map(|_| commit.clone()).collect();
            let turns = round * REQUESTS + 2..(round + 1) * REQUESTS + 2;
            let whole: Vec<_> = turns
                .map(|turn| campaign.edit(turn))
                .collect::<Result<_, _>>()?;
            // In turns; the first round warms up.
            let (bare, whole) = (
                rate(&mut connection, "", &bare)?,
                rate(&mut connection, name, &whole)?,
            );
            if round > 0 {
                commits.push(bare);
                edits.push(whole);
            }
        }
        let (commits, edits) = (median(commits), median(edits));
        say(&format!(
            "{name}: {edits:.0} edits/s, {commits:.0} commits/s of {row} bytes"
        ));
        figures.add(
            Metric::new(&format!("whole edits one after another, {name}"), edits, "edits/s").at_least(
                SHARE_MIN * commits,
                format!("50 % of {commits:.0} bare commits/s of a row of {row} bytes; median of {ROUNDS} rounds in turns"),
            ),
        );
    }
    Ok(())
}

/// Bytes of the row that the newest campaign's last edit has left.
fn row_of(inside: &Inside, before: usize) -> Result<usize, Failure> {
    let service = &inside.service;
    let tenant = service
        .tenant_named("acme")
        .ok_or("the tenant is not there")?
        .id;
    let caller = service.insider(tenant);
    let id = outdial_domain::CampaignId::new(u32::try_from(before)? + 1)?;
    let revisions = inside.wait(service.revisions(&caller, id))?;
    let last = revisions.last().ok_or("a campaign without revisions")?;
    let stored = json!([last.settings, last.changes, last.author]);
    let told = json!({ "campaign": before, "revision": 1, "author": last.author });
    Ok(stored.to_string().len() + told.to_string().len())
}

fn rate(connection: &mut Connection, name: &str, requests: &[Vec<u8>]) -> Result<f64, Failure> {
    let began = Instant::now();
    for request in requests {
        let answer = connection.ask(request)?;
        let json: Value = answer.json();
        if answer.status >= 300 {
            return Err(format!("{name}: {json}").into());
        }
        bodies::succeeded(name, &json)?;
    }
    Ok(requests.len() as f64 / began.elapsed().max(Duration::from_nanos(1)).as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
