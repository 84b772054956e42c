//! Results as a spreadsheet, rows on disk as they are written.

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde_json::Value;

use super::Writer;
use super::columns::{Cell, Columns, looks_like_formula};
use super::sink::Sink;

/// Rows of a sheet, its headings included. Source: Excel specifications and limits.
const ROWS_MAX: u32 = 1_048_576;
/// Characters of a cell.
const CELL_CHARS_MAX: usize = 32_767;
/// Integers up to here are exact in a spreadsheet's floating point.
const EXACT_MAX: u64 = 1 << 53;

/// Writes a workbook; a campaign that is longer than a sheet goes on in the next one.
pub(super) struct Sheets<'s> {
    out: &'s mut Sink,
    columns: &'s Columns,
    workbook: Workbook,
    sheets: usize,
    /// The next row of the last sheet.
    row: u32,
    /// Marks a cell as text, whatever it looks like.
    quoted: Format,
}

impl<'s> Sheets<'s> {
    /// Begins a workbook.
    pub(super) fn new(out: &'s mut Sink, columns: &'s Columns) -> Result<Self, String> {
        if out.is_terminal() {
            return Err("a spreadsheet on a terminal is of no use; name a file".to_owned());
        }
        let mut sheets = Self {
            out,
            columns,
            workbook: Workbook::new(),
            sheets: 0,
            row: ROWS_MAX,
            quoted: Format::new().set_quote_prefix(),
        };
        sheets.sheet().map_err(|error| error.to_string())?;
        Ok(sheets)
    }

    /// The sheet that the next row goes to.
    fn sheet(&mut self) -> Result<&mut Worksheet, XlsxError> {
        if self.row >= ROWS_MAX {
            self.sheets += 1;
            let bold = Format::new().set_bold();
            let sheet = self.workbook.add_worksheet_with_constant_memory()?;
            sheet.set_name(format!("attempts {}", self.sheets).trim_end_matches(" 1"))?;
            sheet.set_freeze_panes(1, 0)?;
            for (column, heading) in (0..).zip(self.columns.headings()) {
                if let Cell::Ours(text) | Cell::Foreign(text) = heading {
                    sheet.write_string_with_format(0, column, cut(&text), &bold)?;
                }
            }
            self.row = 1;
        }
        self.workbook.worksheet_from_index(self.sheets - 1)
    }

    fn write(&mut self, cells: Vec<Cell>) -> Result<(), XlsxError> {
        let quoted = self.quoted.clone();
        self.sheet()?;
        let row = self.row;
        let sheet = self.sheet()?;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Integer(number) if number <= EXACT_MAX => {
                    sheet.write_number(row, column, number as f64)?;
                }
                Cell::Integer(number) => {
                    sheet.write_string(row, column, number.to_string())?;
                }
                Cell::Foreign(text) if looks_like_formula(&text) => {
                    sheet.write_string_with_format(row, column, cut(&text), &quoted)?;
                }
                Cell::Ours(text) | Cell::Foreign(text) => {
                    sheet.write_string(row, column, cut(&text))?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }
}

impl Writer for Sheets<'_> {
    fn row(&mut self, attempt: &Value, contact: &Value) -> Result<(), String> {
        self.write(self.columns.cells(attempt, contact))
            .map_err(|error| error.to_string())
    }

    fn finish(mut self: Box<Self>) -> Result<(), String> {
        self.workbook
            .save_to_writer(&mut *self.out)
            .map_err(|error| error.to_string())
    }
}

/// As much of a text as fits in a cell.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL_CHARS_MAX) {
        Some(_) => text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
