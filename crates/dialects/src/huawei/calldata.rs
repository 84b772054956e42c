//! Call data: numbers are added to a campaign, and one record is looked at.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{CampaignId, ContactId, NewContact, PhoneNumber};
use serde_json::{Value, json};

use super::batches::{BATCH_ID, check_open};
use super::campaign::{Names, campaign_of, phone_number, status};
use super::fault::{Fault, FieldFault};
use super::outcomes::properties;
use super::routes::{Answer, Call};
use super::time::Zone;
use super::wire::Fields;

/// Most records of a request. Source: the page about adding numbers.
const RECORDS_MAX: usize = 20;

/// Most unfinished records of a campaign. Source: as above.
const UNFINISHED_MAX: u64 = 200_000;

/// Where a record keeps what the engine does not read.
pub(super) const CUSTOM_FIELD: &str = "customField";

/// A record of a request.
struct Record {
    called: String,
    contact: NewContact,
}

impl Record {
    fn read(fields: &Fields, names: &Names, zone: &Zone) -> Result<Self, Fault> {
        let session = fields.text_up_to("sessionId", 32)?;
        let called = phone_number(fields, "called")?;
        let called = fields.required("called", called)?;
        let caller = phone_number(fields, "caller")?;
        let custom = fields.text_up_to(CUSTOM_FIELD, 200)?;
        let recycle = fields.text("recycleTime")?;
        if recycle
            .as_deref()
            .is_some_and(|text| zone.parse(text).is_none())
        {
            let text = "recycleTime: is not a time such as 2026-01-15 08:30:00";
            return Err(Fault::business("0200030", text));
        }
        let data = fields.text_up_to("callData", 1024)?;
        let number = names.number(&called).ok_or_else(|| {
            fields.fault(
                FieldFault::Value,
                "called",
                "is no number that can be called",
            )
        })?;
        let further = [
            ("caller", caller),
            (CUSTOM_FIELD, custom),
            ("recycleTime", recycle),
            ("callData", data),
        ];
        let further = further.into_iter();
        let attributes: BTreeMap<String, String> = further
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        let contact = NewContact {
            external_id: session,
            attributes,
            ..NewContact::with_number(number)
        };
        Ok(Self { called, contact })
    }
}

/// `POST …/calldata/{campaignId}`: all records or none. Source: the CC-iSales page of the operation.
pub(super) async fn add(call: Call) -> Result<Answer, Fault> {
    let records = call.body.objects("callDataList")?;
    let records = records.filter(|records| !records.is_empty());
    let records = call.body.required("callDataList", records)?;
    if records.len() > RECORDS_MAX {
        let text = format!("callDataList: has more than {RECORDS_MAX} elements");
        return Err(Fault::business("0200029", text));
    }
    let batch = call.body.text_up_to(BATCH_ID, 32)?;
    let (names, zone) = (Names::of(&call).await?, Zone::of(&call)?);
    let records = records
        .iter()
        .map(|record| Record::read(record, &names, &zone));
    let mut records: Vec<Record> = records.collect::<Result<_, _>>()?;
    let mut numbers = BTreeSet::new();
    if !records
        .iter()
        .all(|record| numbers.insert(record.contact.numbers.clone()))
    {
        let text = "callDataList: a number stands twice";
        return Err(Fault::business("0200018", text));
    }
    let campaign = campaign_of(&call).await?;
    if status(&campaign, call.now) == 4 {
        let text = "the campaign has ended and takes no more numbers";
        return Err(Fault::business("0200019", text));
    }
    for record in &records {
        for number in &record.contact.numbers {
            if call
                .service
                .listed_number(&call.caller, *number)
                .await?
                .is_some()
            {
                let text = "callDataList: a number is on the block list";
                return Err(Fault::business("0200024", text));
            }
        }
    }
    // Also holds other uploads to the tenant's campaigns back, so that a record is the last of its number.
    let desk = call.desk.clone();
    let mut uploads = desk.uploads.lock().await;
    let spacing = i64::from(call.calldata_spacing_s) * 1000;
    uploads.retain(|_, last| call.now.millis().saturating_sub(last.millis()) < spacing);
    if uploads.contains_key(&campaign.id) {
        let text = "numbers were added to this campaign a moment ago";
        return Err(Fault::business("0200022", text));
    }
    if let Some(batch) = batch {
        check_open(&call, campaign.id, &batch).await?;
        for record in &mut records {
            let attributes = &mut record.contact.attributes;
            attributes.insert(BATCH_ID.to_owned(), batch.clone());
        }
    }
    uploads.insert(campaign.id, call.now);
    let unfinished = unfinished(&call, campaign.id).await?;
    if unfinished + records.len() as u64 > UNFINISHED_MAX {
        let text = format!("a campaign has at most {UNFINISHED_MAX} unfinished numbers");
        return Err(Fault::business("0200020", text));
    }
    let list = take(&call, campaign.id, records).await?;
    let total = self::unfinished(&call, campaign.id).await?;
    let object = json!({"totalSize": total, "dataIdList": list});
    Ok(Answer::with(
        "create data succeeded",
        [("returnObject", object)],
    ))
}

async fn unfinished(call: &Call, id: CampaignId) -> Result<u64, Fault> {
    let contacts = call.service.stats(&call.caller, id).await?.contacts;
    Ok(contacts.waiting + contacts.in_progress)
}

/// Adds the records, and answers each with the id that it got.
async fn take(call: &Call, id: CampaignId, records: Vec<Record>) -> Result<Vec<Value>, Fault> {
    let (service, caller) = (&call.service, &call.caller);
    let mut import = service.import_contacts(caller, id, false).await?;
    let (called, contacts): (Vec<(String, PhoneNumber)>, Vec<NewContact>) = records
        .into_iter()
        .filter_map(|record| {
            let number = *record.contact.numbers.first()?;
            Some(((record.called, number), record.contact))
        })
        .unzip();
    import.push(contacts).await?;
    import.finish().await?;
    let mut list = Vec::new();
    for (called, number) in called {
        let contacts = service.contacts_with_number(caller, id, number).await?;
        let last = contacts.iter().map(|contact| contact.id.number()).max();
        let data_id = last.unwrap_or_default().to_string();
        list.push(json!({"called": called, "dataId": data_id}));
    }
    Ok(list)
}

/// `GET …/calldata/{campaignId}/{dataId}`. Source: the CC-iSales page of the operation.
pub(super) async fn show(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await?;
    let id = ContactId::new(call.number(1));
    let contact = call.service.contact(&call.caller, campaign.id, id).await?;
    let numbers = contact.numbers.iter();
    let numbers: Vec<Value> = numbers
        .map(|number| json!({"calledNo": number.given(), "type": ""}))
        .collect();
    let data = json!({
        "dataId": id.number().to_string(),
        "properties": properties(&call, id).await?,
        "calledNos": numbers,
    });
    Ok(Answer::with("query success", [("data", data)]))
}
