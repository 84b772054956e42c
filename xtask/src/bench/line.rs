//! The one JSON line that a bench prints.
//!
//! ```json
//! {"bench":"import","metrics":[
//!   {"name":"import time","value":3.9,"unit":"s","limit":4.8,"limit_kind":"max",
//!    "reference":"2.5 × the sqlite3 shell's .import of the same file, 1.92 s"},
//!   {"name":"rows","value":1000000,"unit":"contacts"}]}
//! ```

use serde::Deserialize;

/// The figures of one bench.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) bench: String,
    pub(crate) metrics: Vec<Metric>,
}

/// One figure. Without a limit it is reported only.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) limit: Option<f64>,
    pub(crate) limit_kind: Option<LimitKind>,
    /// What the limit was measured against, in words and in the same run.
    pub(crate) reference: Option<String>,
}

/// On which side of the limit the value has to be.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LimitKind {
    Max,
    Min,
}

impl Line {
    /// Finds the line among whatever else the bench printed.
    pub(crate) fn find(bench: &str, printed: &str) -> Result<Self, String> {
        let mut lines = printed
            .lines()
            .filter(|line| line.trim_start().starts_with("{\"bench\""));
        let line = lines.next().ok_or("no line that starts with {\"bench\"")?;
        if lines.next().is_some() {
            return Err("more than one line that starts with {\"bench\"".into());
        }
        let line: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if line.bench != bench {
            return Err(format!("it calls itself `{}`, not `{bench}`", line.bench));
        }
        if line.metrics.is_empty() {
            return Err("it measured nothing".into());
        }
        if let Some(metric) = line
            .metrics
            .iter()
            .find(|metric| metric.limit.is_some() != metric.limit_kind.is_some())
        {
            return Err(format!(
                "`{}` has only one of limit and limit_kind",
                metric.name
            ));
        }
        Ok(line)
    }

    /// A sentence for each figure on the wrong side of its limit.
    pub(crate) fn broken_bounds(&self) -> Vec<String> {
        let broken = self
            .metrics
            .iter()
            .filter(|metric| metric.holds() == Some(false));
        broken
            .map(|metric| {
                let Metric {
                    name, value, unit, ..
                } = metric;
                format!(
                    "{}: {name} is {} {unit}, the bound is {}",
                    self.bench,
                    figure(*value),
                    metric.bound()
                )
            })
            .collect()
    }
}

impl Metric {
    /// `None` without a limit.
    pub(crate) fn holds(&self) -> Option<bool> {
        Some(match self.limit_kind? {
            LimitKind::Max => self.value <= self.limit?,
            LimitKind::Min => self.value >= self.limit?,
        })
    }

    /// The limit with its side, or nothing.
    pub(crate) fn bound(&self) -> String {
        match (self.limit_kind, self.limit) {
            (Some(LimitKind::Max), Some(limit)) => format!("≤ {}", figure(limit)),
            (Some(LimitKind::Min), Some(limit)) => format!("≥ {}", figure(limit)),
            _ => String::new(),
        }
    }
}

/// A number as a person reads it: three significant digits for small ones, groups of three for large ones.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && size < 1000.0 {
        let before_the_point = size.log10().floor() as i32 + 1;
        let decimals = usize::try_from(3 - before_the_point).unwrap_or(0).min(6);
        let text = format!("{value:.decimals$}");
        return if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        };
    }
    let digits = format!("{size:.0}");
    let mut grouped = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"loading…
{"bench":"import","metrics":[{"name":"time","value":4.9,"unit":"s","limit":4.8,"limit_kind":"max","reference":"2.5 × 1.92 s"},{"name":"rate","value":210000,"unit":"contacts/s","limit":200000,"limit_kind":"min"},{"name":"rows","value":1000000,"unit":"contacts"}]}
"#;

    #[test]
    fn the_line_is_found_among_other_output() {
        let line = Line::find("import", SAMPLE).unwrap();
        assert_eq!(line.metrics.len(), 3);
        assert_eq!(line.metrics[0].reference.as_deref(), Some("2.5 × 1.92 s"));
    }

    #[test]
    fn each_limit_binds_on_its_own_side() {
        let line = Line::find("import", SAMPLE).unwrap();
        let holds: Vec<_> = line.metrics.iter().map(Metric::holds).collect();
        assert_eq!(holds, [Some(false), Some(true), None]);
        assert_eq!(
            line.broken_bounds(),
            ["import: time is 4.9 s, the bound is ≤ 4.8"]
        );
    }

    #[test]
    fn a_line_that_cannot_be_trusted_is_refused() {
        let refused = |printed: &str| Line::find("import", printed).unwrap_err();
        assert!(refused("nothing").contains("no line"));
        assert!(refused(r#"{"bench":"calls","metrics":[]}"#).contains("calls itself `calls`"));
        assert!(refused(r#"{"bench":"import","metrics":[]}"#).contains("measured nothing"));
        let half = r#"{"bench":"import","metrics":[{"name":"a","value":1,"unit":"s","limit":2}]}"#;
        assert!(refused(half).contains("only one of limit and limit_kind"));
        assert!(refused(&format!("{SAMPLE}{SAMPLE}")).contains("more than one"));
        let misspelt =
            r#"{"bench":"import","metrics":[{"name":"a","value":1,"unit":"s","limits":2}]}"#;
        assert!(refused(misspelt).contains("limits"));
    }

    #[test]
    fn figures_are_written_as_a_person_reads_them() {
        assert_eq!(figure(0.0), "0");
        assert_eq!(figure(0.123_456), "0.123");
        assert_eq!(figure(1.92), "1.92");
        assert_eq!(figure(147.0), "147");
        assert_eq!(figure(1_000_000.0), "1,000,000");
        assert_eq!(figure(-1234.6), "-1,235");
    }
}
