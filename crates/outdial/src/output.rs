//! Text for people: tables on a terminal, and what programs read on the other side of a pipe.

use std::io::{self, Write as _};

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::failure::Failure;

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes JSON, readable.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// Columns of text, as wide as their widest cell.
pub(crate) struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let headings = headings
            .iter()
            .map(|heading| heading.to_uppercase())
            .collect();
        Self {
            rows: vec![headings],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// The table as text.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                cells(column)
                    .map(|cell| cell.width())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        // A column of numbers is read from the right.
        let numeric: Vec<bool> = (0..columns)
            .map(|column| cells(column).skip(1).all(|cell| is_count(cell)))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column].saturating_sub(cell.width()));
                if numeric[column] {
                    line.push_str(&padding);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn is_count(cell: &str) -> bool {
    cell == "-" || cell == "–" || (!cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit()))
}

/// A JSON value in a cell: nothing is a dash.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) if text.is_empty() => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "–".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Text from a server as it may be shown: without control characters, which could rewrite the screen.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A share of 0–1 in percent.
pub(crate) fn percent(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up_also_with_wide_letters() {
        let mut table = TextTable::new(&["id", "name", "state"]);
        table.row(["7".to_owned(), "春季".to_owned(), "running".to_owned()]);
        table.row(["12".to_owned(), "autumn".to_owned(), "draft".to_owned()]);
        assert_eq!(
            table.render(),
            "ID  NAME    STATE\n 7  春季    running\n12  autumn  draft\n"
        );
    }

    #[test]
    fn nothing_from_a_server_moves_the_cursor() {
        let mut table = TextTable::new(&["name"]);
        table.row(["a\u{1b}[2Jb\n".to_owned()]);
        assert!(!table.render().contains('\u{1b}'));
        assert_eq!(table.render().lines().count(), 2);
    }

    #[test]
    fn values_become_cells() {
        assert_eq!(cell(&json!(null)), "–");
        assert_eq!(cell(&json!([1, 2])), "1, 2");
        assert_eq!(cell(&json!({"skill_group": 255})), "{\"skill_group\":255}");
        assert_eq!(percent(&json!(0.0312)), "3.1 %");
        assert_eq!(percent(&json!(null)), "–");
    }
}
