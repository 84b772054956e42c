//! What can go wrong between an operator command and its server, in words.

use std::fmt;

use serde_json::Value;

/// A request was not carried out.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The command line does not say enough to send anything.
    Usage(String),
    /// The server cannot be reached, or fell silent.
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        why: String,
    },
    /// What answers there does not speak our API.
    NotOurs {
        /// Its address.
        url: String,
        /// The HTTP status it gave.
        status: u16,
    },
    /// The server answered with a problem document.
    Refused(Refusal),
}

/// A problem document (RFC 9457), as far as an operator needs it.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// Fields and what is wrong with them.
    pub(crate) fields: Vec<(String, String)>,
    /// Contacts that were taken before an import broke off.
    pub(crate) accepted: Option<u64>,
}

impl ClientError {
    pub(super) fn unreachable(url: &str, error: ureq::Error) -> Self {
        let why = match error {
            ureq::Error::ConnectionFailed => "the connection was refused".to_owned(),
            ureq::Error::HostNotFound => "there is no such host".to_owned(),
            ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        Self::Unreachable {
            url: url.to_owned(),
            why,
        }
    }

    pub(super) fn refused(status: u16, document: &Value) -> Self {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let fields = document["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let field = |entry: &Value| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            (text("field"), text("problem"))
        };
        Self::Refused(Refusal {
            status,
            title: text("title"),
            detail: text("detail"),
            fields: fields.iter().map(field).collect(),
            accepted: document["accepted"].as_u64(),
        })
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => f.write_str(problem),
            Self::Unreachable { url, why } => write!(
                f,
                "{url} cannot be reached: {why}\n  remedy: check that the server runs, and --url or OUTDIAL_URL"
            ),
            Self::NotOurs { url, status } => write!(
                f,
                "{url} answered {status} and is no Outdial server\n  remedy: check --url or OUTDIAL_URL"
            ),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            title,
            detail,
            fields,
            ..
        } = self;
        // What is wrong with fields is told field by field; else the detail says more than the title.
        let summary = match fields.as_slice() {
            [] if !detail.is_empty() => detail,
            _ => title,
        };
        match summary.as_str() {
            "" => write!(f, "the server refused it ({status})")?,
            summary => write!(f, "{summary} ({status})")?,
        }
        if let Some(accepted) = self.accepted {
            write!(f, "\n  {accepted} contacts were accepted before")?;
        }
        for (field, problem) in fields {
            write!(f, "\n  {field}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_document_becomes_words_with_its_fields() {
        let document = json!({
            "type": "urn:outdial:problem:invalid", "title": "Fields are wrong", "status": 422,
            "detail": "2 fields are wrong; see errors",
            "errors": [
                {"field": "mode", "problem": "is not known"},
                {"field": "target", "problem": "is missing"},
            ],
        });
        let shown = ClientError::refused(422, &document).to_string();
        assert_eq!(
            shown,
            "Fields are wrong (422)\n  mode: is not known\n  target: is missing"
        );
    }

    #[test]
    fn a_document_of_any_shape_is_survived() {
        for document in [
            json!(null),
            json!([]),
            json!({"errors": 3}),
            json!({"errors": [3]}),
        ] {
            assert!(
                ClientError::refused(500, &document)
                    .to_string()
                    .contains("500")
            );
        }
    }
}
