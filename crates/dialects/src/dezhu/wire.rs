//! Fields of a request: a JSON body, or the parameters of a query.
//!
//! Source: "编辑自动外呼任务" and its sister pages, whose examples and tables differ. Unknown fields are ignored, `null` is absent; integers and truth
//! values are taken in the spellings that the vendor's own examples mix.

use serde_json::{Map, Value};

use super::fault::{Code, Fault};
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
    /// `29002` for what is no JSON object, or has a name twice.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let members = json::object(body);
        let members = members.map_err(|fault| Fault::new(Code::Parameter, fault.to_string()))?;
        Ok(Self::of(members))
    }

    /// Reads a query.
    ///
    /// # Errors
    /// `29002` for what is not UTF-8 or has a name twice.
    pub fn read_query(query: &str) -> Result<Self, Fault> {
        let pairs = decode_form(query.as_bytes()).ok_or_else(|| Fault::parameter("query"))?;
        let mut members = Map::new();
        for (name, value) in pairs {
            if members.insert(name, Value::String(value)).is_some() {
                return Err(Fault::parameter("query"));
            }
        }
        Ok(Self::of(members))
    }

    fn of(members: Map<String, Value>) -> Self {
        Self {
            members,
            path: String::new(),
        }
    }

    /// A fault of a field.
    pub fn wrong(&self, name: &str) -> Fault {
        Fault::parameter(&format!("{}{name}", self.path))
    }

    /// A value as it came; `null` is none.
    pub fn value(&self, name: &str) -> Option<&Value> {
        // What is read and does not stand in the table would be missing on the generated page.
        // Tests of this file have fields of their own.
        debug_assert!(cfg!(test) || super::coverage::covers(name), "{name}");
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// All members, for objects whose list has no documented name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.members.iter();
        members.map(|(name, value)| (name.as_str(), value))
    }

    /// What must be there.
    ///
    /// # Errors
    /// `29002` for none.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Fault> {
        value.ok_or_else(|| self.wrong(name))
    }

    /// A text; a number becomes its digits.
    ///
    /// # Errors
    /// `29002` for another type.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong(name)),
        }
    }

    /// A text whose length in characters (Unicode code points) lies in a range.
    ///
    /// # Errors
    /// `29002` for another type or length.
    pub fn text_of(
        &self,
        name: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<String>, Fault> {
        match self.text(name)? {
            Some(text) if !length.contains(&text.chars().count()) => Err(self.wrong(name)),
            text => Ok(text),
        }
    }

    /// A number without fraction: `2`, `2.0` or `"2"`.
    ///
    /// # Errors
    /// `29002` for anything else.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Fault> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64().or_else(|| integral(number.as_f64()?)),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        self.required(name, number).map(Some)
    }

    /// A number within a range.
    ///
    /// # Errors
    /// `29002` for anything else.
    pub fn integer_in(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        match self.integer(name)? {
            Some(number) if !range.contains(&number) => Err(self.wrong(name)),
            number => Ok(number),
        }
    }

    /// A truth value: `true`, `1`, `"true"` or `"1"`, and their opposites. Declared as a truth value, and
    /// sent as `1` by the vendor's own examples.
    ///
    /// # Errors
    /// `29002` for anything else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        let truth = match self.value(name) {
            None => return Ok(None),
            Some(Value::Bool(truth)) => Some(*truth),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Some(Value::String(text)) => match text.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Some(_) => None,
        };
        self.required(name, truth).map(Some)
    }

    /// A list of objects.
    ///
    /// # Errors
    /// `29002` for anything else.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, Fault> {
        let list = self.value(name);
        list.map(|list| self.objects_in(name, list)).transpose()
    }

    /// The objects of one of the [`members`](Self::members).
    ///
    /// # Errors
    /// `29002` for anything but a list of objects.
    pub fn objects_in(&self, name: &str, list: &Value) -> Result<Vec<Self>, Fault> {
        let Value::Array(items) = list else {
            return Err(self.wrong(name));
        };
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = format!("{name}[{index}]");
            let Value::Object(members) = item else {
                return Err(self.wrong(&place));
            };
            objects.push(Self {
                members: members.clone(),
                path: format!("{}{place}.", self.path),
            });
        }
        Ok(objects)
    }
}

/// The whole number that a fraction of zero stands for.
fn integral(number: f64) -> Option<i64> {
    // Beyond 2^53 it could be another number than the one written.
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Fields {
        Fields::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn integers_and_truths_are_taken_as_the_examples_mix_them() {
        let fields = read(r#"{"a":2,"b":2.0,"c":"2","t":[true,1,"1","true"],"n":null,"name":5}"#);
        for name in ["a", "b", "c"] {
            assert_eq!(fields.integer(name), Ok(Some(2)), "{name}");
        }
        assert_eq!(fields.integer("n"), Ok(None));
        assert_eq!(
            fields.text("name"),
            Ok(Some("5".to_owned())),
            "declared as a number by mistake"
        );
        for (text, want) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("\"false\"", false),
            ("0", false),
        ] {
            let fields = read(&format!("{{\"s\":{text}}}"));
            assert_eq!(fields.boolean("s"), Ok(Some(want)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_wrong_parameter_by_its_path() {
        for wrong in ["2.5", "\"\"", "true", "[]", "1e300", "\"2.0\""] {
            let fields = read(&format!("{{\"l\":[{{\"n\":{wrong}}}]}}"));
            let objects = fields.objects("l").unwrap().unwrap();
            let fault = objects[0].integer("n").unwrap_err();
            assert_eq!(fault.message(), "参数错误: l[0].n", "{wrong}");
        }
        for wrong in ["2", "\"yes\"", "[]", "1.5"] {
            assert!(
                read(&format!("{{\"s\":{wrong}}}")).boolean("s").is_err(),
                "{wrong}"
            );
        }
        for wrong in ["{", "[]", r#"{"a":1,"a":2}"#] {
            assert_eq!(
                Fields::read(wrong.as_bytes()).unwrap_err().code,
                Code::Parameter
            );
        }
        assert!(Fields::read_query("a=1&a=2").is_err());
        assert!(read(r#"{"s":"ééé"}"#).text_of("s", 1..=3).is_ok());
        assert!(read(r#"{"s":"éééé"}"#).text_of("s", 1..=3).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), query in "[ -~]{0,40}", number in any::<f64>()) {
            let _ = Fields::read(&body);
            let _ = Fields::read_query(&query);
            let _ = integral(number);
        }
    }
}
