//! What may be there once only, where an API promises so: a campaign's name within its tenant, a
//! contact's own key within its campaign.

use std::collections::BTreeSet;

use outdial_domain::{Campaign, CampaignId, Extras, NewContact, Settings};
use outdial_store::CampaignQuery;

use super::Service;
use crate::access::{Caller, Right};
use crate::error::ServiceError;
use crate::views::Imported;

/// Contacts that are read at once while their keys are compared.
const PAGE: usize = 1000;

impl Service {
    /// Makes a campaign in state draft whose name no other campaign of the tenant has.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when one has it; otherwise as [`Service::create_campaign`].
    pub async fn create_campaign_with_own_name(
        &self,
        caller: &Caller,
        settings: Settings,
        extras: Extras,
    ) -> Result<Campaign, ServiceError> {
        caller.needs(Right::RunCampaigns)?;
        let turn = self.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        self.check_name_is_free(caller, &settings.name, None)
            .await?;
        self.create_campaign_with(caller, settings, extras, None)
            .await
    }

    /// Adds contacts to a campaign, all of them or none. One whose own key the campaign knows already
    /// is left out, so that a request may be repeated; the campaign has at most `most` contacts afterwards.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when there would be more, or the campaign takes none any more.
    pub async fn append_contacts(
        &self,
        caller: &Caller,
        id: CampaignId,
        mut contacts: Vec<NewContact>,
        most: usize,
    ) -> Result<Imported, ServiceError> {
        self.own_campaign(caller, Right::RunCampaigns, id).await?;
        let turn = self.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        let given = contacts.len();
        let mut known = BTreeSet::new();
        let (mut there, mut after) = (0, None);
        loop {
            let page = self.store().contacts(id, None, after, PAGE).await?;
            there += page.items.len();
            known.extend(page.items.into_iter().filter_map(|c| c.external_id));
            after = page.next;
            if after.is_none() || there > most {
                break;
            }
        }
        contacts.retain(|new| {
            let key = new.external_id.as_ref();
            key.is_none_or(|key| !known.contains(key))
        });
        let duplicates = (given - contacts.len()) as u64;
        if there + contacts.len() > most {
            return Err(ServiceError::Conflict(format!(
                "the campaign has {there} contacts and may have {most}"
            )));
        }
        let mut import = self.import_contacts(caller, id, false).await?;
        if !contacts.is_empty() {
            import.push(contacts).await?;
        }
        let imported = import.finish().await?;
        Ok(Imported {
            duplicates,
            ..imported
        })
    }

    /// Whether no campaign of the tenant but `own` has this name.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn is_name_free(
        &self,
        caller: &Caller,
        name: &str,
        own: Option<CampaignId>,
    ) -> Result<bool, ServiceError> {
        caller.needs(Right::Read)?;
        let query = CampaignQuery {
            tenant: Some(caller.tenant),
            name: Some(name.to_owned()),
            limit: 2,
            ..CampaignQuery::default()
        };
        let found = self.store().campaigns(query).await?;
        Ok(found.items.iter().all(|other| Some(other.id) == own))
    }

    /// Refuses a name that another campaign of the tenant has.
    pub(super) async fn check_name_is_free(
        &self,
        caller: &Caller,
        name: &str,
        own: Option<CampaignId>,
    ) -> Result<(), ServiceError> {
        match self.is_name_free(caller, name, own).await? {
            true => Ok(()),
            false => Err(ServiceError::Conflict(
                "another campaign has this name; choose a name of its own".to_owned(),
            )),
        }
    }
}
