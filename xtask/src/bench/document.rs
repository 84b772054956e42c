//! The page of figures: one section per bench, each with the machine it was measured on, so that
//! one bench can be run again without the others.

use std::collections::BTreeMap;
use std::fmt;

use super::line::{Line, figure};
use super::machine::Machine;

const HEAD: &str = "# Benchmarks\n\n\
    Written by `cargo xtask bench`; do not edit. Each bound stands beside what it was measured against\n\
    in the same run, so that the verdict does not depend on the machine.\n";

/// The page in parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// By the name of the bench.
    sections: BTreeMap<String, String>,
}

/// One bench's part of the page.
pub(crate) struct Section {
    name: String,
    body: String,
}

impl Document {
    /// Takes the sections from an earlier page.
    pub(crate) fn parse(text: &str) -> Self {
        let sections = text.split("\n## ").skip(1).filter_map(|section| {
            let (name, body) = section.split_once('\n')?;
            Some((name.trim().to_owned(), body.trim().to_owned()))
        });
        Self {
            sections: sections.collect(),
        }
    }

    /// Adds a section, in place of the earlier one of the same bench.
    pub(crate) fn put(&mut self, section: Section) {
        self.sections.insert(section.name, section.body);
    }

    /// The page, with the sections in the given order; a bench that no longer exists leaves it.
    pub(crate) fn to_text(&self, order: &[&str]) -> String {
        let mut text = HEAD.to_owned();
        for name in order {
            if let Some(body) = self.sections.get(*name) {
                text.push_str(&format!("\n## {name}\n\n{body}\n"));
            }
        }
        text
    }
}

impl Section {
    pub(crate) fn new(line: &Line, machine: &Machine) -> Self {
        let mut body = format!(
            "{machine}\n\n| Figure | Value | Bound | Holds | Measured against |\n|---|---|---|---|---|\n"
        );
        for metric in &line.metrics {
            let holds = match metric.holds() {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "",
            };
            body.push_str(&format!(
                "| {} | {} {} | {} | {holds} | {} |\n",
                cell(&metric.name),
                figure(metric.value),
                cell(&metric.unit),
                metric.bound(),
                cell(metric.reference.as_deref().unwrap_or_default()),
            ));
        }
        Self {
            name: line.bench.clone(),
            body: body.trim().to_owned(),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.body)
    }
}

/// Text that cannot end its table cell or its line.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::machine;

    fn section(bench: &str, value: u32) -> Section {
        let line = format!(
            r#"{{"bench":"{bench}","metrics":[{{"name":"time","value":{value},"unit":"s","limit":5,"limit_kind":"max","reference":"a|b"}}]}}"#
        );
        Section::new(&Line::find(bench, &line).unwrap(), &machine::sample())
    }

    #[test]
    fn a_bench_run_again_replaces_only_its_own_section() {
        let order = ["engine", "relay"];
        let mut page = Document::default();
        page.put(section("relay", 4));
        page.put(section("engine", 3));
        let mut page = Document::parse(&page.to_text(&order));
        page.put(section("engine", 9));
        let text = page.to_text(&order);
        assert!(
            text.contains("## engine\n\nSample CPU, 2 cores, 24 GiB"),
            "{text}"
        );
        assert!(
            text.contains("| time | 9 s | ≤ 5 | **no** | a\\|b |"),
            "{text}"
        );
        assert!(
            text.contains("| time | 4 s | ≤ 5 | yes | a\\|b |"),
            "{text}"
        );
        assert!(text.find("## engine") < text.find("## relay"), "{text}");
    }

    #[test]
    fn a_page_read_and_written_again_is_the_same() {
        let mut page = Document::default();
        page.put(section("relay", 4));
        let text = page.to_text(&["relay"]);
        assert_eq!(Document::parse(&text).to_text(&["relay"]), text);
    }

    #[test]
    fn a_bench_that_no_longer_exists_leaves_the_page() {
        let mut page = Document::default();
        page.put(section("old", 4));
        assert_eq!(page.to_text(&["relay"]), HEAD);
    }
}
