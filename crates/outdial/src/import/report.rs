//! What became of a list, for people.

use serde_json::Value;

use crate::failure::Failure;
use crate::output::{print as print_text, printable};

/// Prints every bad line and a summary; `unit` is what the file is made of, lines or rows.
pub(super) fn print(answer: &Value, unit: &str) -> Result<(), Failure> {
    print_text(&text(answer, unit))
}

fn text(answer: &Value, unit: &str) -> String {
    let count = |key: &str| answer[key].as_u64().unwrap_or_default();
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    let mut bad_lines = std::collections::BTreeSet::new();
    for error in errors {
        let part = |key: &str| printable(error[key].as_str().unwrap_or_default());
        let line = error["line"].as_u64().unwrap_or_default();
        bad_lines.insert(line);
        let place = match part("field") {
            field if field.is_empty() => format!("{unit} {line}"),
            field => format!("{unit} {line}: {field}"),
        };
        text.push_str(&format!("{place}: {}\n", part("problem")));
    }
    let unlisted = count("rejected").saturating_sub(bad_lines.len() as u64);
    if unlisted > 0 {
        text.push_str(&format!("… and {unlisted} more bad {unit}s\n"));
    }
    text.push_str(&format!(
        "{} contacts accepted, {} rejected",
        count("accepted"),
        count("rejected")
    ));
    if count("duplicates") > 0 {
        text.push_str(&format!(", {} left out as duplicates", count("duplicates")));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_bad_line_is_told_and_then_the_sum() {
        let answer = json!({
            "accepted": 7, "rejected": 3, "duplicates": 2,
            "errors": [
                {"line": 3, "field": "number", "problem": "is empty"},
                {"line": 3, "field": "priority", "problem": "is 9"},
                {"line": 5, "field": "", "problem": "has 3 fields instead of 2"},
            ],
        });
        assert_eq!(
            text(&answer, "line"),
            "line 3: number: is empty\nline 3: priority: is 9\nline 5: has 3 fields instead of 2\n\
             … and 1 more bad lines\n7 contacts accepted, 3 rejected, 2 left out as duplicates\n"
        );
    }
}
