//! Conditions on requests: `If-Match`, `ETag`, `Idempotency-Key`.

use axum::http::{HeaderMap, HeaderValue, header};
use outdial_domain::RevisionNumber;
use outdial_service::ServiceError;

use crate::problem::{Kind, Problem};

/// The header that makes a repeated request the same request.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The revision that a request wants the campaign to be at, which is the present one; `None` = any.
///
/// # Errors
/// A condition that the campaign does not meet (412).
pub(crate) fn if_match(
    headers: &HeaderMap,
    current: RevisionNumber,
) -> Result<Option<RevisionNumber>, Problem> {
    let mut tags = headers
        .get_all(header::IF_MATCH)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .peekable();
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    if tags.peek().is_none() {
        return Err(Problem::new(
            Kind::Malformed,
            "If-Match is empty; give the campaign's ETag as it was read, such as \"3\"",
        ));
    }
    let mut ours = false;
    for tag in tags {
        if tag == "*" {
            return Ok(None);
        }
        // A weak tag never matches (RFC 9110, section 13.1.1), nor does one that is none of ours.
        let number = tag
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let number = number.and_then(|number| number.parse::<u32>().ok());
        if number == Some(current.number()) {
            return Ok(Some(current));
        }
        ours |= number.is_some();
    }
    Err(if ours {
        ServiceError::Edited(current).into()
    } else {
        Problem::new(
            Kind::Edited,
            "If-Match names no revision of this campaign; give its ETag as it was read, such as \"3\"",
        )
    })
}

/// The ETag of a campaign at this revision: the version of its settings, which edits are made on. The
/// state of a campaign changes without it, so answers that show one are not for caches.
pub(crate) fn etag(revision: RevisionNumber) -> HeaderValue {
    // Quotes and digits are always a header value.
    HeaderValue::try_from(format!("\"{revision}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The key under which a repeated request is the same one.
///
/// # Errors
/// One that is not 1–255 visible ASCII characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|key| (1..=255).contains(&key.len()))
        .map(Some)
        .ok_or_else(|| {
            Problem::field(
                IDEMPOTENCY_KEY,
                "must be 1 to 255 visible ASCII characters, such as a UUID",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a campaign at revision 3 says.
    fn condition(text: &'static str) -> Result<Option<u32>, Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
        if_match(&headers, RevisionNumber::new(3))
            .map(|revision| revision.map(RevisionNumber::number))
            .map_err(|problem| problem.kind())
    }

    #[test]
    fn a_condition_names_the_revisions_that_will_do() {
        assert_eq!(condition("\"3\""), Ok(Some(3)));
        assert_eq!(condition("*"), Ok(None));
        assert_eq!(condition("\"2\""), Err(Kind::Edited));
        assert_eq!(condition("W/\"3\""), Err(Kind::Edited));
        assert_eq!(condition("\"abc\""), Err(Kind::Edited));
        assert_eq!(condition("\"2\", \"3\""), Ok(Some(3)));
        assert_eq!(condition("\"2\", \"4\""), Err(Kind::Edited));
        assert_eq!(condition(" "), Err(Kind::Malformed));
        assert_eq!(
            if_match(&HeaderMap::new(), RevisionNumber::new(3)).unwrap(),
            None
        );
        assert_eq!(etag(RevisionNumber::new(3)), "\"3\"");
    }

    #[test]
    fn idempotency_keys_are_bounded() {
        let mut headers = HeaderMap::new();
        assert_eq!(idempotency_key(&headers).unwrap(), None);
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static("a-1"));
        assert_eq!(idempotency_key(&headers).unwrap(), Some("a-1"));
        let long = HeaderValue::try_from("x".repeat(256)).unwrap();
        headers.insert(IDEMPOTENCY_KEY, long);
        assert!(idempotency_key(&headers).is_err());
    }
}
