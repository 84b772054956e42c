//! Splits CSV (RFC 4180) into records.

use csv_core::ReadRecordResult;

use super::buffer::Buffer;
use super::columns::Table;
use super::{Broken, RECORD_BYTES_MAX};

/// Most columns of a list.
const COLUMNS_MAX: usize = 500;

/// Most records that are read again because a quote in them was never closed. Each costs a look at
/// up to [`RECORD_BYTES_MAX`] bytes, so that a hostile list could otherwise make reading slow.
const UNCLOSED_MAX: u32 = 1000;

/// Splits CSV into records. A record longer than [`RECORD_BYTES_MAX`], or one that a stray quote
/// runs together with the lines after it, costs its first line only: reading goes on with the next.
pub(super) struct Records {
    buffer: Buffer,
    core: csv_core::Reader,
    /// Bytes of the buffer that the present record has used so far.
    scanned: usize,
    /// Fields of the present record, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    text_length: usize,
    ends_length: usize,
    /// Lines before the present record.
    before: u64,
    /// Whether the rest of a line that is too long is being dropped.
    skipping: bool,
    unclosed: u32,
}

/// What a look at the bytes has shown.
enum Found {
    /// It takes more bytes.
    Nothing,
    /// A record that begins on this line.
    Record(u64),
    /// A line that is wrong.
    Wrong(u64, &'static str),
    /// The list is over.
    End,
}

/// What begins on a line.
pub(super) enum Line<'a> {
    /// A record.
    Record(u64, Fields<'a>),
    /// Nothing that can be read, for this reason.
    Wrong(u64, &'static str),
}

const TOO_LONG: &str = "is longer than 65536 bytes, or has more than 500 columns";
const STRAY_QUOTE: &str =
    "has a quote that is never closed, or text after one; inside a field write quotes twice";

impl Default for Records {
    fn default() -> Self {
        Self {
            buffer: Buffer::default(),
            core: fresh_core(),
            scanned: 0,
            text: vec![0; RECORD_BYTES_MAX],
            ends: vec![0; COLUMNS_MAX],
            text_length: 0,
            ends_length: 0,
            before: 0,
            skipping: false,
            unclosed: 0,
        }
    }
}

impl Records {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    pub(super) fn end(&mut self) {
        self.buffer.end();
    }

    /// The header row; `None` when it takes more bytes.
    ///
    /// # Errors
    /// [`Broken`] when there is none, or it cannot be understood.
    pub(super) fn read_header(&mut self) -> Result<Option<Table>, Broken> {
        let broken = |line, problem: String| Broken { line, problem };
        if self.buffer.rest().starts_with(b"\xff\xfe")
            || self.buffer.seen().starts_with(b"\xfe\xff")
        {
            return Err(broken(1, "is UTF-16; save the list as UTF-8".to_owned()));
        }
        match self.find() {
            Found::Nothing => Ok(None),
            Found::End => Err(broken(
                1,
                "the list is empty; its first line must name the columns".to_owned(),
            )),
            Found::Wrong(line, problem) => Err(broken(line, format!("the header row {problem}"))),
            Found::Record(line) => Table::new(self.fields())
                .map(Some)
                .map_err(|problem| broken(line, problem)),
        }
    }

    /// The next record and the line on which it begins, or a line that is wrong; `None` when it takes
    /// more bytes, or the list is over.
    pub(super) fn read(&mut self) -> Option<Line<'_>> {
        match self.find() {
            Found::Nothing | Found::End => None,
            Found::Wrong(line, problem) => Some(Line::Wrong(line, problem)),
            Found::Record(line) => Some(Line::Record(line, self.fields())),
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            text: &self.text[..self.text_length],
            ends: &self.ends[..self.ends_length],
        }
    }

    fn find(&mut self) -> Found {
        if self.skipping && !self.skip_line() {
            return if self.buffer.ended() {
                Found::End
            } else {
                Found::Nothing
            };
        }
        if self.scanned == 0 {
            self.begin();
        }
        loop {
            let ended = self.buffer.ended();
            let input = &self.buffer.rest()[self.scanned..];
            if input.is_empty() && !ended {
                return Found::Nothing;
            }
            let (result, read, wrote, ended_fields) = self.core.read_record(
                input,
                &mut self.text[self.text_length..],
                &mut self.ends[self.ends_length..],
            );
            self.scanned += read;
            self.text_length += wrote;
            self.ends_length += ended_fields;
            match result {
                ReadRecordResult::InputEmpty if self.scanned <= RECORD_BYTES_MAX => {}
                ReadRecordResult::InputEmpty
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => return self.give_up_line(TOO_LONG),
                ReadRecordResult::Record => return self.finish_record(),
                ReadRecordResult::End => return Found::End,
            }
        }
    }

    fn begin(&mut self) {
        self.text_length = 0;
        self.ends_length = 0;
    }

    fn finish_record(&mut self) -> Found {
        let raw = &self.buffer.seen()[..self.scanned];
        let blank = blank_prefix(raw);
        let line = self.before + newlines(&raw[..blank]) + 1;
        let record = raw[blank..].trim_ascii_end();
        if record.contains(&b'"') && !quotes_are_sound(record) {
            return self.give_up_line(STRAY_QUOTE);
        }
        self.before += newlines(raw);
        self.buffer.consume(self.scanned);
        self.scanned = 0;
        Found::Record(line)
    }

    /// Drops the first line of the present record and begins again with the next.
    fn give_up_line(&mut self, problem: &'static str) -> Found {
        let raw = &self.buffer.seen()[..self.scanned];
        let blank = blank_prefix(raw);
        let line = self.before + newlines(&raw[..blank]) + 1;
        self.unclosed += 1;
        let end = raw[blank..].iter().position(|&byte| byte == b'\n');
        let used = match end {
            Some(end) if self.unclosed <= UNCLOSED_MAX => blank + end + 1,
            _ => {
                self.skipping = true;
                self.scanned
            }
        };
        self.before += newlines(&raw[..used]);
        self.core = fresh_core();
        self.buffer.consume(used);
        self.scanned = 0;
        self.begin();
        Found::Wrong(line, problem)
    }

    /// Drops bytes up to the end of the line; `false` when it has not come yet.
    fn skip_line(&mut self) -> bool {
        let rest = self.buffer.rest();
        let end = rest.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(rest.len(), |end| end + 1);
        self.buffer.consume(used);
        if end.is_some() {
            self.skipping = false;
            self.before += 1;
        }
        end.is_some()
    }
}

/// A parser before the first byte of a record. Left to itself it would take a byte order mark for
/// its own at every place where it begins anew; [`Buffer`] knows where the one place for it is.
fn fresh_core() -> csv_core::Reader {
    let mut core = csv_core::Reader::new();
    core.read_record(b"\n", &mut [], &mut []);
    core
}

/// Length of the line ends before a record: blank lines, and the second half of a CR LF.
fn blank_prefix(raw: &[u8]) -> usize {
    raw.iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count()
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Whether each quote of a record opens a field, closes one, or is written twice inside one. A field
/// that does not begin with a quote may hold any (`5" pipe`).
fn quotes_are_sound(record: &[u8]) -> bool {
    let mut bytes = record.iter().copied().peekable();
    let mut at_start = true;
    while let Some(byte) = bytes.next() {
        if byte != b'"' || !at_start {
            at_start = byte == b',';
            continue;
        }
        at_start = false;
        loop {
            match bytes.next() {
                None => return false,
                Some(b'"') if bytes.peek() == Some(&b'"') => {
                    bytes.next();
                }
                Some(b'"') => break,
                Some(_) => {}
            }
        }
        if !matches!(bytes.peek(), None | Some(b',' | b'\r' | b'\n')) {
            return false;
        }
    }
    true
}

/// The fields of a record.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.ends.len()
    }

    /// Each field's bytes.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(self.ends)
            .map(move |(start, &end)| &self.text[start..end])
    }
}
