//! `outdial import`: a list of contacts from a file into a campaign.
//!
//! The file is streamed: CSV and NDJSON as they are, so that the lines which the server complains of
//! are the lines of the file, and XLSX as one JSON object for each row.

mod report;
mod source;
mod xlsx;

use std::io::Read;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::client::{Client, ClientError};
use crate::command_line::{ImportArguments, ListFormat};
use crate::failure::Failure;
use crate::output::print_json;
use source::Source;

/// Runs the command.
pub(crate) fn run(arguments: &ImportArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let format = format_of(arguments)?;
    if arguments.sheet.is_some() && format != ListFormat::Xlsx {
        return Err(Failure::Usage("--sheet is for XLSX files only".to_owned()));
    }
    // A wrong key or campaign is told before anything is uploaded.
    client.read(&format!("/campaigns/{}", arguments.campaign))?;
    let upload = Upload {
        client: &client,
        arguments,
    };
    let (answer, unit) = match format {
        ListFormat::Csv => (upload.text("text/csv")?, "line"),
        ListFormat::Ndjson => (upload.text("application/x-ndjson")?, "line"),
        ListFormat::Xlsx => (upload.spreadsheet()?, "row"),
    };
    if arguments.output.json {
        print_json(&answer)?;
    } else {
        report::print(&answer, unit)?;
    }
    // Lines that were skipped are the list's, not ours; a list of which nothing was taken is a failure.
    let count = |key: &str| answer[key].as_u64().unwrap_or_default();
    if count("accepted") == 0 && count("rejected") > 0 {
        return Err(Failure::Told);
    }
    Ok(())
}

fn format_of(arguments: &ImportArguments) -> Result<ListFormat, Failure> {
    if let Some(format) = arguments.format {
        return Ok(format);
    }
    let extension = arguments
        .file
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => Ok(ListFormat::Csv),
        "xlsx" => Ok(ListFormat::Xlsx),
        "ndjson" | "jsonl" => Ok(ListFormat::Ndjson),
        _ => Err(Failure::Usage(format!(
            "`{}` does not tell what it is; add --format csv, xlsx or ndjson",
            arguments.file.display()
        ))),
    }
}

struct Upload<'a> {
    client: &'a Client,
    arguments: &'a ImportArguments,
}

impl Upload<'_> {
    fn text(&self, content_type: &str) -> Result<Value, Failure> {
        let mut source = Source::open(&self.arguments.file)?;
        let progress = progress(
            source.length(),
            "{bytes} of {total_bytes} ({bytes_per_sec})",
        );
        let mut body = Watched::new(|buffer: &mut [u8]| {
            let count = source.read(buffer)?;
            progress.inc(count as u64);
            Ok(count)
        });
        let answer = self.send(content_type, &mut body);
        progress.finish_and_clear();
        self.outcome(answer, body.failure)
    }

    fn spreadsheet(&self) -> Result<Value, Failure> {
        let file = &self.arguments.file;
        if file == Path::new("-") {
            let message = "a spreadsheet cannot be read from standard input; name a file";
            return Err(Failure::Usage(message.to_owned()));
        }
        let mut workbook = xlsx::open(file)?;
        let mut rows = xlsx::Rows::of_sheet(&mut workbook, self.arguments.sheet.as_deref())?;
        let progress = progress(rows.count(), "{pos} of {len} rows ({per_sec})");
        let mut body = Watched::new(|buffer: &mut [u8]| {
            let count = rows.read(buffer)?;
            progress.set_position(rows.sent());
            Ok(count)
        });
        let answer = self.send("application/x-ndjson", &mut body);
        progress.finish_and_clear();
        let failure = body.failure;
        let mut answer = self.outcome(answer, failure)?;
        rows.lines_to_rows(&mut answer);
        Ok(answer)
    }

    fn send(&self, content_type: &str, body: &mut dyn Read) -> Result<Value, ClientError> {
        let duplicates = if self.arguments.skip_duplicates {
            "?duplicates=skip"
        } else {
            ""
        };
        let path = format!(
            "/campaigns/{}/contacts{duplicates}",
            self.arguments.campaign
        );
        self.client.upload(&path, content_type, body)
    }

    /// Why an upload broke off: the file's fault is not the server's.
    fn outcome(
        &self,
        answer: Result<Value, ClientError>,
        failure: Option<String>,
    ) -> Result<Value, Failure> {
        let error = match (answer, failure) {
            (_, Some(failure)) => format!("{}: {failure}", self.arguments.file.display()),
            (Ok(answer), None) => return Ok(answer),
            // A server that refuses while the list is still on its way resets the connection, and its
            // answer is lost with it.
            (Err(ClientError::Unreachable { url, why }), None) => format!(
                "the upload to {url} broke off: {why}\n  remedy: see the server's log for why"
            ),
            (Err(error), None) => error.to_string(),
        };
        Err(Failure::Failed(format!(
            "{error}\n  contacts that were taken before stay in the campaign; repeat with --skip-duplicates"
        )))
    }
}

/// A body whose own failure is remembered: the HTTP client would report it as the connection's.
struct Watched<F> {
    read: F,
    failure: Option<String>,
}

impl<F: FnMut(&mut [u8]) -> std::io::Result<usize>> Watched<F> {
    fn new(read: F) -> Self {
        Self {
            read,
            failure: None,
        }
    }
}

impl<F: FnMut(&mut [u8]) -> std::io::Result<usize>> Read for Watched<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.read)(buffer).inspect_err(|error| self.failure = Some(error.to_string()))
    }
}

/// A bar on standard error; silent where that is no terminal.
fn progress(length: Option<u64>, counts: &str) -> ProgressBar {
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    let template = match length {
        Some(_) => format!("{{wide_bar}} {counts}, {{eta}} left"),
        None => "{spinner} {bytes}".to_owned(),
    };
    // The templates above are well-formed; the default serves if they ever are not.
    let style = ProgressStyle::with_template(&template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
