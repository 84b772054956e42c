//! The contact block list: the tenant's do-not-call list, which all its APIs share.
//!
//! Source: SaveContactBlockList, GetContactBlockList and DeleteContactBlockList of OutboundBot 2019-12-26.

use outdial_domain::{Country, DoNotCallEntry, PhoneNumber};
use outdial_service::views::PageRequest;
use outdial_service::{IfListed, NUMBERS_MAX, NewListing};
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::group::Belongings;
use super::paging::Paging;
use super::routes::{Answer, Call};
use super::wire::JsonFields;

const NAME: &str = "ContactBlockListsJson";
/// The older parameter: a list of such objects.
const OLD_NAME: &str = "ContactBlockListList";

/// What stands before name and creator in an entry's reason, which people read in other APIs, too.
const PERSON: &str = " | name=";
const CREATOR: &str = " | creator=";

/// What this API says of a number on the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Words {
    remark: String,
    name: String,
    creator: String,
}

impl Words {
    fn write(&self) -> String {
        let mut reason = self.remark.clone();
        for (mark, text) in [(PERSON, &self.name), (CREATOR, &self.creator)] {
            if !text.is_empty() {
                reason.push_str(mark);
                reason.push_str(text);
            }
        }
        reason
    }

    /// What other APIs have written is a remark.
    fn read(reason: &str) -> Self {
        let cut = |text: &str, mark: &str| match text.rsplit_once(mark) {
            Some((before, after)) => (before.to_owned(), after.to_owned()),
            None => (text.to_owned(), String::new()),
        };
        let (rest, creator) = cut(reason, CREATOR);
        let (remark, name) = cut(&rest, PERSON);
        Self {
            remark,
            name,
            creator,
        }
    }
}

/// `SaveContactBlockList`: what is listed already gets the new words.
pub(super) async fn save(call: Call) -> Result<Answer, Fault> {
    let has = Belongings::of(&call).await?;
    let items = items(&call)?;
    if items.is_empty() {
        return Err(Fault::missing(NAME));
    }
    if items.len() > NUMBERS_MAX {
        let message = format!("A call takes at most {NUMBERS_MAX} numbers.");
        return Err(Fault::bad("LimitExceeded.ContactBlockListsJson", message));
    }
    let listings = items.iter().map(|item| listing(item, &has));
    let listings = listings.collect::<Result<Vec<_>, _>>()?;
    let listed = call
        .service
        .list_numbers(&call.caller, listings, IfListed::Replace)
        .await?;
    Ok(affected(listed.listed.len()))
}

fn affected(rows: usize) -> Answer {
    Map::from_iter([("AffectedRows".to_owned(), rows.into())])
}

fn wrong(reason: &str) -> Fault {
    Fault::invalid(NAME, reason)
}

/// The objects of a request, in either of its parameters.
fn items(call: &Call) -> Result<Vec<JsonFields>, Fault> {
    let read = |text: &str| -> Result<Vec<Value>, Fault> {
        let no_list = || wrong("It is not a JSON list of objects.");
        match serde_json::from_str(text) {
            Ok(Value::Array(items)) => Ok(items),
            Ok(Value::Object(item)) => Ok(vec![item.into()]),
            _ => Err(no_list()),
        }
    };
    let mut values = Vec::new();
    if let Some(text) = call.parameters.text(NAME) {
        values.extend(read(text)?);
    }
    for text in call.parameters.list(OLD_NAME).unwrap_or_default() {
        values.extend(read(&text)?);
    }
    let items = values.iter().map(|value| JsonFields::of(NAME, value));
    items.collect()
}

