//! Today's counts of the tenant's campaigns, and of the batches in them. Source: the CC-iSales page
//! "Collecting Outbound Call Statistics on the Current Day" (V2); a batch is a `customField`.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use outdial_domain::{Campaign, ContactId, ContactState, Outcome, Timestamp};
use serde_json::{Map, Value, json};

use super::calldata::CUSTOM_FIELD;
use super::campaign::{all_campaigns, campaign_id};
use super::fault::{Fault, FieldFault};
use super::results::{ended, records};
use super::routes::{Answer, Call};
use super::time::Zone;

/// So long the same question is not asked again. Source: as above.
const SPACING_MS: i64 = 300_000;

/// What is counted of a campaign or of a batch in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Records that were never called.
    uncalled: u64,
    records: u64,
    finished: u64,
    calls: u64,
    answered: u64,
    calls_today: u64,
    answered_today: u64,
    /// Records whose last call of today made them final.
    finished_today: u64,
    called_today: BTreeSet<ContactId>,
}

impl Counts {
    fn shown(&self, name: &str, id: &str) -> Map<String, Value> {
        let today = self.uncalled + self.called_today.len() as u64;
        let counts = [
            ("unCallCount", self.uncalled),
            ("calledCount", self.calls_today),
            ("finishCount", self.finished),
            ("totalCount", self.records),
            ("totalCalledCount", self.calls),
            ("totalCallSucc", self.answered),
            ("totalFinishCount", self.finished),
            ("dailyCount", today),
            ("dailyCalledCount", self.calls_today),
            ("dailyCallSucc", self.answered_today),
            ("dailyFinishCount", self.finished_today),
        ];
        let counts = counts.map(|(name, count)| (name.to_owned(), count.into()));
        let mut shown: Map<String, Value> = counts.into_iter().collect();
        shown.insert(name.to_owned(), id.into());
        shown
    }
}

/// `GET …/statistics` below `/v2/`.
pub(super) async fn today(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let id = call.query.integer("campaignId")?;
    let batch = call.query.text_up_to("batchId", 200)?;
    if batch.is_some() && id.is_none() {
        let problem = "goes with batchId and is missing";
        return Err(Fault::field(FieldFault::Combination, "campaignId", problem));
    }
    let campaigns = match id {
        None => all_campaigns(&call).await?,
        Some(id) => {
            let id = campaign_id(u64::try_from(id).unwrap_or(0))?;
            vec![call.service.campaign(&call.caller, id).await?]
        }
    };
    let desk = call.desk.clone();
    let mut asked = desk.statistics.lock().await;
    let now = call.now;
    asked.retain(|_, last| now.millis().saturating_sub(last.millis()) < SPACING_MS);
    let question = (id, batch.clone());
    if asked.contains_key(&question) {
        let text = "the same statistics are asked for once in five minutes";
        return Err(Fault::http(StatusCode::TOO_MANY_REQUESTS, text));
    }
    let mut details = Vec::new();
    for campaign in &campaigns {
        details.push(count(&call, campaign, batch.as_deref(), zone.midnight(now)).await?);
    }
    // Only what was answered counts: a question that failed may be asked again.
    asked.insert(question, now);
    Ok(Answer::with("success", [("countDetail", json!(details))]))
}

async fn count(
    call: &Call,
    campaign: &Campaign,
    batch: Option<&str>,
    midnight: Timestamp,
) -> Result<Value, Fault> {
    // Calls first: a call that ends meanwhile has its record by then.
    let attempts = ended(call, campaign.id).await?;
    let records = records(call, campaign.id).await?;
    let mut all = Counts::default();
    let mut batches: BTreeMap<String, Counts> = BTreeMap::new();
    let batch_of = |contact: &ContactId| {
        let contact = records.get(contact)?;
        contact.attributes.get(CUSTOM_FIELD).cloned()
    };
    for contact in records.values() {
        let own = batch_of(&contact.id);
        for counts in both(&mut all, &mut batches, own) {
            counts.records += 1;
            counts.uncalled += u64::from(contact.history.dialed == 0);
            counts.finished += u64::from(contact.state == ContactState::Done);
        }
    }
    let last: BTreeMap<ContactId, _> = attempts.iter().map(|a| (a.contact, a.id)).collect();
    for attempt in &attempts {
        let today = attempt.started_at >= midnight;
        let answered = attempt.outcome == Some(Outcome::Answered);
        let is_final = records
            .get(&attempt.contact)
            .is_some_and(|contact| contact.state == ContactState::Done)
            && last.get(&attempt.contact) == Some(&attempt.id);
        let own = batch_of(&attempt.contact);
        for counts in both(&mut all, &mut batches, own) {
            counts.calls += 1;
            counts.answered += u64::from(answered);
            if today {
                counts.calls_today += 1;
                counts.answered_today += u64::from(answered);
                counts.finished_today += u64::from(is_final);
                counts.called_today.insert(attempt.contact);
            }
        }
    }
    let mut shown = all.shown("campaignId", &campaign.id.to_string());
    let wanted = |name: &String| batch.is_none_or(|batch| batch == name);
    let detail = batches.iter().filter(|(name, _)| wanted(name));
    let detail: Vec<_> = detail
        .map(|(name, counts)| counts.shown("batchId", name))
        .collect();
    shown.insert("batchDetail".to_owned(), json!(detail));
    Ok(Value::Object(shown))
}

/// The counts of the campaign, and those of a record's batch.
fn both<'c>(
    all: &'c mut Counts,
    batches: &'c mut BTreeMap<String, Counts>,
    batch: Option<String>,
) -> impl Iterator<Item = &'c mut Counts> {
    let batch = batch.map(|batch| batches.entry(batch).or_default());
    std::iter::once(all).chain(batch)
}
