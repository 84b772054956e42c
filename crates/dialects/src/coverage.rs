//! What becomes of the fields of a vendor's API here: the words of the generated pages about each API.

use std::fmt::{self, Write as _};

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does what the vendor's documentation says of it.
    Honoured,
    /// It is kept and shown again, or only checked, and changes no call.
    Stored,
    /// A request that needs it, or a value other than the one that its words name, is answered with a fault.
    Refused,
    /// The vendor itself no longer reads it.
    Ignored,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Honoured => "honoured",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        })
    }
}

/// A field's name, what becomes of it, and words about it.
pub(crate) type CoveredField = (&'static str, Fate, &'static str);

/// An operation with its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Covered {
    /// Its name in the dialect's table of operations.
    pub(crate) operation: &'static str,
    /// What is to know of the whole.
    pub(crate) words: &'static str,
    /// Its fields.
    pub(crate) fields: &'static [CoveredField],
}

impl Covered {
    /// Writes the words about the operation and the table of its fields.
    pub(crate) fn write(&self, page: &mut String) {
        if !self.words.is_empty() {
            let _ = write!(page, "\n{}\n", self.words);
        }
        if !self.fields.is_empty() {
            page.push('\n');
            table(page, self.fields.iter().copied());
        }
    }
}

/// Writes the table of some fields.
pub(crate) fn table(page: &mut String, fields: impl IntoIterator<Item = CoveredField>) {
    page.push_str("| field | | |\n|---|---|---|\n");
    for (name, fate, words) in fields {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "| `{name}` | {fate} | {words} |");
    }
}

/// Whether a field stands in a table of operations. The decoders ask so in debug builds of each field that they read,
/// so that what a handler reads cannot be missing on the page.
pub(crate) fn knows(operations: &[Covered], name: &str) -> bool {
    let mut fields = operations.iter().flat_map(|covered| covered.fields);
    fields.any(|(known, _, _)| *known == name)
}

/// Fails for a page in `docs/dialects` that is not what the tables say; writes it when `UPDATE` is set.
#[cfg(test)]
pub(crate) fn assert_page(vendor: &str, page: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects");
    let path = std::path::Path::new(folder).join(format!("{vendor}.md"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == page,
        "docs/dialects/{vendor}.md is out of date; run UPDATE=1 cargo test -p outdial-dialects --lib the_page"
    );
}
