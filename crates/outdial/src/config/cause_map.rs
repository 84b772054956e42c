//! A trunk's cause map: a file of its own that says what the carrier's codes mean.
//!
//! ```toml
//! # The first rule whose conditions all hold decides; else the built-in map does.
//! [[rule]]
//! sip = 404                 # final SIP status, 300–699
//! q850 = 20                 # Q.850 cause, 1–127
//! progress = true           # whether 180, or 183 with media, came before
//! outcome = "powered_off"
//! blame = "callee"          # default: whom the built-in map blames for such an outcome
//! ```

use std::path::Path;

use outdial_domain::{Blame, CauseRule, Outcome, Verdict};

use super::place::At;
use super::problem::{Fault, Report};
use super::section::{Section, boolean, integer, parsed};
use super::{suggest, tree};

/// The rules of a cause map; what is wrong is reported, with the map's own lines.
pub(super) fn read(path: &Path, named_at: &At, report: &Report) -> Vec<CauseRule> {
    let bytes = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let problem = format!("{} cannot be read: {error}", path.display());
            let remedy = "name a file in UTF-8, relative to the configuration";
            report.error(named_at, Fault::new(problem, remedy));
            return Vec::new();
        }
    };
    let tree = tree::parse(&path.display().to_string(), &bytes, report);
    let rules = Section::root(&tree, report, |root| root.sections("rule", rule));
    rules.unwrap_or_default().into_iter().flatten().collect()
}

fn rule(section: &mut Section<'_>) -> Option<CauseRule> {
    // The ranges fit the smaller types.
    let sip_status = section
        .optional("sip", integer(300..=699))
        .map(|f| u16::try_from(f.value).unwrap_or_default());
    let q850_cause = section
        .optional("q850", integer(1..=127))
        .map(|f| u8::try_from(f.value).unwrap_or_default());
    let progress = section.optional("progress", boolean).map(|f| f.value);
    let outcome = section.required("outcome", "\"powered_off\"", parsed(outcome));
    let blame = section.optional("blame", parsed(blame));
    if !section.has("sip") && !section.has("q850") && !section.has("progress") {
        let at = section.at().clone();
        section.report().error(
            &at,
            Fault::new(
                "has no condition, so it would decide every call",
                "add sip, q850 or progress",
            ),
        );
        return None;
    }
    let outcome = outcome?.value;
    let blame = blame.map_or_else(|| usual_blame(outcome), |f| f.value);
    Some(CauseRule {
        sip_status,
        q850_cause,
        progress,
        verdict: Verdict { outcome, blame },
    })
}

/// Only what a network can report of a call that nobody answered.
fn outcome(name: &str) -> Result<Outcome, Fault> {
    let possible: Vec<&str> = Outcome::ALL
        .into_iter()
        .filter(|outcome| {
            use Outcome::{Abandoned, Answered, Cancelled, Machine, Unknown};
            !matches!(
                outcome,
                Answered | Abandoned | Machine | Cancelled | Unknown
            )
        })
        .map(Outcome::as_str)
        .collect();
    if !possible.contains(&name) {
        let problem = format!(
            "`{}` is no outcome of an unanswered call",
            name.escape_debug()
        );
        return Err(Fault::new(problem, suggest::remedy(name, &possible)));
    }
    Outcome::from_name(name)
        .ok_or_else(|| Fault::new("is no outcome", suggest::remedy(name, &possible)))
}

fn blame(name: &str) -> Result<Blame, Fault> {
    let all = [
        "callee",
        "caller_id",
        "frequency_rule",
        "capacity",
        "configuration",
    ];
    Blame::from_name(name).ok_or_else(|| {
        let problem = format!("`{}` is nobody to blame", name.escape_debug());
        Fault::new(problem, suggest::remedy(name, &all))
    })
}

fn usual_blame(outcome: Outcome) -> Blame {
    match outcome {
        Outcome::Congestion | Outcome::NetworkError => Blame::Capacity,
        Outcome::Failed => Blame::Configuration,
        _ => Blame::Callee,
    }
}
