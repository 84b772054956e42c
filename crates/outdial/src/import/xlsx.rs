//! A sheet of a spreadsheet as one JSON object for each row, read as it is sent.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use calamine::{Cell, DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxCellReader};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

type Workbook = Xlsx<BufReader<File>>;

/// Cells of a row that have something in them, by column from 0.
type Cells = Vec<(u32, Value)>;

/// Opens a spreadsheet.
pub(super) fn open(path: &Path) -> Result<Workbook, Failure> {
    calamine::open_workbook(path).map_err(|error: calamine::XlsxError| {
        Failure::failed(format!(
            "{} cannot be read as XLSX: {error}\n  remedy: save it as an Excel workbook (.xlsx), or as CSV UTF-8",
            path.display()
        ))
    })
}

/// The rows of a sheet below its headings, as lines of JSON.
pub(super) struct Rows<'w> {
    cells: XlsxCellReader<'w, BufReader<File>>,
    /// A cell of the next row, which ended the one before.
    ahead: Option<(u32, u32, Value)>,
    /// The sheet has been read; asking for more would be an error.
    ended: bool,
    headings: Vec<Option<String>>,
    line: Vec<u8>,
    taken: usize,
    /// The row of each line, both from 1.
    rows: Vec<u32>,
    last_row: u32,
}

impl<'w> Rows<'w> {
    /// The rows of a sheet; `None` = the first.
    pub(super) fn of_sheet(
        workbook: &'w mut Workbook,
        sheet: Option<&str>,
    ) -> Result<Self, Failure> {
        let names = workbook.sheet_names();
        let name = match sheet {
            None => names
                .first()
                .cloned()
                .ok_or_else(|| Failure::failed("the spreadsheet has no sheet"))?,
            Some(sheet) if names.iter().any(|name| name == sheet) => sheet.to_owned(),
            Some(sheet) => {
                let known = names.join("`, `");
                return Err(Failure::failed(format!(
                    "there is no sheet `{sheet}`; there are `{known}`"
                )));
            }
        };
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::failed(format!("the sheet `{name}` cannot be read: {error}"))
        };
        let cells = workbook
            .worksheet_cells_reader(&name)
            .map_err(|error| unreadable(&error))?;
        let last_row = cells.dimensions().end.0.saturating_add(1);
        let mut rows = Self {
            cells,
            ahead: None,
            ended: false,
            headings: Vec::new(),
            line: Vec::new(),
            taken: 0,
            rows: Vec::new(),
            last_row,
        };
        let (_, first) = rows
            .next_row()
            .map_err(|error| unreadable(&error))?
            .ok_or_else(|| Failure::failed(format!("the sheet `{name}` is empty")))?;
        rows.headings = headings(first).map_err(Failure::Failed)?;
        Ok(rows)
    }

    /// About how many rows there are.
    pub(super) fn count(&self) -> Option<u64> {
        (self.last_row > 1).then(|| u64::from(self.last_row) - 1)
    }

    /// Rows made into lines so far.
    pub(super) fn sent(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Turns line numbers of the server's complaints into rows of the sheet.
    pub(super) fn lines_to_rows(&self, answer: &mut Value) {
        let Some(errors) = answer.get_mut("errors").and_then(Value::as_array_mut) else {
            return;
        };
        for error in errors.iter_mut().filter_map(Value::as_object_mut) {
            let line = error["line"]
                .as_u64()
                .and_then(|line| usize::try_from(line).ok());
            if let Some(row) = line.and_then(|line| self.rows.get(line.checked_sub(1)?)) {
                error.insert("line".to_owned(), json!(row));
            }
        }
    }

    /// The next row that has anything in it: its number from 0, and its cells by column.
    fn next_row(&mut self) -> Result<Option<(u32, Cells)>, calamine::XlsxError> {
        let mut row = None;
        let mut cells = Vec::new();
        loop {
            let next = match self.ahead.take() {
                Some(ahead) => Some(ahead),
                None if self.ended => None,
                None => self.cells.next_cell()?.map(|cell| {
                    let (row, column) = cell.get_position();
                    (row, column, value(&cell))
                }),
            };
            let Some((at, column, value)) = next else {
                self.ended = true;
                break;
            };
            if value.is_null() {
                continue;
            }
            if row.is_some_and(|row| row != at) {
                self.ahead = Some((at, column, value));
                break;
            }
            row = Some(at);
            cells.push((column, value));
        }
        Ok(row.map(|row| (row, cells)))
    }
}

