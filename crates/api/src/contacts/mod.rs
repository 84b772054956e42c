//! Lists of contacts as they come in: CSV, NDJSON or a JSON array, in pieces of any size.
//!
//! Nothing here waits or does I/O: bytes go in, contacts come out, and a line that is wrong is
//! reported and skipped. Memory is bounded by [`RECORD_BYTES_MAX`] and the size of the pieces,
//! whatever the list looks like.
//!
//! ```
//! use outdial_api::contacts::{ContactReader, Format, Row};
//! use outdial_domain::Country;
//!
//! let mut reader = ContactReader::new(Format::Csv, Country::new("CN")?);
//! reader.feed(b"number,city\n13012345678,Beijing\nx,");
//! reader.feed(b"Shanghai\n");
//! reader.end();
//! let Some(Row::Contact(contact)) = reader.read()? else { panic!("the first line is sound") };
//! assert_eq!(contact.attributes["city"], "Beijing");
//! let Some(Row::Wrong { line, .. }) = reader.read()? else { panic!("the second is not") };
//! assert_eq!(line, 3);
//! assert!(reader.read()?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod buffer;
mod columns;
mod csv;
mod lines;
mod row;

use outdial_domain::{Country, NewContact};
use outdial_service::FieldProblem;

use array::Elements;
use columns::Table;
use csv::{Line, Records};
use lines::Lines;
use row::RowRules;

/// Most bytes of one line, row or array element.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/csv`: UTF-8, commas, a header row.
    Csv,
    /// `application/x-ndjson`: one JSON object on each line.
    Ndjson,
    /// `application/json`: an array of objects.
    Json,
}

impl Format {
    /// The format that a `Content-Type` names.
    ///
    /// # Errors
    /// What is taken instead, in words.
    pub fn from_content_type(content_type: &str) -> Result<Self, String> {
        let mut parts = content_type.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let format = match media_type.as_str() {
            "text/csv" => Self::Csv,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Ndjson,
            "application/json" => Self::Json,
            _ => {
                return Err("send text/csv, application/x-ndjson or application/json".to_owned());
            }
        };
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let charset = value.trim().trim_matches('"').to_ascii_lowercase();
            if name.trim().eq_ignore_ascii_case("charset")
                && !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")
            {
                return Err("lists are taken as UTF-8 only; convert it first".to_owned());
            }
        }
        Ok(format)
    }
}

/// What a line of a list turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A contact.
    Contact(NewContact),
    /// A line that is wrong and was skipped.
    Wrong {
        /// The line on which it begins, from 1; in a JSON array the number of the element.
        line: u64,
        /// What is wrong with it; a problem of the line as a whole has an empty field.
        problems: Vec<FieldProblem>,
    },
}

/// The list cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Broken {
    /// The line at which it breaks off, from 1; in a JSON array the number of the element.
    pub line: u64,
    /// Why.
    pub problem: String,
}

/// Reads a list that comes in pieces.
pub struct ContactReader {
    rows: RowRules,
    source: Source,
}

enum Source {
    Csv(Box<Records>, Option<Table>),
    Ndjson(Lines),
    Json(Elements),
}

/// A piece of a list before anybody has looked into it.
enum Record<'a> {
    /// Its bytes, and the line on which they begin.
    Bytes(u64, &'a [u8]),
    /// Longer than [`RECORD_BYTES_MAX`]; it was skipped.
    TooLong(u64),
}

impl ContactReader {
    /// A reader of a list whose numbers are written as in this country.
    pub fn new(format: Format, country: Country) -> Self {
        let source = match format {
            Format::Csv => Source::Csv(Box::default(), None),
            Format::Ndjson => Source::Ndjson(Lines::default()),
            Format::Json => Source::Json(Elements::default()),
        };
        Self {
            rows: RowRules::new(country),
            source,
        }
    }

    /// Takes the next piece of the list. Read until `None` before the next one, so that no more
    /// than a piece is kept.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.source {
            Source::Csv(records, _) => records.feed(bytes),
            Source::Ndjson(lines) => lines.feed(bytes),
            Source::Json(elements) => elements.feed(bytes),
        }
    }

    /// Says that the list is complete.
    pub fn end(&mut self) {
        match &mut self.source {
            Source::Csv(records, _) => records.end(),
            Source::Ndjson(lines) => lines.end(),
            Source::Json(elements) => elements.end(),
        }
    }

    /// The next row; `None` when it takes more bytes, or the list is over.
    ///
    /// # Errors
    /// [`Broken`] when no line after this one can be found or understood.
    pub fn read(&mut self) -> Result<Option<Row>, Broken> {
        let record = match &mut self.source {
            Source::Csv(records, table) => return read_csv(records, table, &mut self.rows),
            Source::Ndjson(lines) => lines.read(),
            Source::Json(elements) => elements.read()?,
        };
        Ok(record.map(|record| match record {
            Record::Bytes(line, bytes) => as_row(line, self.rows.contact_of(bytes)),
            Record::TooLong(line) => too_long(line),
        }))
    }
}

fn read_csv(
    records: &mut Records,
    table: &mut Option<Table>,
    rows: &mut RowRules,
) -> Result<Option<Row>, Broken> {
    let columns = match table {
        Some(columns) => columns,
        None => match records.read_header()? {
            Some(columns) => table.insert(columns),
            None => return Ok(None),
        },
    };
    Ok(records.read().map(|line| match line {
        Line::Record(line, fields) => as_row(line, columns.contact(rows, fields)),
        Line::Wrong(line, problem) => wrong(line, problem),
    }))
}

fn as_row(line: u64, contact: Result<NewContact, Vec<FieldProblem>>) -> Row {
    match contact {
        Ok(contact) => Row::Contact(contact),
        Err(problems) => Row::Wrong { line, problems },
    }
}

fn wrong(line: u64, problem: impl Into<String>) -> Row {
    let problem = FieldProblem {
        field: String::new(),
        problem: problem.into(),
    };
    Row::Wrong {
        line,
        problems: vec![problem],
    }
}

fn too_long(line: u64) -> Row {
    wrong(
        line,
        format!("is longer than {RECORD_BYTES_MAX} bytes; it was skipped"),
    )
}

#[cfg(test)]
mod tests;
