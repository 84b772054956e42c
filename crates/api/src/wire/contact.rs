//! Contacts as our API shows them. How they are read is in [`crate::contacts`].

use std::collections::BTreeMap;

use outdial_domain::Contact;
use serde::Serialize;
use utoipa::ToSchema;

use crate::scalar::{Number, Time};
use crate::wire::names::{ContactStateName, Name, OutcomeName};

/// Someone to reach, as it is given to a campaign: with one number, or with several that are tried in
/// this order.
#[derive(Debug, ToSchema)]
#[schema(as = NewContact)]
#[expect(
    dead_code,
    reason = "a list is read row by row; this only describes a row"
)]
pub(crate) struct NewContactJson {
    /// One number; or give `numbers`.
    #[schema(required = false)]
    number: Number,
    /// Up to 20 numbers.
    #[schema(required = false)]
    numbers: Vec<Number>,
    /// The caller's own key for it, up to 255 characters.
    external_id: Option<String>,
    /// IANA zone where the callee lives.
    #[schema(example = "Asia/Shanghai")]
    time_zone: Option<String>,
    /// 1 is first.
    #[schema(required = false, default = 3, minimum = 1, maximum = 5)]
    priority: u8,
    /// Anything else that belongs to it. Values are kept as texts.
    #[schema(required = false)]
    attributes: BTreeMap<String, String>,
}

/// Someone to reach, with where it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactJson {
    id: u64,
    campaign_id: u32,
    #[serde(flatten)]
    numbers: Numbers,
    /// The caller's own key for it.
    external_id: Option<String>,
    /// IANA zone where the callee lives, if known.
    time_zone: Option<String>,
    /// 1 is first.
    #[schema(minimum = 1, maximum = 5)]
    priority: u8,
    /// Anything else that came with it.
    attributes: BTreeMap<String, String>,
    state: ContactStateName,
    /// When it may be called again, while it rests.
    not_before: Option<Time>,
    /// Attempts that used one up.
    attempts: u32,
    /// The outcome that made it final, or the last one.
    last_outcome: Option<OutcomeName>,
}

/// The numbers of a contact: one, or several that are tried in this order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Numbers {
    Number(Number),
    Numbers(Vec<Number>),
}

impl From<&Contact> for ContactJson {
    fn from(contact: &Contact) -> Self {
        let numbers = match contact.numbers.as_slice() {
            [one] => Numbers::Number(Number(*one)),
            many => Numbers::Numbers(many.iter().copied().map(Number).collect()),
        };
        let resting = contact.state == outdial_domain::ContactState::Resting;
        Self {
            id: contact.id.number(),
            campaign_id: contact.campaign.number(),
            numbers,
            external_id: contact.external_id.clone(),
            time_zone: contact.time_zone.clone(),
            priority: contact.priority,
            attributes: contact.attributes.clone(),
            state: Name(contact.state),
            not_before: resting.then_some(Time(contact.not_before)),
            attempts: contact.history.attempts,
            last_outcome: contact.last_outcome.map(Name),
        }
    }
}
