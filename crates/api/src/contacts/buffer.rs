//! Bytes that have come in and are not used up yet.

/// The byte order mark that some programs put before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Bytes that have come in and are not used up yet.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    begun: bool,
    ended: bool,
}

impl Buffer {
    /// Takes more bytes; those that were used up make room for them.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Says that no more bytes come.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether no more bytes come.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// What is not used up yet. The byte order mark at the beginning is not shown; until it is known
    /// whether there is one, nothing is.
    pub(super) fn rest(&mut self) -> &[u8] {
        if !self.begun {
            let beginning = &self.bytes[self.start..];
            if beginning.starts_with(BOM) {
                self.start += BOM.len();
            } else if BOM.starts_with(beginning) && !self.ended {
                return &[];
            }
            self.begun = true;
        }
        &self.bytes[self.start..]
    }

    /// What is not used up yet, after [`Buffer::rest`] was asked once.
    pub(super) fn seen(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Uses up so many bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.bytes.len().min(self.start + count);
    }

    /// So many bytes that were just used up.
    pub(super) fn consumed(&self, count: usize) -> &[u8] {
        &self.bytes[self.start.saturating_sub(count)..self.start]
    }
}
