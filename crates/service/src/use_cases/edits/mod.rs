//! An edit is a transaction: every API edits campaigns through [`Service::edit_campaign`].
//!
//! An edit is judged by its API's policy, checked whole, committed as a numbered revision, and told
//! to the running engine as one fact; in that order, and for one edit of a tenant at a time. What is
//! refused has changed nothing.
//!
//! A dialect brings its table and a wish:
//!
//! ```
//! use outdial_domain::edit::{EditPolicy, Field, Rule};
//! use outdial_domain::{CampaignId, CampaignState, EditRefused, Ratio, Mode};
//! use outdial_service::{Caller, CampaignEdit, Service, ServiceError};
//!
//! // Running campaigns take another ratio; what else the request carries is left out.
//! const EDIT: EditPolicy = EditPolicy::new("vendor task/edit").ruling(|field, state| {
//!     match (field, state) {
//!         (Field::Mode, _) => Rule::Refuse,
//!         (_, CampaignState::Draft | CampaignState::Scheduled) | (Field::Ratio, _) => Rule::Take,
//!         _ => Rule::Ignore,
//!     }
//! });
//!
//! async fn answer(
//!     service: &Service,
//!     caller: &Caller,
//!     task: CampaignId,
//!     name: String,
//!     ratio: Ratio,
//! ) -> &'static str {
//!     let edit = CampaignEdit::new(EDIT, move |campaign| {
//!         let mut wished = campaign.settings.clone();
//!         wished.name = name.clone();
//!         wished.mode = Mode::Ratio(ratio);
//!         Ok(wished)
//!     });
//!     match service.edit_campaign(caller, task, edit).await {
//!         Ok(_edited) => "10000",
//!         Err(ServiceError::EditRefused(EditRefused::State(_))) => "20001",
//!         Err(ServiceError::EditRefused(EditRefused::Fields(_fields))) => "20001",
//!         Err(ServiceError::Invalid(_)) => "29002",
//!         Err(_) => "29008",
//!     }
//! }
//! ```

mod later;
mod list;
mod preview;

pub(super) use later::make_due_edits;

use std::sync::{Arc, PoisonError};

use outdial_domain::edit::{Judged, RefusedField, with_values};
use outdial_domain::{
    Campaign, CampaignId, Change, EditPolicy, EditRefused, Extras, Field, FieldValue, NewContact,
    Revision, RevisionNumber, Settings, SettingsError, TenantId,
};
use outdial_engine::input::Input;
use outdial_store::{NewRevision, PendingEditId, StagedList, StoreError};
use tokio::sync::Mutex;

use super::Service;
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::events::Happened;
use crate::views::{Edited, ListChange};
use list::NewList;

/// Our own API's table: everything but tenant, mode and kind of target, in every state but ended.
pub const REST_EDIT: EditPolicy = EditPolicy::new("rest PATCH").ruling(|field, _| match field {
    Field::Mode | Field::TargetKind => outdial_domain::edit::Rule::Refuse,
    _ => outdial_domain::edit::Rule::Take,
});

/// So often an edit is judged anew because the campaign's state changed under it.
const TRIES: u32 = 5;

/// What the settings are to become, seen from the campaign as it is. It runs while no other edit of
/// the tenant can, and may run again.
pub type Wish = Box<dyn Fn(&Campaign) -> Result<Settings, ServiceError> + Send + Sync>;

/// An edit that is asked for: whose rules, and what is wished.
pub struct CampaignEdit {
    policy: EditPolicy,
    wish: Wish,
    if_match: Option<RevisionNumber>,
    contacts: Option<Vec<NewContact>>,
    extras: Option<ExtrasWish>,
    restores: Option<RevisionNumber>,
    pending: Option<PendingEditId>,
    name_once: bool,
}

