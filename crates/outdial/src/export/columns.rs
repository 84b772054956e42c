//! The columns of a table of results.

use std::collections::BTreeSet;

use serde_json::Value;

/// Columns that each table has, in this order: fields of an attempt, and of its contact.
const FIXED: [(&str, Origin); 20] = [
    ("attempt_id", Origin::Attempt("id")),
    ("campaign_id", Origin::Attempt("campaign_id")),
    ("contact_id", Origin::Attempt("contact_id")),
    ("external_id", Origin::Contact("external_id")),
    ("number", Origin::Attempt("number")),
    ("caller_id", Origin::Attempt("caller_id")),
    ("trunk", Origin::Attempt("trunk")),
    ("agent_id", Origin::Attempt("agent_id")),
    ("revision", Origin::Attempt("revision")),
    ("started_at", Origin::Attempt("started_at")),
    ("progress_at", Origin::Attempt("progress_at")),
    ("answered_at", Origin::Attempt("answered_at")),
    ("joined_at", Origin::Attempt("joined_at")),
    ("ended_at", Origin::Attempt("ended_at")),
    ("outcome", Origin::Attempt("outcome")),
    ("blame", Origin::Attempt("blame")),
    ("sip_status", Origin::Attempt("sip_status")),
    ("q850_cause", Origin::Attempt("q850_cause")),
    (
        "counts_as_abandoned",
        Origin::Attempt("counts_as_abandoned"),
    ),
    ("contact_state", Origin::Contact("state")),
];

#[derive(Clone, Copy)]
enum Origin {
    Attempt(&'static str),
    Contact(&'static str),
}

/// The columns of a table: those that each table has, then the contacts' attributes by name.
pub(super) struct Columns {
    attributes: Vec<String>,
}

/// A cell: whose text it is decides whether a spreadsheet could take it for a formula.
#[derive(Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    /// A number or a word of ours.
    Ours(String),
    /// An integer of ours.
    Integer(u64),
    /// Text that came from outside.
    Foreign(String),
}

impl Columns {
    /// Columns for contacts with these attributes.
    pub(super) fn new(attributes: BTreeSet<String>) -> Self {
        Self {
            attributes: attributes.into_iter().collect(),
        }
    }

    /// The headings. An attribute that is called like a column of ours gets a prefix.
    pub(super) fn headings(&self) -> Vec<Cell> {
        let fixed = FIXED
            .iter()
            .map(|(heading, _)| Cell::Ours((*heading).to_owned()));
        let attributes = self.attributes.iter().map(|name| {
            let taken = FIXED.iter().any(|(heading, _)| heading == name);
            Cell::Foreign(if taken {
                format!("attributes.{name}")
            } else {
                name.clone()
            })
        });
        fixed.chain(attributes).collect()
    }

    /// The cells of a row.
    pub(super) fn cells(&self, attempt: &Value, contact: &Value) -> Vec<Cell> {
        let fixed = FIXED.iter().map(|(heading, origin)| match origin {
            Origin::Attempt(key) => ours(&attempt[*key], heading),
            Origin::Contact(key) => ours(&contact[*key], heading),
        });
        let attributes = self
            .attributes
            .iter()
            .map(|name| match &contact["attributes"][name] {
                Value::Null => Cell::Empty,
                Value::String(text) => Cell::Foreign(text.clone()),
                other => Cell::Foreign(other.to_string()),
            });
        fixed.chain(attributes).collect()
    }
}

fn ours(value: &Value, heading: &str) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::Number(number) => number
            .as_u64()
            .map_or_else(|| Cell::Ours(number.to_string()), Cell::Integer),
        // These came from people or programs outside.
        Value::String(text) if matches!(heading, "external_id" | "agent_id" | "trunk") => {
            Cell::Foreign(text.clone())
        }
        Value::String(text) => Cell::Ours(text.clone()),
        other => Cell::Ours(other.to_string()),
    }
}

/// Whether a spreadsheet would take a text for a formula. A plain number is none.
///
/// Source: OWASP, "CSV Injection".
pub(super) fn looks_like_formula(text: &str) -> bool {
    let starts = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if !text.starts_with(starts) {
        return false;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|&b| b == b'.').count() <= 1;
    !is_number
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formulas_are_recognized_and_numbers_are_not() {
        for text in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "＝1",
            "+",
            "-",
        ] {
            assert!(looks_like_formula(text), "{text}");
        }
        for text in [
            "+8613012345678",
            "-12.5",
            "10085",
            "*123#",
            "a=b",
            "",
            "北京",
        ] {
            assert!(!looks_like_formula(text), "{text}");
        }
    }

    #[test]
    fn attributes_follow_our_columns_and_never_hide_them() {
        let columns = Columns::new(["city".to_owned(), "outcome".to_owned()].into());
        let headings = columns.headings();
        assert_eq!(headings.len(), FIXED.len() + 2);
        assert_eq!(headings[FIXED.len()], Cell::Foreign("city".into()));
        assert_eq!(
            headings[FIXED.len() + 1],
            Cell::Foreign("attributes.outcome".into())
        );
        let cells = columns.cells(
            &json!({"id": 4, "outcome": "busy", "agent_id": null}),
            &json!({"external_id": "=x", "attributes": {"city": "Xi'an"}}),
        );
        assert_eq!(cells[0], Cell::Integer(4));
        assert_eq!(cells[3], Cell::Foreign("=x".into()));
        assert_eq!(cells[7], Cell::Empty);
        assert_eq!(cells[14], Cell::Ours("busy".into()));
        assert_eq!(cells[FIXED.len()], Cell::Foreign("Xi'an".into()));
    }
}
