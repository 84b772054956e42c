//! From evidence to outcome: the default cause map, and a trunk's own rules over it.

use serde::{Deserialize, Serialize};

use crate::attempt::{Blame, Evidence, LocalFailure, Outcome};

/// What a call's evidence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// Who is to blame.
    pub blame: Blame,
}

/// A rule of a trunk's own cause map: all conditions that are given must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseRule {
    /// The final SIP status, 300–699.
    pub sip_status: Option<u16>,
    /// The Q.850 cause, 1–127.
    pub q850_cause: Option<u8>,
    /// Whether progress was seen.
    pub progress: Option<bool>,
    /// What it means.
    pub verdict: Verdict,
}

/// Maps evidence of a call that was not answered to its outcome and who is to blame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseMap {
    /// The trunk's own rules, first match wins; then the default map.
    pub rules: Vec<CauseRule>,
}

impl CauseMap {
    /// What this evidence of a call that nobody answered means.
    pub fn verdict(&self, evidence: &Evidence) -> Verdict {
        self.rules
            .iter()
            .find(|rule| rule.matches(evidence))
            .map_or_else(|| default_verdict(evidence), |rule| rule.verdict)
    }
}

impl CauseRule {
    fn matches(&self, evidence: &Evidence) -> bool {
        self.sip_status
            .is_none_or(|s| evidence.sip_status == Some(s))
            && self
                .q850_cause
                .is_none_or(|c| evidence.q850_cause == Some(c))
            && self
                .progress
                .is_none_or(|p| evidence.progress.is_some() == p)
    }
}

/// The default map. It reads the SIP status only: Q.850 causes differ from carrier to carrier, and a
/// trunk whose causes are known gets rules of its own.
///
/// A timer of ours goes before the status: the 487 that follows our CANCEL says nothing new.
fn default_verdict(evidence: &Evidence) -> Verdict {
    let (outcome, blame) = match (evidence.local, evidence.sip_status) {
        (Some(local), _) => local_verdict(local, evidence.responded),
        (None, Some(status)) => status_verdict(status, evidence.progress.is_some()),
        (None, None) => (Outcome::NetworkError, Blame::Capacity),
    };
    Verdict { outcome, blame }
}

fn local_verdict(local: LocalFailure, responded: bool) -> (Outcome, Blame) {
    match local {
        LocalFailure::RingTimeout => (Outcome::NoAnswer, Blame::Callee),
        LocalFailure::NoProgress if responded => (Outcome::Unreachable, Blame::Callee),
        LocalFailure::NoProgress
        | LocalFailure::NoResponse
        | LocalFailure::Transport
        | LocalFailure::MediaLost => (Outcome::NetworkError, Blame::Capacity),
        LocalFailure::NoUsableContact | LocalFailure::MediaMismatch => {
            (Outcome::Failed, Blame::Configuration)
        }
        LocalFailure::ServerDied => (Outcome::Unknown, Blame::Configuration),
    }
}

fn status_verdict(status: u16, progress: bool) -> (Outcome, Blame) {
    match status {
        486 | 600 => (Outcome::Busy, Blame::Callee),
        480 | 408 if progress => (Outcome::NoAnswer, Blame::Callee),
        480 | 408 => (Outcome::Unreachable, Blame::Callee),
        404 | 410 | 484 | 604 => (Outcome::Invalid, Blame::Callee),
        403 | 603 | 607 => (Outcome::Rejected, Blame::Callee),
        503 => (Outcome::Congestion, Blame::Capacity),
        500 | 502 | 504 => (Outcome::NetworkError, Blame::Capacity),
        _ => (Outcome::Failed, Blame::Configuration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Progress;

    fn status(sip_status: u16, progress: bool) -> Outcome {
        let progress = progress.then_some(Progress::Ringing);
        let evidence = Evidence {
            sip_status: Some(sip_status),
            progress,
            responded: true,
            ..Evidence::default()
        };
        CauseMap::default().verdict(&evidence).outcome
    }

    #[test]
    fn the_default_map_is_the_binding_one_of_the_embedded_connector() {
        for (code, outcome) in [
            (486, Outcome::Busy),
            (600, Outcome::Busy),
            (404, Outcome::Invalid),
            (410, Outcome::Invalid),
            (484, Outcome::Invalid),
            (604, Outcome::Invalid),
            (403, Outcome::Rejected),
            (603, Outcome::Rejected),
            (607, Outcome::Rejected),
            (503, Outcome::Congestion),
            (500, Outcome::NetworkError),
            (502, Outcome::NetworkError),
            (504, Outcome::NetworkError),
            (401, Outcome::Failed),
            (407, Outcome::Failed),
            (488, Outcome::Failed),
            (302, Outcome::Failed),
            (699, Outcome::Failed),
        ] {
            assert_eq!(status(code, false), outcome, "{code}");
        }
        for code in [480, 408] {
            assert_eq!(status(code, true), Outcome::NoAnswer);
            assert_eq!(status(code, false), Outcome::Unreachable);
        }
    }

    #[test]
    fn our_own_timers_go_before_the_487_that_follows_them() {
        let map = CauseMap::default();
        let evidence = |local, responded| Evidence {
            sip_status: Some(487),
            local: Some(local),
            responded,
            ..Evidence::default()
        };
        assert_eq!(
            map.verdict(&evidence(LocalFailure::RingTimeout, true))
                .outcome,
            Outcome::NoAnswer
        );
        assert_eq!(
            map.verdict(&evidence(LocalFailure::NoProgress, true))
                .outcome,
            Outcome::Unreachable
        );
        assert_eq!(
            map.verdict(&evidence(LocalFailure::NoProgress, false))
                .outcome,
            Outcome::NetworkError
        );
    }

    #[test]
    fn a_trunks_own_rule_goes_first() {
        let rule = CauseRule {
            sip_status: Some(404),
            q850_cause: Some(20),
            progress: None,
            verdict: Verdict {
                outcome: Outcome::PoweredOff,
                blame: Blame::Callee,
            },
        };
        let map = CauseMap { rules: vec![rule] };
        let evidence = Evidence {
            sip_status: Some(404),
            q850_cause: Some(20),
            responded: true,
            ..Evidence::default()
        };
        assert_eq!(map.verdict(&evidence).outcome, Outcome::PoweredOff);
        assert_eq!(
            map.verdict(&Evidence {
                q850_cause: Some(1),
                ..evidence
            })
            .outcome,
            Outcome::Invalid
        );
    }
}