fn listing(item: &JsonFields, has: &Belongings) -> Result<NewListing, Fault> {
    let given = item
        .text("phoneNumber")?
        .ok_or_else(|| wrong("An entry lacks its phoneNumber."))?;
    let number = PhoneNumber::parse(&given, has.tenant.default_country)
        .map_err(|_| wrong("A phoneNumber is no number that can be called."))?;
    let text = |name: &str| -> Result<String, Fault> {
        let text = item.text(name)?.unwrap_or_default();
        match text.contains(" | ") || text.chars().any(char::is_control) {
            true => Err(wrong(&format!(
                "{name} must not have control characters or a bar between blanks."
            ))),
            false => Ok(text),
        }
    };
    let name = text("name")?;
    let remark = text("remark")?;
    let creator = text("creator")?;
    let words = Words {
        remark,
        name,
        creator,
    };
    let reason = words.write();
    if reason.chars().count() > DoNotCallEntry::REASON_MAX {
        return Err(wrong(
            "name, remark and creator of an entry have more than 470 characters.",
        ));
    }
    Ok(NewListing {
        number,
        reason,
        until: None,
    })
}

/// `GetContactBlockList`.
pub(super) async fn show(call: Call) -> Result<Answer, Fault> {
    let parameters = &call.parameters;
    let paging = Paging::optional(parameters)?;
    let pattern = parameters.text("SearchPattern").map(str::to_lowercase);
    let counts = parameters.boolean("CountTotalRow")?.unwrap_or(true);
    let country = call.service.tenant(call.caller.tenant)?.default_country;
    let passes = |entry: &DoNotCallEntry| {
        pattern.as_ref().is_none_or(|pattern| {
            entry.number.text().contains(pattern) || entry.reason.to_lowercase().contains(pattern)
        })
    };
    let (mut items, mut passed, mut cursor) = (Vec::new(), 0_usize, None);
    loop {
        let request = PageRequest {
            cursor,
            limit: Some(1_000),
        };
        let page = call.service.listed_numbers(&call.caller, request).await?;
        for entry in page.items.iter().filter(|entry| passes(entry)) {
            if passed >= paging.skipped() && items.len() < paging.len() {
                items.push(shape(&call, entry, country));
            }
            passed += 1;
        }
        cursor = page.next_cursor;
        // Without the count nothing after the page needs to be read.
        if cursor.is_none() || (!counts && items.len() == paging.len()) {
            break;
        }
    }
    let mut list = paging.list(items, passed as u64);
    if let Some(list) = list.as_object_mut().filter(|_| !counts) {
        list.remove("TotalCount");
    }
    Ok(Map::from_iter([("ContactBlocklistList".to_owned(), list)]))
}

/// A number as people of the tenant's country write it.
fn shown(number: PhoneNumber, country: Country) -> String {
    let national = number.national();
    match PhoneNumber::parse(&national, country) {
        Ok(same) if same == number => national,
        _ => number.text(),
    }
}

fn shape(call: &Call, entry: &DoNotCallEntry, country: Country) -> Value {
    let words = Words::read(&entry.reason);
    let creator = match words.creator.is_empty() {
        true => &entry.author,
        false => &words.creator,
    };
    json!({
        "ContactBlockListId": entry.number.text(),
        "CreationTime": entry.created_at.millis(),
        "Creator": creator,
        "InstanceId": call.instance_id,
        "Name": words.name,
        "Operator": entry.author,
        "PhoneNumber": shown(entry.number, country),
        "Remark": words.remark,
    })
}

/// `DeleteContactBlockList`.
pub(super) async fn delete(call: Call) -> Result<Answer, Fault> {
    let id = call.parameters.required("ContactBlockListId")?;
    let country = Belongings::of(&call).await?.tenant.default_country;
    // Who asks is known by the key.
    call.parameters.text("Operator");
    let not_there = || Fault::not_exist("ContactBlockList");
    let number = PhoneNumber::parse(id, country).map_err(|_| not_there())?;
    let gone = call
        .service
        .unlist_numbers(&call.caller, vec![number])
        .await?;
    match gone.len() {
        0 => Err(not_there()),
        rows => Ok(affected(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_number_comes_back() {
        let words = Words {
            remark: "asked not to be called".to_owned(),
            name: "王".to_owned(),
            creator: "li".to_owned(),
        };
        assert_eq!(Words::read(&words.write()), words);
        assert_eq!(
            words.write(),
            "asked not to be called | name=王 | creator=li"
        );
        let bare = Words::read("by REST");
        assert_eq!((bare.remark.as_str(), bare.name.as_str()), ("by REST", ""));
        assert_eq!(Words::read(&Words::default().write()), Words::default());
    }
}
