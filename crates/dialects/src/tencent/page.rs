//! The page about this API, generated: every operation and every parameter, and what becomes of each.

use std::fmt::Write as _;

use super::routes::{self, UNSUPPORTED};

/// What stands before the tables.
const HEAD: &str = "\
# Tencent Cloud Contact Center (CCC) 2020-02-10

Generated from the tables in `crates/dialects/src/tencent/`; do not edit.
*honoured*: does what the vendor says; *stored*: kept and shown again, changes nothing;
*refused*: answered with a fault as described; *ignored*: the vendor no longer reads it either.
`*` marks what must be there. Any other parameter is answered with `UnknownParameter`, any other
operation with `InvalidAction`.

Predictive campaigns dial *progressively* until the predictive controller is built: one call for each
idle agent. `ExpectedAbandonRate` is kept as the ceiling, which such dialing never reaches.

## States

| Status | ours | Update | Pause | Resume | Abort | Delete |
|---|---|---|---|---|---|---|
| 0 pending | draft, scheduled | yes | – | – | → 3 | yes |
| 1 running | running | – | → 2 | – | → 3 | – |
| 2 paused | paused | – | – | → 1 | → 3 | – |
| 3 terminated | ended by hand (reason 1), by time (2), by a fault (0) | – | – | – | – | yes |
| 4 completed | ended with its list done | – | – | – | – | yes |

`–` is answered `InvalidParameterValue`, for Update `UnsupportedOperation`.

## Results of calls

| Result | EndStatus | told by |
|---|---|---|
| answered | 1 ok | signalling |
| abandoned | 103 waitingGiveUp, 105 noSeatOnline | signalling |
| machine | 222 voiceMailReached | the agent |
| busy | 206 busy | signalling |
| no answer | 202 notAnswer | signalling |
| unreachable, out of service | 210 notInService | signalling, as far as the cause map of the trunk tells |
| switched off | 204 powerOff | signalling, as far as the cause map of the trunk tells |
| in arrears | 207 outOfCredit | signalling, as far as the cause map of the trunk tells |
| invalid | 205 numberNotExist, 215 numberInvalid (484) | signalling |
| rejected | 203 userReject, 216 callRestricted (403), 109 tooManyRequest | signalling |
| cancelled | 220 while ringing, 221 before | ours |
| congestion, network error, unknown | 208 operatorError | signalling |
| failed | 211 clientError | ours |
| 213, 217–219, 501–503 | – | not distinguishable |
";

/// The page, as `docs/dialects/tencent.md` holds it.
pub fn page() -> String {
    let mut page = format!("{HEAD}\n## Operations\n");
    for operation in routes::all() {
        // Writing to a text cannot fail.
        let _ = write!(page, "\n### {}\n\n", operation.name);
        page.push_str("| Parameter | | how |\n|---|---|---|\n");
        for member in operation.members {
            let mark = if member.required { "*" } else { "" };
            let fate = member
                .fate
                .map_or_else(String::new, |fate| fate.to_string());
            let _ = writeln!(
                page,
                "| {}{mark} | {fate} | {} |",
                member.name, member.words
            );
        }
    }
    page.push_str("\n## Known and not built\n\n");
    for name in UNSUPPORTED {
        let _ = writeln!(
            page,
            "* `{name}`: needs a voice bot; `UnsupportedOperation`"
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        crate::coverage::assert_page("tencent", &page());
    }

    #[test]
    fn every_parameter_has_its_fate() {
        for operation in routes::all() {
            for member in operation.members {
                assert!(member.fate.is_some(), "{} {}", operation.name, member.name);
            }
        }
    }
}
