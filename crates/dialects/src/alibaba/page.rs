//! `docs/dialects/alibaba.md`, made from the tables of this dialect.

use std::fmt::Write as _;

use super::coverage::{FIELDS, RESULTS, Row, STATES};
use super::routes::{KNOWN, OPERATIONS};

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
    let mut line = |text: String| {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "{text}");
    };
    line("\n## Actions\n".to_owned());
    for operation in OPERATIONS {
        line(format!("### {}\n", operation.name));
        let rows = |row: &&Row| row.of.split(' ').any(|name| name == operation.name);
        let rows: Vec<&Row> = FIELDS.iter().filter(rows).collect();
        if operation.instance.is_some() {
            line("| field | | |\n|---|---|---|".to_owned());
            line("| InstanceId | honoured | the tenant's |".to_owned());
        } else if !rows.is_empty() {
            line("| field | | |\n|---|---|---|".to_owned());
        } else {
            line("No fields.".to_owned());
        }
        for row in rows {
            line(format!("| {} | {} | {} |", row.field, row.fate, row.words));
        }
        line(String::new());
    }
    line("## JSON inside of fields\n".to_owned());
    for parameter in [
        "StrategyJson",
        "RecallStrategyJson",
        "FlashSmsExtras",
        "JobsJson",
    ] {
        line(format!("### {parameter}\n\n| member | | |\n|---|---|---|"));
        for row in FIELDS.iter().filter(|row| row.of == parameter) {
            line(format!("| {} | {} | {} |", row.field, row.fate, row.words));
        }
        line(String::new());
    }
    line("## Statuses of a group\n\n| action | takes | otherwise |\n|---|---|---|".to_owned());
    for (action, takes, otherwise) in STATES {
        line(format!("| {action} | {takes} | {otherwise} |"));
    }
    line("\n## How results are known\n\n| task status | by |\n|---|---|".to_owned());
    for (status, by) in RESULTS {
        line(format!("| {status} | {by} |"));
    }
    line("\n## Not built\n\nAnswered with 400 `UnsupportedOperation`:\n".to_owned());
    let built = |name: &str| OPERATIONS.iter().any(|operation| operation.name == name);
    let missing: Vec<&str> = KNOWN.iter().copied().filter(|name| !built(name)).collect();
    line(format!("{}.", missing.join(", ")));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_tables_say() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/dialects/alibaba.md"
        );
        let page = page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects"))
                .unwrap();
            std::fs::write(path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == page,
            "docs/dialects/alibaba.md is out of date; run UPDATE=1 cargo test -p outdial-dialects --lib the_page"
        );
    }

    #[test]
    fn every_row_is_about_an_action_that_is_built_or_json_inside_of_one() {
        for row in FIELDS {
            for of in row.of.split(' ') {
                let built = OPERATIONS.iter().any(|operation| operation.name == of);
                let json = FIELDS.iter().any(|outer| outer.field == of);
                assert!(built || json, "{of} {}", row.field);
            }
        }
    }
}
