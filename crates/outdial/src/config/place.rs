//! Where a value of the configuration stands, so that every complaint can point at it.

use std::fmt;

/// Where a value stands: in a file, or in an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file as a whole.
    WholeFile(String),
    /// In a file.
    File {
        /// The file as it was named on the command line, or as the configuration refers to it.
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In an environment variable.
    Environment(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::WholeFile(file) => f.write_str(file),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
        }
    }
}

/// Turns byte offsets of a text into places.
pub(super) struct Places<'t> {
    file: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            file,
            text,
            line_starts,
        }
    }

    /// The place of a byte offset; one past the end is the end.
    pub(super) fn at(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        // The first line starts at 0, so at least one start is not behind the offset.
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts[line - 1];
        let column = self
            .text
            .get(start..offset)
            .map_or(offset - start, |before| before.chars().count());
        Place::File {
            file: self.file.to_owned(),
            line,
            column: column + 1,
        }
    }
}

/// The keys that lead to a value: `tenant[0].agent[2].uri`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(String);

impl KeyPath {
    /// The key below this one.
    pub(super) fn key(&self, key: &str) -> Self {
        if self.0.is_empty() {
            Self(key.to_owned())
        } else {
            Self(format!("{}.{key}", self.0))
        }
    }

    /// The entry with this index, from 0.
    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The environment variable that overrides the value.
    pub(super) fn variable(&self) -> String {
        let levels = self.0.replace(['.', '['], "__").replace(']', "");
        format!("OUTDIAL_{}", levels.to_uppercase())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value's place together with its key: what a complaint points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Where it stands.
    pub place: Place,
    /// The keys that lead to it; empty where the file as a whole is meant.
    pub key: KeyPath,
}

/// A value that was read, and where.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) at: At,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_of_characters() {
        let places = Places::new("a.toml", "ab\n名前 = 1\n");
        let at = |offset| match places.at(offset) {
            Place::File { line, column, .. } => (line, column),
            other => panic!("a text's offset lies at {other}"),
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(12), (2, 6));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn a_path_names_its_environment_variable() {
        let path = KeyPath::default().key("trunk").index(0).key("max_calls");
        assert_eq!(path.to_string(), "trunk[0].max_calls");
        assert_eq!(path.variable(), "OUTDIAL_TRUNK__0__MAX_CALLS");
    }
}
