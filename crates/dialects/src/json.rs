//! JSON from outside: a name that stands twice in an object is an error, not a choice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::running::shown;

/// Why bytes are no JSON that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonFault {
    /// Not JSON, or nested too deep.
    #[error("the text is no JSON at line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A name stands twice in one object.
    #[error("`{0}` stands twice")]
    Twice(String),
    /// JSON, and no object.
    #[error("the text is no JSON object")]
    NoObject,
}

/// Reads a value.
///
/// # Errors
/// [`JsonFault`].
pub(crate) fn value(bytes: &[u8]) -> Result<Value, JsonFault> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict(&twice)
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match (read, twice.take()) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(name)) => Err(JsonFault::Twice(name)),
        (Err(error), None) => Err(JsonFault::Syntax {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Reads an object.
///
/// # Errors
/// [`JsonFault`].
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    match value(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonFault::NoObject),
    }
}

/// A value whose objects have each name once. What stands twice is told aside, since the error type is
/// the reader's.
struct Strict<'t>(&'t RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Strict(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                self.0.replace(Some(shown(&name)));
                return Err(A::Error::custom("a name stands twice"));
            }
            let value = members.next_value_seed(Strict(self.0))?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_named() {
        let read = |text: &str| value(text.as_bytes());
        assert_eq!(
            read(r#"{"a":1,"b":[{"c":1,"c":2}]}"#),
            Err(JsonFault::Twice("c".to_owned()))
        );
        assert!(read(r#"{"a":1,"A":2}"#).is_ok());
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        assert_eq!(
            value(b"{\n x"),
            Err(JsonFault::Syntax { line: 2, column: 2 })
        );
        assert!(matches!(value(b""), Err(JsonFault::Syntax { .. })));
        assert!(matches!(value(b"{} {}"), Err(JsonFault::Syntax { .. })));
        assert!(matches!(value(b"\"\xff\""), Err(JsonFault::Syntax { .. })));
        assert_eq!(object(b"[]"), Err(JsonFault::NoObject));
    }

    #[test]
    fn deep_nesting_is_refused_before_the_stack_ends() {
        let deep = "[".repeat(100_000);
        assert!(matches!(
            value(deep.as_bytes()),
            Err(JsonFault::Syntax { .. })
        ));
    }

    proptest! {
        #[test]
        fn it_reads_what_the_usual_reader_reads(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[\\[\\]{}:,\"a1.e \\-]{0,60}") {
            for bytes in [bytes, text.into_bytes()] {
                let usual: Result<Value, _> = serde_json::from_slice(&bytes);
                match value(&bytes) {
                    Err(JsonFault::Twice(_)) => {}
                    ours => prop_assert_eq!(ours.ok(), usual.ok()),
                }
            }
        }
    }
}
