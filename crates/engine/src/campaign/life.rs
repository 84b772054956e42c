//! The life of a campaign: start, pause, resume, abort, the end of its period and of its list.

use outdial_domain::{
    AtEnd, CampaignId, CampaignState, EndReason, LifeCycleCommand, LifeCycleError, ModeName,
    Timestamp,
};

use super::Campaign;
use crate::engine::Engine;
use crate::gate::lines::Kept;
use crate::input::{Command, LoadedCampaign};
use crate::mutant::Mutant;
use crate::output::Output;
use crate::timer::{TimerKey, Timers};

/// Why a command to a campaign is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The engine has no such campaign.
    #[error("campaign {0} does not exist")]
    UnknownCampaign(CampaignId),
    /// The command does not fit the campaign's state.
    #[error(transparent)]
    LifeCycle(#[from] LifeCycleError),
    /// The campaign's mode cannot be started.
    #[error("mode: {} is not built yet; use ratio or progressive", .0.as_str())]
    NotBuilt(ModeName),
}

impl Engine {
    /// Takes a person's command to a campaign.
    ///
    /// # Errors
    /// [`CommandError`] when there is no such campaign, its state does not take the command, or its
    /// mode is not built.
    pub fn command(
        &mut self,
        now: Timestamp,
        command: Command,
    ) -> Result<CampaignState, CommandError> {
        self.advance_clock(now);
        let id = command.campaign;
        let Some(campaign) = self.campaigns.get(&id) else {
            return Err(CommandError::UnknownCampaign(id));
        };
        let starts = matches!(
            command.command,
            LifeCycleCommand::Start | LifeCycleCommand::Resume
        );
        let next = campaign.state.after(command.command)?;
        if starts && !campaign.pacing.is_built() {
            return Err(CommandError::NotBuilt(campaign.settings.mode.name()));
        }
        self.enter(id, next);
        // One that ends is forgotten when all is settled.
        let next = self.campaigns.get(&id).map_or(next, |c| c.state);
        self.settle();
        Ok(self.campaigns.get(&id).map_or(next, |c| c.state))
    }

    pub(crate) fn campaign_loaded(&mut self, loaded: LoadedCampaign) {
        let id = loaded.campaign.id;
        if self.campaigns.contains_key(&id) {
            self.counters.late += 1;
            return;
        }
        let campaign = Campaign::new(loaded, self.now);
        let state = campaign.state;
        self.campaigns.insert(id, Box::new(campaign));
        match state {
            CampaignState::Running | CampaignState::Scheduled => {
                self.enter(id, CampaignState::Running);
                self.start_running(id);
            }
            CampaignState::Paused => self.enter(id, CampaignState::Paused),
            CampaignState::Draft | CampaignState::Ended(_) => {}
        }
        self.set_campaign_alarm(id);
    }

    /// Brings a campaign into a state; `Running` becomes what the calendar and the list make of it.
    pub(crate) fn enter(&mut self, id: CampaignId, wanted: CampaignState) {
        let now = self.now;
        let no_list_done = self.is_off(Mutant::ListDone);
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let calendar = &campaign.settings.calendar;
        let alive = matches!(wanted, CampaignState::Running | CampaignState::Paused);
        let state = if alive && calendar.is_over(now) {
            CampaignState::Ended(EndReason::PeriodOver)
        } else if wanted != CampaignState::Running {
            wanted
        } else if calendar.starts_at().is_some_and(|start| now < start) {
            CampaignState::Scheduled
        } else if campaign.has_nothing_left() && !no_list_done {
            CampaignState::Ended(EndReason::ListDone)
        } else {
            CampaignState::Running
        };
        let before = std::mem::replace(&mut campaign.state, state);
        if before == state {
            self.set_campaign_alarm(id);
            return;
        }
        self.out.push_back(Output::CampaignChanged {
            campaign: id,
            state,
        });
        match state {
            CampaignState::Running => self.start_running(id),
            CampaignState::Ended(reason) => {
                self.stop_running(id);
                self.end_ringing(id, reason);
                if reason != EndReason::ListDone {
                    self.ended.insert(id);
                }
            }
            CampaignState::Draft | CampaignState::Scheduled | CampaignState::Paused => {
                self.stop_running(id);
            }
        }
        self.set_campaign_alarm(id);
    }

