//! A campaign of the server under test, as its user sees it.

use super::config::{CALLER_ID, GROUP};
use super::{Rest, list, until};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A campaign.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) id: u64,
    rest: Rest,
}

/// An attempt as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) id: Value,
    pub(crate) contact_id: Value,
    pub(crate) number: String,
    pub(crate) agent_id: Option<String>,
    pub(crate) started_at: String,
    pub(crate) progress_at: Option<String>,
    pub(crate) answered_at: Option<String>,
    pub(crate) joined_at: Option<String>,
    pub(crate) ended_at: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) sip_status: Option<u16>,
}

impl Attempt {
    pub(crate) fn kind(&self) -> u8 {
        list::kind_of(&self.number)
    }

    pub(crate) fn outcome(&self) -> &str {
        self.outcome.as_deref().unwrap_or("none")
    }
}

impl Campaign {
    /// Creates a campaign for the agents; `changes` overrule the defaults of these tests.
    pub(crate) fn create(rest: &Rest, changes: Value) -> Self {
        let mut fields = json!({
            "name": "acceptance",
            "mode": "progressive",
            "target": { "skill_group": GROUP },
            "caller_ids": [CALLER_ID],
            "ring_timeout_s": 5,
            "no_progress_s": 5,
        });
        merge(&mut fields, changes);
        let created = rest.post("campaigns", &fields).ok("create a campaign");
        assert_eq!(created["state"], "draft", "{created}");
        let id = created["id"].as_u64().expect("a campaign has an id");
        Self {
            id,
            rest: rest.clone(),
        }
    }

    /// A campaign that is there already, whichever API has made it.
    pub(crate) fn of(rest: &Rest, id: u64) -> Self {
        Self {
            id,
            rest: rest.clone(),
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("campaigns/{}{rest}", self.id)
    }

    /// Imports these numbers as CSV; all have to be accepted.
    pub(crate) fn import(&self, numbers: &[String]) {
        let report = self.import_csv(&list::csv(numbers));
        assert_eq!(report["accepted"], numbers.len(), "{report}");
        assert_eq!(report["rejected"], 0, "{report}");
    }

    /// Imports a CSV and returns the report.
    pub(crate) fn import_csv(&self, csv: &str) -> Value {
        self.rest
            .send(
                "POST",
                &self.path("/contacts"),
                Some("text/csv"),
                csv.as_bytes(),
            )
            .unwrap()
            .ok("import")
    }

    /// `start`, `pause`, `resume` or `abort`.
    pub(crate) fn command(&self, command: &str) {
        self.rest
            .command(&self.path(&format!("/{command}")))
            .ok(command);
    }

    pub(crate) fn start(&self) {
        self.command("start");
    }

    pub(crate) fn show(&self) -> Value {
        self.rest.get(&self.path("")).ok("campaign")
    }

    pub(crate) fn stats(&self) -> Value {
        self.rest.get(&self.path("/stats")).ok("stats")
    }

    pub(crate) fn patch(&self, changes: &Value) -> Value {
        self.rest.patch(&self.path(""), changes).ok("patch")
    }

    /// Its attempts as they are shown.
    pub(crate) fn attempts_json(&self) -> Vec<Value> {
        self.rest.all(&self.path("/attempts"))
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        let items = self.attempts_json();
        items
            .into_iter()
            .map(|item| serde_json::from_value(item).unwrap())
            .collect()
    }

    pub(crate) fn contacts(&self) -> Vec<Value> {
        self.rest.all(&self.path("/contacts"))
    }

    /// Attempts by outcome.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for attempt in self.attempts() {
            *counts.entry(attempt.outcome().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Waits until statistics satisfy a condition.
    pub(crate) async fn until(
        &self,
        what: &str,
        limit: Duration,
        mut holds: impl FnMut(&Value) -> bool,
    ) -> Value {
        until(what, limit, || {
            let stats = self.stats();
            if holds(&stats) {
                Ok(stats)
            } else {
                Err(stats.to_string())
            }
        })
        .await
    }

    /// Waits until the campaign has ended because its list is done.
    pub(crate) async fn until_list_done(&self, limit: Duration) -> Value {
        let stats = self
            .until("the campaign has ended", limit, |stats| {
                stats["state"] == "ended"
            })
            .await;
        assert_eq!(self.show()["end_reason"], "list_done", "{stats}");
        stats
    }

    /// Waits until the campaign says that it is not dialing for a reason with one of these words.
    pub(crate) async fn until_not_dialing(&self, words: &[&str], limit: Duration) -> Value {
        let what = format!("not_dialing_because mentions one of {words:?}");
        self.until(&what, limit, |stats| {
            let reasons = stats["not_dialing_because"].to_string().to_lowercase();
            words.iter().any(|word| reasons.contains(word))
        })
        .await
    }
}

/// Lays `changes` over `fields`; `null` takes a field away.
pub(crate) fn merge(fields: &mut Value, changes: Value) {
    let (Value::Object(fields), Value::Object(changes)) = (fields, changes) else {
        panic!("both are objects");
    };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
}

/// A JSON object of counts, as a map.
pub(crate) fn counts(value: &Value) -> BTreeMap<String, u64> {
    let none = Map::new();
    let object = value.as_object().unwrap_or(&none);
    object
        .iter()
        .filter_map(|(k, v)| Some((k.clone(), v.as_u64()?)))
        .filter(|(_, n)| *n > 0)
        .collect()
}
