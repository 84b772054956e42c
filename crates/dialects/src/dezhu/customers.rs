//! 名单: the customers of a task, each with numbers.
//!
//! Source: "追加名单". The table between a customer's batch and its numbers is empty on that page, so the
//! numbers are looked for under every name that a list can have.

use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{
    CampaignState, Contact, Country, EndReason, LifeCycleCommand, NewContact, Origin, Outcome,
    PhoneNumber,
};
use outdial_service::views::PageRequest;
use serde_json::{Value, json};

use super::fault::Fault;
use super::page::Paging;
use super::period::clock;
use super::routes::Call;
use super::task::{IDENTIFY_DEFAULT, Surroundings, stored, task_id};
use super::wire::Fields;

/// Most customers of one call.
const CALL_MAX: usize = 1000;
/// Most customers of a task.
pub(super) const CUSTOMERS_MAX: usize = 20_000;
/// Most numbers of a customer; the page has no limit.
const NUMBERS_MAX: usize = 20;

/// Names that the list of a customer's numbers is likely to have.
const NUMBER_LISTS: [&str; 6] = [
    "phoneRelationVoList",
    "phoneRelationVos",
    "phoneRelations",
    "phoneList",
    "phones",
    "mobiles",
];

/// 追加名单. The form of the answer is ours: its page is not public.
pub(super) async fn append_customers(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    let campaign = call.service.campaign(&call.caller, id).await?;
    let country = call.service.tenant(call.caller.tenant)?.default_country;
    let contacts = read(&call.body, &stored(&campaign).identify(), country)?;
    let contacts = call.body.required("outBoundCustomers", contacts)?;
    if let CampaignState::Ended(reason) = campaign.state {
        let over = campaign.settings.calendar.is_over(call.now);
        if over || reason != EndReason::ListDone {
            return Err(Fault::failed("taskStatus"));
        }
    }
    let some = !contacts.is_empty();
    call.service
        .append_contacts(&call.caller, id, contacts, CUSTOMERS_MAX)
        .await?;
    // A task that was made without customers starts with its first ones.
    if some && campaign.state == CampaignState::Draft && campaign.origin == Origin::Dezhu {
        call.service
            .command_campaign(&call.caller, id, LifeCycleCommand::Start)
            .await?;
    }
    Ok(Value::Bool(true))
}

/// The customers of a task with what became of them. Path and answer are ours.
pub(super) async fn list_customers(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.query)?;
    let wanted = call.query.integer_in("callResult", 0..=10)?;
    let paging = Paging::read(&call.query)?;
    let around = Surroundings::of(&call).await?;
    let mut found = Vec::new();
    let mut page = PageRequest {
        cursor: None,
        limit: Some(1000),
    };
    loop {
        let part = call
            .service
            .contacts(&call.caller, id, page.clone())
            .await?;
        let fits = |contact: &Contact| {
            wanted.is_none_or(|wanted| wanted == result_of(contact.last_outcome))
        };
        found.extend(part.items.into_iter().filter(fits));
        page.cursor = part.next_cursor;
        if page.cursor.is_none() {
            break;
        }
    }
    let list: Vec<Value> = paging
        .of(&found)
        .iter()
        .map(|contact| shown(contact, &around.zone))
        .collect();
    Ok(json!({"total": found.len(), "list": list}))
}

fn shown(contact: &Contact, zone: &str) -> Value {
    let numbers = contact.numbers.iter().enumerate();
    let numbers: Vec<Value> = numbers
        .map(|(index, number)| {
            let relation = contact.attributes.get(&relation_name(index));
            json!({"mobile": number.given(), "relation": relation})
        })
        .collect();
    let resting = contact.state == outdial_domain::ContactState::Resting;
    json!({
        "name": contact.attributes.get("name"),
        "desc": contact.attributes.get("desc"),
        "externalCustomerId": contact.external_id,
        "externalData": contact.attributes.get("externalData"),
        "phoneRelationVoList": numbers,
        "callResult": result_of(contact.last_outcome),
        "callTimes": contact.history.dialed,
        "finished": contact.state == outdial_domain::ContactState::Done,
        "nextCallTime": clock(resting.then_some(contact.not_before), zone),
    })
}

/// `callResult` as far as an outcome alone tells it.
pub(super) fn result_of(outcome: Option<Outcome>) -> i64 {
    match outcome {
        None | Some(Outcome::Failed | Outcome::Cancelled | Outcome::Unknown) => 0,
        Some(Outcome::Answered) => 2,
        Some(Outcome::NoAnswer) => 3,
        Some(Outcome::Abandoned) => 4,
        Some(
            Outcome::Machine
            | Outcome::Busy
            | Outcome::Unreachable
            | Outcome::PoweredOff
            | Outcome::OutOfService
            | Outcome::InArrears
            | Outcome::Invalid
            | Outcome::Rejected
            | Outcome::Congestion
            | Outcome::NetworkError,
        ) => 1,
    }
}

/// Under which name a number's `relation` is kept.
pub(super) fn relation_name(index: usize) -> String {
    match index {
        0 => "relation".to_owned(),
        index => format!("relation{}", index + 1),
    }
}

/// Reads `outBoundCustomers`; `None` when it is not there.
pub(super) fn read(
    body: &Fields,
    identify: &str,
    country: Country,
) -> Result<Option<Vec<NewContact>>, Fault> {
    const LIST: &str = "outBoundCustomers";
    let Some(customers) = body.objects(LIST)? else {
        return Ok(None);
    };
    if customers.len() > CALL_MAX {
        return Err(body.wrong(LIST));
    }
    let mut keys = BTreeSet::new();
    let mut contacts = Vec::with_capacity(customers.len());
    for fields in &customers {
        let contact = customer(fields, identify, country)?;
        if !keys.insert(contact.external_id.clone()) {
            return Err(fields.wrong("externalCustomerId"));
        }
        contacts.push(contact);
    }
    Ok(Some(contacts))
}