    /// It may dial from now on, calendar permitting.
    fn start_running(&mut self, id: CampaignId) {
        let lines = self.lines_of(id);
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if !campaign.is_running() {
            return;
        }
        campaign.calendar.refresh(&campaign.settings.calendar, now);
        campaign.window.resize(lines);
        self.wake_campaign(id);
        self.load_contacts(id);
    }

    /// No new calls: the window goes back, offers are withdrawn, agents who wait for a call are free.
    pub(crate) fn stop_running(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            self.waiters.remove(&mut campaign.standing);
            campaign.has_claim = false;
            campaign.is_full = false;
            campaign.refused_until = None;
        }
        self.keep_lines(id);
        self.withdraw_offers(id);
        self.release_ready_agents(id);
        self.give_back_window(id);
    }

    /// Forgets campaigns that have ended for ever, as soon as their last call is over: only the store
    /// knows them then. One whose list is done may run again.
    pub(crate) fn forget_ended(&mut self) {
        let campaigns = &self.campaigns;
        let calls = |id: &CampaignId| campaigns.get(id).map_or(0, |c| c.calls);
        let over: Vec<_> = self
            .ended
            .iter()
            .copied()
            .filter(|id| calls(id) == 0)
            .collect();
        for id in over {
            self.release_promises(id);
            self.ended.remove(&id);
            if let Some(mut campaign) = self.campaigns.remove(&id) {
                self.waiters.remove(&mut campaign.standing);
                self.timers
                    .set(&mut campaign.alarm, TimerKey::Campaign(id), None);
                self.lines.keep(campaign.kept, Kept::default());
            }
        }
    }

    fn end_ringing(&mut self, id: CampaignId, reason: EndReason) {
        let at_end = self.campaigns.get(&id).map(|c| c.settings.at_end);
        if reason == EndReason::ByHand || at_end == Some(AtEnd::CancelRinging) {
            let calls = self.calls.values().map(|call| &call.attempt);
            let own: Vec<_> = calls.filter(|a| a.campaign == id).map(|a| a.id).collect();
            for attempt in own {
                self.cancel_by_hand(attempt);
            }
        }
    }

    /// A campaign's alarm has gone off: its calendar, a contact's rest, or its next slot.
    pub(crate) fn campaign_due(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            Timers::fired(&mut campaign.alarm);
            if campaign.refused_until.is_some_and(|t| t <= self.now) {
                campaign.refused_until = None;
            }
        }
        self.refresh_calendar(id);
        if self.campaigns.get(&id).is_some_and(|c| c.is_running()) {
            self.wake_campaign(id);
            self.load_contacts(id);
        }
        self.set_campaign_alarm(id);
    }

    /// Looks at calendar and period again, where their last answer is out of date.
    pub(crate) fn refresh_calendar(&mut self, id: CampaignId) {
        let now = self.now;
        let is_off = self.is_off(Mutant::Calendar);
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let alive = matches!(
            campaign.state,
            CampaignState::Running | CampaignState::Scheduled | CampaignState::Paused
        );
        if !alive {
            return;
        }
        let changed = campaign.calendar.refresh(&campaign.settings.calendar, now);
        let closed = changed && !campaign.calendar.is_open() && !is_off;
        let wanted = match campaign.state {
            CampaignState::Paused => CampaignState::Paused,
            _ => CampaignState::Running,
        };
        if campaign.settings.calendar.is_over(now) || campaign.state == CampaignState::Scheduled {
            self.enter(id, wanted);
        } else if closed {
            self.withdraw_offers(id);
            self.release_ready_agents(id);
            self.give_back_window(id);
        }
    }

    /// Ends a campaign whose list is done.
    pub(crate) fn end_if_done(&mut self, id: CampaignId) {
        let campaign = self.campaigns.get(&id);
        if campaign.is_some_and(|c| c.is_running() && c.has_nothing_left())
            && !self.is_off(Mutant::ListDone)
        {
            self.enter(id, CampaignState::Running);
        }
    }

    pub(crate) fn set_campaign_alarm(&mut self, id: CampaignId) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            let next = campaign.next_alarm();
            if let Some((_, why)) = next {
                campaign.alarm_for = why;
            }
            let when = next.map(|(t, _)| t);
            self.timers
                .set(&mut campaign.alarm, TimerKey::Campaign(id), when);
        }
    }
}
