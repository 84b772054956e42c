//! `outdial agent`: list, ready, break, offline.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::client::{Client, segment};
use crate::command_line::{AgentAction, AgentArguments};
use crate::failure::Failure;
use crate::output::{TextTable, cell, print, print_json, printable};

/// Runs the command.
pub(crate) fn run(arguments: &AgentArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let json = arguments.output.json;
    match &arguments.action {
        AgentAction::List => list(&client, json),
        AgentAction::Ready { id } => wish(&client, id, json!({ "state": "ready" }), json),
        AgentAction::Break {
            id,
            reason,
            after_call,
        } => {
            let mut body = json!({ "state": "break", "when": when(*after_call) });
            if let Some(reason) = reason {
                body["reason"] = json!(reason);
            }
            wish(&client, id, body, json)
        }
        AgentAction::Offline { id, after_call } => {
            let body = json!({ "state": "offline", "when": when(*after_call) });
            wish(&client, id, body, json)
        }
    }
}

fn when(after_call: bool) -> &'static str {
    if after_call { "after_call" } else { "now" }
}

fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let agents = client.list("/agents").all()?;
    if json {
        return print_json(&Value::Array(agents));
    }
    let mut table = TextTable::new(&[
        "id", "name", "state", "activity", "phone", "call", "groups", "reason",
    ]);
    for agent in &agents {
        table.row([
            cell(&agent["id"]),
            cell(&agent["name"]),
            cell(&agent["state"]),
            cell(&agent["activity"]),
            cell(&agent["leg"]),
            cell(&agent["call"]),
            cell(&agent["skill_groups"]),
            cell(&agent["reason"]),
        ]);
    }
    print(&table.render())
}

fn wish(client: &Client, id: &str, body: Value, json: bool) -> Result<(), Failure> {
    let path = format!("/agents/{}/state", segment(id));
    let agent = client.send(&Method::PUT, &path, &body)?;
    if json {
        return print_json(&agent);
    }
    print(&format!(
        "agent {} is {} (phone {})\n",
        printable(id),
        printable(&cell(&agent["state"])),
        printable(&cell(&agent["leg"]))
    ))
}
