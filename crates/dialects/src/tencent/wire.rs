//! Parameters of an operation: a JSON document, or names with dots in a query or form.
//!
//! Source: the vendor's common parameters, and its client libraries as measured.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::coverage::Fate;
use crate::incoming::Incoming;
use crate::json;
use crate::running::shown;
use crate::signing::decode_form;

/// Deepest nesting of a flattened name; the deepest of the API has five parts.
const DEPTH_MAX: usize = 12;

/// What the legacy signature adds to an operation's own parameters.
const COMMON: [&str; 11] = [
    "Action",
    "Version",
    "Timestamp",
    "Nonce",
    "SecretId",
    "SignatureMethod",
    "Signature",
    "Region",
    "Token",
    "Language",
    "RequestClient",
];

/// A parameter that an operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What becomes of it; `None` only where no page is made of it.
    pub fate: Option<Fate>,
    /// How it is read, in a word or two for the page.
    pub words: &'static str,
}

impl Member {
    const fn with(self, fate: Fate, words: &'static str) -> Self {
        Self {
            fate: Some(fate),
            words,
            ..self
        }
    }

    /// It does what the vendor says of it.
    #[must_use]
    pub const fn honoured(self, words: &'static str) -> Self {
        self.with(Fate::Honoured, words)
    }

    /// It is kept and shown again, and changes nothing.
    #[must_use]
    pub const fn stored(self, words: &'static str) -> Self {
        self.with(Fate::Stored, words)
    }

    /// The vendor itself no longer reads it.
    #[must_use]
    pub const fn ignored(self, words: &'static str) -> Self {
        self.with(Fate::Ignored, words)
    }

    /// It is refused, as the words say.
    #[must_use]
    pub const fn refused(self, words: &'static str) -> Self {
        self.with(Fate::Refused, words)
    }
}

/// A parameter that must be there.
pub const fn required(name: &'static str) -> Member {
    Member {
        name,
        required: true,
        fate: None,
        words: "",
    }
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str) -> Member {
    Member {
        name,
        required: false,
        fate: None,
        words: "",
    }
}

/// An object of a request whose members are those that its operation has.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    members: Map<String, Value>,
    /// Where it stands, with a dot at the end; empty for the request itself.
    path: String,
    /// Whether every value came as text, in a query or form.
    flat: bool,
    /// The members that there may be.
    known: &'static [Member],
}

impl Fields {
    /// Reads a request's parameters and checks that they are the operation's.
    ///
    /// # Errors
    /// `InvalidParameter`, `UnknownParameter`, `MissingParameter`, in this order.
    pub fn read(request: &Incoming, members: &'static [Member]) -> Result<Self, Fault> {
        let legacy = !request.headers.contains_key("authorization");
        let flat_text: Option<&[u8]> = match request.method == Method::GET {
            true => Some(request.query().as_bytes()),
            false if request.is_form() => Some(&request.body),
            false => None,
        };
        let (object, flat) = match flat_text {
            Some(text) => (unflatten(text, legacy)?, true),
            None => (json::object(&request.body)?, false),
        };
        Self::of(object, String::new(), flat, members)
    }

    fn of(
        members: Map<String, Value>,
        path: String,
        flat: bool,
        known: &'static [Member],
    ) -> Result<Self, Fault> {
        for name in members.keys() {
            if !known.iter().any(|member| member.name == name) {
                return Err(Fault::unknown(&format!("{path}{}", shown(name))));
            }
        }
        for member in known.iter().filter(|member| member.required) {
            if members.get(member.name).is_none_or(Value::is_null) {
                return Err(Fault::missing(&format!("{path}{}", member.name)));
            }
        }
        Ok(Self {
            members,
            path,
            flat,
            known,
        })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        // What is read and not declared would always be absent, and missing on the generated page.
        debug_assert!(self.known.iter().any(|known| known.name == name), "{name}");
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Where a member stands, as messages name it.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// A text.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::malformed(&self.path(name), "is not a string")),
        }
    }

    /// A number without fraction; in a query or form its decimal text.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Fault> {
        let read = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) if self.flat => text.parse().ok(),
            Some(_) => None,
        };
        match read {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::malformed(&self.path(name), "is not an integer")),
        }
    }

    /// A number within a range.
    ///
    /// # Errors
    /// `InvalidParameter` for another type, `InvalidParameterValue` outside the range.
    pub fn integer_in(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        match self.integer(name)? {
            Some(number) if !range.contains(&number) => {
                let problem = format!("must be from {} to {}", range.start(), range.end());
                Err(Fault::value(&self.path(name), &problem))
            }
            number => Ok(number),
        }
    }

    /// A truth value; also as the text `true` or `false`, as a published sample has it.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(Fault::malformed(&self.path(name), "is not a boolean")),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, Fault> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = || format!("{}.{index}", self.path(name));
            let text = item.as_str();
            texts.push(text.ok_or_else(|| Fault::malformed(&path(), "is not a string"))?);
        }
        Ok(Some(texts))
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, Fault> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        let mut numbers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let number = match item {
                Value::String(text) if self.flat => text.parse().ok(),
                item => item.as_i64(),
            };
            let path = || format!("{}.{index}", self.path(name));
            numbers.push(number.ok_or_else(|| Fault::malformed(&path(), "is not an integer"))?);
        }
        Ok(Some(numbers))
    }

    /// A list as it was sent, for what is stored only.
    ///
    /// # Errors
    /// `InvalidParameter` for another type.
    pub fn list(&self, name: &str) -> Result<Option<Value>, Fault> {
        Ok(self.items(name)?.cloned().map(Value::Array))
    }

    /// A list of objects with these members.
    ///
    /// # Errors
    /// `InvalidParameter` for another type, and what [`Fields::read`] answers for each object.
    pub fn objects(
        &self,
        name: &str,
        members: &'static [Member],
    ) -> Result<Option<Vec<Self>>, Fault> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}.{index}", self.path(name));
            let Value::Object(object) = item else {
                return Err(Fault::malformed(&path, "is not an object"));
            };
            let fields = Self::of(object.clone(), format!("{path}."), self.flat, members)?;
            objects.push(fields);
        }
        Ok(Some(objects))
    }

    fn items(&self, name: &str) -> Result<Option<&Vec<Value>>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(Fault::malformed(&self.path(name), "is not a list")),
        }
    }
}

