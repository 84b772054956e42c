//! Environment variables that override scalar values of the file.
//!
//! `OUTDIAL_` and the keys that lead to the value, in capitals, two underscores between levels:
//! `OUTDIAL_SERVER__LISTEN` is `listen` under `[server]`. Entries of lists go by their index from 0,
//! in the order of the file: `OUTDIAL_TRUNK__0__PASSWORD` is `password` of the first `[[trunk]]`.

use super::place::{At, KeyPath, Place};
use super::problem::{Fault, Report};
use super::tree::{Entry, Node, Table, Value};

const PREFIX: &str = "OUTDIAL_";

/// Variables that mean something else: the operator commands' and the log's.
const OTHERS: [&str; 4] = [
    "OUTDIAL_URL",
    "OUTDIAL_KEY",
    "OUTDIAL_TENANT",
    "OUTDIAL_LOG",
];

/// Beginnings of variables that test runs use.
const OTHER_PREFIXES: [&str; 3] = ["OUTDIAL_SOAK", "OUTDIAL_TEST", "OUTDIAL_BENCH"];

/// Lays the variables over the tree. Where one leads to no known key, the reading of the tree finds
/// out, as it does for a key in the file.
pub(super) fn overlay(
    root: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    report: &Report,
) {
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let other = OTHERS.contains(&variable.as_str())
            || OTHER_PREFIXES.iter().any(|p| variable.starts_with(p));
        if other {
            continue;
        }
        let lower = name.to_lowercase();
        let levels: Vec<&str> = lower.split("__").collect();
        if levels.iter().any(|level| level.is_empty()) {
            report.unknown_variable(&variable, KeyPath::default());
            continue;
        }
        let leaf = Node {
            value: Value::Variable(text),
            place: Place::Environment(variable.clone()),
        };
        if let Err((key, fault)) = set(root, &levels, leaf, KeyPath::default()) {
            let place = Place::Environment(variable);
            report.error(&At { place, key }, fault);
        }
    }
}

/// Puts `leaf` where the levels lead, making tables on the way.
fn set(
    node: &mut Node,
    levels: &[&str],
    leaf: Node,
    path: KeyPath,
) -> Result<(), (KeyPath, Fault)> {
    let Some((level, deeper)) = levels.split_first() else {
        return match node.value {
            Value::Table(_) | Value::List(_) => Err((
                path,
                Fault::new(
                    format!(
                        "is {} and cannot be set from the environment",
                        node.value.kind()
                    ),
                    "name a single value in it, with two underscores per level",
                ),
            )),
            _ => {
                *node = leaf;
                Ok(())
            }
        };
    };
    match &mut node.value {
        Value::List(entries) => {
            let count = entries.len();
            let entry = level
                .parse::<usize>()
                .ok()
                .and_then(|index| entries.get_mut(index).map(|entry| (index, entry)));
            match entry {
                Some((index, entry)) => set(entry, deeper, leaf, path.index(index)),
                None => Err((path, no_such_entry(level, count))),
            }
        }
        Value::Table(Table { entries }) => {
            let path = path.key(level);
            if deeper
                .first()
                .is_some_and(|next| next.parse::<usize>().is_ok())
                && !entries.contains_key(*level)
            {
                return Err((path, no_such_entry(deeper[0], 0)));
            }
            let entry = entries.entry((*level).to_owned()).or_insert_with(|| Entry {
                key_place: leaf.place.clone(),
                node: Node {
                    value: if deeper.is_empty() {
                        leaf.value.clone()
                    } else {
                        Value::Table(Table::default())
                    },
                    place: leaf.place.clone(),
                },
            });
            set(&mut entry.node, deeper, leaf, path)
        }
        other => Err((
            path,
            Fault::new(
                format!("is {}, and nothing lies below it", other.kind()),
                "take the levels below it out of the variable's name",
            ),
        )),
    }
}

fn no_such_entry(level: &str, count: usize) -> Fault {
    Fault::new(
        format!(
            "has no entry `{}`: the file has {count}",
            level.escape_debug()
        ),
        "a variable overrides entries that are in the file, by their index from 0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree;

    fn overlaid(text: &str, variables: &[(&str, &str)]) -> (Node, Vec<String>) {
        let report = Report::default();
        let mut root = tree::parse("a.toml", text, &report);
        let variables = variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        overlay(&mut root, variables, &report);
        let problems = report.into_problems();
        (root, problems.iter().map(ToString::to_string).collect())
    }

    fn lookup<'n>(node: &'n Node, keys: &[&str]) -> &'n Value {
        keys.iter().fold(&node.value, |value, key| match value {
            Value::Table(table) => &table.entries[*key].node.value,
            Value::List(entries) => &entries[key.parse::<usize>().unwrap()].value,
            _ => panic!("nothing below"),
        })
    }

    #[test]
    fn a_variable_overrides_a_value_also_within_lists_of_tables() {
        let (root, problems) = overlaid(
            "[server]\nlisten = \"a\"\n[[trunk]]\nname = \"x\"\n",
            &[
                ("OUTDIAL_SERVER__LISTEN", "b"),
                ("OUTDIAL_TRUNK__0__PASSWORD", "p"),
                ("OUTDIAL_TELEPHONY__SIP__LISTEN", "c"),
                ("OUTDIAL_URL", "not ours"),
                ("OUTDIAL_SOAK_SEEDS", "not ours"),
                ("PATH", "not ours"),
            ],
        );
        assert_eq!(problems, Vec::<String>::new());
        for (keys, expected) in [
            (&["server", "listen"][..], "b"),
            (&["trunk", "0", "password"], "p"),
            (&["telephony", "sip", "listen"], "c"),
        ] {
            assert!(
                matches!(lookup(&root, keys), Value::Variable(text) if text == expected),
                "{keys:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_overridden_is_said() {
        let (_, problems) = overlaid(
            "[[trunk]]\nname = \"x\"\n",
            &[
                ("OUTDIAL_TRUNK__7__URI", "sip:a"),
                ("OUTDIAL_TENANT__0__NAME", "a"),
                ("OUTDIAL_TRUNK", "a"),
                ("OUTDIAL_TRUNK__0__NAME__X", "a"),
                ("OUTDIAL___LISTEN", "a"),
            ],
        );
        assert_eq!(problems.len(), 5, "{problems:#?}");
        assert!(problems.iter().any(|p| p.contains("has no entry `7`")));
        assert!(
            problems
                .iter()
                .any(|p| p.contains("tenant: has no entry `0`"))
        );
    }
}
