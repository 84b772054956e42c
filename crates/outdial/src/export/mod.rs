//! `outdial export`: a campaign's results, each attempt with what is known of its contact.
//!
//! Two passes over the API: the contacts go to a temporary file first, because the columns of a table
//! must be known before its first row; then each attempt is written as it comes. Memory holds 16
//! bytes for each contact, whatever the length of the campaign.

mod columns;
mod contacts;
mod csv;
mod ndjson;
mod sink;
mod xlsx;

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::client::Client;
use crate::command_line::{ExportArguments, ListFormat};
use crate::failure::Failure;
use columns::Columns;
use contacts::Contacts;
use sink::Sink;

/// What writes rows in a format.
trait Writer {
    /// Writes an attempt and what is known of its contact.
    fn row(&mut self, attempt: &Value, contact: &Value) -> Result<(), String>;
    /// Writes whatever is left.
    fn finish(self: Box<Self>) -> Result<(), String>;
}

/// Runs the command.
pub(crate) fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let format = format_of(arguments)?;
    let campaign = arguments.campaign;
    // A wrong key or campaign is told before a file is made.
    client.read(&format!("/campaigns/{campaign}"))?;
    let progress = spinner();
    progress.set_message("contacts");
    let mut contacts = Contacts::collect(
        client.list(&format!("/campaigns/{campaign}/contacts")),
        &progress,
    )?;
    let columns = Columns::new(contacts.attributes());
    let mut sink = Sink::open(arguments.file.as_deref()).map_err(Failure::Failed)?;
    progress.set_message("attempts");
    progress.set_position(0);
    let mut attempts = 0_u64;
    let written = (|| {
        let mut writer: Box<dyn Writer + '_> = match format {
            ListFormat::Csv => Box::new(csv::Csv::new(&mut sink, &columns)?),
            ListFormat::Ndjson => Box::new(ndjson::Ndjson::new(&mut sink)),
            ListFormat::Xlsx => Box::new(xlsx::Sheets::new(&mut sink, &columns)?),
        };
        for page in client.list(&format!("/campaigns/{campaign}/attempts")) {
            for attempt in page.map_err(|error| error.to_string())? {
                let contact = match attempt["contact_id"].as_u64() {
                    Some(id) => contacts.find(id)?,
                    None => Value::Null,
                };
                writer.row(&attempt, &contact)?;
                attempts += 1;
                progress.set_position(attempts);
            }
        }
        writer.finish()
    })();
    progress.finish_and_clear();
    written
        .and_then(|()| sink.finish())
        .map_err(Failure::Failed)?;
    if let Some(file) = &arguments.file {
        eprintln!("{attempts} attempts written to {}", file.display());
    }
    Ok(())
}

fn format_of(arguments: &ExportArguments) -> Result<ListFormat, Failure> {
    if let Some(format) = arguments.format {
        return Ok(format);
    }
    let extension = arguments.file.as_deref().and_then(Path::extension);
    match extension
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("csv") => Ok(ListFormat::Csv),
        Some("xlsx") => Ok(ListFormat::Xlsx),
        Some("ndjson" | "jsonl") => Ok(ListFormat::Ndjson),
        _ => Err(Failure::Usage(
            "nothing tells what to write; add --format csv, xlsx or ndjson".to_owned(),
        )),
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} ({per_sec})");
    // The template is well-formed; the default serves if it ever is not.
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