impl CampaignEdit {
    /// An edit under this policy, by what it makes of the campaign.
    pub fn new(
        policy: EditPolicy,
        wish: impl Fn(&Campaign) -> Result<Settings, ServiceError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            policy,
            wish: Box::new(wish),
            if_match: None,
            contacts: None,
            extras: None,
            restores: None,
            pending: None,
            name_once: false,
        }
    }

    /// An edit under this policy, by the values of the fields that it names.
    pub fn patch(policy: EditPolicy, values: Vec<(Field, FieldValue)>) -> Self {
        Self::new(policy, move |campaign| {
            let values = values.iter().map(|(field, value)| (*field, value));
            Ok(with_values(&campaign.settings, values)?)
        })
    }

    /// Refused when the campaign is at another revision.
    #[must_use]
    pub fn if_match(mut self, revision: Option<RevisionNumber>) -> Self {
        self.if_match = revision;
        self
    }

    /// Stores this with the campaign for the caller's API, in the place of what was stored for it.
    #[must_use]
    pub fn with_extras(
        mut self,
        extras: impl Fn(&Campaign) -> serde_json::Value + Send + Sync + 'static,
    ) -> Self {
        self.extras = Some(Box::new(extras));
        self
    }

    /// Refused when it gives the campaign a name that another campaign of the tenant has.
    #[must_use]
    pub fn with_own_name(mut self) -> Self {
        self.name_once = true;
        self
    }

    /// These contacts take the place of all others, where the policy lets [`Field::Contacts`]
    /// change. Of contacts with the same number the first is kept.
    #[must_use]
    pub fn replacing_contacts(mut self, contacts: Vec<NewContact>) -> Self {
        self.contacts = Some(contacts);
        self
    }
}

/// What is to be stored for an API, seen from the campaign as it is.
type ExtrasWish = Box<dyn Fn(&Campaign) -> serde_json::Value + Send + Sync>;

/// An edit as it stands before it is made.
struct Ready {
    before: Campaign,
    judged: Judged,
    /// What is stored for vendors' APIs after it, where that changes.
    extras: Option<Extras>,
    /// Whether the list is replaced.
    replaces: bool,
}

