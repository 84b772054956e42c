//! `docs/dialects/alibaba.md`, made from the tables of this dialect.

use std::fmt::Write as _;

use super::coverage::{RESULTS, STATES, fields};
use super::routes::{KNOWN, OPERATIONS};
use crate::coverage::Fate::Honoured;
use crate::coverage::{CoveredField, table};

const OPENING: &str = "# Alibaba Cloud OutboundBot, version 2019-12-26

This page is made from the tables of the program (`UPDATE=1 cargo test -p outdial-dialects --lib the_page`).

A job group is a campaign of mode concurrency whose script is one of the tenant's flows; a job is a
contact, a task an attempt; the instance is the tenant. A group begins with its first job. Campaigns that
other APIs have made are listed and shown as groups, too.

Every field is *honoured* (does what the vendor says), *stored* (kept and shown again, and changes nothing
here) or *refused* (a request that needs it gets the vendor's code for it).
";

/// The page: every action and every field of this API, and what becomes of them here.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    page.push_str("\n## Actions\n\n");
    for operation in OPERATIONS {
        let instance = operation
            .instance
            .map(|name| (name, Honoured, "the tenant's"));
        let fields: Vec<_> = instance.into_iter().chain(rows(operation.name)).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(page, "### {}\n", operation.name);
        match fields.is_empty() {
            true => page.push_str("No fields.\n"),
            false => table(&mut page, fields),
        }
        page.push('\n');
    }
    page.push_str("## JSON inside of fields\n\n");
    for parameter in [
        "StrategyJson",
        "RecallStrategyJson",
        "FlashSmsExtras",
        "JobsJson",
        "ContactBlockListsJson",
    ] {
        let _ = writeln!(page, "### {parameter}\n");
        table(&mut page, rows(parameter));
        page.push('\n');
    }
    page.push_str("## Statuses of a group\n\n| action | takes | otherwise |\n|---|---|---|\n");
    for (action, takes, otherwise) in STATES {
        let _ = writeln!(page, "| {action} | {takes} | {otherwise} |");
    }
    page.push_str("\n## How results are known\n\n| task status | by |\n|---|---|\n");
    for (status, by) in RESULTS {
        let _ = writeln!(page, "| {status} | {by} |");
    }
    let built = |name: &str| OPERATIONS.iter().any(|operation| operation.name == name);
    let missing: Vec<&str> = KNOWN.iter().copied().filter(|name| !built(name)).collect();
    let missing = missing.join(", ");
    let _ = writeln!(
        page,
        "\n## Not built\n\nAnswered with 400 `UnsupportedOperation`:\n\n{missing}."
    );
    page
}

/// The fields of an action, or the members of a field's JSON.
fn rows(of: &str) -> impl Iterator<Item = CoveredField> {
    let rows = fields().filter(move |row| row.of.split(' ').any(|name| name == of));
    rows.map(|row| (row.field, row.fate, row.words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_tables_say() {
        crate::coverage::assert_page("alibaba", &page());
    }

    #[test]
    fn every_row_is_about_an_action_that_is_built_or_json_inside_of_one() {
        for row in fields() {
            for of in row.of.split(' ') {
                let built = OPERATIONS.iter().any(|operation| operation.name == of);
                let json = fields().any(|outer| outer.field == of);
                assert!(built || json, "{of} {}", row.field);
            }
        }
    }
}
