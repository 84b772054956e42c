//! What a row of a list must hold to be a contact.

use std::collections::{BTreeMap, HashMap};

use outdial_domain::{Calendar, Country, NewContact, PhoneNumber};
use outdial_service::FieldProblem;
use serde_json::Value;

use crate::fields::{At, Findings, echo, kind_of, read_object};
use crate::scalar::any_text;

/// Most numbers of a contact.
const NUMBERS_MAX: usize = 20;

/// Most characters of a contact's external id.
const EXTERNAL_ID_MAX: usize = 255;

/// Most attributes of a contact.
const ATTRIBUTES_MAX: usize = 500;

/// Most time zones whose names are remembered; more than there are.
const ZONES_MAX: usize = 1000;

/// Reads the parts of a contact. Time zones are looked up once for a list, not for each of its rows.
pub(super) struct RowRules {
    country: Country,
    zones: HashMap<String, bool>,
}

/// A contact that is being read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    numbers: Vec<PhoneNumber>,
    given: Option<&'static str>,
    pub(super) external_id: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) priority: Option<u8>,
    attributes: BTreeMap<String, String>,
}

impl Draft {
    /// The contact, if nothing is wrong with it.
    pub(super) fn finish(self, mut findings: Findings) -> Result<NewContact, Vec<FieldProblem>> {
        if self.given.is_none() && findings.is_empty() {
            findings.add("number", "is required");
        }
        if !findings.is_empty() {
            return Err(findings.into_problems());
        }
        Ok(NewContact {
            numbers: self.numbers,
            external_id: self.external_id,
            time_zone: self.time_zone,
            priority: self.priority.unwrap_or(NewContact::PRIORITY_DEFAULT),
            attributes: self.attributes,
        })
    }

    /// Notes that numbers were given under this name; they may come under one name only.
    fn give(&mut self, findings: &mut Findings, name: &'static str) {
        if let Some(other) = self.given.replace(name) {
            findings.add(name, format!("is given beside `{other}`; give one of them"));
        }
    }

    fn push(&mut self, number: PhoneNumber) {
        // The same number twice would be called twice in a row.
        if !self.numbers.contains(&number) {
            self.numbers.push(number);
        }
    }
}

impl RowRules {
    pub(super) fn new(country: Country) -> Self {
        Self {
            country,
            zones: HashMap::new(),
        }
    }

