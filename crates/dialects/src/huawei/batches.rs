//! Batches of call data: a name under which numbers are added to a campaign.
//!
//! Numbers of a batch are dialed like all others of their campaign: there is no holding back of some of
//! them. So a batch that is suspended takes no numbers, and one that has taken some is not suspended; both
//! are said, and nothing is dialed that should not be.

use outdial_domain::CampaignId;
use outdial_service::Note;
use outdial_service::views::PageRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::campaign::campaign_of;
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};

/// Where a record keeps its batch.
pub(super) const BATCH_ID: &str = "batchId";

/// Most batches of a campaign. Source: the page about adding a batch.
const BATCHES_MAX: usize = 100;

/// What a batch's name may not have. Source: as above.
const FORBIDDEN: &str = "<>!@#$%^&*?;\"~/\\";

/// A batch as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Batch {
    name: String,
    /// 1 started, 2 suspended.
    status: i64,
}

/// The kind of the notes that hold the batches of a campaign, by their ids.
fn kind(campaign: CampaignId) -> String {
    format!("batches of {campaign}")
}

/// The batches of a campaign, oldest first.
async fn batches(call: &Call, campaign: CampaignId) -> Result<Vec<(String, Batch)>, Fault> {
    let notes = call.service.notes(&call.caller, &kind(campaign)).await?;
    let read = |note: Note| {
        let batch = serde_json::from_str(note.data.as_deref()?).ok()?;
        Some((note.key, batch))
    };
    Ok(notes.into_iter().filter_map(read).collect())
}

async fn write(call: &Call, campaign: CampaignId, id: &str, batch: &Batch) -> Result<(), Fault> {
    let note = Note {
        kind: kind(campaign),
        key: id.to_owned(),
        // Plain data always becomes JSON.
        data: serde_json::to_string(batch).ok(),
    };
    Ok(call.service.write_notes(&call.caller, vec![note]).await?)
}

fn unknown() -> Fault {
    Fault::business("03000004", "the batch does not exist")
}

/// Checks that numbers may be added to a batch.
///
/// # Errors
/// `03000004` for one that does not exist, `0200001` for one that is suspended.
pub(super) async fn check_open(call: &Call, campaign: CampaignId, id: &str) -> Result<(), Fault> {
    let batches = batches(call, campaign).await?;
    match batches.iter().find(|(own, _)| own == id) {
        None => Err(unknown()),
        Some((_, batch)) if batch.status == 1 => Ok(()),
        Some(_) => {
            let text =
                "batchId: the batch is suspended and takes no numbers; create it with status 1";
            Err(Fault::business("0200001", text))
        }
    }
}

/// `POST …/callbatch/{campaignId}/create`. Source: the CC-iSales page "Adding an Outbound Call Batch".
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let name = fields.text_up_to("name", 255)?;
    let name = fields.required("name", name)?;
    if name.contains(|c: char| FORBIDDEN.contains(c) || c.is_control()) {
        let problem = "has control characters or one of <>!@#$%^&*?;\"~/\\";
        return Err(fields.fault(FieldFault::Characters, "name", problem));
    }
    let status = fields.integer_in("status", 1..=2)?.unwrap_or(2);
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let campaign = campaign_of(&call).await?;
    let known = batches(&call, campaign.id).await?;
    if known.iter().any(|(_, batch)| batch.name == name) {
        return Err(fields.fault(FieldFault::Value, "name", "another batch has it"));
    }
    if known.len() >= BATCHES_MAX {
        let text = format!("a campaign has at most {BATCHES_MAX} batches");
        return Err(Fault::business("0200001", text));
    }
    // 30 digits, as the vendor's are: when, where, which.
    let (made, number) = (call.now.millis().max(0), known.len() + 1);
    let id = format!("{made:013}{:010}{number:07}", campaign.id.number());
    write(&call, campaign.id, &id, &Batch { name, status }).await?;
    Ok(Answer::with(
        "success",
        [("returnObject", json!({"id": id}))],
    ))
}

/// `POST …/callbatch/{campaignId}/pause`. Source: the CC-iSales page "Suspending an Outbound Call Batch".
pub(super) async fn pause(call: Call) -> Result<Answer, Fault> {
    let id = call.body.text("id")?;
    let id = call.body.required("id", id)?;
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    // Nobody adds numbers between the look and the change.
    let _uploads = desk.uploads.lock().await;
    let campaign = campaign_of(&call).await?;
    let known = batches(&call, campaign.id).await?;
    let found = known.into_iter().find(|(own, _)| *own == id);
    let (id, batch) = found.ok_or_else(unknown)?;
    if batch.status == 2 {
        return Err(Fault::business(
            "03000006",
            "the batch is suspended already",
        ));
    }
    if has_waiting(&call, campaign.id, &id).await? {
        let text =
            "numbers of a batch cannot be held back while others are dialed: suspend the campaign";
        return Err(Fault::business("03000002", text));
    }
    write(&call, campaign.id, &id, &Batch { status: 2, ..batch }).await?;
    Ok(Answer::with("success", []))
}

/// Whether a batch has records that are not final.
async fn has_waiting(call: &Call, campaign: CampaignId, id: &str) -> Result<bool, Fault> {
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let page = call.service.contacts(&call.caller, campaign, page).await?;
        let waits = |contact: &outdial_domain::Contact| {
            contact.state != outdial_domain::ContactState::Done
                && contact
                    .attributes
                    .get(BATCH_ID)
                    .is_some_and(|own| own == id)
        };
        if page.items.iter().any(waits) {
            return Ok(true);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(false);
        }
    }
}

/// `GET …/callbatch/{campaignId}/list`, with a body. Source: the CC-iSales page "Querying an Outbound
/// Campaign Batch".
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let status = fields.integer_in("status", 1..=2)?;
    let name = fields.text_up_to("name", 255)?.unwrap_or_default();
    let offset = fields.integer_in("offset", 0..=i64::from(i32::MAX))?;
    let offset = fields.required("offset", offset)?;
    let limit = fields.integer_in("limit", 1..=1_000)?;
    let limit = fields.required("limit", limit)?;
    let campaign = campaign_of(&call).await?;
    let mut found = batches(&call, campaign.id).await?;
    found.retain(|(_, batch)| {
        status.is_none_or(|status| batch.status == status) && batch.name.contains(&name)
    });
    let rows = found
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(0));
    let data: Vec<Value> = rows
        .map(|(id, batch)| json!({"id": id, "name": batch.name, "status": batch.status}))
        .collect();
    let total = json!(found.len());
    Ok(Answer::with(
        "query success",
        [("totalCount", total), ("data", json!(data))],
    ))
}
