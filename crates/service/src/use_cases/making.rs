//! A campaign made whole: settings, list and start in one request, as vendors' APIs have it.

use outdial_domain::{Campaign, Extras, LifeCycleCommand, NewContact, Settings};

use super::Service;
use crate::access::Caller;
use crate::error::ServiceError;

/// Contacts that are handed to the store at once.
const BATCH: usize = 1_000;

impl Service {
    /// Makes a campaign with its list and starts it. Of contacts with the same number the first is
    /// kept. When it cannot be done whole, nothing of it is left.
    ///
    /// # Errors
    /// As [`Service::create_campaign`], [`Service::import_contacts`] and
    /// [`Service::command_campaign`].
    pub async fn create_and_start(
        &self,
        caller: &Caller,
        settings: Settings,
        extras: Extras,
        contacts: Vec<NewContact>,
    ) -> Result<Campaign, ServiceError> {
        let campaign = self
            .create_campaign_with(caller, settings, extras, None)
            .await?;
        match self.fill_and_start(caller, &campaign, contacts).await {
            Ok(started) => Ok(started),
            Err(error) => {
                if let Err(also) = self.remove_campaign(caller, campaign.id).await {
                    tracing::error!(campaign.id = %campaign.id, error = %also, "a campaign that could not be made whole is left as a draft");
                }
                Err(error)
            }
        }
    }

    async fn fill_and_start(
        &self,
        caller: &Caller,
        campaign: &Campaign,
        mut contacts: Vec<NewContact>,
    ) -> Result<Campaign, ServiceError> {
        let mut import = self.import_contacts(caller, campaign.id, true).await?;
        while !contacts.is_empty() {
            let rest = contacts.split_off(contacts.len().min(BATCH));
            import.push(std::mem::replace(&mut contacts, rest)).await?;
        }
        import.finish().await?;
        self.command_campaign(caller, campaign.id, LifeCycleCommand::Start)
            .await
    }
}
