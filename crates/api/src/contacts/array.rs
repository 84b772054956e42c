//! Splits a JSON array into its elements without reading them.

use super::buffer::Buffer;
use super::{Broken, RECORD_BYTES_MAX, Record};

/// Splits a JSON array into its elements.
#[derive(Debug, Default)]
pub(super) struct Elements {
    buffer: Buffer,
    place: Place,
    /// Elements before the one that is being read.
    before: u64,
    /// Bytes of the present element that were looked at already.
    seen: usize,
    scan: Scan,
    /// Whether the present element is too long, its beginning dropped.
    skipping: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the bracket that opens the array.
    #[default]
    Outside,
    /// Before the first element, where the array may also close.
    First,
    /// After a comma.
    Next,
    /// In an element.
    Inside,
    /// After an element.
    After,
    /// After the array.
    Done,
}

/// How deep in an element a byte lies.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

/// What a byte is to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Part of it.
    Inner,
    /// Its last byte.
    Last,
    /// The first byte after it.
    After,
}

impl Scan {
    /// Looks at one byte.
    fn step(&mut self, byte: u8) -> Step {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Step::Inner;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::Last;
                }
            }
            b']' | b',' if self.depth == 0 => return Step::After,
            _ => {}
        }
        Step::Inner
    }
}

impl Elements {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    pub(super) fn end(&mut self) {
        self.buffer.end();
    }

    /// The next element.
    pub(super) fn read(&mut self) -> Result<Option<Record<'_>>, Broken> {
        loop {
            if self.place == Place::Inside {
                return Ok(self.read_element()?.map(|element| match element {
                    Some(length) => {
                        let bytes = self.buffer.consumed(length);
                        Record::Bytes(self.before, bytes.trim_ascii())
                    }
                    None => Record::TooLong(self.before),
                }));
            }
            let rest = self.buffer.rest();
            let blank = rest
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            let next = rest.get(blank).copied();
            self.buffer.consume(blank);
            let Some(byte) = next else {
                return if self.buffer.ended() && self.place != Place::Done {
                    Err(self.broken("ends before the array does"))
                } else {
                    Ok(None)
                };
            };
            self.step(byte)?;
        }
    }

    /// Takes the byte that stands between elements.
    fn step(&mut self, byte: u8) -> Result<(), Broken> {
        self.place = match (self.place, byte) {
            (Place::Outside, b'[') => Place::First,
            (Place::First | Place::After, b']') => Place::Done,
            (Place::After, b',') => Place::Next,
            (Place::First | Place::Next, byte) if !matches!(byte, b',' | b']' | b'}' | b':') => {
                self.place = Place::Inside;
                return Ok(());
            }
            (Place::Outside, _) => {
                return Err(self.broken(
                    "is no JSON array; for one object on each line send application/x-ndjson",
                ));
            }
            (Place::Done, _) => return Err(self.broken("goes on after the array")),
            _ => return Err(self.broken("is not JSON between two elements of the array")),
        };
        self.buffer.consume(1);
        Ok(())
    }

    /// The length of the element that was just used up, `Some(None)` when it was too long.
    fn read_element(&mut self) -> Result<Option<Option<usize>>, Broken> {
        let rest = self.buffer.seen();
        let mut scan = self.scan;
        let end = rest[self.seen..]
            .iter()
            .zip(1..)
            .find_map(|(&byte, count)| match scan.step(byte) {
                Step::Inner => None,
                Step::Last => Some(count),
                Step::After => Some(count - 1),
            });
        self.scan = scan;
        let Some(end) = end else {
            self.seen = rest.len();
            if self.buffer.ended() {
                return Err(self.broken("ends inside an element of the array"));
            }
            if self.seen > RECORD_BYTES_MAX {
                self.buffer.consume(self.seen);
                self.seen = 0;
                self.skipping = true;
            }
            return Ok(None);
        };
        let length = self.seen + end;
        self.buffer.consume(length);
        self.before += 1;
        self.seen = 0;
        self.scan = Scan::default();
        self.place = Place::After;
        let skipped = std::mem::take(&mut self.skipping);
        let whole = !skipped && length <= RECORD_BYTES_MAX;
        Ok(Some(whole.then_some(length)))
    }

    fn broken(&self, problem: &str) -> Broken {
        Broken {
            line: self.before + 1,
            problem: problem.to_owned(),
        }
    }
}
