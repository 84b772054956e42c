//! Fields of a request: a JSON body, or the parameters of a query.
//!
//! Source: CC-iSales, "Modifying an Outbound Campaign (V1)", Table 14. Unknown fields are ignored, `null` is absent, and a number may
//! stand as a text, as the vendor's own examples have it.

use serde_json::{Map, Value};

use super::fault::{Fault, FieldFault};
use crate::json;
use crate::signing::decode_form;

/// An object of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    members: Map<String, Value>,
    /// Where it stands, with a dot at the end; empty for the request itself.
    path: String,
}

impl Fields {
    /// Reads a body; one that is not there has no fields.
    ///
    /// # Errors
    /// `02000008` for what is no JSON object, or has a name twice.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let members = json::object(body)
            .map_err(|fault| Fault::field(FieldFault::Conversion, "body", &fault.to_string()))?;
        Ok(Self::of(members))
    }

    /// Reads a query.
    ///
    /// # Errors
    /// `02000008` for what is not UTF-8 or has a name twice.
    pub fn read_query(query: &str) -> Result<Self, Fault> {
        let wrong = |problem| Fault::field(FieldFault::Conversion, "query", problem);
        let mut members = Map::new();
        for (name, value) in decode_form(query.as_bytes()).ok_or_else(|| wrong("is not UTF-8"))? {
            if members.insert(name, Value::String(value)).is_some() {
                return Err(wrong("a parameter stands twice"));
            }
        }
        Ok(Self::of(members))
    }

    /// The fields of an object inside of another value.
    pub fn of(members: Map<String, Value>) -> Self {
        Self {
            members,
            path: String::new(),
        }
    }

    /// A field's name with its place, for a message.
    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// A fault of a field.
    pub fn fault(&self, fault: FieldFault, name: &str, problem: &str) -> Fault {
        Fault::field(fault, &self.path(name), problem)
    }

    /// A value as it came; `null` is none.
    pub fn value(&self, name: &str) -> Option<&Value> {
        // What is read and does not stand in the table would be missing on the generated page.
        // Tests of this file have fields of their own.
        debug_assert!(cfg!(test) || super::coverage::covers(name), "{name}");
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// What must be there: `02000001` for none.
    ///
    /// # Errors
    /// That fault.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Fault> {
        value.ok_or_else(|| self.fault(FieldFault::Empty, name, "is required"))
    }

    /// A text; an empty one is none. A number becomes its digits.
    ///
    /// # Errors
    /// `02000006` for another type.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.fault(FieldFault::Type, name, "is not a string")),
        }
    }

    /// A text of at most so many characters (Unicode code points).
    ///
    /// # Errors
    /// `02000006` for another type, `02000003` for a longer one.
    pub fn text_up_to(&self, name: &str, most: usize) -> Result<Option<String>, Fault> {
        let text = self.text(name)?;
        match text {
            Some(text) if text.chars().count() > most => {
                let problem = format!("is longer than {most} characters");
                Err(self.fault(FieldFault::TooLong, name, &problem))
            }
            text => Ok(text),
        }
    }

    /// A number without fraction; an empty text is none.
    ///
    /// # Errors
    /// `02000006` for another type.
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
            None => Err(self.fault(FieldFault::Type, name, "is not an integer")),
        }
    }

    /// A number within a range.
    ///
    /// # Errors
    /// `02000006` for another type, `02000007` outside the range.
    pub fn integer_in(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        match self.integer(name)? {
            Some(number) if !range.contains(&number) => {
                let problem = format!("must be from {} to {}", range.start(), range.end());
                Err(self.fault(FieldFault::Value, name, &problem))
            }
            number => Ok(number),
        }
    }

    /// An object.
    ///
    /// # Errors
    /// `02000006` for another type.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self {
                members: members.clone(),
                path: format!("{}.", self.path(name)),
            })),
            Some(_) => Err(self.fault(FieldFault::Type, name, "is not an object")),
        }
    }

    /// A list of at most so many objects.
    ///
    /// # Errors
    /// `02000006` for another type. More objects: the operation's own code.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, Fault> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::Object(members) = item else {
                let name = format!("{name}[{index}]");
                return Err(self.fault(FieldFault::Type, &name, "is not an object"));
            };
            objects.push(Self {
                members: members.clone(),
                path: format!("{}[{index}].", self.path(name)),
            });
        }
        Ok(Some(objects))
    }

    /// A list of texts; a number becomes its digits.
    ///
    /// # Errors
    /// `02000006` for another type.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            texts.push(match item {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    let name = format!("{name}[{index}]");
                    return Err(self.fault(FieldFault::Type, &name, "is not a string"));
                }
            });
        }
        Ok(Some(texts))
    }

    fn items(&self, name: &str) -> Result<Option<&Vec<Value>>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.fault(FieldFault::Type, name, "is not a list")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Fields {
        Fields::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_number_may_stand_as_a_text() {
        let fields =
            read(r#"{"a":2,"b":"2","c":"","d":null,"e":174729926098016859,"unknown":[1]}"#);
        assert_eq!(fields.integer("a"), fields.integer("b"));
        assert_eq!(fields.integer("c"), Ok(None));
        assert_eq!(fields.integer("d"), Ok(None));
        assert_eq!(fields.text("e"), Ok(Some("174729926098016859".to_owned())));
    }

    #[test]
    fn what_is_wrong_has_its_code_and_its_path() {
        let fields =
            read(r#"{"t":[],"n":"two","r":5,"f":1.5,"s":{"x":true},"l":[{"y":{}},3],"long":"éé"}"#);
        let code = |fault: Fault| fault.code;
        assert_eq!(code(fields.text("t").unwrap_err()), "02000006");
        assert_eq!(code(fields.integer("n").unwrap_err()), "02000006");
        assert_eq!(code(fields.integer("f").unwrap_err()), "02000006");
        assert_eq!(code(fields.integer_in("r", 6..=7).unwrap_err()), "02000007");
        assert_eq!(code(fields.text_up_to("long", 1).unwrap_err()), "02000003");
        assert!(
            fields.text_up_to("long", 2).is_ok(),
            "characters, not bytes"
        );
        assert_eq!(
            code(fields.required::<()>("none", None).unwrap_err()),
            "02000001"
        );
        let inner = fields.object("s").unwrap().unwrap();
        let fault = inner.integer("x").unwrap_err();
        assert!(fault.text.starts_with("s.x: "), "{fault}");
        assert!(fields.objects("l").unwrap_err().text.starts_with("l[1]: "));
        for wrong in ["{", "[]", r#"{"a":1,"a":2}"#, "x"] {
            assert_eq!(
                code(Fields::read(wrong.as_bytes()).unwrap_err()),
                "02000008",
                "{wrong}"
            );
        }
        assert_eq!(Fields::read(b""), Ok(Fields::default()));
        assert_eq!(code(Fields::read_query("a=1&a=2").unwrap_err()), "02000008");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), query in "[ -~]{0,40}") {
            let _ = Fields::read(&body);
            let _ = Fields::read_query(&query);
        }
    }
}
