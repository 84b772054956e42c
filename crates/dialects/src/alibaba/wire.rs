//! Parameters of an action: query and form in one, lists by number, JSON inside of texts.
//!
//! Source: the RPC style of the vendor's gateway, and its client libraries as measured.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::coverage;
use super::fault::Fault;
use crate::incoming::Incoming;
use crate::json;
use crate::signing::decode_form;

/// Names that carry the request, not the action.
const COMMON: [&str; 12] = [
    "Action",
    "Version",
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "SignatureType",
    "SecurityToken",
    "Timestamp",
    "Format",
    "RegionId",
];

/// The parameters of a request. Those that the action does not have are ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(BTreeMap<String, String>, Option<&'static str>);

impl Parameters {
    /// Reads query and body; where both have a name the query's value counts.
    ///
    /// # Errors
    /// `Invalid…` for what is not UTF-8, stands twice, or is no JSON.
    pub fn read(request: &Incoming) -> Result<Self, Fault> {
        let mut parameters = Self::default();
        parameters.add_form(request.query().as_bytes(), "Query")?;
        if request.body.is_empty() {
            return Ok(parameters);
        }
        // A document's values give way to the query's as they are; a form has each name once by itself.
        let from_query = std::mem::take(&mut parameters.0);
        if request.is_form() {
            parameters.add_form(&request.body, "Body")?;
        } else {
            parameters.add_document(&request.body)?;
        }
        parameters.0.extend(from_query);
        Ok(parameters)
    }

    /// The same for an action, whose fields the table of them must know.
    pub(super) fn for_action(mut self, action: &'static str) -> Self {
        self.1 = Some(action);
        self
    }

    /// That a field which is asked for stands in the table from which the page is made.
    fn check_known(&self, name: &str) {
        let carries = ["InstanceId", "EntryId"].contains(&name) || COMMON.contains(&name);
        let known = |action: &'static str| coverage::knows(action, name);
        debug_assert!(carries || self.1.is_none_or(known), "{name} is in no row");
    }

    fn add_form(&mut self, text: &[u8], place: &str) -> Result<(), Fault> {
        let pairs = decode_form(text).ok_or_else(|| Fault::invalid(place, "It is not UTF-8."))?;
        for (name, value) in pairs {
            if self.0.contains_key(&name) {
                // Only names made of letters stand in codes.
                let plain = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'.');
                let name = if plain && name.len() <= 64 {
                    &name
                } else {
                    place
                };
                return Err(Fault::invalid(name, "It stands twice."));
            }
            self.0.insert(name, value);
        }
        Ok(())
    }

    /// A document's members as parameters; what is no text stands as JSON in one.
    fn add_document(&mut self, body: &[u8]) -> Result<(), Fault> {
        let object = json::object(body)
            .map_err(|fault| Fault::invalid("Body", &format!("{fault}.").replace(':', "")))?;
        for (name, value) in object {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            self.0.insert(name, text);
        }
        Ok(())
    }

    /// What carries the request, such as `Action`.
    pub(super) fn common(&self, name: &str) -> Option<&str> {
        debug_assert!(COMMON.contains(&name));
        self.text(name)
    }

    /// A text; an empty one is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.check_known(name);
        let text = self.0.get(name).map(String::as_str);
        text.filter(|text| !text.is_empty())
    }

    /// Whether a parameter was sent, be it empty: `CallingNumber.1=` clears a list.
    pub fn has(&self, name: &str) -> bool {
        self.check_known(name);
        self.0.contains_key(name)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `MissingX`.
    pub fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::missing(name))
    }

    /// A number in decimal digits.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Fault> {
        let read = |text: &str| {
            let number = text.parse().ok();
            number.ok_or_else(|| Fault::invalid(name, "It is not an integer."))
        };
        self.text(name).map(read).transpose()
    }

    /// A number within a range.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn integer_in(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        match self.integer(name)? {
            Some(number) if !range.contains(&number) => {
                let reason = format!("It must be from {} to {}.", range.start(), range.end());
                Err(Fault::invalid(name, &reason))
            }
            number => Ok(number),
        }
    }

    /// A truth value in any spelling: Python sends `True`.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(Fault::invalid(name, "It is neither true nor false.")),
        }
    }

    /// A list: `Name.1`, `Name.2` by number, or `Name` with one item or with JSON. An item that is itself
    /// a JSON list of texts stands for its items. `None` when nothing of it was sent.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        self.check_known(name);
        let mut numbered = BTreeMap::new();
        let prefix = format!("{name}.");
        for (key, value) in self.0.range(prefix.clone()..) {
            let Some(number) = key.strip_prefix(&prefix) else {
                break;
            };
            let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
            if let Some(number) = digits.then(|| number.parse::<u64>().ok()).flatten() {
                numbered.insert(number, value);
            }
        }
        let bare = self.0.get(name);
        if bare.is_none() && numbered.is_empty() {
            return None;
        }
        let mut items = Vec::new();
        for text in bare.into_iter().chain(numbered.into_values()) {
            match texts(text) {
                Some(texts) => items.extend(texts.into_iter().flat_map(|t| texts_or_itself(&t))),
                None if text.is_empty() => {}
                None => items.push(text.clone()),
            }
        }
        Some(items)
    }

    /// An object written as JSON in a text, such as `StrategyJson`.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn object(&self, name: &str) -> Result<Option<JsonFields>, Fault> {
        let read = |text: &str| JsonFields::read(name, text);
        self.text(name).map(read).transpose()
    }
}

