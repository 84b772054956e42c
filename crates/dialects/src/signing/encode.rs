//! Percent-encoding as the vendors sign it, and the decoding of what came by the wire.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode as encode};

/// All but `A-Z a-z 0-9 - . _ ~` (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text with everything but unreserved characters as `%XX`, upper-case; a blank is `%20`.
pub(crate) fn percent_encode(text: &str) -> String {
    percent_encode_bytes(text.as_bytes())
}

/// The same at the end of another text.
pub(crate) fn push_percent_encoded(text: &mut String, value: &str) {
    text.extend(encode(value.as_bytes(), RESERVED));
}

/// The same for bytes that may be no text.
pub(crate) fn percent_encode_bytes(bytes: &[u8]) -> String {
    encode(bytes, RESERVED).to_string()
}

/// The pairs of a query or a form: `+` is a blank, `%XX` a byte. `None` when a name or value is not
/// UTF-8: what cannot be told apart must not be guessed.
pub(crate) fn decode_form(text: &[u8]) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (name, value) in form_urlencoded::parse(text) {
        // The parser puts this sign where bytes are no text; nobody sends it on purpose.
        if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
            return None;
        }
        pairs.push((name.into_owned(), value.into_owned()));
    }
    Some(pairs)
}

/// The text of a part of an address: `%XX` is a byte and `+` stays. `None` when it is not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent_encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent_encode("a b*/+:é"), "a%20b%2A%2F%2B%3A%C3%A9");
    }

    #[test]
    fn a_form_has_plus_for_blank_and_an_address_has_not() {
        let pairs = decode_form(b"a=b+c&d=e%20f%2B&g=&h").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        assert_eq!(pairs, [("a", "b c"), ("d", "e f+"), ("g", ""), ("h", "")]);
        assert_eq!(percent_decode("a+b%20c").as_deref(), Some("a+b c"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode_form(b"a=%FF"), None);
        assert_eq!(percent_decode("%FF"), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(name in "\\PC{1,20}", value in "\\PC{0,40}") {
            prop_assume!(!name.contains('\u{fffd}') && !value.contains('\u{fffd}'));
            let text = format!("{}={}", percent_encode(&name), percent_encode(&value));
            prop_assert_eq!(decode_form(text.as_bytes()), Some(vec![(name, value.clone())]));
            prop_assert_eq!(percent_decode(&percent_encode(&value)), Some(value));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_form(&bytes);
        }
    }
}
