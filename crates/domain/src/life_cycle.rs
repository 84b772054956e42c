//! The life of a campaign: draft, scheduled, running, paused, ended.

use serde::{Deserialize, Serialize};

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CampaignState {
    /// Being written; nothing is dialed.
    Draft,
    /// Started, its period has not begun.
    Scheduled,
    /// Dialing, whenever its calendar allows.
    Running,
    /// Held by hand; calls in progress go on.
    Paused,
    /// Over, for a reason.
    Ended(EndReason),
}

/// Why a campaign is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EndReason {
    /// Every contact is final.
    ListDone,
    /// Its period is over.
    PeriodOver,
    /// Someone aborted it.
    ByHand,
    /// It cannot go on (its target or caller IDs are gone).
    Fault,
}

/// What a person may ask of a campaign's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LifeCycleCommand {
    /// From draft to scheduled or running.
    Start,
    /// Hold dialing.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End it now.
    Abort,
}

/// A command does not fit the campaign's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {state} cannot {command}")]
pub struct LifeCycleError {
    /// The state it is in, as the API names it.
    pub state: &'static str,
    /// What was asked.
    pub command: &'static str,
}

impl CampaignState {
    /// The name in our API: `draft`, `scheduled`, `running`, `paused`, `ended`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ended(_) => "ended",
        }
    }

    /// Why it ended, if it has.
    pub fn end_reason(self) -> Option<EndReason> {
        match self {
            Self::Ended(reason) => Some(reason),
            _ => None,
        }
    }

    /// The state after `command`; `Start` and `Resume` give `Running`, which the engine turns to
    /// `Scheduled` until the period begins.
    ///
    /// # Errors
    /// [`LifeCycleError`] when the command does not fit the state.
    pub fn after(self, command: LifeCycleCommand) -> Result<Self, LifeCycleError> {
        use CampaignState::*;
        match (self, command) {
            (Draft, LifeCycleCommand::Start) | (Paused, LifeCycleCommand::Resume) => Ok(Running),
            (Scheduled | Running, LifeCycleCommand::Pause) => Ok(Paused),
            (Draft | Scheduled | Running | Paused, LifeCycleCommand::Abort) => {
                Ok(Ended(EndReason::ByHand))
            }
            (state, command) => Err(LifeCycleError {
                state: state.name(),
                command: command.name(),
            }),
        }
    }
}

impl LifeCycleCommand {
    /// The command's name in our API: `start`, `pause`, `resume`, `abort`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
        }
    }
}

impl EndReason {
    /// The name in our API.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListDone => "list_done",
            Self::PeriodOver => "period_over",
            Self::ByHand => "by_hand",
            Self::Fault => "fault",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_takes_just_its_commands() {
        use CampaignState::*;
        use LifeCycleCommand::*;
        let ended = Ended(EndReason::ListDone);
        let allowed = [
            (Draft, Start),
            (Draft, Abort),
            (Scheduled, Pause),
            (Scheduled, Abort),
            (Running, Pause),
            (Running, Abort),
            (Paused, Resume),
            (Paused, Abort),
        ];
        for state in [Draft, Scheduled, Running, Paused, ended] {
            for command in [Start, Pause, Resume, Abort] {
                assert_eq!(
                    state.after(command).is_ok(),
                    allowed.contains(&(state, command)),
                    "{state:?} {command:?}"
                );
            }
        }
    }
}