impl Read for Rows<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.line.len() {
            let Some((row, cells)) = self.next_row().map_err(io::Error::other)? else {
                return Ok(0);
            };
            self.rows.push(row + 1);
            self.line = contact(&self.headings, cells).to_string().into_bytes();
            self.line.push(b'\n');
            self.taken = 0;
        }
        let rest = &self.line[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

/// The headings by column.
fn headings(cells: Cells) -> Result<Vec<Option<String>>, String> {
    let mut headings: Vec<Option<String>> = Vec::new();
    for (column, value) in cells {
        let heading = match &value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        // Ours may be written in capitals; names of attributes stay as they are.
        let ours = ["number", "numbers", "external_id", "time_zone", "priority"]
            .into_iter()
            .find(|ours| heading.eq_ignore_ascii_case(ours));
        let heading = ours.map_or(heading, str::to_owned);
        if headings.iter().flatten().any(|known| *known == heading) {
            return Err(format!(
                "the heading `{heading}` stands twice\n  remedy: give each column a heading of its own"
            ));
        }
        let column = column as usize;
        headings.resize(headings.len().max(column + 1), None);
        headings[column] = Some(heading);
    }
    let has_number = headings
        .iter()
        .flatten()
        .any(|h| h == "number" || h == "numbers");
    if has_number {
        Ok(headings)
    } else {
        let found: Vec<&str> = headings.iter().flatten().map(String::as_str).collect();
        Err(format!(
            "the first row has no heading `number`; it has `{}`\n  remedy: give the column with the phone numbers the heading number",
            found.join("`, `")
        ))
    }
}

/// A row as the API takes a contact.
fn contact(headings: &[Option<String>], cells: Cells) -> Value {
    let mut contact = Map::new();
    let mut attributes = Map::new();
    for (column, value) in cells {
        let heading = headings.get(column as usize).cloned().flatten();
        // A cell without a heading is not lost: its column's letters name it.
        let heading = heading.unwrap_or_else(|| format!("column {}", letters(column)));
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match heading.as_str() {
            "priority" => {
                // What is no number the server shall complain of.
                let priority = text
                    .trim()
                    .parse::<i64>()
                    .map_or(json!(text), |given| json!(given));
                contact.insert(heading, priority);
            }
            "numbers" => {
                let numbers = text
                    .split(';')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                contact.insert(heading, numbers.collect());
            }
            "number" | "external_id" | "time_zone" => {
                contact.insert(heading, json!(text));
            }
            _ => {
                attributes.insert(heading, json!(text));
            }
        }
    }
    if !attributes.is_empty() {
        contact.insert("attributes".to_owned(), Value::Object(attributes));
    }
    Value::Object(contact)
}

/// A cell's value; null where there is nothing in it.
fn value(cell: &Cell<DataRef<'_>>) -> Value {
    let text = match cell.get_value() {
        DataRef::Empty => return Value::Null,
        DataRef::Int(integer) => integer.to_string(),
        DataRef::Float(float) => number(*float),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(boolean) => boolean.to_string(),
        DataRef::DateTime(at) => date_time(*at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    };
    if text.trim().is_empty() {
        Value::Null
    } else {
        Value::String(text)
    }
}

/// A number as it was typed: spreadsheets keep phone numbers as floating point.
fn number(float: f64) -> String {
    // Up to here every integer is exact.
    if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
        format!("{float:.0}")
    } else {
        float.to_string()
    }
}

fn date_time(at: ExcelDateTime) -> String {
    if at.is_duration() {
        return number(at.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match (at.as_f64() < 1.0, time.as_str()) {
        (true, _) => time,
        (false, "00:00:00") => date,
        (false, _) => format!("{date} {time}"),
    }
}

/// A column's letters: A, B, …, Z, AA.
fn letters(column: u32) -> String {
    let mut letters = String::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        // Below 26.
        letters.insert(0, char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Cells {
        (0..)
            .zip(texts)
            .filter(|(_, t)| !t.is_empty())
            .map(|(c, t)| (c, json!(t)))
            .collect()
    }

    #[test]
    fn a_row_becomes_a_contact() {
        let headings = headings(cells(&["Number", "priority", "City", ""])).unwrap();
        let row = contact(&headings, cells(&["13012345678", "1", "北京", "x"]));
        assert_eq!(
            row,
            json!({"number": "13012345678", "priority": 1, "attributes": {"City": "北京", "column D": "x"}})
        );
        let row = contact(&headings, cells(&["", "high"]));
        assert_eq!(row, json!({"priority": "high"}));
    }

    #[test]
    fn headings_must_name_the_number_and_nothing_twice() {
        assert!(headings(cells(&["phone", "city"])).is_err_and(|e| e.contains("`phone`, `city`")));
        assert!(headings(cells(&["number", "city", "city"])).is_err());
    }

    #[test]
    fn phone_numbers_kept_as_floating_point_come_out_whole() {
        assert_eq!(number(8_613_012_345_678.0), "8613012345678");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(-3.0), "-3");
    }

    #[test]
    fn columns_count_as_spreadsheets_do() {
        assert_eq!(
            [0, 25, 26, 701, 702].map(letters),
            ["A", "Z", "AA", "ZZ", "AAA"]
        );
    }
}
