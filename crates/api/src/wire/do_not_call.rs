//! The do-not-call list as JSON.

use outdial_domain::{Country, DoNotCallEntry, PhoneNumber, Timestamp};
use outdial_service::{FieldProblem, IfListed, NUMBERS_MAX, NewListing};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::{Findings, Object, read_object};
use crate::scalar::{Number, Time, any_text, phone_number, text, time};

/// A number that no campaign calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoNotCallEntry)]
pub(crate) struct DoNotCallJson {
    /// The number.
    number: Number,
    /// Why it is on the list; may be empty.
    reason: String,
    /// Through what it came: an API (`rest`, `tencent`, …) or `disposition`.
    #[schema(example = "disposition")]
    source: String,
    /// The key that put it there.
    author: String,
    /// Since when it is on the list.
    created_at: Time,
    /// When it leaves the list by itself; null = never.
    until: Option<Time>,
}

impl From<DoNotCallEntry> for DoNotCallJson {
    fn from(entry: DoNotCallEntry) -> Self {
        Self {
            number: Number(entry.number),
            reason: entry.reason,
            source: entry.source,
            author: entry.author,
            created_at: Time(entry.created_at),
            until: entry.until.map(Time),
        }
    }
}

/// Numbers that are to be put on the list.
#[derive(Debug, ToSchema)]
pub(crate) struct DoNotCallRequest {
    /// The numbers, 1 to 10000.
    #[schema(value_type = Vec<Number>)]
    numbers: Vec<PhoneNumber>,
    /// Why, up to 500 characters.
    #[schema(required = false)]
    reason: String,
    /// When they leave the list by themselves; left out = never.
    #[schema(required = false, value_type = Option<Time>)]
    until: Option<Timestamp>,
    /// What becomes of numbers that are on the list already: `keep` them as they are (default),
    /// `replace` their entries, or `refuse` the whole request.
    #[schema(required = false, value_type = String, example = "keep")]
    pub(crate) if_listed: IfListed,
}

impl DoNotCallRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value, country: Country) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let numbers = read_numbers(findings, object, country);
            let reason = text(0..=DoNotCallEntry::REASON_MAX);
            let reason = object.optional(findings, "reason", reason);
            let until = object.optional(findings, "until", time);
            let if_listed = object.optional(findings, "if_listed", if_listed);
            Some(Self {
                numbers: numbers?,
                reason: reason.unwrap_or_default(),
                until,
                if_listed: if_listed.unwrap_or_default(),
            })
        })
    }

    /// The entries that are asked for.
    pub(crate) fn listings(self) -> Vec<NewListing> {
        let (reason, until) = (self.reason, self.until);
        let listing = |number| NewListing {
            number,
            reason: reason.clone(),
            until,
        };
        self.numbers.into_iter().map(listing).collect()
    }
}

/// Numbers that are to be taken off the list.
#[derive(Debug, ToSchema)]
pub(crate) struct NumbersRequest {
    /// The numbers, 1 to 10000.
    #[schema(value_type = Vec<Number>)]
    pub(crate) numbers: Vec<PhoneNumber>,
}

impl NumbersRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(body: &Value, country: Country) -> Result<Self, Vec<FieldProblem>> {
        read_object(body, |findings, object| {
            let numbers = read_numbers(findings, object, country)?;
            Some(Self { numbers })
        })
    }
}

fn read_numbers(
    findings: &mut Findings,
    object: &mut Object<'_>,
    country: Country,
) -> Option<Vec<PhoneNumber>> {
    let given = object.required(findings, "numbers")?;
    let path = given.path.clone();
    let numbers = given.list(findings, NUMBERS_MAX, |findings, at| {
        at.scalar(findings, phone_number(country))
    })?;
    if numbers.is_empty() && !findings.touch(&path) {
        findings.add(path, "must name at least one number");
    }
    Some(numbers)
}

fn if_listed(value: &Value) -> Result<IfListed, String> {
    match any_text(value)? {
        "keep" => Ok(IfListed::Keep),
        "replace" => Ok(IfListed::Replace),
        "refuse" => Ok(IfListed::Refuse),
        _ => Err("must be keep, replace or refuse".to_owned()),
    }
}

/// What became of numbers that were to be taken off the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumbersRemoved {
    /// Those that were on it.
    pub(crate) removed: Vec<Number>,
}