/// The items of a JSON list of texts.
fn texts(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The documentation's own request quotes a list twice.
fn texts_or_itself(text: &str) -> Vec<String> {
    texts(text).unwrap_or_else(|| vec![text.to_owned()])
}

/// An object written as JSON in a text. Names are matched whatever their capitals, and a number may stand
/// as a text: the vendor's samples differ in both.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonFields {
    parameter: String,
    members: Map<String, Value>,
}

impl JsonFields {
    /// Reads the text of a parameter.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn read(parameter: &str, text: &str) -> Result<Self, Fault> {
        // The documentation's sample has a backslash before every quote.
        let unescaped = text
            .starts_with(r#"{\""#)
            .then(|| text.replace(r#"\""#, "\""));
        let text = unescaped.as_deref().unwrap_or(text);
        let object = json::object(text.as_bytes());
        let object = object.map_err(|_| Fault::invalid(parameter, "It is not a JSON object."))?;
        Self::of_object(parameter, object)
    }

    /// An object inside of such a text.
    ///
    /// # Errors
    /// `InvalidX`.
    pub fn of(parameter: &str, value: &Value) -> Result<Self, Fault> {
        match value {
            Value::Object(object) => Self::of_object(parameter, object.clone()),
            _ => Err(Fault::invalid(
                parameter,
                "An object in it is something else.",
            )),
        }
    }

    fn of_object(parameter: &str, object: Map<String, Value>) -> Result<Self, Fault> {
        let mut members = Map::new();
        for (name, value) in object {
            if members.insert(name.to_lowercase(), value).is_some() {
                return Err(Fault::invalid(parameter, "A name in it stands twice."));
            }
        }
        Ok(Self {
            parameter: parameter.to_owned(),
            members,
        })
    }

    /// A member as it came; `null` is none.
    pub fn value(&self, name: &str) -> Option<&Value> {
        debug_assert!(
            !coverage::is_json(&self.parameter) || coverage::knows(&self.parameter, name),
            "{name} is in no row"
        );
        let value = self.members.get(&name.to_lowercase());
        value.filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, problem: &str) -> Fault {
        Fault::invalid(&self.parameter, &format!("{name} {problem}."))
    }

    /// A text; a number becomes its digits.
    ///
    /// # Errors
    /// `InvalidX` of the parameter.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong(name, "is not a text")),
        }
    }

