//! Replacing a list before it is dialed: the campaign is held where it is, the new list comes in
//! unseen, and both change places in the transaction of the edit's revision.

use outdial_domain::{Campaign, CampaignId, Change, Field, FieldValue, NewContact};
use outdial_store::{ImportOptions, ListVersion, StagedList};

use super::{CampaignEdit, Service};
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
        let contacts = edit.contacts.clone().unwrap_or_default();
        let staged = match self.stage(&ready.before, contacts).await {
            Ok(staged) => staged,
            Err(error) => return Err(self.drop_staged(id, error).await),
        };
        match self.commit(caller, edit, ready, Some(staged)).await {
            Ok((edited, fact)) => self.tell_edit(caller, edited, vec![fact]).await,
            Err(error) => Err(self.drop_staged(id, error.into()).await),
        }
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
        let (version, _) = self.store().list_versions(id).await?;
        let before = self.store().contact_counts(id).await?.total();
        let change = Change {
            field: Field::Contacts,
            before: FieldValue::List {
                version,
                contacts: before,
            },
            after: FieldValue::List {
                version: version + 1,
                contacts: progress.accepted,
            },
        };
        Ok((staged, change))
    }

    async fn drop_staged(&self, id: CampaignId, error: ServiceError) -> ServiceError {
        if let Err(also) = self.store().drop_staged(id).await {
            // It is dropped when the store is opened next; until then the list takes no other.
            tracing::error!(campaign.id = %id, error = %also, "a list could not be dropped");
        }
        error
    }
}
