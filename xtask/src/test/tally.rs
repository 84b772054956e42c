//! What the test harness said, added up.

use std::fmt;
use std::time::Duration;

use crate::steps::readable;

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Reads the harness's closing line: `test result: ok. 5 passed; 0 failed; 0 ignored; …`.
    pub(crate) fn from_closing_line(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        let count_of = |word: &str| {
            counts
                .split(';')
                .find_map(|count| count.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
        };
        Some(Self {
            passed: count_of("passed")?,
            failed: count_of("failed")?,
            ignored: count_of("ignored")?,
        })
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// What ran, and how long each part took.
pub(crate) struct Report {
    build: Duration,
    parts: Vec<(String, Tally, Duration)>,
}

impl Report {
    pub(crate) fn new(build: Duration) -> Self {
        Self {
            build,
            parts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, label: String, tally: Tally, took: Duration) {
        self.parts.push((label, tally, took));
    }

    pub(crate) fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, tally, _) in &self.parts {
            total += *tally;
        }
        total
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .parts
            .iter()
            .map(|(label, ..)| label.len())
            .max()
            .unwrap_or(0)
            .max(5);
        writeln!(f, "      {:width$}  {:>12}", "build", readable(self.build))?;
        for (label, tally, took) in &self.parts {
            let mark = if tally.failed == 0 { "ok  " } else { "FAIL" };
            writeln!(
                f,
                "{mark}  {label:width$}  {:>12}  {} passed, {} failed",
                readable(*took),
                tally.passed,
                tally.failed
            )?;
        }
        let took: Duration = self.parts.iter().map(|(_, _, took)| *took).sum();
        writeln!(
            f,
            "      {:width$}  {:>12}  without the build",
            "all",
            readable(took)
        )?;
        let Tally {
            passed,
            failed,
            ignored,
        } = self.total();
        // This form of closing line is the one that tools for any language read.
        write!(f, "\ntests: {passed} passed, {failed} failed")?;
        if ignored > 0 {
            write!(f, ", {ignored} skipped")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_the_harness_is_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.02s";
        assert_eq!(
            Tally::from_closing_line(line),
            Some(Tally {
                passed: 12,
                failed: 3,
                ignored: 1
            })
        );
        assert_eq!(Tally::from_closing_line("test result: odd"), None);
        assert_eq!(Tally::from_closing_line("test a::b ... ok"), None);
    }

    #[test]
    fn the_report_ends_with_one_plain_line() {
        let mut report = Report::new(Duration::from_secs(70));
        report.add(
            "a: unit tests".into(),
            Tally {
                passed: 4,
                ..Tally::default()
            },
            Duration::from_millis(20),
        );
        report.add(
            "b: tests/sipp".into(),
            Tally {
                passed: 1,
                failed: 1,
                ignored: 0,
            },
            Duration::from_secs(61),
        );
        let text = report.to_string();
        assert!(
            text.contains("ok    a: unit tests         20 ms  4 passed, 0 failed"),
            "{text}"
        );
        assert!(
            text.contains("FAIL  b: tests/sipp     1 min 1 s  1 passed, 1 failed"),
            "{text}"
        );
        assert_eq!(text.lines().last(), Some("tests: 5 passed, 1 failed"));
    }

    #[test]
    fn ignored_tests_are_not_passed_over_in_silence() {
        let mut report = Report::new(Duration::ZERO);
        report.add(
            "a".into(),
            Tally {
                passed: 1,
                failed: 0,
                ignored: 2,
            },
            Duration::ZERO,
        );
        assert!(
            report
                .to_string()
                .ends_with("tests: 1 passed, 0 failed, 2 skipped")
        );
    }
}
