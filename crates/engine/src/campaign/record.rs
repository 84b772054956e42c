//! One campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use outdial_domain::{
    CampaignId, CampaignState, ContactId, EndReason, RevisionNumber, Settings, SkillGroupId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use super::aside::SetAside;
use super::{Held, LedgerWindow, Window};
use crate::agents::AgentKey;
use crate::calls::Tally;
use crate::gate::calendar::CalendarGate;
use crate::gate::lines::Kept;
use crate::input::LoadedCampaign;
use crate::output::WakeReason;
use crate::pacing::Pacing;
use crate::timer::Alarm;
use crate::waiters::{Standing, Turn};

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Campaign {
    pub(crate) id: CampaignId,
    pub(crate) state: CampaignState,
    pub(crate) revision: RevisionNumber,
    pub(crate) settings: Arc<Settings>,
    pub(crate) reopens: bool,

    /// All contacts that were told.
    pub(crate) contacts: u64,
    /// Those of them that are not final. A contact may be loaded, and final, before it is told: below
    /// zero so many are.
    pub(crate) open: i64,
    /// Imports that are adding contacts.
    pub(crate) imports: u32,
    pub(crate) window: Window,
    /// Contacts in the window, in calls, in offers, or with an agent who is about to be dialed for.
    pub(crate) held: BTreeSet<ContactId>,
    /// Contacts among those held whose attempts the store refuses for good: nobody calls them until the
    /// server starts anew.
    pub(crate) barred: BTreeSet<ContactId>,
    /// Contacts that are held or cancelled one by one, until the store knows of it.
    pub(crate) aside: BTreeMap<ContactId, SetAside>,
    /// How many dials the number gate had counted when the window asked last.
    pub(crate) dials_at_ask: u64,

    /// Calls that hold a line, by stage.
    pub(crate) tally: Tally,
    /// All calls, those that no longer hold a line included.
    pub(crate) calls: u32,
    pub(crate) pacing: Pacing,
    pub(crate) ledger: LedgerWindow,
    /// Whether its share of abandoned calls had come to its ceiling when it had its turn.
    pub(crate) at_ceiling: bool,
    /// Agents whose phone is called so that they can be dialed for, with the contact where it is
    /// chosen already.
    pub(crate) called_agents: BTreeMap<AgentKey, Option<Held>>,
    /// Agents who are ready to be dialed for, likewise.
    pub(crate) ready_agents: BTreeMap<AgentKey, Option<Held>>,

    pub(crate) standing: Standing,
    pub(crate) served: u64,
    pub(crate) calendar: CalendarGate,
    /// Whether it would dial at once if there were room, and the lines that are kept for it then.
    pub(crate) has_claim: bool,
    pub(crate) kept: Kept,
    /// The caller ID that is tried first next time.
    pub(crate) next_caller_id: usize,
    /// It waits for one of its own calls to end.
    pub(crate) is_full: bool,
    /// Until when the last refusal lasts by itself.
    pub(crate) refused_until: Option<Timestamp>,
    pub(crate) alarm: Alarm,
    pub(crate) alarm_for: WakeReason,
}

impl Campaign {
    pub(crate) fn new(loaded: LoadedCampaign, now: Timestamp) -> Self {
        let reopens = loaded.campaign.reopens();
        let campaign = loaded.campaign;
        let settings = Arc::new(campaign.settings);
        let calendar = CalendarGate::new(&settings.calendar, now);
        let day = calendar.day().0;
        Self {
            id: campaign.id,
            state: campaign.state,
            revision: campaign.revision,
            reopens,
            contacts: loaded.contacts,
            open: i64::try_from(loaded.open_contacts).unwrap_or(i64::MAX),
            imports: 0,
            window: Window::default(),
            held: BTreeSet::new(),
            barred: BTreeSet::new(),
            aside: BTreeMap::new(),
            dials_at_ask: 0,
            tally: Tally::default(),
            calls: 0,
            pacing: Pacing::new(&settings.mode),
            ledger: LedgerWindow::new(settings.abandonment_window, &loaded.ledger, now, day),
            at_ceiling: false,
            called_agents: BTreeMap::new(),
            ready_agents: BTreeMap::new(),
            standing: Standing::default(),
            served: 0,
            calendar,
            has_claim: false,
            kept: Kept::default(),
            next_caller_id: 0,
            is_full: false,
            refused_until: None,
            alarm: Alarm::default(),
            alarm_for: WakeReason::Calendar,
            settings,
        }
    }

    pub(crate) fn group(&self) -> Option<SkillGroupId> {
        self.settings.target.skill_group()
    }

    /// Its place among the campaigns that could dial.
    pub(crate) fn turn(&self) -> Turn {
        Turn {
            priority: self.settings.priority,
            calls: self.tally.lines(),
            served: self.served,
            campaign: self.id,
        }
    }

    /// Whether calls may start, as far as its state goes.
    pub(crate) fn is_running(&self) -> bool {
        self.state == CampaignState::Running
    }

    /// Whether it holds contacts in memory: while it is paused, over or closed, others may change
    /// them. `closed_counts` is false only for a test that switches the calendar off.
    pub(crate) fn may_hold(&self, closed_counts: bool) -> bool {
        self.is_running() && (self.calendar.is_open() || !closed_counts)
    }

    pub(crate) fn is_list_done(&self) -> bool {
        self.state == CampaignState::Ended(EndReason::ListDone)
    }

    /// Whether nothing is left to do: every contact is final, nothing is under way and none is being
    /// added. A campaign that never had a contact is not done.
    pub(crate) fn has_nothing_left(&self) -> bool {
        let list_is_whole = self.contacts > 0 && self.imports == 0;
        let barred = self.barred.len();
        let all_final = self.open <= barred as i64 && self.held.len() == barred;
        list_is_whole && all_final && self.calls == 0
    }

    /// Lines below its guarantee that it has a claim on.
    pub(crate) fn kept_now(&self) -> Kept {
        let lines = if self.has_claim && self.is_running() {
            self.settings
                .guaranteed_calls
                .saturating_sub(self.tally.lines())
        } else {
            0
        };
        Kept::new(self.settings.priority, lines)
    }

    /// When something will happen to it without another fact, and what.
    pub(crate) fn next_alarm(&self) -> Option<(Timestamp, WakeReason)> {
        let calendar = &self.settings.calendar;
        let end = calendar.ends_at().map(|t| (t, WakeReason::Calendar));
        let others = match self.state {
            CampaignState::Draft | CampaignState::Ended(_) => return None,
            CampaignState::Paused => [None, None, None],
            CampaignState::Scheduled => [
                calendar.starts_at().map(|t| (t, WakeReason::Calendar)),
                None,
                None,
            ],
            CampaignState::Running => {
                let open = self.calendar.is_open();
                let contacts = self.window.ask_at().filter(|_| open);
                [
                    Some((self.calendar.until(), WakeReason::Calendar)),
                    contacts.map(|t| (t, WakeReason::Contact)),
                    self.refused_until.map(|t| (t, WakeReason::Rate)),
                ]
            }
        };
        others.into_iter().flatten().chain(end).min()
    }
}
