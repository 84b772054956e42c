//! Results as CSV: UTF-8, commas, a header row.

use serde_json::Value;

use super::Writer;
use super::columns::{Cell, Columns, looks_like_formula};
use super::sink::Sink;

/// Writes CSV.
pub(super) struct Csv<'s> {
    out: csv::Writer<&'s mut Sink>,
    columns: &'s Columns,
}

impl<'s> Csv<'s> {
    /// Writes the header row.
    pub(super) fn new(sink: &'s mut Sink, columns: &'s Columns) -> Result<Self, String> {
        let mut csv = Self {
            out: csv::Writer::from_writer(sink),
            columns,
        };
        csv.write(columns.headings())?;
        Ok(csv)
    }

    fn write(&mut self, cells: Vec<Cell>) -> Result<(), String> {
        let texts = cells.into_iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Ours(text) => text,
            Cell::Integer(number) => number.to_string(),
            // A leading apostrophe makes it text in every spreadsheet.
            Cell::Foreign(text) if looks_like_formula(&text) => format!("'{text}"),
            Cell::Foreign(text) => text,
        });
        self.out
            .write_record(texts)
            .map_err(|error| error.to_string())
    }
}

impl Writer for Csv<'_> {
    fn row(&mut self, attempt: &Value, contact: &Value) -> Result<(), String> {
        self.write(self.columns.cells(attempt, contact))
    }

    fn finish(mut self: Box<Self>) -> Result<(), String> {
        self.out.flush().map_err(|error| error.to_string())
    }
}
