//! JSON that may be wrong: names may stand twice, and a scalar is whatever text stands there.

use serde_json::Value;

/// A value as it will be written.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text that goes out as it is.
    Raw(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::of(value)))
                    .collect(),
            ),
            scalar => Self::Raw(scalar.to_string()),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The values in it, itself included.
    pub(super) fn count(&self) -> usize {
        1 + match self {
            Self::Raw(_) => 0,
            Self::List(items) => items.iter().map(Self::count).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    /// The value at this place, counted from the outside.
    pub(super) fn at(&mut self, place: usize) -> &mut Self {
        fn find<'n>(node: &'n mut Node, left: &mut usize) -> Option<&'n mut Node> {
            if *left == 0 {
                return Some(node);
            }
            *left -= 1;
            match node {
                Node::Raw(_) => None,
                Node::List(items) => items.iter_mut().find_map(|item| find(item, left)),
                Node::Object(members) => members.iter_mut().find_map(|(_, v)| find(v, left)),
            }
        }
        let mut left = place % self.count();
        // The place is below the count, so that there is one.
        find(self, &mut left).expect("a value at each place")
    }

    /// Names with dots, as queries and forms write them: lists count from `first`.
    pub(super) fn pairs(&self, first: usize) -> Vec<(String, String)> {
        fn flatten(node: &Node, name: &str, first: usize, out: &mut Vec<(String, String)>) {
            let below = |part: &str| match name {
                "" => part.to_owned(),
                name => format!("{name}.{part}"),
            };
            match node {
                Node::Raw(text) => {
                    let plain = serde_json::from_str::<String>(text);
                    out.push((name.to_owned(), plain.unwrap_or_else(|_| text.clone())));
                }
                Node::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        flatten(item, &below(&(index + first).to_string()), first, out);
                    }
                }
                Node::Object(members) => {
                    for (member, value) in members {
                        flatten(value, &below(member), first, out);
                    }
                }
            }
        }
        let mut out = Vec::new();
        flatten(self, "", first, &mut out);
        out
    }
}
