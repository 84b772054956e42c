//! `outdial explain`: why a campaign, or a number in it, is (not) dialed.

use serde_json::Value;

use super::reasons;
use crate::client::{Client, segment};
use crate::command_line::ExplainArguments;
use crate::failure::Failure;
use crate::output::{TextTable, cell, print, print_json};

/// Runs the command.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let mut path = format!("/campaigns/{}/explain", arguments.campaign);
    if let Some(number) = &arguments.number {
        path.push_str(&format!("?number={}", segment(number)));
    }
    let explanation = client.read(&path)?;
    if arguments.output.json {
        return print_json(&explanation);
    }
    print(&text(
        arguments.campaign,
        arguments.number.is_some(),
        &explanation,
    ))
}

fn text(campaign: u32, number_asked: bool, explanation: &Value) -> String {
    let mut text = match reasons::lines(&explanation["campaign"], "  ") {
        none if none.is_empty() => format!("campaign {campaign} dials\n"),
        lines => format!("campaign {campaign} does not dial:\n{lines}"),
    };
    let contacts = explanation["contacts"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if contacts.is_empty() && number_asked {
        text.push_str("no contact of this campaign has this number\n");
    }
    for contact in contacts {
        text.push_str(&format!("contact {}:\n", cell(&contact["contact_id"])));
        text.push_str(&reasons::lines(&contact["reasons"], "  "));
        text.push_str(&attempts(&contact["attempts"]));
    }
    text
}

fn attempts(attempts: &Value) -> String {
    let attempts = attempts.as_array().map_or(&[][..], Vec::as_slice);
    if attempts.is_empty() {
        return "  no attempt yet\n".to_owned();
    }
    let mut table = TextTable::new(&["attempt", "started", "outcome", "blame", "sip", "q850"]);
    for attempt in attempts {
        table.row([
            cell(&attempt["id"]),
            cell(&attempt["started_at"]),
            cell(&attempt["outcome"]),
            cell(&attempt["blame"]),
            cell(&attempt["sip_status"]),
            cell(&attempt["q850_cause"]),
        ]);
    }
    let table = table.render();
    table.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_explanation_reads_like_a_supervisor_speaks() {
        let explanation = json!({
            "campaign": [{"code": "calendar", "text": "outside of its hours", "until": "2026-03-02T01:00:00Z"}],
            "contacts": [{"contact_id": 4, "reasons": [{"code": "rest", "text": "rests after a busy line", "until": null}], "attempts": []}],
        });
        assert_eq!(
            text(7, true, &explanation),
            "campaign 7 does not dial:\n  outside of its hours [calendar], until 2026-03-02T01:00:00Z\n\
             contact 4:\n  rests after a busy line [rest]\n  no attempt yet\n"
        );
        assert_eq!(
            text(7, true, &json!({"campaign": [], "contacts": []})),
            "campaign 7 dials\nno contact of this campaign has this number\n"
        );
    }
}
