//! What was heard and told, as bytes to compare and as text to read.

use std::collections::VecDeque;

use outdial_domain::Timestamp;
use outdial_engine::input::{Command, Input};
use outdial_engine::output::Output;
use serde::Serialize;

/// How many messages a trace keeps as text.
const TAIL: usize = 2_000;

/// The messages of one run.
#[derive(Debug, Default)]
pub struct Trace {
    /// Every message in order, when the world is recorded.
    bytes: Option<Vec<u8>>,
    digest: Digest,
    tail: VecDeque<Line>,
    scratch: Vec<u8>,
}

/// One message.
#[derive(Clone, Debug)]
pub enum Line {
    /// The engine heard a fact.
    Heard(Timestamp, Box<Input>),
    /// The engine was commanded, and took it or not.
    Asked(Timestamp, Command, bool),
    /// The engine gave an order.
    Told(Timestamp, Box<Output>),
}

/// A running hash (FNV-1a, 64 bits): two runs with the same digest said the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    /// From now on every byte is kept.
    pub(crate) fn record(&mut self) {
        self.bytes = Some(Vec::new());
    }

    pub(crate) fn heard(&mut self, now: Timestamp, input: &Input) {
        self.add(b'<', &(now, input));
        self.keep(Line::Heard(now, Box::new(input.clone())));
    }

    pub(crate) fn asked(&mut self, now: Timestamp, command: Command, taken: bool) {
        self.add(b'?', &(now, command, taken));
        self.keep(Line::Asked(now, command, taken));
    }

    pub(crate) fn told(&mut self, now: Timestamp, output: &Output) {
        self.add(b'>', &(now, output));
        self.keep(Line::Told(now, Box::new(output.clone())));
    }

    /// Every message so far, if the world is recorded.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// A hash over every message so far.
    pub fn digest(&self) -> u64 {
        self.digest.0
    }

    /// The last `count` messages as text, those that mention `word` only; an empty word means all.
    pub fn tail(&self, word: &str, count: usize) -> String {
        let mut text = String::new();
        let skipped = self.tail.len().saturating_sub(count);
        for line in self.tail.iter().skip(skipped) {
            let line = match line {
                Line::Heard(at, input) => format!("{at} < {input:?}\n"),
                Line::Asked(at, command, taken) => format!("{at} ? {command:?} {taken}\n"),
                Line::Told(at, output) => format!("{at} > {output:?}\n"),
            };
            if line.contains(word) {
                text.push_str(&line);
            }
        }
        text
    }

    fn add(&mut self, mark: u8, message: &impl Serialize) {
        self.scratch.clear();
        self.scratch.push(mark);
        let mut bytes = std::mem::take(&mut self.scratch);
        // Messages are plain data: writing them into memory does not fail. If one ever did, the
        // digest would still cover its mark.
        if let Ok(more) = postcard::to_extend(message, Vec::new()) {
            bytes.extend(more);
        }
        for byte in &bytes {
            self.digest.0 = (self.digest.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(all) = &mut self.bytes {
            all.extend_from_slice(&bytes);
        }
        self.scratch = bytes;
    }

    fn keep(&mut self, line: Line) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}