    /// A number without fraction.
    ///
    /// # Errors
    /// `InvalidX` of the parameter.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Fault> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, "is not an integer")),
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// `InvalidX` of the parameter.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(name, "is neither true nor false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str, body: &str) -> Result<Parameters, Fault> {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let target = format!("/?{query}");
        Parameters::read(&Incoming::of("POST", &target, &headers, body.as_bytes()))
    }

    fn encoded(pairs: &[(&str, &str)]) -> Parameters {
        let encode = crate::signing::percent_encode;
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(n, v)| format!("{}={}", encode(n), encode(v)))
            .collect();
        read(&pairs.join("&"), "").unwrap()
    }

    #[test]
    fn query_and_form_are_one_and_the_query_wins() {
        let parameters = read("Name=a+b%2B&X=1", "X=2&Y=3").unwrap();
        assert_eq!(parameters.text("Name"), Some("a b+"));
        assert_eq!(parameters.text("X"), Some("1"));
        assert_eq!(parameters.text("Y"), Some("3"));
        assert_eq!(read("X=1&X=2", "").unwrap_err().code, "InvalidX");
        assert_eq!(read("", "X=1&X=2").unwrap_err().code, "InvalidX");
        assert_eq!(read("%FF=1", "").unwrap_err().code, "InvalidQuery");
    }

    #[test]
    fn a_document_gives_parameters_too() {
        let headers = [("content-type", "application/json")];
        let body = br#"{"InstanceId":"i","All":true,"PageSize":5,"JobId":["a","b"],"Name":null}"#;
        let parameters = Parameters::read(&Incoming::of("POST", "/", &headers, body)).unwrap();
        assert_eq!(parameters.boolean("All"), Ok(Some(true)));
        assert_eq!(parameters.integer("PageSize"), Ok(Some(5)));
        assert_eq!(
            parameters.list("JobId"),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
        let refused = Parameters::read(&Incoming::of("POST", "/", &headers, b"{\"a\":1,\"a\":2}"));
        assert_eq!(refused.unwrap_err().code, "InvalidBody");
    }

    #[test]
    fn a_list_is_ordered_by_number_and_may_have_gaps() {
        let pairs: Vec<(String, String)> = (1..=12)
            .rev()
            .map(|n| (format!("N.{}", n * 2), format!("v{n}")))
            .collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let list = encoded(&pairs).list("N").unwrap();
        assert_eq!((list.len(), &list[1][..], &list[11][..]), (12, "v2", "v12"));
    }

    #[test]
    fn a_list_is_read_in_each_of_its_spellings() {
        let want = Some(vec!["4008013260".to_owned()]);
        for pair in [
            ("N", "4008013260"),
            ("N", r#"["4008013260"]"#),
            ("N", r#"["[\"4008013260\"]"]"#),
            ("N.1", "4008013260"),
            ("N.1", r#"["4008013260"]"#),
        ] {
            assert_eq!(encoded(&[pair]).list("N"), want, "{pair:?}");
        }
        assert_eq!(
            encoded(&[("N.1", "")]).list("N"),
            Some(Vec::new()),
            "an empty item clears it"
        );
        assert_eq!(encoded(&[("Nx", "1"), ("N.x", "1")]).list("N"), None);
    }

    #[test]
    fn scalars_are_read_in_every_spelling_and_nothing_else() {
        let parameters = encoded(&[
            ("A", "True"),
            ("B", "0"),
            ("C", "yes"),
            ("D", "12x"),
            ("E", ""),
        ]);
        assert_eq!(parameters.boolean("A"), Ok(Some(true)));
        assert_eq!(parameters.boolean("B"), Ok(Some(false)));
        assert_eq!(parameters.boolean("C").unwrap_err().code, "InvalidC");
        assert_eq!(parameters.integer("D").unwrap_err().code, "InvalidD");
        assert_eq!(parameters.required("E").unwrap_err().code, "MissingE");
        assert_eq!(
            parameters.integer_in("B", 1..=9).unwrap_err().code,
            "InvalidB"
        );
    }

    #[test]
    fn json_inside_of_a_text_is_read_whatever_its_capitals() {
        let text = r#"{"Id":"st","maxAttemptsPerDay":"3","minAttemptInterval":5,"emptyNumberIgnore":"true"}"#;
        let fields = JsonFields::read("AnyJson", text).unwrap();
        assert_eq!(fields.text("id"), Ok(Some("st".to_owned())));
        assert_eq!(fields.integer("MaxAttemptsPerDay"), Ok(Some(3)));
        assert_eq!(fields.integer("minAttemptInterval"), Ok(Some(5)));
        assert_eq!(fields.boolean("emptyNumberIgnore"), Ok(Some(true)));
        for wrong in ["", "[]", "{", r#"{"id":1,"Id":2}"#, r#"{"id":1,"id":2}"#] {
            let refused = JsonFields::read("AnyJson", wrong).unwrap_err();
            assert_eq!(refused.code, "InvalidAnyJson", "{wrong}");
        }
        assert_eq!(fields.integer("id").unwrap_err().code, "InvalidAnyJson");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]\"a,1]{0,30}") {
            for media_type in ["application/x-www-form-urlencoded", "application/json"] {
                let request = Incoming::of("POST", "/", &[("content-type", media_type)], &body);
                if let Ok(parameters) = Parameters::read(&request) { let _ = parameters.list("a"); }
            }
            let _ = encoded(&[("N", &text), ("N.1", &text)]).list("N");
        }
    }
}
