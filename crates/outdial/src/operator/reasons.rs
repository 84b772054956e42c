//! Why something is not dialed, as lines of text.

use serde_json::Value;

use crate::output::printable;

/// Lines for a list of reasons, each behind `indent`.
pub(crate) fn lines(reasons: &Value, indent: &str) -> String {
    let reasons = reasons.as_array().map_or(&[][..], Vec::as_slice);
    reasons
        .iter()
        .map(|reason| format!("{indent}{}\n", line(reason)))
        .collect()
}

fn line(reason: &Value) -> String {
    // Older servers may give a bare text.
    let (text, code) = match reason.as_str() {
        Some(text) => (text, None),
        None => (
            reason["text"].as_str().unwrap_or_default(),
            reason["code"].as_str(),
        ),
    };
    let mut line = printable(text);
    if let Some(code) = code {
        line.push_str(&format!(" [{}]", printable(code)));
    }
    if let Some(until) = reason["until"].as_str() {
        line.push_str(&format!(", until {}", printable(until)));
    }
    line
}
