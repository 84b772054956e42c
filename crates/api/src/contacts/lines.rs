//! Splits NDJSON into its lines.

use super::buffer::Buffer;
use super::{RECORD_BYTES_MAX, Record};

/// Splits a text into lines that are not empty.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Buffer,
    /// Lines before the one that is being read.
    before: u64,
    /// Bytes of the present line that were searched for its end already.
    searched: usize,
    /// Whether the present line is too long, its beginning dropped.
    skipping: bool,
}

impl Lines {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    pub(super) fn end(&mut self) {
        self.buffer.end();
    }

    /// The next line that is not empty.
    pub(super) fn read(&mut self) -> Option<Record<'_>> {
        let (number, length) = loop {
            let ended = self.buffer.ended();
            let rest = self.buffer.rest();
            let end = rest[self.searched..].iter().position(|&byte| byte == b'\n');
            let (length, used) = match end {
                Some(end) => (self.searched + end, self.searched + end + 1),
                None if ended && (!rest.is_empty() || self.skipping) => (rest.len(), rest.len()),
                None => {
                    self.searched = rest.len();
                    if self.searched > RECORD_BYTES_MAX {
                        self.buffer.consume(self.searched);
                        self.searched = 0;
                        self.skipping = true;
                    }
                    return None;
                }
            };
            self.searched = 0;
            self.before += 1;
            self.buffer.consume(used);
            let skipped = std::mem::take(&mut self.skipping);
            if skipped || length > RECORD_BYTES_MAX {
                return Some(Record::TooLong(self.before));
            }
            let line = &self.buffer.consumed(used)[..length];
            if !line.trim_ascii().is_empty() {
                break (self.before, (used, length));
            }
        };
        let (used, length) = length;
        let line = &self.buffer.consumed(used)[..length];
        Some(Record::Bytes(number, line.trim_ascii()))
    }
}
