//! Replacing a list before it is dialed: the campaign is held where it is, the new list comes in
//! unseen, and both change places in the transaction of the edit's revision.

use std::collections::HashSet;

use outdial_domain::{Campaign, CampaignId, Change, Field, FieldValue, NewContact};
use outdial_store::{ImportOptions, ListVersion, StagedList};

use super::{CampaignEdit, Ready, Service};
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::views::Edited;

/// Contacts that are handed to the store at once.
const BATCH: usize = 1_000;

impl Service {
    /// The version of a campaign's list, and the lists that took the place of others.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn list_versions(
        &self,
        caller: &Caller,
        id: CampaignId,
    ) -> Result<(u32, Vec<ListVersion>), ServiceError> {
        self.own_campaign(caller, Right::Read, id).await?;
        Ok(self.store().list_versions(id).await?)
    }

    /// Makes an edit that brings a list with it.
    pub(super) async fn edit_with_list(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: &CampaignEdit,
    ) -> Result<Edited, ServiceError> {
        let tenant = caller.tenant;
        self.ask(move |runtime| runtime.hold_list(tenant, id))
            .await??;
        let replaced = self.replace_list(caller, id, edit).await;
        if let Err(error) = &replaced {
            tracing::debug!(campaign.id = %id, %error, "a list is not replaced");
        }
        // Whatever came of it, the engine hears of the list that there is now.
        let counts = self.store().contact_counts(id).await;
        let released = self.ask(move |runtime| {
            runtime.release_list(tenant, id, counts.ok());
        });
        released.await?;
        replaced
    }

    async fn replace_list(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: &CampaignEdit,
    ) -> Result<Edited, ServiceError> {
        // What the engine had said of the campaign before it was held is in the store now.
        self.settled().await?;
        let ready = self.make_ready(caller, id, edit).await?;
        if !ready.replaces {
            return Err(ServiceError::Conflict(
                "the campaign has changed its state meanwhile; try again".to_owned(),
            ));
        }
        let contacts = without_duplicates(edit.contacts.clone().unwrap_or_default());
        if self.store().can_replace_at_once(id, contacts.len()).await? {
            return self.replace_at_once(caller, edit, ready, contacts).await;
        }
        let staged = match self.stage(&ready.before, contacts).await {
            Ok(staged) => staged,
            Err(error) => return Err(self.drop_staged(id, error).await),
        };
        match self.commit(caller, edit, ready, Some(staged.into())).await {
            Ok((edited, fact)) => self.tell_edit(caller, edited, vec![fact]).await,
            Err(error) => Err(self.drop_staged(id, error.into()).await),
        }
    }

    /// A short list comes in with the transaction of its edit: one commit instead of one for each step.
    async fn replace_at_once(
        &self,
        caller: &Caller,
        edit: &CampaignEdit,
        ready: Ready,
        contacts: Vec<NewContact>,
    ) -> Result<Edited, ServiceError> {
        let id = ready.before.id;
        let compared = self.store().compare_list(id, contacts.clone()).await?;
        let change = self.list_change(id, contacts.len() as u64).await?;
        let list = NewList {
            change,
            contacts: Some(contacts),
            staged: compared,
        };
        let (edited, fact) = self.commit(caller, edit, ready, Some(list)).await?;
        self.tell_edit(caller, edited, vec![fact]).await
    }

    /// Stores a list that nobody sees yet; says what would change.
    async fn stage(
        &self,
        campaign: &Campaign,
        mut contacts: Vec<NewContact>,
    ) -> Result<(StagedList, Change), ServiceError> {
        let id = campaign.id;
        let options = ImportOptions {
            skip_duplicates: true,
            ..ImportOptions::default()
        };
        let mut session = self.store().stage_list(id, options).await?;
        while !contacts.is_empty() {
            let rest = contacts.split_off(contacts.len().min(BATCH));
            session.add(std::mem::replace(&mut contacts, rest)).await?;
        }
        let progress = session.finish().await?;
        let staged = self.store().compare_staged(id).await?;
        let change = self.list_change(id, progress.accepted).await?;
        Ok((staged, change))
    }

    /// How the diff tells of a list with so many contacts.
    async fn list_change(&self, id: CampaignId, contacts: u64) -> Result<Change, ServiceError> {
        let before = self.store().list_in_force(id).await?;
        Ok(Change {
            field: Field::Contacts,
            before: FieldValue::List {
                version: before.version,
                contacts: before.contacts,
            },
            after: FieldValue::List {
                version: before.version + 1,
                contacts,
            },
        })
    }

    async fn drop_staged(&self, id: CampaignId, error: ServiceError) -> ServiceError {
        if let Err(also) = self.store().drop_staged(id).await {
            // It is dropped when the store is opened next; until then the list takes no other.
            tracing::error!(campaign.id = %id, error = %also, "a list could not be dropped");
        }
        error
    }
}

/// A list that takes the place of another with an edit.
pub(super) struct NewList {
    pub(super) change: Change,
    /// Those of a short list, which is not in the store yet.
    pub(super) contacts: Option<Vec<NewContact>>,
    pub(super) staged: StagedList,
}

impl From<(StagedList, Change)> for NewList {
    fn from((staged, change): (StagedList, Change)) -> Self {
        Self {
            change,
            contacts: None,
            staged,
        }
    }
}

/// Leaves contacts out of which a number stands before.
fn without_duplicates(mut contacts: Vec<NewContact>) -> Vec<NewContact> {
    let mut known = HashSet::new();
    contacts.retain(|contact| {
        let is_known = contact.numbers.iter().any(|number| known.contains(number));
        if !is_known {
            known.extend(contact.numbers.iter().copied());
        }
        !is_known
    });
    contacts
}
