//! Reading JSON from outside so that everything that is wrong is found at once, each with its path.

use outdial_service::FieldProblem;
use serde_json::{Map, Value};

/// Most problems that one answer names. A body can hold a hundred thousand wrong fields; nobody
/// reads more than the first.
const PROBLEMS_MAX: usize = 100;

/// Most characters of a stranger's text that an answer repeats.
const ECHO_CHARS_MAX: usize = 64;

/// What was found to be wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<FieldProblem>);

impl Findings {
    /// Notes a wrong field.
    pub(crate) fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(FieldProblem {
                field: field.into(),
                problem: problem.into(),
            });
        }
    }

    /// Whether this field, or something in it, is already known to be wrong.
    pub(crate) fn touch(&self, field: &str) -> bool {
        self.0.iter().any(|found| {
            found
                .field
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is wrong.
    pub(crate) fn into_problems(self) -> Vec<FieldProblem> {
        self.0
    }
}

/// A value together with where it stands.
#[derive(Clone)]
pub(crate) struct At<'v> {
    /// The value.
    pub(crate) value: &'v Value,
    /// Its path; empty for the whole body.
    pub(crate) path: String,
}

impl<'v> At<'v> {
    /// The whole body.
    pub(crate) fn body(value: &'v Value) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    /// The object that stands here.
    pub(crate) fn object(self, findings: &mut Findings) -> Option<Object<'v>> {
        match self.value {
            Value::Object(map) => Some(Object {
                map,
                path: self.path,
                known: Vec::new(),
            }),
            other => {
                findings.add(
                    self.path,
                    format!("must be an object, not {}", kind_of(other)),
                );
                None
            }
        }
    }

    /// Each element of the array that stands here; those that cannot be read are left out.
    pub(crate) fn list<T>(
        self,
        findings: &mut Findings,
        most: usize,
        mut item: impl FnMut(&mut Findings, At<'v>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(elements) = self.value else {
            findings.add(
                self.path,
                format!("must be an array, not {}", kind_of(self.value)),
            );
            return None;
        };
        if elements.len() > most {
            findings.add(
                self.path,
                format!(
                    "has {} elements; at most {most} are allowed",
                    elements.len()
                ),
            );
            return None;
        }
        let elements = elements.iter().enumerate().filter_map(|(index, value)| {
            let path = format!("{}[{index}]", self.path);
            item(findings, At { value, path })
        });
        Some(elements.collect())
    }

    /// The one value that stands here.
    pub(crate) fn scalar<T>(
        self,
        findings: &mut Findings,
        parse: impl FnOnce(&'v Value) -> Result<T, String>,
    ) -> Option<T> {
        parse(self.value)
            .map_err(|problem| findings.add(self.path, problem))
            .ok()
    }
}

/// An object whose fields are read one by one. What was not asked for is unknown.
pub(crate) struct Object<'v> {
    map: &'v Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
}

impl<'v> Object<'v> {
    /// The object that this map is, as the whole body.
    pub(crate) fn of(map: &'v Map<String, Value>) -> Self {
        Self {
            map,
            path: String::new(),
            known: Vec::new(),
        }
    }

    /// The path of one of its fields.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// A field; `None` when it is left out or null.
    pub(crate) fn field(&mut self, name: &'static str) -> Option<At<'v>> {
        self.known.push(name);
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        Some(At {
            value,
            path: self.path_of(name),
        })
    }

    /// A field that must be there.
    pub(crate) fn required(
        &mut self,
        findings: &mut Findings,
        name: &'static str,
    ) -> Option<At<'v>> {
        let found = self.field(name);
        if found.is_none() {
            findings.add(self.path_of(name), "is required");
        }
        found
    }

    /// A field with one value that must be there; `None` when it is wrong.
    pub(crate) fn required_scalar<T>(
        &mut self,
        findings: &mut Findings,
        name: &'static str,
        parse: impl FnOnce(&'v Value) -> Result<T, String>,
    ) -> Option<T> {
        self.required(findings, name)?.scalar(findings, parse)
    }

    /// A field with one value; `None` when it is left out, null, or wrong.
    pub(crate) fn optional<T>(
        &mut self,
        findings: &mut Findings,
        name: &'static str,
        parse: impl FnOnce(&'v Value) -> Result<T, String>,
    ) -> Option<T> {
        self.field(name)?.scalar(findings, parse)
    }

    /// Finds the fields that nobody asked for.
    pub(crate) fn finish(self, findings: &mut Findings) {
        for name in self.map.keys() {
            if !self.known.iter().any(|known| known == name) {
                let field = self.path_of(&echo(name));
                findings.add(field, unknown(name, &self.known));
            }
        }
    }
}

/// Reads a whole body that must be an object.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read_object<T>(
    body: &Value,
    read: impl FnOnce(&mut Findings, &mut Object<'_>) -> Option<T>,
) -> Result<T, Vec<FieldProblem>> {
    let mut findings = Findings::default();
    let found = At::body(body).object(&mut findings).and_then(|mut object| {
        let found = read(&mut findings, &mut object);
        object.finish(&mut findings);
        found
    });
    found
        .filter(|_| findings.is_empty())
        .ok_or_else(|| findings.into_problems())
}

/// What to say of a name that is not among the known ones.
pub(crate) fn unknown(name: &str, known: &[&str]) -> String {
    match closest(name, known) {
        Some(near) => format!("is not known; did you mean `{near}`?"),
        None => format!("is not known; known are {}", known.join(", ")),
    }
}

/// The known name that a stranger probably meant.
fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() > ECHO_CHARS_MAX {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    let wanted = plain(name);
    known
        .iter()
        .map(|&candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                candidate,
            )
        })
        .min()
        .filter(|&(distance, candidate)| distance <= 2.min(candidate.len() / 3))
        .map(|(_, candidate)| candidate)
}

/// A stranger's text, short and without control characters, for an answer.
pub(crate) fn echo(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(ECHO_CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(ECHO_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

/// What kind of value it is, in words.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_named_with_what_was_probably_meant() {
        let body = json!({"ring_timeout": 30, "callerIds": [], "zzz": 1});
        let mut findings = Findings::default();
        let mut object = At::body(&body).object(&mut findings).unwrap();
        object.field("ring_timeout_s");
        object.field("caller_ids");
        object.finish(&mut findings);
        let found: Vec<_> = findings
            .into_problems()
            .into_iter()
            .map(|p| format!("{}: {}", p.field, p.problem))
            .collect();
        assert_eq!(
            found,
            [
                "callerIds: is not known; did you mean `caller_ids`?",
                "ring_timeout: is not known; did you mean `ring_timeout_s`?",
                "zzz: is not known; known are ring_timeout_s, caller_ids",
            ]
        );
    }

    #[test]
    fn null_is_the_same_as_left_out() {
        let body = json!({"name": null});
        let mut findings = Findings::default();
        let mut object = At::body(&body).object(&mut findings).unwrap();
        assert!(object.required(&mut findings, "name").is_none());
        object.finish(&mut findings);
        assert_eq!(findings.into_problems()[0].problem, "is required");
    }

    #[test]
    fn an_answer_never_grows_with_the_number_of_mistakes() {
        let body = Value::Array(vec![Value::Null; 10_000]);
        let mut findings = Findings::default();
        At::body(&body).list(&mut findings, 20_000, |findings, at| {
            findings.add(at.path, "is wrong");
            Some(())
        });
        assert_eq!(findings.into_problems().len(), PROBLEMS_MAX);
        assert!(echo(&"\u{0}".repeat(100_000)).len() < 1000);
    }

    #[test]
    fn what_is_wrong_inside_a_field_touches_it() {
        let mut findings = Findings::default();
        findings.add("caller_ids[3]", "is empty");
        assert!(findings.touch("caller_ids"));
        assert!(!findings.touch("caller"));
    }
}
