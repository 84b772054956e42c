//! The line of JSON that a bench prints, as `cargo xtask bench` reads it.

use std::time::Duration;

use serde_json::{Value, json};

/// One figure, beside its limit where it has one.
pub struct Metric(Value);

impl Metric {
    pub fn new(name: &str, value: f64, unit: &str) -> Self {
        // Ten digits after the point would only pretend precision.
        let value = (value * 1e4).round() / 1e4;
        Self(json!({ "name": name, "value": value, "unit": unit }))
    }

    /// It must not be above the limit; `reference` says where the limit comes from.
    pub fn at_most(self, limit: f64, reference: impl Into<String>) -> Self {
        self.limited(limit, "max", reference.into())
    }

    /// It must not be below the limit.
    pub fn at_least(self, limit: f64, reference: impl Into<String>) -> Self {
        self.limited(limit, "min", reference.into())
    }

    fn limited(mut self, limit: f64, kind: &str, reference: String) -> Self {
        self.0["limit"] = limit.into();
        self.0["limit_kind"] = kind.into();
        self.0["reference"] = reference.into();
        self
    }
}

/// All figures of a bench.
pub struct Figures {
    bench: &'static str,
    metrics: Vec<Value>,
}

impl Figures {
    pub fn of(bench: &'static str) -> Self {
        Self {
            bench,
            metrics: Vec::new(),
        }
    }

    pub fn add(&mut self, metric: Metric) {
        self.metrics.push(metric.0);
    }

    /// Prints the line.
    pub fn print(&self) {
        println!(
            "{{\"bench\":{},\"metrics\":{}}}",
            json!(self.bench),
            json!(self.metrics)
        );
    }
}

/// The value below which this share of the sorted values lies, in milliseconds.
pub fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    let value = sorted.get(index.min(sorted.len().saturating_sub(1)));
    value.map_or(0.0, |value| value.as_secs_f64() * 1e3)
}
