//! Reads a table key by key, reports what is wrong, and in the end the keys nobody asked for.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::place::{At, Found, KeyPath, Place};
use super::problem::{Fault, Report};
use super::suggest;
use super::tree::{Node, Table, Value};

/// A table that is being read.
pub(super) struct Section<'t> {
    table: &'t Table,
    at: At,
    report: &'t Report,
    known: BTreeSet<&'static str>,
}

impl<'t> Section<'t> {
    /// Reads a whole tree; keys that `read` does not ask for are errors.
    pub(super) fn root<T>(
        root: &'t Node,
        report: &'t Report,
        read: impl FnOnce(&mut Section<'t>) -> T,
    ) -> Option<T> {
        let at = At {
            place: root.place.clone(),
            key: KeyPath::default(),
        };
        read_table(root, at, report, read)
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> &At {
        &self.at
    }

    /// Where complaints go.
    pub(super) fn report(&self) -> &'t Report {
        self.report
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.entries.contains_key(key)
    }

    /// An error that is about a key of this table, standing or missing.
    pub(super) fn error(&self, key: &str, fault: Fault) {
        self.report.error(&self.at_key(key), fault);
    }

    /// Where a key stands, or the table where it is missing.
    pub(super) fn at_key(&self, key: &str) -> At {
        let place = match self.table.entries.get(key) {
            Some(entry) => entry.node.place.clone(),
            None => self.at.place.clone(),
        };
        let key = self.at.key.key(key);
        At { place, key }
    }

    /// The value of a key that may be left out. `None` also when it is wrong, which is reported.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Fault>,
    ) -> Option<Found<T>> {
        let node = self.node(key)?;
        let at = self.at_key(key);
        match read(&node.value) {
            Ok(value) => Some(Found { value, at }),
            Err(fault) => {
                self.report.error(&at, fault);
                None
            }
        }
    }

    /// The value of a key that must be there; `example` says how to write it.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&Value) -> Result<T, Fault>,
    ) -> Option<Found<T>> {
        if !self.has(key) {
            self.error(
                key,
                Fault::new(
                    "is missing",
                    format!("add it, for instance: {key} = {example}"),
                ),
            );
        }
        self.optional(key, read)
    }

    /// The entries of a list that are right; wrong ones are reported. `None` when there is no list.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&Value) -> Result<T, Fault>,
    ) -> Option<Vec<Found<T>>> {
        let node = self.node(key)?;
        let Value::List(entries) = &node.value else {
            self.error(key, expected("a list in square brackets", &node.value));
            return None;
        };
        let list = self.at.key.key(key);
        let found = entries.iter().enumerate().filter_map(|(index, entry)| {
            let at = At {
                place: entry.place.clone(),
                key: list.index(index),
            };
            match read(&entry.value) {
                Ok(value) => Some(Found { value, at }),
                Err(fault) => {
                    self.report.error(&at, fault);
                    None
                }
            }
        });
        Some(found.collect())
    }

    /// The table under a key.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'t>) -> T,
    ) -> Option<T> {
        let node = self.node(key)?;
        let at = At {
            place: self.table.entries[key].key_place.clone(),
            key: self.at.key.key(key),
        };
        read_table(node, at, self.report, read)
    }

    /// Reads a table even if it is not in the file, so that its defaults and its keys are known.
    pub(super) fn section_or_empty<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'t>) -> T,
    ) -> Option<T> {
        if self.has(key) {
            return self.section(key, read);
        }
        static EMPTY: Table = Table {
            entries: std::collections::BTreeMap::new(),
        };
        self.known.insert(key);
        let at = At {
            place: self.at.place.clone(),
            key: self.at.key.key(key),
        };
        let mut section = Section::new(&EMPTY, at, self.report);
        let value = read(&mut section);
        section.close();
        Some(value)
    }

    /// The tables of a list: `[[key]]`, or inline ones.
    pub(super) fn sections<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'t>) -> T,
    ) -> Vec<T> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let list = self.at.key.key(key);
        let Value::List(entries) = &node.value else {
            let fault = Fault::new(
                format!("is {}, and there may be several", node.value.kind()),
                format!("write it as a list of tables: [[{list}]]").replace("[0]", ""),
            );
            self.error(key, fault);
            return Vec::new();
        };
        let tables = entries.iter().enumerate().filter_map(|(index, entry)| {
            let at = At {
                place: entry.place.clone(),
                key: list.index(index),
            };
            read_table(entry, at, self.report, &mut read)
        });
        tables.collect()
    }

    fn new(table: &'t Table, at: At, report: &'t Report) -> Self {
        Self {
            table,
            at,
            report,
            known: BTreeSet::new(),
        }
    }

    fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        self.known.insert(key);
        self.table.entries.get(key).map(|entry| &entry.node)
    }

    fn close(self) {
        for &key in &self.known {
            self.report.known(self.at.key.key(key));
        }
        let known: Vec<&str> = self.known.iter().copied().collect();
        for (key, entry) in &self.table.entries {
            if known.contains(&key.as_str()) {
                continue;
            }
            let path = self.at.key.key(&key.escape_debug().to_string());
            match &entry.key_place {
                Place::Environment(variable) => self.report.unknown_variable(variable, path),
                place => self.report.error(
                    &At {
                        place: place.clone(),
                        key: path,
                    },
                    Fault::new("this key is not known", suggest::remedy(key, &known)),
                ),
            }
        }
    }
}

