//! `outdial trunk`: list, test.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::client::{Client, segment};
use crate::command_line::{TrunkAction, TrunkArguments};
use crate::failure::Failure;
use crate::output::{TextTable, cell, print, print_json, printable};

/// Runs the command.
pub(crate) fn run(arguments: &TrunkArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let json = arguments.output.json;
    match &arguments.action {
        TrunkAction::List => list(&client, json),
        TrunkAction::Test {
            name,
            to,
            caller_id,
        } => test(&client, name, to, caller_id.as_deref(), json),
    }
}

fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let trunks = client.list("/trunks").all()?;
    if json {
        return print_json(&Value::Array(trunks));
    }
    let mut table = TextTable::new(&[
        "name", "address", "health", "calls", "of", "breakers", "why",
    ]);
    for trunk in &trunks {
        let breakers = trunk["breakers"].as_array().map_or(0, Vec::len);
        let why = match trunk["halted"].as_str() {
            Some(reason) => format!("halted: {reason}"),
            None => cell(&trunk["reason"]),
        };
        table.row([
            cell(&trunk["name"]),
            cell(&trunk["uri"]),
            cell(&trunk["health"]),
            cell(&trunk["calls"]),
            cell(&trunk["max_calls"]),
            breakers.to_string(),
            why,
        ]);
    }
    print(&table.render())
}

fn test(
    client: &Client,
    name: &str,
    to: &str,
    caller_id: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let mut body = json!({ "to": to });
    if let Some(caller_id) = caller_id {
        body["caller_id"] = json!(caller_id);
    }
    let path = format!("/trunks/{}/test", segment(name));
    let result = client.send(&Method::POST, &path, &body)?;
    let answered = result["outcome"] == "answered";
    if json {
        print_json(&result)?;
    } else {
        let mut text = format!(
            "{}: {}",
            printable(name),
            printable(&cell(&result["outcome"]))
        );
        for (key, words) in [
            ("sip_status", "SIP status"),
            ("q850_cause", "Q.850 cause"),
            ("blame", "blame"),
        ] {
            if !result[key].is_null() {
                text.push_str(&format!(", {words} {}", printable(&cell(&result[key]))));
            }
        }
        print(&format!("{text}\n"))?;
    }
    if answered { Ok(()) } else { Err(Failure::Told) }
}