fn customer(fields: &Fields, identify: &str, country: Country) -> Result<NewContact, Fault> {
    const BATCHES: &str = "phoneGroupVoList";
    let mut attributes = BTreeMap::new();
    let name = fields.required("name", fields.text_of("name", 1..=20)?)?;
    attributes.insert("name".to_owned(), name);
    if let Some(desc) = fields.text_of("desc", 0..=200)? {
        attributes.insert("desc".to_owned(), desc);
    }
    let key = fields.text_of("externalCustomerId", 1..=64)?;
    let key = fields.required("externalCustomerId", key)?;
    if let Some(data) = fields.text_of("externalData", 0..=40)? {
        attributes.insert("externalData".to_owned(), data);
    }
    let batches = fields.required(BATCHES, fields.objects(BATCHES)?)?;
    let mut numbers = Vec::new();
    for batch in &batches {
        let name = batch.text("identify")?;
        if name.as_deref().unwrap_or(IDENTIFY_DEFAULT) != identify {
            return Err(batch.wrong("identify"));
        }
        for (text, relation) in numbers_of(batch)? {
            let number = phone_number(&text, country).ok_or_else(|| batch.wrong("mobile"))?;
            if let Some(relation) = relation {
                attributes.insert(relation_name(numbers.len()), relation);
            }
            numbers.push(number);
        }
    }
    if !(1..=NUMBERS_MAX).contains(&numbers.len()) {
        return Err(fields.wrong(BATCHES));
    }
    Ok(NewContact {
        numbers,
        external_id: Some(key),
        time_zone: None,
        priority: NewContact::PRIORITY_DEFAULT,
        attributes,
    })
}

type NumberAndRelation = (String, Option<String>);

/// The numbers of a batch with their relations.
fn numbers_of(batch: &Fields) -> Result<Vec<NumberAndRelation>, Fault> {
    let undocumented = |name: &str| !NUMBER_LISTS.contains(&name);
    let lists = batch.members().filter(|(_, value)| is_numbers(value));
    let Some((name, list)) = lists.min_by_key(|(name, _)| undocumented(name)) else {
        let mobile = batch.required("mobile", batch.text("mobile")?)?;
        return Ok(vec![(mobile, batch.text("relation")?)]);
    };
    if let Value::Array(items) = list
        && items.iter().all(Value::is_string)
    {
        let texts = items.iter().filter_map(Value::as_str);
        return Ok(texts.map(|text| (text.to_owned(), None)).collect());
    }
    let entries = batch.objects_in(name, list)?;
    entries
        .iter()
        .map(|entry| {
            let mobile = entry.required("mobile", entry.text("mobile")?)?;
            Ok((mobile, entry.text_of("relation", 0..=50)?))
        })
        .collect()
}

fn is_numbers(value: &Value) -> bool {
    let Value::Array(items) = value else {
        return false;
    };
    let is_number = |item: &Value| item.is_string() || item.get("mobile").is_some();
    items.first().is_some_and(is_number)
}

/// `mobile`: 3–20 digits with an optional `+`; `-` and blanks are left out.
fn phone_number(text: &str, country: Country) -> Option<PhoneNumber> {
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let sound = (3..=20).contains(&plain.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    sound.then(|| PhoneNumber::parse(&plain, country).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(batches: &Value) -> Result<Vec<String>, Fault> {
        let customer = json!({
            "name": 7, "externalCustomerId": "c1", "phoneGroupVoList": batches,
        });
        let body = json!({"outBoundCustomers": [customer]});
        let body = Fields::read(body.to_string().as_bytes()).unwrap();
        let country = Country::new("CN").unwrap();
        let contacts = read(&body, "default", country)?.unwrap();
        let [contact] = &contacts[..] else {
            panic!("one customer")
        };
        assert_eq!(contact.attributes["name"], "7");
        Ok(contact.numbers.iter().map(PhoneNumber::given).collect())
    }

    #[test]
    fn numbers_are_found_under_every_name() {
        for batches in [
            json!([{"phoneRelationVoList": [{"mobile": "13012345678", "relation": "父亲"}]}]),
            json!([{"identify": "default", "anything": [{"mobile": 13_012_345_678_u64}]}]),
            json!([{"phones": ["130-1234 5678"]}]),
            json!([{"mobile": "13012345678", "relation": "本人"}]),
            json!([{"empty": [], "list": ["13012345678"]}]),
        ] {
            assert_eq!(read_one(&batches).unwrap(), ["13012345678"], "{batches}");
        }
    }

    #[test]
    fn what_is_no_number_or_of_another_batch_is_refused() {
        for batches in [
            json!([]),
            json!([{}]),
            json!([{"phones": []}]),
            json!([{"phones": ["12"]}]),
            json!([{"phones": ["123456789012345678901"]}]),
            json!([{"phones": ["13012345678x"]}]),
            json!([{"phones": ["13012345678", 7]}]),
            json!([{"identify": "other", "phones": ["13012345678"]}]),
            json!({"phones": ["13012345678"]}),
        ] {
            assert_eq!(
                read_one(&batches).unwrap_err().code.as_str(),
                "29002",
                "{batches}"
            );
        }
    }
}