/// A value, or what stands below it, while a flattened request is put together.
#[derive(Default)]
struct Node {
    text: Option<String>,
    below: BTreeMap<String, Node>,
}

/// The object of names with dots: lists have numbers from 0 without gaps.
fn unflatten(text: &[u8], legacy: bool) -> Result<Map<String, Value>, Fault> {
    let unreadable = || Fault::new("InvalidParameter", "The parameters are not UTF-8.");
    let mut root = Node::default();
    for (name, value) in decode_form(text).ok_or_else(unreadable)? {
        if legacy && COMMON.contains(&name.as_str()) {
            continue;
        }
        let shown = shown(&name);
        if name.split('.').count() > DEPTH_MAX || name.split('.').any(str::is_empty) {
            return Err(Fault::malformed(&shown, "has no name that can be read"));
        }
        let mut node = &mut root;
        for part in name.split('.') {
            node = node.below.entry(part.to_owned()).or_default();
        }
        if node.text.replace(value).is_some() {
            return Err(Fault::malformed(&shown, "stands twice"));
        }
    }
    let mut object = Map::new();
    for (name, node) in root.below {
        object.insert(name.clone(), node.value(&name)?);
    }
    Ok(object)
}

impl Node {
    fn value(self, path: &str) -> Result<Value, Fault> {
        match (self.text, self.below.is_empty()) {
            (Some(text), true) => return Ok(Value::String(text)),
            (None, false) => {}
            _ => return Err(Fault::malformed(path, "is both a value and a structure")),
        }
        let is_index = |name: &String| name.bytes().all(|c| c.is_ascii_digit());
        if !self.below.keys().all(is_index) {
            let mut object = Map::new();
            for (name, node) in self.below {
                let value = node.value(&format!("{path}.{name}"))?;
                object.insert(name, value);
            }
            return Ok(Value::Object(object));
        }
        let count = self.below.len();
        let mut items: Vec<Option<Value>> = vec![None; count];
        for (name, node) in self.below {
            let index: Option<usize> = name.parse().ok();
            let place = index.and_then(|index| items.get_mut(index));
            let path = format!("{path}.{name}");
            let place = place.ok_or_else(|| Fault::malformed(&path, "leaves a gap before it"))?;
            *place = Some(node.value(&path)?);
        }
        let items: Option<Vec<Value>> = items.into_iter().collect();
        let items = items.ok_or_else(|| Fault::malformed(path, "has an index twice"))?;
        Ok(Value::Array(items))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const MEMBERS: [Member; 5] = [
        required("SdkAppId"),
        optional("Name"),
        optional("Callees"),
        optional("Variables"),
        optional("Force"),
    ];
    const VARIABLE: [Member; 2] = [required("Key"), optional("Value")];

    fn posted(body: &str) -> Result<Fields, Fault> {
        let headers = [("authorization", "x"), ("content-type", "application/json")];
        let request = Incoming::of("POST", "/", &headers, body.as_bytes());
        Fields::read(&request, &MEMBERS)
    }

    fn queried(query: &str) -> Result<Fields, Fault> {
        let request = Incoming::of("GET", &format!("/?{query}"), &[("authorization", "x")], b"");
        Fields::read(&request, &MEMBERS)
    }

    fn code<T>(result: Result<T, Fault>) -> &'static str {
        result.err().map_or("none", |fault| fault.code)
    }