fn read_table<'t, T>(
    node: &'t Node,
    at: At,
    report: &'t Report,
    read: impl FnOnce(&mut Section<'t>) -> T,
) -> Option<T> {
    let Value::Table(table) = &node.value else {
        report.error(&at, expected("a table", &node.value));
        return None;
    };
    let mut section = Section::new(table, at, report);
    let value = read(&mut section);
    section.close();
    Some(value)
}

fn expected(what: &str, value: &Value) -> Fault {
    Fault::new(format!("is {}", value.kind()), format!("give {what}"))
}

/// Reads a text that is not empty and can be shown in one line.
pub(super) fn text(value: &Value) -> Result<String, Fault> {
    let (Value::Text(text) | Value::Variable(text)) = value else {
        return Err(expected("a text in quotes", value));
    };
    if text.trim().is_empty() {
        return Err(Fault::new("is empty", "give at least one character"));
    }
    if text.len() > 4096 {
        return Err(Fault::new(
            format!("has {} bytes", text.len()),
            "give at most 4096",
        ));
    }
    Ok(text.clone())
}

/// Reads a name: a text without control characters, at most 255 bytes.
pub(super) fn name(value: &Value) -> Result<String, Fault> {
    let name = text(value)?;
    if name.chars().any(char::is_control) || name.len() > 255 {
        return Err(Fault::new(
            "has control characters or more than 255 bytes",
            "give a short printable text",
        ));
    }
    Ok(name)
}

/// Reads `true` or `false`.
pub(super) fn boolean(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Boolean(boolean) => Ok(*boolean),
        Value::Variable(text) if text == "true" => Ok(true),
        Value::Variable(text) if text == "false" => Ok(false),
        _ => Err(expected("true or false, without quotes", value)),
    }
}

/// Reads an integer of this range.
pub(super) fn integer(range: RangeInclusive<i64>) -> impl FnOnce(&Value) -> Result<i64, Fault> {
    move |value| {
        let expected_range = format!("an integer from {} to {}", range.start(), range.end());
        let given = match value {
            Value::Integer(given) => *given,
            Value::Variable(text) => text
                .parse()
                .map_err(|_| Fault::new("is no integer", format!("give {expected_range}")))?,
            _ => {
                return Err(expected(
                    &format!("{expected_range}, without quotes"),
                    value,
                ));
            }
        };
        if range.contains(&given) {
            Ok(given)
        } else {
            Err(Fault::new(
                format!("{given} is out of range"),
                format!("give {expected_range}"),
            ))
        }
    }
}

/// Reads a `u32` of this range.
pub(super) fn count(range: RangeInclusive<u32>) -> impl FnOnce(&Value) -> Result<u32, Fault> {
    let read = integer(i64::from(*range.start())..=i64::from(*range.end()));
    // The range lies within u32, so the conversion cannot fail.
    move |value| read(value).map(|given| u32::try_from(given).unwrap_or_default())
}

/// Reads a text and makes something of it.
pub(super) fn parsed<T>(
    parse: impl Fn(&str) -> Result<T, Fault>,
) -> impl Fn(&Value) -> Result<T, Fault> {
    move |value| parse(&text(value)?)
}

/// Reads one of a few words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Result<T, Fault> {
    parsed(move |given| {
        words
            .iter()
            .find(|(word, _)| *word == given)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| {
                let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Fault::new(
                    format!("`{}` is not known", given.escape_debug()),
                    suggest::remedy(given, &all),
                )
            })
    })
}
