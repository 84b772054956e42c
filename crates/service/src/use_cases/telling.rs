//! Figures of running campaigns, told as events while they change.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::CampaignId;
use outdial_store::CampaignQuery;

use super::Service;
use crate::error::ServiceError;
use crate::events::Happened;

/// How often figures are told.
const EVERY: Duration = Duration::from_secs(5);

/// Tells figures until the server stops.
pub(super) async fn tell_stats(service: Service) {
    let mut told = BTreeMap::new();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match tell_changed(&service, &mut told).await {
            Ok(()) => {}
            Err(ServiceError::Stopping) => return,
            Err(error) => tracing::debug!(%error, "campaigns' figures are not told this time"),
        }
    }
}

async fn tell_changed(
    service: &Service,
    told: &mut BTreeMap<CampaignId, (u64, u64, u64)>,
) -> Result<(), ServiceError> {
    let at = service.now().await?;
    let mut events = Vec::new();
    let mut after = None;
    loop {
        let query = CampaignQuery {
            states: vec!["running"],
            after,
            ..CampaignQuery::default()
        };
        let page = service.store().campaigns(query).await?;
        for campaign in page.items {
            let stats = service.store().campaign_stats(campaign.id).await?;
            let figures = (stats.attempts, stats.answered, stats.abandoned);
            if told.insert(campaign.id, figures) != Some(figures) {
                let happened = Happened::CampaignStats {
                    campaign: campaign.id,
                    attempts: stats.attempts,
                    answered: stats.answered,
                    abandoned: stats.abandoned,
                };
                events.push(happened.recorded(campaign.tenant, at));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if events.is_empty() {
        Ok(())
    } else {
        Ok(service.store().append_events(events).await?)
    }
}