    #[test]
    fn a_document_and_a_query_are_read_alike() {
        let query = "SdkAppId=14&Name=a+b&Callees.1=%2B2&Callees.0=%2B1&Variables.0.Key=k&Variables.0.Value=v&Force=true";
        let body = r#"{"SdkAppId":14,"Name":"a b","Callees":["+1","+2"],"Variables":[{"Key":"k","Value":"v"}],"Force":true}"#;
        for fields in [queried(query).unwrap(), posted(body).unwrap()] {
            assert_eq!(fields.integer("SdkAppId"), Ok(Some(14)));
            assert_eq!(fields.text("Name"), Ok(Some("a b")));
            assert_eq!(fields.texts("Callees"), Ok(Some(vec!["+1", "+2"])));
            assert_eq!(fields.boolean("Force"), Ok(Some(true)));
            let variables = fields.objects("Variables", &VARIABLE).unwrap().unwrap();
            assert_eq!(variables[0].text("Value"), Ok(Some("v")));
        }
    }

    #[test]
    fn eleven_items_keep_their_order() {
        let query: Vec<String> = (0..11).map(|n| format!("Callees.{n}=n{n}")).collect();
        let fields = queried(&format!("SdkAppId=1&{}", query.join("&"))).unwrap();
        let texts = fields.texts("Callees").unwrap().unwrap();
        assert_eq!((texts[2], texts[10]), ("n2", "n10"));
    }

    #[test]
    fn what_is_wrong_has_its_code_and_its_path() {
        assert_eq!(code(posted("[]")), "InvalidParameter");
        assert_eq!(code(posted("{")), "InvalidParameter");
        assert_eq!(
            code(posted(r#"{"SdkAppId":1,"SdkAppId":2}"#)),
            "InvalidParameter"
        );
        assert_eq!(code(posted("{}")), "MissingParameter");
        assert_eq!(code(posted(r#"{"SdkAppId":null}"#)), "MissingParameter");
        assert_eq!(code(posted(r#"{"sdkAppId":1}"#)), "UnknownParameter");
        let fields =
            posted(r#"{"SdkAppId":"14","Name":5,"Callees":[1],"Variables":[{"Value":"v"}]}"#)
                .unwrap();
        assert_eq!(code(fields.integer("SdkAppId")), "InvalidParameter");
        assert_eq!(code(fields.text("Name")), "InvalidParameter");
        let callees = fields.texts("Callees").unwrap_err();
        assert!(callees.message.contains("`Callees.0`"), "{callees}");
        let variables = fields.objects("Variables", &VARIABLE).unwrap_err();
        assert!(
            variables.message.contains("`Variables.0.Key`"),
            "{variables}"
        );
        assert_eq!(
            code(posted(r#"{"SdkAppId":1.0}"#).unwrap().integer("SdkAppId")),
            "InvalidParameter"
        );
        let range = posted(r#"{"SdkAppId":5}"#)
            .unwrap()
            .integer_in("SdkAppId", 6..=7);
        assert_eq!(code(range), "InvalidParameterValue");
    }

    #[test]
    fn flattened_names_that_make_no_sense_are_refused() {
        for wrong in [
            "SdkAppId=1&SdkAppId=2",
            "SdkAppId=1&Name=a&Name.b=c",
            "SdkAppId=1&Callees.1=a",
            "SdkAppId=1&Callees.4000000000000000000000=a",
            "SdkAppId=1&Callees.0=a&Callees.00=b",
            "SdkAppId=1&Callees..0=a",
            "SdkAppId=1&%FF=a",
            &format!("SdkAppId=1&{}a=1", "a.".repeat(5000)),
        ] {
            assert_eq!(code(queried(wrong)), "InvalidParameter", "{}", &wrong[..20]);
        }
    }

    #[test]
    fn what_the_legacy_signature_adds_is_no_parameter() {
        let request = Incoming::of("GET", "/?SdkAppId=1&Action=A&Nonce=2", &[], b"");
        assert!(Fields::read(&request, &MEMBERS).is_ok());
        assert_eq!(code(queried("SdkAppId=1&Action=A")), "UnknownParameter");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), names in prop::collection::vec("[a0-2.=&]{0,12}", 0..10)) {
            let _ = unflatten(&bytes, false);
            let _ = unflatten(names.join("&").as_bytes(), true);
            let request = Incoming::of("POST", "/", &[("authorization", "x")], &bytes);
            let _ = Fields::read(&request, &MEMBERS);
        }

        #[test]
        fn a_list_comes_back_as_it_was(items in prop::collection::vec("[a-z]{1,5}", 1..30)) {
            let query: Vec<String> = items.iter().enumerate().rev().map(|(n, item)| format!("Callees.{n}={item}")).collect();
            let object = unflatten(query.join("&").as_bytes(), false).unwrap();
            prop_assert_eq!(&object["Callees"], &json!(items));
        }
    }
}
