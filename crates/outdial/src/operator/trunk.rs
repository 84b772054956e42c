//! `outdial trunk`: list, test.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

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
    if std::io::stderr().is_terminal() {
        eprintln!("calling …");
    }
    let result = client.send_and_wait(&path, &body)?;
    if json {
        print_json(&result)?;
    } else {
        print(&format!("{}: {}\n", printable(name), how_it_went(&result)))?;
    }
    if result["answered"] == true {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

/// How a test call went, in words.
fn how_it_went(result: &Value) -> String {
    let mut words = match (result["answered"] == true, result["responded"] == true) {
        (true, _) => "answered, and hung up".to_owned(),
        (false, true) => "not answered".to_owned(),
        (false, false) => "no response to the call at all".to_owned(),
    };
    match result["progress"].as_str() {
        Some("ringing") => words.push_str(", it rang"),
        Some("session_progress") => words.push_str(", the network played something"),
        _ => {}
    }
    for (key, name) in [("sip_status", "SIP status"), ("q850_cause", "Q.850 cause")] {
        if !result[key].is_null() {
            words.push_str(&format!(", {name} {}", printable(&cell(&result[key]))));
        }
    }
    words
}
