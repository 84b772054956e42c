//! Access keys, and whose they are.

use std::collections::BTreeMap;
use std::fmt;

/// A secret in the clear, for signatures. `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A pair of access keys that a tenant signs requests with.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Sent with each request.
    pub id: String,
    /// Signs each request.
    pub secret: Secret,
}

/// Access keys by their id, each with its owner.
#[derive(Clone, Debug)]
pub struct KeyRing<T> {
    keys: BTreeMap<String, (Secret, T)>,
}

impl<T> KeyRing<T> {
    /// Adds a key. A second one with the same id replaces the first; the configuration refuses that.
    pub fn add(&mut self, key: AccessKey, owner: T) {
        self.keys.insert(key.id, (key.secret, owner));
    }

    /// The secret of an id, and whose it is.
    pub(crate) fn find(&self, id: &str) -> Option<(&Secret, &T)> {
        self.keys.get(id).map(|(secret, owner)| (secret, owner))
    }
}

impl<T> Default for KeyRing<T> {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let mut ring = KeyRing::default();
        let key = AccessKey {
            id: "AKID".to_owned(),
            secret: Secret::new("hunter2"),
        };
        assert!(!format!("{key:?}").contains("hunter2"));
        ring.add(key, 1);
        assert!(!format!("{ring:?}").contains("hunter2"));
        assert_eq!(ring.find("AKID").map(|(_, owner)| *owner), Some(1));
        assert!(ring.find("akid").is_none());
    }
}