    /// The contact that a JSON object describes.
    pub(super) fn contact_of(&mut self, bytes: &[u8]) -> Result<NewContact, Vec<FieldProblem>> {
        let value: Value = match serde_json::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => {
                return Err(vec![FieldProblem {
                    field: String::new(),
                    problem: format!("is not JSON: {error}"),
                }]);
            }
        };
        let draft = read_object(&value, |findings, object| {
            let mut draft = Draft::default();
            if let Some(at) = object.field("number")
                && let Some(text) = at.scalar(findings, any_text)
            {
                self.number(findings, "number", text, &mut draft);
            }
            if let Some(at) = object.field("numbers") {
                self.number_array(findings, at, &mut draft);
            }
            if let Some(text) = object.optional(findings, "external_id", any_text) {
                draft.external_id = self.external_id(findings, text);
            }
            if let Some(text) = object.optional(findings, "time_zone", any_text) {
                draft.time_zone = self.time_zone(findings, text);
            }
            if let Some(at) = object.field("priority") {
                let given = at.value.as_i64().ok_or(());
                draft.priority = self.priority(findings, given);
            }
            if let Some(at) = object.field("attributes") {
                self.attributes(findings, at, &mut draft);
            }
            if object.field("id").is_some() {
                findings.add("id", "is given by the server; leave it out");
            }
            if draft.given.is_none() && !findings.touch("number") && !findings.touch("numbers") {
                findings.add("number", "is required");
            }
            Some(draft)
        })?;
        draft.finish(Findings::default())
    }

    /// Reads one number.
    pub(super) fn number(
        &self,
        findings: &mut Findings,
        name: &str,
        text: &str,
        draft: &mut Draft,
    ) {
        draft.give(findings, "number");
        self.one_number(findings, name, text, draft);
    }

    fn one_number(&self, findings: &mut Findings, name: &str, text: &str, draft: &mut Draft) {
        match PhoneNumber::parse(text, self.country) {
            Ok(number) => draft.push(number),
            Err(error) => findings.add(name, error.to_string()),
        }
    }

    /// Reads several numbers: separated by semicolons, or a JSON array of texts.
    pub(super) fn numbers(
        &self,
        findings: &mut Findings,
        name: &str,
        text: &str,
        draft: &mut Draft,
    ) {
        if text.starts_with('[') {
            match serde_json::from_str::<Value>(text) {
                Ok(value) => {
                    let path = name.to_owned();
                    self.number_array(
                        findings,
                        At {
                            value: &value,
                            path,
                        },
                        draft,
                    );
                }
                Err(error) => {
                    draft.give(findings, "numbers");
                    findings.add(name, format!("is no JSON array: {error}"));
                }
            }
            return;
        }
        draft.give(findings, "numbers");
        if text.split(';').count() > NUMBERS_MAX {
            findings.add(name, format!("has more than {NUMBERS_MAX} numbers"));
            return;
        }
        for part in text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            self.one_number(findings, name, part, draft);
        }
        if draft.numbers.is_empty() && !findings.touch(name) {
            findings.add(name, "must name at least one number");
        }
    }

    fn number_array(&self, findings: &mut Findings, at: At<'_>, draft: &mut Draft) {
        draft.give(findings, "numbers");
        let path = at.path.clone();
        at.list(findings, NUMBERS_MAX, |findings, at| {
            let path = at.path.clone();
            let text = at.scalar(findings, any_text)?;
            self.one_number(findings, &path, text, draft);
            Some(())
        });
        if draft.numbers.is_empty() && !findings.touch(&path) {
            findings.add(path, "must name at least one number");
        }
    }

    /// Reads the caller's own key.
    pub(super) fn external_id(&self, findings: &mut Findings, text: &str) -> Option<String> {
        let sound = (1..=EXTERNAL_ID_MAX).contains(&text.chars().count())
            && !text.contains(char::is_control);
        if !sound {
            findings.add(
                "external_id",
                format!("must be 1 to {EXTERNAL_ID_MAX} printable characters"),
            );
        }
        sound.then(|| text.to_owned())
    }

    /// Reads the zone where the callee lives.
    pub(super) fn time_zone(&mut self, findings: &mut Findings, text: &str) -> Option<String> {
        let known = match self.zones.get(text) {
            Some(known) => *known,
            None => {
                let known = Calendar::always(text).is_ok();
                if self.zones.len() < ZONES_MAX {
                    self.zones.insert(text.to_owned(), known);
                }
                known
            }
        };
        if !known {
            findings.add(
                "time_zone",
                format!(
                    "`{}` is not an IANA time zone such as Asia/Shanghai",
                    echo(text)
                ),
            );
        }
        known.then(|| text.to_owned())
    }

    /// Reads a priority.
    pub(super) fn priority<E>(&self, findings: &mut Findings, given: Result<i64, E>) -> Option<u8> {
        let priority = given
            .ok()
            .and_then(|given| NewContact::check_priority(given).ok());
        if priority.is_none() {
            findings.add("priority", "must be a whole number from 1 (first) to 5");
        }
        priority
    }

    /// Reads an attribute.
    pub(super) fn attribute(
        &self,
        findings: &mut Findings,
        name: &str,
        text: &str,
        draft: &mut Draft,
    ) {
        if text.contains('\0') {
            findings.add(name, "has a NUL character");
            return;
        }
        draft.attributes.insert(name.to_owned(), text.to_owned());
    }

    fn attributes(&self, findings: &mut Findings, at: At<'_>, draft: &mut Draft) {
        let Value::Object(map) = at.value else {
            at.object(findings);
            return;
        };
        if map.len() > ATTRIBUTES_MAX {
            findings.add(
                at.path,
                format!("has more than {ATTRIBUTES_MAX} attributes"),
            );
            return;
        }
        for (name, value) in map {
            let path = format!("{}.{}", at.path, echo(name));
            let named =
                (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control);
            if !named {
                findings.add(path, "must have a name of 1 to 100 printable characters");
                continue;
            }
            let text = match value {
                Value::Null => continue,
                Value::String(text) if text.contains('\0') => {
                    findings.add(path, "has a NUL character");
                    continue;
                }
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    findings.add(
                        path,
                        format!(
                            "must be a text, a number, true or false, not {}",
                            kind_of(value)
                        ),
                    );
                    continue;
                }
            };
            draft.attributes.insert(name.clone(), text);
        }
    }
}
