//! The life of campaigns.

use outdial_domain::{CampaignId, CampaignState, EndReason, LifeCycleCommand, Timestamp};
use outdial_engine::input::Command;

use super::{Checker, Property};

impl Checker {
    pub(super) fn check_command(&mut self, now: Timestamp, command: Command, taken: bool) {
        let Some(campaign) = self.picture.campaigns.get_mut(&command.campaign) else {
            return;
        };
        let after = campaign.state.after(command.command);
        if taken != after.is_ok() {
            let what = format!(
                "{} of a campaign that is {}: taken {taken}",
                command.command.name(),
                campaign.state.name()
            );
            self.object(Property::CommandsFit, now, what);
            return;
        }
        if let Ok(state) = after {
            campaign.state = state;
            campaign.aborted |= command.command == LifeCycleCommand::Abort;
        }
    }

    pub(super) fn at_campaign_changed(
        &mut self,
        now: Timestamp,
        id: CampaignId,
        state: CampaignState,
    ) {
        let Some(campaign) = self.picture.campaigns.get(&id) else {
            let what = format!("campaign {id}, which nobody knows, changes");
            return self.object(Property::StateFits, now, what);
        };
        let calendar = &campaign.settings.calendar;
        let was = campaign.state;
        let early = calendar.starts_at().is_some_and(|start| now < start);
        let fits = match (was, state) {
            (same, new) if same == new => true,
            (_, CampaignState::Ended(EndReason::ListDone)) => campaign.open == 0,
            (_, CampaignState::Ended(EndReason::PeriodOver)) => calendar.is_over(now),
            (_, CampaignState::Ended(EndReason::ByHand)) => campaign.aborted,
            (_, CampaignState::Ended(EndReason::Fault)) => true,
            (CampaignState::Running, CampaignState::Scheduled) => early,
            (CampaignState::Scheduled, CampaignState::Running) => !early,
            (CampaignState::Ended(EndReason::ListDone), CampaignState::Running) => {
                campaign.reopens && campaign.open > 0
            }
            _ => false,
        };
        if !fits {
            let what = format!(
                "campaign {id} goes from {was:?} to {state:?} with {} open contacts",
                campaign.open
            );
            self.object(Property::StateFits, now, what);
        }
        if let Some(campaign) = self.picture.campaigns.get_mut(&id) {
            campaign.state = state;
        }
    }
}
