//! Short texts that are copied like numbers: names and ids that come from people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Up to `N` bytes of text, kept in place: no allocation, `Copy`, ordered as text.
///
/// `N` is at most 255.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortText<const N: usize> {
    // Unused bytes are zero, and zero never stands in the text, so that the derived order of
    // (bytes, length) is the order of the texts.
    bytes: [u8; N],
    length: u8,
}

/// A text does not fit where a short name is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is empty.
    #[error("is empty; give at least one character")]
    Empty,
    /// The text is longer than its field allows.
    #[error("has {given} bytes; at most {max} are allowed")]
    TooLong {
        /// Bytes given.
        given: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The text has a control character.
    #[error("has a control character; use printable text")]
    Control,
}

impl<const N: usize> ShortText<N> {
    /// The text in place.
    ///
    /// # Errors
    /// [`TextError`] when it is empty, too long, or has control characters.
    pub fn new(text: &str) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let max = N.min(255);
        if text.len() > max {
            return Err(TextError::TooLong {
                given: text.len(),
                max,
            });
        }
        if text.chars().any(char::is_control) {
            return Err(TextError::Control);
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self {
            bytes,
            length: text.len() as u8,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // The bytes were copied from a `str` of exactly this length.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for ShortText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for ShortText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<const N: usize> Serialize for ShortText<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, const N: usize> Deserialize<'de> for ShortText<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<const N: usize> serde::de::Visitor<'_> for Visitor<N> {
            type Value = ShortText<N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "1 to {N} bytes of text")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                ShortText::new(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_order_like_texts() {
        let mut texts = ["b", "ab", "a", "abc"].map(|t| ShortText::<8>::new(t).unwrap());
        texts.sort();
        assert_eq!(texts.map(|t| t.to_string()), ["a", "ab", "abc", "b"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(ShortText::<4>::new(""), Err(TextError::Empty));
        assert_eq!(
            ShortText::<4>::new("12345"),
            Err(TextError::TooLong { given: 5, max: 4 })
        );
        assert_eq!(ShortText::<4>::new("a\n"), Err(TextError::Control));
    }
}
