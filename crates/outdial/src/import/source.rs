//! The text of a list: a file or standard input, checked for being UTF-8 before anything is sent.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::failure::Failure;

/// How much is looked at before anything is sent.
const LOOK_BYTES: usize = 64 << 10;

/// A text that is read from its beginning, without its byte order mark.
pub(super) struct Source {
    start: Cursor<Vec<u8>>,
    rest: Box<dyn Read>,
    length: Option<u64>,
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let unreadable =
            |error| Failure::failed(format!("{} cannot be read: {error}", path.display()));
        if path == Path::new("-") {
            return Self::new(Box::new(io::stdin()), None, "standard input");
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(Failure::failed(format!(
                "{} is a directory",
                path.display()
            )));
        }
        let length = metadata.is_file().then_some(metadata.len());
        Self::new(Box::new(file), length, &path.display().to_string())
    }

    fn new(mut rest: Box<dyn Read>, length: Option<u64>, name: &str) -> Result<Self, Failure> {
        let mut start = Vec::new();
        rest.by_ref()
            .take(LOOK_BYTES as u64)
            .read_to_end(&mut start)
            .map_err(|error| Failure::failed(format!("{name} cannot be read: {error}")))?;
        if let Some(problem) = not_a_list(&start) {
            return Err(Failure::failed(format!("{name} {problem}")));
        }
        let mut start = Cursor::new(start);
        if start.get_ref().starts_with(b"\xEF\xBB\xBF") {
            start.set_position(3);
        }
        Ok(Self {
            start,
            rest,
            length,
        })
    }

    /// Its bytes, where they are known.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.start.read(buffer)? {
            0 => self.rest.read(buffer),
            count => Ok(count),
        }
    }
}

/// Why a beginning is none of a list in UTF-8.
fn not_a_list(start: &[u8]) -> Option<String> {
    if start.starts_with(b"PK\x03\x04") {
        return Some(
            "is a spreadsheet or archive\n  remedy: if it is XLSX, add --format xlsx".into(),
        );
    }
    if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        return Some("is UTF-16\n  remedy: save it as UTF-8 (in Excel: \"CSV UTF-8\")".into());
    }
    match std::str::from_utf8(start) {
        Ok(_) => None,
        // The look may have cut a letter in two.
        Err(error) if error.error_len().is_none() => None,
        Err(error) => {
            let line = start[..error.valid_up_to()]
                .iter()
                .filter(|&&b| b == b'\n')
                .count()
                + 1;
            Some(format!(
                "is not UTF-8 in line {line}\n  remedy: save it as UTF-8 (in Excel: \"CSV UTF-8\")"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<String, String> {
        let source = Source::new(Box::new(bytes), None, "list.csv");
        let mut text = String::new();
        match source {
            Ok(mut source) => source
                .read_to_string(&mut text)
                .map(|_| text)
                .map_err(|e| e.to_string()),
            Err(Failure::Failed(message)) => Err(message),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out() {
        assert_eq!(read(b"\xEF\xBB\xBFnumber\n1"), Ok("number\n1".to_owned()));
        assert_eq!(read(b"number\n1"), Ok("number\n1".to_owned()));
        assert_eq!(read(b""), Ok(String::new()));
    }

    #[test]
    fn other_encodings_are_named_before_anything_is_sent() {
        assert!(read(b"\xFF\xFEn\0").is_err_and(|e| e.contains("UTF-16")));
        assert!(read(b"PK\x03\x04").is_err_and(|e| e.contains("--format xlsx")));
        let gbk = read(b"number,city\n13012345678,\xB1\xB1\xBE\xA9\n");
        assert!(gbk.is_err_and(|e| e.contains("line 2")));
    }
}
