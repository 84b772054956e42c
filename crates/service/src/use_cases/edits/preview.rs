//! What an edit would do: nothing is changed by asking.

use outdial_domain::{Campaign, CampaignId, PhoneNumber, Settings, Timestamp};

use super::{CampaignEdit, Service};
use crate::access::Caller;
use crate::error::ServiceError;
use crate::registry::TenantEntry;
use crate::views::{EditPreview, ListChange, Uncallable, UncallableWhy};

impl Service {
    /// What an edit would do: its diff, the fields that would be refused or ignored, and how many
    /// contacts it would leave without a call. Nothing changes.
    ///
    /// # Errors
    /// As [`Service::edit_campaign`], but for refused fields, which the answer names.
    pub async fn preview_edit(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: CampaignEdit,
    ) -> Result<EditPreview, ServiceError> {
        let (before, judged, list) = self.judge(caller, id, &edit).await?;
        if !judged.taken.is_empty() {
            self.check_settings(caller, &judged.settings)?;
        }
        let mut refused = judged.refused;
        let list = match (list, edit.contacts) {
            (Ok(true), Some(contacts)) => {
                let compared = self.store().compare_list(id, contacts).await?;
                Some(ListChange::from(&compared))
            }
            (Err(field), _) => {
                refused.push(field);
                None
            }
            _ => None,
        };
        let uncallable = self.uncallable(caller, &before, &judged.settings).await?;
        Ok(EditPreview {
            revision: before.revision,
            diff: judged.taken,
            refused,
            ignored: judged.ignored,
            list,
            uncallable,
        })
    }

    /// What restoring a revision would do, likewise.
    ///
    /// # Errors
    /// As [`Service::restore_revision`], but for refused fields, which the answer names.
    pub async fn preview_restore(
        &self,
        caller: &Caller,
        id: CampaignId,
        number: outdial_domain::RevisionNumber,
        if_match: Option<outdial_domain::RevisionNumber>,
    ) -> Result<EditPreview, ServiceError> {
        let edit = self.restoring(caller, id, number).await?;
        self.preview_edit(caller, id, edit.if_match(if_match)).await
    }

    /// Contacts that could be called under the settings in force and not under others, by reason. A
    /// contact with several reasons counts for each.
    async fn uncallable(
        &self,
        caller: &Caller,
        before: &Campaign,
        after: &Settings,
    ) -> Result<Vec<Uncallable>, ServiceError> {
        if before.settings == *after {
            return Ok(Vec::new());
        }
        let now = self.now().await?;
        let was = self
            .cut_off(caller, before.id, &before.settings, now)
            .await?;
        let will_be = self.cut_off(caller, before.id, after, now).await?;
        let more = was
            .into_iter()
            .zip(will_be)
            .map(|(was, will_be)| Uncallable {
                why: will_be.why,
                contacts: will_be.contacts.saturating_sub(was.contacts),
            });
        Ok(more.filter(|reason| reason.contacts > 0).collect())
    }

    /// Contacts that are not final and cannot be called under these settings, for each reason.
    /// Everything is read from counters and indexes, whatever the size of the list.
    async fn cut_off(
        &self,
        caller: &Caller,
        id: CampaignId,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<[Uncallable; 5], ServiceError> {
        let store = self.store();
        let counts = store.contact_counts(id).await?;
        // Those in a call are decided when it ends.
        let waiting = counts.fresh + counts.resting;
        let tried = store.count_tried(id, 1).await?;
        let used_up = store.count_tried(id, settings.retry.attempts_total).await?;
        let calendar = &settings.calendar;
        let rest_too_long = match calendar.ends_at() {
            Some(end) if !calendar.is_over(now) => store.count_resting_from(id, end).await?,
            _ => 0,
        };
        let all_if = |cut: bool| if cut { waiting } else { 0 };
        let over = calendar.is_over(now);
        let closed = !over && calendar.opens_at(now).is_none();
        let entry = self.entry(caller)?;
        let fresh_cut = !self.can_show_one(&entry, &settings.caller_ids);
        let again = match settings.recall_caller_ids.as_slice() {
            [] => &settings.caller_ids,
            recall => recall,
        };
        let again_cut = !self.can_show_one(&entry, again);
        let without_trunk = match (fresh_cut, again_cut) {
            (true, true) => waiting,
            (true, false) => waiting.saturating_sub(tried),
            (false, true) => tried,
            (false, false) => 0,
        };
        let by_reason = [
            (UncallableWhy::AttemptsUsed, used_up),
            (UncallableWhy::PeriodOver, all_if(over)),
            (UncallableWhy::NoWindow, all_if(closed)),
            (UncallableWhy::RestsPastEnd, rest_too_long),
            (UncallableWhy::NoTrunk, without_trunk),
        ];
        Ok(by_reason.map(|(why, contacts)| Uncallable { why, contacts }))
    }

    /// Whether a trunk carries one of these numbers.
    fn can_show_one(&self, tenant: &TenantEntry, numbers: &[PhoneNumber]) -> bool {
        let trunks = self.core.registry.trunks();
        numbers.iter().any(|number| {
            let own = tenant.caller_ids.iter().find(|own| own.number == *number);
            own.is_some_and(|own| {
                trunks.iter().any(|trunk| {
                    own.trunk.is_none_or(|name| name == trunk.name) && trunk.carries(*number)
                })
            })
        })
    }
}
