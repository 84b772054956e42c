//! The block list: the tenant's do-not-call list, which all its APIs share.

use std::collections::BTreeSet;

use outdial_domain::{PhoneNumber, Timestamp};
use outdial_service::{IfListed, NewListing, ServiceError};

use super::campaign::{Names, phone_number};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};
use super::time::Zone;
use super::wire::Fields;

/// Most numbers of a request. Source: the CC-iSales page of the operation.
const NUMBERS_MAX: usize = 20;

/// `POST …/blocklist/add`: all numbers or none. Source: the CC-iSales page of the operation.
pub(super) async fn add(call: Call) -> Result<Answer, Fault> {
    let texts = call.body.texts("blocklist")?;
    let texts = texts.filter(|texts| !texts.is_empty());
    let texts = call.body.required("blocklist", texts)?;
    if texts.len() > NUMBERS_MAX {
        let text = format!("blocklist: has more than {NUMBERS_MAX} elements");
        return Err(Fault::business("0200029", text));
    }
    let names = Names::of(&call).await?;
    let numbers = texts
        .iter()
        .map(|text| read_number(&names, "blocklist", text));
    let numbers: Vec<PhoneNumber> = numbers.collect::<Result<_, _>>()?;
    let until = until(&call.body, &Zone::of(&call)?, call.now)?;
    if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
        let text = "blocklist: a number stands twice";
        return Err(Fault::business("0200018", text));
    }
    let listings = numbers.into_iter().map(|number| NewListing {
        number,
        reason: String::new(),
        until,
    });
    let listed = call
        .service
        .list_numbers(&call.caller, listings.collect(), IfListed::Refuse);
    match listed.await {
        Ok(_) => Ok(Answer::default()),
        Err(ServiceError::Conflict(_)) => {
            let text = "blocklist: a number is on the list already";
            Err(Fault::business("0200007", text))
        }
        Err(error) => Err(error.into()),
    }
}

/// When the numbers leave the list. An expiry wins over a duration; with neither they stay.
fn until(fields: &Fields, zone: &Zone, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let expires = zone.field(fields, "validityExpirationTime")?;
    let hours = fields.integer_in("validityTime", 1..=120)?;
    let times = fields.integer_in("restrictTimes", 1..=100)?;
    let period = fields.text("restrictPeriod")?;
    if period
        .as_deref()
        .is_some_and(|period| !["0", "1"].contains(&period))
    {
        return Err(fields.fault(FieldFault::Value, "restrictPeriod", "must be 0 or 1"));
    }
    match (times, period) {
        (None, None) => {}
        (Some(_), Some(_)) => {
            // A listed number is not called at all: calling it a few times would be against the request.
            let text = "restrictTimes: limits of how often a number is called are not supported";
            return Err(Fault::business("0200001", text));
        }
        _ => {
            let problem = "restrictTimes and restrictPeriod are given together";
            return Err(fields.fault(FieldFault::Combination, "restrictTimes", problem));
        }
    }
    if expires.is_some_and(|at| at <= now) {
        let problem = "is in the past";
        return Err(fields.fault(FieldFault::Value, "validityExpirationTime", problem));
    }
    let after = |hours: i64| Timestamp::from_millis(now.millis() + hours * 3_600_000);
    Ok(expires.or(hours.map(after)))
}

fn read_number(names: &Names, field: &str, text: &str) -> Result<PhoneNumber, Fault> {
    let one = serde_json::Map::from_iter([(field.to_owned(), text.into())]);
    let fields = Fields::of(one);
    let text = phone_number(&fields, field)?;
    let text = fields.required(field, text)?;
    let number = names.number(&text);
    number.ok_or_else(|| fields.fault(FieldFault::Value, field, "is no number"))
}

/// `POST` and `DELETE …/blocklist/delete`. Source: the CC-iSales page of the operation.
pub(super) async fn remove(call: Call) -> Result<Answer, Fault> {
    let text = phone_number(&call.body, "blocklistNo")?;
    let text = call.body.required("blocklistNo", text)?;
    let names = Names::of(&call).await?;
    let number = read_number(&names, "blocklistNo", &text)?;
    let removed = call.service.unlist_numbers(&call.caller, vec![number]);
    if removed.await?.is_empty() {
        let text = "blocklistNo: is not on the list";
        return Err(Fault::business("0200001", text));
    }
    Ok(Answer::default())
}

/// `DELETE …/blocklist`. Source: the CC-iSales page of the operation.
pub(super) async fn remove_all(call: Call) -> Result<Answer, Fault> {
    call.service.unlist_all(&call.caller).await?;
    Ok(Answer::default())
}
