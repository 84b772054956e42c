//! An edit: new settings, in force from one instant on.

use std::sync::Arc;

use outdial_domain::{CampaignId, CampaignState, RevisionNumber, Settings};

use crate::engine::Engine;
use crate::gate::calendar::CalendarGate;

impl Engine {
    /// Takes a revision. Calls in progress keep the settings that they were placed under; everything
    /// that is decided from now on goes by the new ones.
    pub(crate) fn revised(&mut self, id: CampaignId, revision: RevisionNumber, settings: Settings) {
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            self.counters.unknown += 1;
            return;
        };
        let other_order = campaign.settings.order != settings.order;
        let other_group = campaign.group() != settings.target.skill_group();
        campaign.revision = revision;
        campaign.calendar = CalendarGate::new(&settings.calendar, now);
        campaign.ledger.revise(settings.abandonment_window, now);
        campaign.pacing.revise(&settings.mode);
        campaign.settings = Arc::new(settings);
        campaign.refused_until = None;
        let state = campaign.state;
        if other_group {
            // Agents of the old group are no longer bound or promised to it.
            self.withdraw_offers(id);
            self.release_ready_agents(id);
            self.release_promises(id);
        }
        self.keep_promises(id);
        self.keep_lines(id);
        match state {
            CampaignState::Running | CampaignState::Scheduled => {
                self.enter(id, CampaignState::Running);
            }
            CampaignState::Paused => self.enter(id, CampaignState::Paused),
            CampaignState::Draft | CampaignState::Ended(_) => {}
        }
        let lines = self.lines_of(id);
        let open = match self.campaigns.get_mut(&id) {
            Some(campaign) => {
                campaign.window.resize(lines);
                campaign.may_hold(true)
            }
            None => false,
        };
        if open {
            if other_order {
                // The window was filled in the old order, and an answer on its way is in it too.
                if let Some(campaign) = self.campaigns.get_mut(&id) {
                    campaign.window.drop_answer();
                }
                self.give_back_window(id);
            }
            self.wake_campaign(id);
            self.load_contacts(id);
        } else {
            self.withdraw_offers(id);
            self.release_ready_agents(id);
            self.give_back_window(id);
        }
        self.set_campaign_alarm(id);
    }
}
