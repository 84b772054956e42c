//! From telephony's events to the engine's facts.

use outdial_domain::{EndedBy, Evidence, LocalFailure, Progress};
use outdial_engine::input::{Input, LegEnd};

use super::legs::{Leg, Owner, Phase};

/// What an event on a callee's leg before its answer means to the engine.
///
/// A 183 without media is no sign of ringing (many gateways send it at once), so it only tells that
/// something answers there.
pub(crate) fn progress(owner: Owner, progress: Progress, media: bool) -> Option<Input> {
    let Owner::Callee(_, attempt) = owner else {
        return None;
    };
    Some(match progress {
        Progress::SessionProgress if !media => Input::Responded(attempt),
        progress => Input::Progressed { attempt, progress },
    })
}

/// What the answer of a leg means to the engine. A flow's answer means nothing yet: the engine hears
/// when the callee is joined with it.
pub(crate) fn answered(owner: Owner) -> Option<Input> {
    match owner {
        Owner::Callee(_, attempt) => Some(Input::Answered(attempt)),
        Owner::Agent(_, agent) => Some(Input::AgentLegUp(agent)),
        Owner::Flow(..) | Owner::TrunkTest(_) => None,
    }
}

/// What the end of a leg means to the engine.
pub(crate) fn ended(leg: &Leg, evidence: Evidence) -> Option<Input> {
    match leg.owner {
        Owner::Callee(_, attempt) => Some(Input::Ended { attempt, evidence }),
        Owner::Agent(_, agent) => Some(Input::AgentLegDown {
            agent,
            why: leg_end(leg, evidence),
        }),
        Owner::Flow(_, attempt) if leg.handed_back => Some(Input::HandedBack(attempt)),
        // We end a flow's leg only when its callee is gone: the engine knows.
        Owner::Flow(..) if leg.ended_by_us => None,
        Owner::Flow(_, attempt) if leg.phase == Phase::Up => Some(Input::FlowEnded(attempt)),
        Owner::Flow(_, attempt) => Some(Input::FlowFailed(attempt)),
        Owner::TrunkTest(_) => None,
    }
}

fn leg_end(leg: &Leg, evidence: Evidence) -> LegEnd {
    if leg.ended_by_us {
        LegEnd::ByUs
    } else if leg.phase != Phase::Up {
        LegEnd::NotReached
    } else if evidence.ended_by == Some(EndedBy::Remote) {
        LegEnd::HungUp
    } else {
        LegEnd::Lost
    }
}

/// Evidence of a call that could not even be sent.
pub(crate) fn not_sent() -> Evidence {
    Evidence {
        local: Some(LocalFailure::Transport),
        ended_by: Some(EndedBy::Network),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{AgentId, AttemptId, TenantId};

    fn leg(owner: Owner, phase: Phase) -> Leg {
        Leg {
            owner,
            phase,
            identity: None,
            ended_by_us: false,
            handed_back: false,
        }
    }

    fn why(leg: &Leg, by: EndedBy) -> LegEnd {
        let evidence = Evidence {
            ended_by: Some(by),
            ..Evidence::default()
        };
        match ended(leg, evidence) {
            Some(Input::AgentLegDown { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_phone_that_hangs_up_a_leg_that_was_up_means_a_break() {
        let owner = Owner::Agent(TenantId::new(1), AgentId::new("1001").unwrap());
        assert_eq!(why(&leg(owner, Phase::Up), EndedBy::Remote), LegEnd::HungUp);
        assert_eq!(
            why(&leg(owner, Phase::Calling), EndedBy::Remote),
            LegEnd::NotReached
        );
        assert_eq!(why(&leg(owner, Phase::Up), EndedBy::Network), LegEnd::Lost);
        let ours = Leg {
            ended_by_us: true,
            ..leg(owner, Phase::Up)
        };
        assert_eq!(why(&ours, EndedBy::Us), LegEnd::ByUs);
    }

    #[test]
    fn a_183_without_media_is_no_progress() {
        let owner = Owner::Callee(TenantId::new(1), AttemptId::new(1));
        let attempt = AttemptId::new(1);
        assert_eq!(
            progress(owner, Progress::SessionProgress, false),
            Some(Input::Responded(attempt))
        );
        assert!(matches!(
            progress(owner, Progress::SessionProgress, true),
            Some(Input::Progressed { .. })
        ));
        assert!(matches!(
            progress(owner, Progress::Ringing, false),
            Some(Input::Progressed { .. })
        ));
    }

    #[test]
    fn a_flow_hands_back_ends_or_fails() {
        let owner = Owner::Flow(TenantId::new(1), AttemptId::new(1));
        let attempt = AttemptId::new(1);
        let up = leg(owner, Phase::Up);
        assert_eq!(
            ended(&up, Evidence::default()),
            Some(Input::FlowEnded(attempt))
        );
        assert_eq!(
            ended(&leg(owner, Phase::Calling), Evidence::default()),
            Some(Input::FlowFailed(attempt))
        );
        let back = Leg {
            handed_back: true,
            ..up
        };
        assert_eq!(
            ended(&back, Evidence::default()),
            Some(Input::HandedBack(attempt))
        );
    }
}
