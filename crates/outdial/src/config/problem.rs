//! Everything that is wrong with a configuration, gathered so that it can be told at once.

use std::cell::RefCell;
use std::fmt;

use super::place::{At, KeyPath, Place};
use super::suggest;

/// Something wrong, or doubtful, in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the configuration can be used in spite of it.
    pub severity: Severity,
    /// Where.
    pub at: At,
    /// What is wrong. Never holds a secret's value.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

/// Whether a configuration can be used in spite of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, and its author should know.
    Warning,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: ", self.at.place)?;
        if self.at.key != KeyPath::default() {
            write!(f, "{}: ", self.at.key)?;
        }
        write!(f, "{}\n  remedy: {}", self.problem, self.remedy)
    }
}

/// What is wrong with one value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// From a message of another crate of ours, written as `problem; remedy`.
    pub(super) fn from_message(message: &str) -> Self {
        match message.split_once("; ") {
            Some((problem, remedy)) => Self::new(problem, remedy),
            None => Self::new(message, "correct the value"),
        }
    }
}

/// The problems found so far, and every key that was asked for.
#[derive(Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
    known_keys: RefCell<Vec<KeyPath>>,
    unknown_variables: RefCell<Vec<(String, KeyPath)>>,
}

impl Report {
    pub(super) fn error(&self, at: &At, fault: Fault) {
        self.add(Severity::Error, at, fault);
    }

    pub(super) fn warning(&self, at: &At, fault: Fault) {
        self.add(Severity::Warning, at, fault);
    }

    fn add(&self, severity: Severity, at: &At, fault: Fault) {
        self.problems.borrow_mut().push(Problem {
            severity,
            at: at.clone(),
            problem: fault.problem,
            remedy: fault.remedy,
        });
    }

    /// Remembers a key that the configuration may hold, for suggestions.
    pub(super) fn known(&self, key: KeyPath) {
        self.known_keys.borrow_mut().push(key);
    }

    /// Remembers a variable that leads nowhere; the suggestion waits until all keys are known.
    pub(super) fn unknown_variable(&self, variable: &str, key: KeyPath) {
        let mut unknown = self.unknown_variables.borrow_mut();
        if !unknown.iter().any(|(seen, _)| seen == variable) {
            unknown.push((variable.to_owned(), key));
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        let problems = self.problems.borrow();
        problems.iter().any(|p| p.severity == Severity::Error)
    }

    /// All problems in the order of their places.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let known: Vec<String> = self
            .known_keys
            .borrow()
            .iter()
            .map(KeyPath::variable)
            .collect();
        for (variable, key) in self.unknown_variables.take() {
            let remedy = match suggest::nearest(&variable, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}? (two underscores per level)"),
                None => "unset it, or name a key of the configuration: OUTDIAL_SERVER__LISTEN overrides listen under [server]".to_owned(),
            };
            let place = Place::Environment(variable);
            let problem = "leads to no key of the configuration";
            self.error(&At { place, key }, Fault::new(problem, remedy));
        }
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| a.at.place.cmp(&b.at.place));
        problems
    }
}
