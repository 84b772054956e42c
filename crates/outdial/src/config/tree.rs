//! A configuration as a tree of values that know their places: the file, with the environment laid
//! over it.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::{At, KeyPath, Place, Places};
use super::problem::{Fault, Report};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A value before anybody has asked what it should be.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    DateTime,
    List(Vec<Node>),
    Table(Table),
    /// From the environment: becomes whatever scalar is asked for.
    Variable(String),
}

impl Value {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a decimal number",
            Self::Boolean(_) => "true or false",
            Self::DateTime => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Variable(_) => "a text",
        }
    }
}

/// Keys and their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<String, Entry>,
}

/// A value in a table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key_place: Place,
    pub(super) node: Node,
}

/// Reads a TOML text; what cannot be read is reported and left out.
pub(super) fn parse(file: &str, text: &str, report: &Report) -> Node {
    let places = Places::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(text.len(), |span| span.start);
        let at = At {
            place: places.at(offset),
            key: key_near(text, offset),
        };
        let why = error.message().trim_end_matches(", expected nothing");
        let fault = Fault::new(
            format!("this is not TOML: {why}"),
            "see https://toml.io for how to write it: texts stand in quotes, tables begin with [name]",
        );
        report.error(&at, fault);
    }
    Node {
        value: Value::Table(table(document.get_ref(), &places)),
        place: places.at(0),
    }
}

/// The key that a line which is no TOML most likely sets: of the document nothing is left to ask.
fn key_near(text: &str, offset: usize) -> KeyPath {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    if key.is_empty() || !key.chars().all(plain) {
        return KeyPath::default();
    }
    let header = before
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix('['));
    let header = header.map_or("", |header| header.trim_matches(['[', ']', ' ']));
    match header.is_empty() || !header.chars().all(plain) {
        true => KeyPath::default().key(key),
        false => KeyPath::default().key(header).key(key),
    }
}

fn table(table: &DeTable<'_>, places: &Places<'_>) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let entry = Entry {
                key_place: places.at(key.span().start),
                node: node(value, places),
            };
            (key.get_ref().to_string(), entry)
        })
        .collect();
    Table { entries }
}

fn node(spanned: &Spanned<DeValue<'_>>, places: &Places<'_>) -> Node {
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            // Beyond 64 bits it is out of every field's range.
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::DateTime,
        DeValue::Array(array) => Value::List(array.iter().map(|n| node(n, places)).collect()),
        DeValue::Table(inner) => Value::Table(table(inner, places)),
    };
    Node {
        value,
        place: places.at(spanned.span().start),
    }
}
