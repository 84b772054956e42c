//! Where a campaign stands, as this API numbers it, and what may be done there: one table for every state,
//! reason of the end, and whether calls are still up.

use outdial_domain::{CampaignState, EndReason};

/// `Status` and `StatusReason` of a predictive campaign. Status: 0 pending, 1 running, 2 paused,
/// 3 terminated, 4 completed; reason: 0 normal, 1 ended by hand, 2 ended by time. Calls that are still up
/// make no difference.
pub(super) const fn campaign(state: CampaignState) -> (u8, u8) {
    match state {
        CampaignState::Draft | CampaignState::Scheduled => (0, 0),
        CampaignState::Running => (1, 0),
        CampaignState::Paused => (2, 0),
        CampaignState::Ended(EndReason::ByHand) => (3, 1),
        CampaignState::Ended(EndReason::PeriodOver) => (3, 2),
        CampaignState::Ended(EndReason::Fault) => (3, 0),
        CampaignState::Ended(EndReason::ListDone) => (4, 0),
    }
}

/// `State` of an automatic task: 0 initial, 1 running, 2 completed, 3 ending (time is over, calls still
/// up), 4 terminated, 5 paused.
pub(super) const fn task(state: CampaignState, calls_up: bool) -> u8 {
    match state {
        CampaignState::Draft | CampaignState::Scheduled => 0,
        CampaignState::Running => 1,
        CampaignState::Paused => 5,
        CampaignState::Ended(EndReason::ListDone) => 2,
        CampaignState::Ended(EndReason::PeriodOver) if calls_up => 3,
        CampaignState::Ended(_) => 4,
    }
}

/// What is done to a predictive campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `UpdatePredictiveDialingCampaign`.
    Update,
    /// `PausePredictiveDialingCampaign`.
    Pause,
    /// `ResumePredictiveDialingCampaign`.
    Resume,
    /// `AbortPredictiveDialingCampaign`.
    Abort,
    /// `DeletePredictiveDialingCampaign`.
    Delete,
}

impl Action {
    /// Whether a campaign takes it there. What it refuses is answered `InvalidParameterValue`, an update
    /// `UnsupportedOperation`.
    pub(super) const fn fits(self, state: CampaignState) -> bool {
        let pending = matches!(state, CampaignState::Draft | CampaignState::Scheduled);
        let ended = matches!(state, CampaignState::Ended(_));
        match self {
            Self::Update => pending,
            Self::Pause => matches!(state, CampaignState::Running),
            Self::Resume => matches!(state, CampaignState::Paused),
            Self::Abort => !ended,
            Self::Delete => pending || ended,
        }
    }
}

/// The table as the page about this API shows it.
pub(super) fn table() -> String {
    use Action::{Abort, Delete, Pause, Resume, Update};
    let mut table = String::from(
        "| ours | Status | StatusReason | Update | Pause | Resume | Abort | Delete | State of a task |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for state in CampaignState::ALL {
        let ours = match state {
            CampaignState::Ended(EndReason::ListDone) => "ended: list done",
            CampaignState::Ended(EndReason::PeriodOver) => "ended: period over",
            CampaignState::Ended(EndReason::ByHand) => "ended: by hand",
            CampaignState::Ended(EndReason::Fault) => "ended: by a fault",
            state => state.name(),
        };
        let (status, reason) = campaign(state);
        let fits = [Update, Pause, Resume, Abort, Delete].map(|action| match action.fits(state) {
            true => "yes",
            false => "–",
        });
        let task = match (task(state, false), task(state, true)) {
            (still, with_calls) if still == with_calls => still.to_string(),
            (still, with_calls) => format!("{with_calls} while calls are up, then {still}"),
        };
        table += &format!(
            "| {ours} | {status} | {reason} | {} | {task} |\n",
            fits.join(" | ")
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state and reason, each without calls and with some: Status and StatusReason of a campaign,
    /// State of a task, and which of Update, Pause, Resume, Abort and Delete are taken.
    #[test]
    fn every_combination_has_its_numbers_and_its_operations() {
        use CampaignState::{Draft, Ended, Paused, Running, Scheduled};
        use EndReason::{ByHand, Fault, ListDone, PeriodOver};
        const U: u8 = 1;
        const P: u8 = 2;
        const R: u8 = 4;
        const A: u8 = 8;
        const D: u8 = 16;
        let table = [
            (Draft, false, (0, 0), 0, U | A | D),
            (Draft, true, (0, 0), 0, U | A | D),
            (Scheduled, false, (0, 0), 0, U | A | D),
            (Scheduled, true, (0, 0), 0, U | A | D),
            (Running, false, (1, 0), 1, P | A),
            (Running, true, (1, 0), 1, P | A),
            (Paused, false, (2, 0), 5, R | A),
            (Paused, true, (2, 0), 5, R | A),
            (Ended(ListDone), false, (4, 0), 2, D),
            (Ended(ListDone), true, (4, 0), 2, D),
            (Ended(PeriodOver), false, (3, 2), 4, D),
            (Ended(PeriodOver), true, (3, 2), 3, D),
            (Ended(ByHand), false, (3, 1), 4, D),
            (Ended(ByHand), true, (3, 1), 4, D),
            (Ended(Fault), false, (3, 0), 4, D),
            (Ended(Fault), true, (3, 0), 4, D),
        ];
        for state in CampaignState::ALL {
            for calls_up in [false, true] {
                let row = table.iter().find(|row| (row.0, row.1) == (state, calls_up));
                let row = row.unwrap_or_else(|| panic!("{state:?} {calls_up} is not in the table"));
                assert_eq!(campaign(state), row.2, "{state:?}");
                assert_eq!(task(state, calls_up), row.3, "{state:?} {calls_up}");
                for (action, bit) in [
                    (Action::Update, U),
                    (Action::Pause, P),
                    (Action::Resume, R),
                    (Action::Abort, A),
                    (Action::Delete, D),
                ] {
                    assert_eq!(action.fits(state), row.4 & bit != 0, "{action:?} {state:?}");
                }
            }
        }
        assert_eq!(table.len(), 2 * CampaignState::ALL.len());
    }
}
