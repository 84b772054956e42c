//! `outdial campaign`: list, show, create, start, pause, resume, abort.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use ureq::http::Method;

use super::reasons;
use crate::client::Client;
use crate::command_line::{CampaignAction, CampaignArguments};
use crate::failure::Failure;
use crate::output::{TextTable, cell, percent, print, print_json, printable};

/// Most bytes of a campaign's settings.
const SETTINGS_BYTES_MAX: u64 = 1 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &CampaignArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let json = arguments.output.json;
    match &arguments.action {
        CampaignAction::List => list(&client, json),
        CampaignAction::Show { id } => show(&client, *id, json),
        CampaignAction::Create { file } => create(&client, file, json),
        CampaignAction::Start { id } => command(&client, *id, "start", json),
        CampaignAction::Pause { id } => command(&client, *id, "pause", json),
        CampaignAction::Resume { id } => command(&client, *id, "resume", json),
        CampaignAction::Abort { id } => command(&client, *id, "abort", json),
    }
}

fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let campaigns = client.list("/campaigns").all()?;
    if json {
        return print_json(&Value::Array(campaigns));
    }
    let mut table = TextTable::new(&["id", "name", "state", "mode", "target", "priority"]);
    for campaign in &campaigns {
        table.row([
            cell(&campaign["id"]),
            cell(&campaign["name"]),
            state(campaign),
            cell(&campaign["mode"]),
            target(&campaign["target"]),
            cell(&campaign["priority"]),
        ]);
    }
    print(&table.render())
}

fn show(client: &Client, id: u32, json: bool) -> Result<(), Failure> {
    let campaign = client.read(&format!("/campaigns/{id}"))?;
    let stats = client.read(&format!("/campaigns/{id}/stats"))?;
    if json {
        return print_json(&json!({ "campaign": campaign, "stats": stats }));
    }
    let mut text = format!(
        "campaign {}: {}\n",
        cell(&campaign["id"]),
        printable(&cell(&campaign["name"]))
    );
    let mut field = |name: &str, value: String| {
        text.push_str(&format!("  {name:<12} {}\n", printable(&value)));
    };
    field("state", state(&campaign));
    field("mode", cell(&campaign["mode"]));
    field("target", target(&campaign["target"]));
    field("caller IDs", cell(&campaign["caller_ids"]));
    field("revision", cell(&campaign["revision"]));
    let counts = |group: &str, names: &[&str]| {
        let counts = names
            .iter()
            .map(|name| format!("{} {}", cell(&stats[group][*name]), name.replace('_', " ")));
        counts.collect::<Vec<_>>().join(", ")
    };
    field(
        "contacts",
        counts("contacts", &["waiting", "in_progress", "done"]),
    );
    field(
        "calls now",
        counts("calls_now", &["ringing", "talking", "waiting"]),
    );
    field(
        "agents",
        counts("agents", &["idle", "busy", "wrap_up", "away"]),
    );
    field(
        "attempts",
        format!(
            "{} ({} answered, {} abandoned)",
            cell(&stats["attempts"]),
            cell(&stats["answered"]),
            cell(&stats["abandoned"])
        ),
    );
    field("abandonment", percent(&stats["abandonment"]));
    field("occupancy", percent(&stats["occupancy"]));
    field("outcomes", outcomes(&stats["outcomes"]));
    let idle_because = reasons::lines(&stats["not_dialing_because"], "    ");
    if !idle_because.is_empty() {
        text.push_str(&format!("  not dialing because\n{idle_because}"));
    }
    print(&text)
}

fn create(client: &Client, file: &Path, json: bool) -> Result<(), Failure> {
    let settings = read_settings(file)?;
    let campaign = client.send(&Method::POST, "/campaigns", &settings)?;
    if json {
        return print_json(&campaign);
    }
    let id = cell(&campaign["id"]);
    print(&format!(
        "campaign {id} made: {} ({})\n",
        printable(&cell(&campaign["name"])),
        state(&campaign)
    ))
}

fn read_settings(file: &Path) -> Result<Value, Failure> {
    let name = if file == Path::new("-") {
        "standard input".into()
    } else {
        file.display().to_string()
    };
    let unreadable =
        |error: std::io::Error| Failure::failed(format!("{name} cannot be read: {error}"));
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin()
            .take(SETTINGS_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(SETTINGS_BYTES_MAX).read_to_string(&mut text)
    }
    .map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::failed(format!(
            "{name}:{}:{}: this is not JSON: {error}\n  remedy: give one object with at least name, mode, target and caller_ids",
            error.line(),
            error.column()
        ))
    })
}

fn command(client: &Client, id: u32, verb: &str, json: bool) -> Result<(), Failure> {
    let campaign = client.send(
        &Method::POST,
        &format!("/campaigns/{id}/{verb}"),
        &json!({}),
    )?;
    if json {
        return print_json(&campaign);
    }
    print(&format!("campaign {id} is {}\n", state(&campaign)))
}

fn state(campaign: &Value) -> String {
    let state = cell(&campaign["state"]);
    match campaign["end_reason"].as_str() {
        Some(reason) => format!("{state} ({})", reason.replace('_', " ")),
        None => state,
    }
}

fn target(target: &Value) -> String {
    let Some((kind, id)) = target.as_object().and_then(|object| object.iter().next()) else {
        return cell(target);
    };
    match kind.as_str() {
        "sip" => cell(id),
        kind => format!("{} {}", kind.replace('_', " "), cell(id)),
    }
}

fn outcomes(outcomes: &Value) -> String {
    let outcomes = outcomes.as_object().into_iter().flatten();
    let counts: Vec<String> = outcomes
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(name, count)| format!("{name} {}", cell(count)))
        .collect();
    if counts.is_empty() {
        "–".to_owned()
    } else {
        counts.join(", ")
    }
}
