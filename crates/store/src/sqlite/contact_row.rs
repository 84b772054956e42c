//! Contacts as rows.

use std::collections::BTreeMap;

use outdial_domain::{
    Contact, ContactState, History, NewContact, Order, Outcome as CallOutcome, PhoneNumber,
    Timestamp,
};
use rusqlite::Row;

use super::fault::{Fault, Outcome};
use super::keys;
use super::order_key::order_key;

/// Columns that [`contact`] reads, in its order. `shuffled` comes from the campaign.
pub(super) const COLUMNS: &str = "contact.id, contact.state, contact.priority, contact.sort_key, \
     contact.number, contact.more_numbers, contact.given, contact.external_id, contact.time_zone, \
     contact.attributes, contact.history, contact.last_outcome, campaign.shuffled";

/// How the history is encoded; the first byte of the column.
const HISTORY_VERSION: u8 = 1;

pub(super) fn state_code(state: ContactState) -> i64 {
    match state {
        ContactState::Fresh => 0,
        ContactState::Resting => 1,
        ContactState::InProgress => 2,
        ContactState::Done => 3,
    }
}

pub(super) fn state(code: i64) -> Outcome<ContactState> {
    match code {
        0 => Ok(ContactState::Fresh),
        1 => Ok(ContactState::Resting),
        2 => Ok(ContactState::InProgress),
        3 => Ok(ContactState::Done),
        _ => Err(Fault::unreadable(format!("contact state {code}"))),
    }
}

pub(super) fn order(shuffled: bool) -> Order {
    if shuffled { Order::Random } else { Order::List }
}

pub(super) fn contact(row: &Row<'_>) -> Outcome<Contact> {
    let key: i64 = row.get(0)?;
    let campaign = keys::contact_campaign(key)?;
    let state = state(row.get(1)?)?;
    let attributes: Option<String> = row.get(9)?;
    Ok(Contact {
        id: keys::contact_id(key),
        campaign,
        numbers: numbers(row.get(4)?, row.get(5)?, row.get(6)?)?,
        external_id: row.get(7)?,
        time_zone: row.get(8)?,
        priority: row.get(2)?,
        attributes: match attributes {
            Some(json) => serde_json::from_str(&json)?,
            None => BTreeMap::new(),
        },
        state,
        not_before: match state {
            ContactState::Resting => Timestamp::from_millis(row.get(3)?),
            _ => Timestamp::MIN,
        },
        order_key: order_key(order(row.get(12)?), campaign, keys::contact_place(key)),
        history: history(row.get(10)?)?,
        last_outcome: row.get::<_, Option<String>>(11)?.map(outcome).transpose()?,
    })
}

/// The numbers of a contact from its three columns.
pub(super) fn numbers(
    first: String,
    more: Option<String>,
    given: Option<String>,
) -> Outcome<Vec<PhoneNumber>> {
    let texts = std::iter::once(first.as_str()).chain(more.iter().flat_map(|m| m.split(' ')));
    let mut numbers: Vec<PhoneNumber> = texts.map(number).collect::<Outcome<_>>()?;
    let given = given.iter().flat_map(|given| given.split(' '));
    for (number, given) in numbers.iter_mut().zip(given) {
        *number = number.spelled(given);
    }
    Ok(numbers)
}

pub(super) fn number(text: &str) -> Outcome<PhoneNumber> {
    PhoneNumber::from_text(text).map_err(|problem| Fault::unreadable(format!("a number {problem}")))
}

/// The column of the numbers beyond the first.
pub(super) fn more_numbers(contact: &NewContact) -> Option<String> {
    let more: Vec<String> = contact
        .numbers
        .iter()
        .skip(1)
        .map(PhoneNumber::text)
        .collect();
    (!more.is_empty()).then(|| more.join(" "))
}

/// The column of how its numbers were given.
pub(super) fn given(contact: &NewContact) -> Option<String> {
    let numbers = &contact.numbers;
    let texts = || numbers.iter().map(PhoneNumber::given).collect::<Vec<_>>();
    numbers
        .iter()
        .any(PhoneNumber::is_spelled)
        .then(|| texts().join(" "))
}

pub(super) fn outcome(name: String) -> Outcome<CallOutcome> {
    CallOutcome::from_name(&name).ok_or_else(|| Fault::unreadable(format!("outcome `{name}`")))
}

pub(super) fn history(column: Option<Vec<u8>>) -> Outcome<History> {
    match column.as_deref() {
        None => Ok(History::default()),
        Some([HISTORY_VERSION, encoded @ ..]) => postcard::from_bytes(encoded)
            .map_err(|error| Fault::unreadable(format!("a contact's history: {error}"))),
        Some(other) => Err(Fault::unreadable(format!(
            "a contact's history of version {:?}",
            other.first()
        ))),
    }
}

pub(super) fn history_column(history: &History) -> Outcome<Option<Vec<u8>>> {
    if *history == History::default() {
        return Ok(None);
    }
    postcard::to_extend(history, vec![HISTORY_VERSION])
        .map(Some)
        .map_err(|error| Fault::unreadable(format!("a contact's history: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untried_contact_has_no_history_column() {
        assert_eq!(history_column(&History::default()).unwrap(), None);
        assert_eq!(history(None).unwrap(), History::default());
    }

    #[test]
    fn a_history_reads_back_and_stays_small() {
        let given = History {
            attempts: 3,
            dialed: 5,
            by_outcome: BTreeMap::from([(CallOutcome::Busy, 2), (CallOutcome::NoAnswer, 1)]),
            line_failures: 2,
            attempts_today: 1,
            day: Timestamp::from_secs(1_795_132_800),
            last_ended_at: Some(Timestamp::from_secs(1_795_190_400)),
        };
        let column = history_column(&given).unwrap().unwrap();
        assert!(column.len() <= 32, "{} bytes", column.len());
        assert_eq!(history(Some(column)).unwrap(), given);
    }

    #[test]
    fn a_history_that_was_cut_off_is_told_and_no_panic() {
        assert!(history(Some(vec![])).is_err());
        assert!(history(Some(vec![HISTORY_VERSION, 1])).is_err());
        assert!(history(Some(vec![9, 1, 1])).is_err());
    }
}
