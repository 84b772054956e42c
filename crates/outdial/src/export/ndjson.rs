//! Results as one JSON object per line: the attempt as the API gives it, with its contact beside it.

use std::io::Write as _;

use serde_json::Value;

use super::Writer;
use super::sink::Sink;

/// Writes NDJSON.
pub(super) struct Ndjson<'s> {
    out: &'s mut Sink,
}

impl<'s> Ndjson<'s> {
    pub(super) fn new(out: &'s mut Sink) -> Self {
        Self { out }
    }
}

impl Writer for Ndjson<'_> {
    fn row(&mut self, attempt: &Value, contact: &Value) -> Result<(), String> {
        let mut row = attempt.clone();
        if let Some(fields) = row.as_object_mut() {
            fields.insert("contact".to_owned(), contact.clone());
        }
        writeln!(self.out, "{row}").map_err(|error| error.to_string())
    }

    fn finish(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}