impl Service {
    /// Edits a campaign: judges by the policy, checks everything, commits a new revision, and hands
    /// it to the engine at one instant. An edit that changes nothing makes no revision. It goes on to
    /// its end also when whoever asked has gone.
    ///
    /// # Errors
    /// [`ServiceError::Edited`] when `if_match` names another revision than the one in force;
    /// [`ServiceError::EditRefused`] with the state, or every refused field;
    /// [`ServiceError::Invalid`] with every wrong one.
    pub async fn edit_campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: CampaignEdit,
    ) -> Result<Edited, ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        let edited = tokio::spawn(async move { service.edit_in_turn(&caller, id, edit).await });
        match edited.await {
            Ok(edited) => edited,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(ServiceError::Stopping),
            },
        }
    }

    /// Makes a new revision with the settings of an earlier one. Contacts and attempts stay as they
    /// are: what is final stays final.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a revision that the campaign has not had; otherwise as
    /// [`Service::edit_campaign`].
    pub async fn restore_revision(
        &self,
        caller: &Caller,
        id: CampaignId,
        number: RevisionNumber,
        if_match: Option<RevisionNumber>,
    ) -> Result<Edited, ServiceError> {
        let edit = self.restoring(caller, id, number).await?;
        self.edit_campaign(caller, id, edit.if_match(if_match))
            .await
    }

    async fn restoring(
        &self,
        caller: &Caller,
        id: CampaignId,
        number: RevisionNumber,
    ) -> Result<CampaignEdit, ServiceError> {
        self.own_campaign(caller, Right::RunCampaigns, id).await?;
        let revision = self.store().revision(id, number).await?;
        let settings =
            revision
                .map(|revision| revision.settings)
                .ok_or_else(|| ServiceError::NotFound {
                    what: "revision",
                    id: number.to_string(),
                })?;
        let mut edit = CampaignEdit::new(REST_EDIT, move |_| Ok(settings.clone()));
        edit.restores = Some(number);
        Ok(edit)
    }

    /// One of a campaign's revisions.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a revision that the campaign has not had.
    pub async fn revision(
        &self,
        caller: &Caller,
        id: CampaignId,
        number: RevisionNumber,
    ) -> Result<Revision, ServiceError> {
        self.own_campaign(caller, Right::Read, id).await?;
        let revision = self.store().revision(id, number).await?;
        revision.ok_or_else(|| ServiceError::NotFound {
            what: "revision",
            id: number.to_string(),
        })
    }

    /// A campaign's revisions, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn revisions(
        &self,
        caller: &Caller,
        id: CampaignId,
    ) -> Result<Vec<Revision>, ServiceError> {
        self.own_campaign(caller, Right::Read, id).await?;
        let mut revisions = Vec::new();
        let mut after = None;
        loop {
            let page = self.store().revisions(id, after, 1000).await?;
            revisions.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(revisions);
            }
        }
    }

    /// The lock that edits of a tenant take turns by.
    pub(super) fn turn_of(&self, tenant: TenantId) -> Arc<Mutex<()>> {
        let mut turns = self
            .core
            .edits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(tenant).or_default())
    }

    async fn edit_in_turn(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: CampaignEdit,
    ) -> Result<Edited, ServiceError> {
        let turn = self.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        for _ in 0..TRIES {
            let ready = self.make_ready(caller, id, &edit).await?;
            if ready.replaces {
                return self.edit_with_list(caller, id, &edit).await;
            }
            if ready.judged.taken.is_empty() && ready.extras.is_none() {
                return self.nothing_to_do(ready, &edit).await;
            }
            match self.commit(caller, &edit, ready, None).await {
                Err(StoreError::Moved) => {}
                Err(error) => return Err(error.into()),
                Ok((edited, fact)) => return self.tell_edit(caller, edited, vec![fact]).await,
            }
        }
        Err(ServiceError::Conflict(
            "the campaign changes its state all the time; try again in a moment".to_owned(),
        ))
    }

    async fn nothing_to_do(
        &self,
        ready: Ready,
        edit: &CampaignEdit,
    ) -> Result<Edited, ServiceError> {
        if let Some(pending) = edit.pending {
            self.store()
                .remove_pending_edit(ready.before.id, pending)
                .await?;
        }
        Ok(Edited {
            campaign: ready.before,
            diff: Vec::new(),
            ignored: ready.judged.ignored,
            list: None,
        })
    }

    /// Judges and checks an edit; what it returns may be committed.
    async fn make_ready(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: &CampaignEdit,
    ) -> Result<Ready, ServiceError> {
        let (before, judged, list) = self.judge(caller, id, edit).await?;
        let mut refused = judged.refused.clone();
        let replaces = list.unwrap_or_else(|field| {
            refused.push(field);
            false
        });
        if !refused.is_empty() {
            return Err(EditRefused::Fields(refused).into());
        }
        if !judged.taken.is_empty() {
            self.check_settings(caller, &judged.settings)?;
        }
        let renamed = |changes: &[Change]| changes.iter().any(|c| c.field == Field::Name);
        if edit.name_once && renamed(&judged.taken) {
            let name = &judged.settings.name;
            self.check_name_is_free(caller, name, Some(id)).await?;
        }
        let extras = edit.extras.as_ref().map(|wish| {
            let mut extras = before.extras.clone();
            extras.insert(caller.origin, wish(&before));
            extras
        });
        Ok(Ready {
            extras: extras.filter(|extras| *extras != before.extras),
            before,
            judged,
            replaces,
        })
    }

    /// What the policy makes of an edit, and of a list that comes with it.
    async fn judge(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: &CampaignEdit,
    ) -> Result<(Campaign, Judged, Result<bool, RefusedField>), ServiceError> {
        let before = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        if edit
            .if_match
            .is_some_and(|expected| expected != before.revision)
        {
            return Err(ServiceError::Edited(before.revision));
        }
        // Before the wish: what an API may not edit now it need not have read right.
        if !edit.policy.takes(before.state) {
            return Err(EditRefused::State(before.state).into());
        }
        let wished = (edit.wish)(&before)?;
        let judged = edit.policy.judge(before.state, &before.settings, &wished)?;
        let list = match edit.contacts {
            Some(_) => edit.policy.judge_list(before.state),
            None => Ok(false),
        };
        Ok((before, judged, list))
    }

    /// Commits an edit that is ready; returns what came of it and what the engine is to hear.
    async fn commit(
        &self,
        caller: &Caller,
        edit: &CampaignEdit,
        ready: Ready,
        list: Option<NewList>,
    ) -> Result<(Edited, Input), StoreError> {
        let Ready {
            before,
            judged,
            extras,
            ..
        } = ready;
        let at = self
            .now()
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let number = RevisionNumber::new(before.revision.number() + 1);
        let told = Happened::CampaignRevised {
            campaign: before.id,
            revision: number,
            author: caller.name.clone(),
        };
        let mut diff = judged.taken;
        diff.extend(list.as_ref().map(|list| list.change.clone()));
        let (list, contacts) = match list {
            Some(list) => (Some(list.staged), list.contacts),
            None => (None, None),
        };
        let revision = NewRevision {
            campaign: before.id,
            expected: Some(before.revision),
            // A list that is being replaced holds the campaign where it is.
            expected_state: list.is_none().then_some(before.state),
            author: caller.name.clone(),
            origin: caller.origin,
            at,
            settings: judged.settings.clone(),
            changes: diff.clone(),
            restores: edit.restores,
            pending: edit.pending,
            list: list.clone(),
            extras: extras.clone(),
            events: vec![told.recorded(caller.tenant, at)],
        };
        let revision = match contacts {
            Some(contacts) => self.store().revise_with_list(revision, contacts).await?,
            None => self.store().revise_campaign(revision).await?,
        };
        let edited = Edited {
            campaign: Campaign {
                revision: revision.number,
                settings: judged.settings.clone(),
                extras: extras.unwrap_or(before.extras),
                ..before
            },
            diff,
            ignored: judged.ignored,
            list: list.as_ref().map(ListChange::from),
        };
        let fact = Input::Revised {
            campaign: edited.campaign.id,
            revision: revision.number,
            settings: Box::new(judged.settings),
        };
        Ok((edited, fact))
    }

    /// Tells the engine of an edit that is committed, and gives fresh contacts their new places.
    async fn tell_edit(
        &self,
        caller: &Caller,
        mut edited: Edited,
        facts: Vec<Input>,
    ) -> Result<Edited, ServiceError> {
        let (tenant, id) = (caller.tenant, edited.campaign.id);
        let told = self.ask(move |runtime| {
            for fact in facts {
                runtime.tell(tenant, fact);
            }
            runtime.settle();
            runtime.campaign_view(tenant, id).map(|view| view.state)
        });
        if let Some(state) = told.await? {
            if state != edited.campaign.state {
                // Whoever reads the campaign next is to see where the edit has brought it.
                match self.settled().await {
                    // The edit itself is stored.
                    Ok(()) | Err(ServiceError::Store(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            edited.campaign.state = state;
        }
        if edited
            .diff
            .iter()
            .any(|change| change.field == Field::Order)
        {
            let order = edited.campaign.settings.order;
            match self.store().reorder(id, order).await {
                Ok(()) => {
                    self.ask(move |runtime| runtime.tell(tenant, Input::Reordered(id)))
                        .await?;
                }
                // The edit stands; the list keeps its old places as far as they were not changed.
                Err(error) => {
                    tracing::error!(campaign.id = %id, %error, "contacts have not got their new order");
                }
            }
        }
        Ok(edited)
    }
}

impl From<EditRefused> for ServiceError {
    fn from(refused: EditRefused) -> Self {
        Self::EditRefused(refused)
    }
}

impl From<SettingsError> for ServiceError {
    fn from(error: SettingsError) -> Self {
        Self::field(error.field, error.problem)
    }
}

impl From<&StagedList> for ListChange {
    fn from(list: &StagedList) -> Self {
        Self {
            added: list.added,
            removed: list.removed,
            kept: list.kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use outdial_domain::CampaignState;
    use outdial_domain::edit::Rule;

    use super::*;

    #[test]
    fn our_api_edits_everything_but_mode_and_kind_of_target_until_the_end() {
        for state in CampaignState::ALL {
            let ended = matches!(state, CampaignState::Ended(_));
            assert_eq!(REST_EDIT.takes(state), !ended, "{state:?}");
            for field in Field::ALL {
                let expected = match field {
                    Field::Mode | Field::TargetKind => Rule::Refuse,
                    _ => Rule::Take,
                };
                assert_eq!(REST_EDIT.rule(field, state), expected, "{field} {state:?}");
            }
        }
    }
}
