//! Call data is deleted: records that have not been called to their end.

use outdial_domain::{CampaignState, Contact, ContactId, ContactState};
use outdial_service::ServiceError;
use outdial_service::views::PageRequest;

use super::calldata::CUSTOM_FIELD;
use super::campaign::{Names, campaign_of, phone_number, status};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};
use super::time::Zone;
use super::wire::Fields;

/// Where a record keeps the time that it was given.
const RECYCLE_TIME: &str = "recycleTime";

/// Which records are meant: those that fit everything that is given.
struct Wanted {
    session: Option<String>,
    called: Option<String>,
    custom: Option<String>,
    recycle: Option<(String, Recycle)>,
}

/// `recycleType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recycle {
    /// `1`: that day or an earlier one.
    UntilDay,
    /// `2`: that day.
    OnDay,
    /// `3`: just then.
    Then,
}

impl Wanted {
    fn read(fields: &Fields, zone: &Zone) -> Result<Self, Fault> {
        let session = fields.text_up_to("sessionId", 32)?;
        let called = phone_number(fields, "called")?;
        let custom = fields.text_up_to(CUSTOM_FIELD, 200)?;
        let time = fields.text(RECYCLE_TIME)?;
        if time
            .as_deref()
            .is_some_and(|text| zone.parse(text).is_none())
        {
            let text = "recycleTime: is not a time such as 2026-01-15 08:30:00";
            return Err(Fault::business("0200030", text));
        }
        let kind = match fields.text("recycleType")?.as_deref() {
            None => None,
            Some("1") => Some(Recycle::UntilDay),
            Some("2") => Some(Recycle::OnDay),
            Some("3") => Some(Recycle::Then),
            Some(_) => {
                return Err(fields.fault(FieldFault::Value, "recycleType", "must be 1, 2 or 3"));
            }
        };
        fields.integer_in("archiveHistory", 0..=1)?;
        let recycle = match (time, kind) {
            (Some(time), kind) => Some((time, kind.unwrap_or(Recycle::Then))),
            (None, None) => None,
            (None, Some(_)) => {
                let problem = "goes with recycleTime and is given without it";
                return Err(fields.fault(FieldFault::Combination, "recycleType", problem));
            }
        };
        let wanted = Self {
            session,
            called,
            custom,
            recycle,
        };
        if wanted.is_empty() {
            // Never everything: a filter that was forgotten must not cost a list.
            let problem = "or another field that says which records is required";
            return Err(fields.fault(FieldFault::Empty, "called", problem));
        }
        Ok(wanted)
    }

    fn is_empty(&self) -> bool {
        let texts = [&self.session, &self.called, &self.custom];
        self.recycle.is_none() && texts.iter().all(|text| text.is_none())
    }

    fn finds(&self, contact: &Contact, zone: &Zone) -> bool {
        let attribute = |name: &str| contact.attributes.get(name);
        let waits = matches!(contact.state, ContactState::Fresh | ContactState::Resting);
        let session = self.session.as_ref();
        let custom = self.custom.as_ref();
        let recycle = self.recycle.as_ref();
        waits
            && session.is_none_or(|text| contact.external_id.as_ref() == Some(text))
            && custom.is_none_or(|text| attribute(CUSTOM_FIELD) == Some(text))
            && recycle.is_none_or(|(time, kind)| {
                attribute(RECYCLE_TIME).is_some_and(|own| recycled(own, time, *kind, zone))
            })
    }
}

/// Whether a record's time fits the one that is asked for.
fn recycled(own: &str, asked: &str, kind: Recycle, zone: &Zone) -> bool {
    let (Some(own), Some(asked)) = (zone.parse(own), zone.parse(asked)) else {
        return false;
    };
    let days = (zone.midnight(own), zone.midnight(asked));
    match kind {
        Recycle::UntilDay => days.0 <= days.1,
        Recycle::OnDay => days.0 == days.1,
        Recycle::Then => own == asked,
    }
}

/// `POST …/calldata/{campaignId}/delete`: records that are being called or are final stay, and so do
/// those for whom a call is reserved. Source: the CC-iSales page of the operation.
pub(super) async fn delete(call: Call) -> Result<Answer, Fault> {
    let zone = Zone::of(&call)?;
    let wanted = Wanted::read(&call.body, &zone)?;
    let campaign = campaign_of(&call).await?;
    let running = || Fault::business("0200019", "the campaign is running: suspend it first");
    if status(&campaign, call.now) == 2 && campaign.state.end_reason().is_none() {
        return Err(running());
    }
    let ids = found(&call, campaign.id, &wanted, &zone).await?;
    if ids.is_empty() {
        return Ok(Answer::with("success", []));
    }
    let removed = call.service.remove_contacts(&call.caller, campaign.id, ids);
    match removed.await {
        Ok(_) => Ok(Answer::with("success", [])),
        Err(ServiceError::State(_)) if campaign.state != CampaignState::Running => Err(running()),
        Err(error) => Err(error.into()),
    }
}

async fn found(
    call: &Call,
    id: outdial_domain::CampaignId,
    wanted: &Wanted,
    zone: &Zone,
) -> Result<Vec<ContactId>, Fault> {
    let (service, caller) = (&call.service, &call.caller);
    let fits = |contact: &Contact| wanted.finds(contact, zone).then_some(contact.id);
    if let Some(called) = &wanted.called {
        let Some(number) = Names::of(call).await?.number(called) else {
            return Ok(Vec::new());
        };
        let contacts = service.contacts_with_number(caller, id, number).await?;
        return Ok(contacts.iter().filter_map(fits).collect());
    }
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let limit = Some(1_000);
        let page = PageRequest { cursor, limit };
        let page = service.contacts(caller, id, page).await?;
        found.extend(page.items.iter().filter_map(fits));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}
