//! JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

/// Applies `patch` to `target`: null removes a field, an object is merged into one, anything else
/// replaces what was there. Fields named in `whole` are one choice among several forms, so that a
/// patch replaces them as a whole: a target that becomes a flow is no skill group any more.
pub(crate) fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>, whole: &[&str]) {
    for (name, new) in patch {
        match new {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) if !whole.contains(&name.as_str()) => {
                let mut merged = match target.remove(name) {
                    Some(Value::Object(old)) => old,
                    _ => Map::new(),
                };
                // The names in `whole` are fields of the outermost object only.
                merge(&mut merged, inner, &[]);
                target.insert(name.clone(), Value::Object(merged));
            }
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(target: Value, patch: Value) -> Value {
        let (Value::Object(mut target), Value::Object(patch)) = (target, patch) else {
            panic!("merge patches of this API are objects");
        };
        merge(&mut target, &patch, &["target"]);
        Value::Object(target)
    }

    #[test]
    fn the_examples_of_the_standard_hold() {
        // Source: RFC 7396, appendix A, the cases whose target and patch are objects.
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ];
        for (target, patch, expected) in cases {
            assert_eq!(merged(target, patch), expected);
        }
    }

    #[test]
    fn a_choice_is_replaced_as_a_whole() {
        assert_eq!(
            merged(
                json!({"target": {"sip": "sip:ivr@192.0.2.1"}}),
                json!({"target": {"flow": 4600}})
            ),
            json!({"target": {"flow": 4600}})
        );
    }
}
