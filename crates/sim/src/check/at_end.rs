//! What must be true at the end, once everything was good for long enough.

use std::collections::BTreeMap;

use outdial_domain::{AttemptId, CampaignId, CampaignState, ContactId, EndReason, Timestamp};

use super::{Checker, Property};
use crate::contact_list::Place;

impl Checker {
    /// Everything has been good for long: the list as the store has it, and the calls that are up.
    pub fn all_done(
        &mut self,
        now: Timestamp,
        rows: impl Iterator<Item = (ContactId, CampaignId, Place)>,
        campaigns: &BTreeMap<CampaignId, CampaignState>,
        calls: impl Iterator<Item = AttemptId>,
    ) {
        if !self.violations.is_empty() {
            return;
        }
        for (id, state) in campaigns {
            if !matches!(state, CampaignState::Ended(_)) {
                let what = format!("campaign {id} is {} for good", state.name());
                self.object(Property::GetsDone, now, what);
            }
        }
        for (contact, campaign, place) in rows {
            let done = campaigns.get(&campaign);
            // What is added or returns to a list that is done and does not reopen is never called.
            let known = self.picture.campaigns.get(&campaign);
            let waits = matches!(place, Place::Fresh | Place::Resting(_));
            if waits && known.is_some_and(|c| !c.reopens) {
                continue;
            }
            if done == Some(&CampaignState::Ended(EndReason::ListDone)) && !place.is_final() {
                let what = format!("contact {contact} of a list that is done is {place:?}");
                self.object(Property::GetsDone, now, what);
            }
        }
        for attempt in calls {
            let what = format!("attempt {attempt} is live for good");
            self.object(Property::GetsDone, now, what);
        }
    }
}
