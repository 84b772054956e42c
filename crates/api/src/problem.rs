//! Errors as clients see them: problem documents (RFC 9457).

use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_domain::{EditRefused, RefusedField};
use outdial_service::{FieldProblem, ServiceError};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What kind of problem it is: the stable part that a program may decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request cannot be read at all.
    Malformed,
    /// Fields are wrong.
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    RouteNotFound,
    MethodNotAllowed,
    /// The state of the thing does not allow it.
    Conflict,
    Edited,
    TooSlow,
    TooLarge,
    UnsupportedMediaType,
    NotBuilt,
    StorageUnavailable,
    Stopping,
    /// A fault of ours.
    Internal,
}

impl Kind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Edited,
        Self::TooSlow,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::NotBuilt,
        Self::StorageUnavailable,
        Self::Stopping,
        Self::Internal,
    ];

    /// The URI that names it, its title and its status.
    pub(crate) const fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => (
                "urn:outdial:problem:malformed",
                "The request cannot be read",
                StatusCode::BAD_REQUEST,
            ),
            Self::Invalid => (
                "urn:outdial:problem:invalid",
                "Fields of the request are wrong",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::Unauthenticated => (
                "urn:outdial:problem:unauthenticated",
                "A key is needed",
                StatusCode::UNAUTHORIZED,
            ),
            Self::Forbidden => (
                "urn:outdial:problem:forbidden",
                "The key may not do this",
                StatusCode::FORBIDDEN,
            ),
            Self::NotFound => (
                "urn:outdial:problem:not-found",
                "It does not exist",
                StatusCode::NOT_FOUND,
            ),
            Self::RouteNotFound => (
                "urn:outdial:problem:route-not-found",
                "There is nothing at this address",
                StatusCode::NOT_FOUND,
            ),
            Self::MethodNotAllowed => (
                "urn:outdial:problem:method-not-allowed",
                "The address does not take this method",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::Conflict => (
                "urn:outdial:problem:conflict",
                "Its state does not allow this",
                StatusCode::CONFLICT,
            ),
            Self::Edited => (
                "urn:outdial:problem:edited",
                "It has been edited since",
                StatusCode::PRECONDITION_FAILED,
            ),
            Self::TooSlow => (
                "urn:outdial:problem:too-slow",
                "The body did not come in time",
                StatusCode::REQUEST_TIMEOUT,
            ),
            Self::TooLarge => (
                "urn:outdial:problem:too-large",
                "The body is too large",
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            Self::UnsupportedMediaType => (
                "urn:outdial:problem:unsupported-media-type",
                "The body has a type that is not taken here",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::NotBuilt => (
                "urn:outdial:problem:not-built",
                "Not built yet",
                StatusCode::NOT_IMPLEMENTED,
            ),
            Self::StorageUnavailable => (
                "urn:outdial:problem:storage-unavailable",
                "Storage is unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Stopping => (
                "urn:outdial:problem:stopping",
                "The server is stopping",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Internal => (
                "urn:outdial:problem:internal",
                "A fault of the server",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
        }
    }
}

impl Kind {
    /// The header that goes with it: what a client needs to try again.
    fn header(self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Unauthenticated => Some((header::WWW_AUTHENTICATE, "Bearer realm=\"outdial\"")),
            Self::StorageUnavailable => Some((header::RETRY_AFTER, "1")),
            _ => None,
        }
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    accepted: Option<u64>,
}

/// A problem document (RFC 9457): why a request was not carried out, and what to do about it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Names the kind of problem; stable.
    #[schema(example = "urn:outdial:problem:invalid")]
    r#type: &'static str,
    /// The kind of problem in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong with this request, and what would be right.
    detail: String,
    /// Each field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// Contacts that were taken before an import broke off. They stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    accepted: Option<u64>,
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field by its path, such as `calendar.rules[2].windows[0].from`; also the name of a query
    /// parameter or header.
    pub(crate) field: String,
    /// What is wrong with it, and what would be right.
    pub(crate) problem: String,
}

impl Problem {
    /// A problem of this kind.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            accepted: None,
        }
    }

    /// Fields that are wrong.
    pub(crate) fn invalid(fields: Vec<FieldProblem>) -> Self {
        let detail = match fields.as_slice() {
            [one] => format!("{}: {}", one.field, one.problem),
            many => format!("{} fields are wrong; see errors", many.len()),
        };
        let mut problem = Self::new(Kind::Invalid, detail);
        problem.errors = fields.into_iter().map(FieldError::from).collect();
        problem
    }

    /// One field that is wrong.
    pub(crate) fn field(field: &str, problem: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem {
            field: field.to_owned(),
            problem: problem.into(),
        }])
    }

    /// Says how many contacts were taken before an import broke off.
    pub(crate) fn after_accepting(mut self, accepted: u64) -> Self {
        self.accepted = Some(accepted);
        self
    }

    #[cfg(test)]
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

impl From<FieldProblem> for FieldError {
    fn from(problem: FieldProblem) -> Self {
        Self {
            field: problem.field,
            problem: problem.problem,
        }
    }
}

/// A field that an edit may not change, as a field that is wrong.
pub(crate) fn refused_field(refused: &RefusedField) -> FieldProblem {
    FieldProblem {
        field: refused.field.request_path().to_owned(),
        problem: refused.why.to_string(),
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::Invalid(fields) => Self::invalid(fields),
            ServiceError::CampaignNotFound(_) | ServiceError::NotFound { .. } => {
                Self::new(Kind::NotFound, detail)
            }
            ServiceError::State(_)
            | ServiceError::Conflict(_)
            | ServiceError::EditRefused(EditRefused::State(_)) => Self::new(Kind::Conflict, detail),
            ServiceError::EditRefused(EditRefused::Fields(refused)) => {
                Self::invalid(refused.iter().map(refused_field).collect())
            }
            ServiceError::Edited(_) => Self::new(Kind::Edited, detail),
            ServiceError::Forbidden { role } => Self::new(
                Kind::Forbidden,
                format!(
                    "a key with the role `{}` may not do this; use a key with a role that may",
                    role.as_str()
                ),
            ),
            ServiceError::NotBuilt(_) => Self::new(Kind::NotBuilt, detail),
            ServiceError::Store(cause) => {
                // The cause may name files and statements: it is for the operator, not the client.
                tracing::error!(cause, "a request failed because storage is unavailable");
                Self::new(
                    Kind::StorageUnavailable,
                    "storage cannot take the request now; try again in a moment, and see /readyz",
                )
            }
            ServiceError::Unstored(cause) => {
                tracing::error!(cause, "a request was carried out and could not be stored");
                Self::new(
                    Kind::StorageUnavailable,
                    "it is done and holds, but storage cannot take it now: it is stored as soon as storage can, and lost if the server stops before; see /readyz",
                )
            }
            ServiceError::Stopping => Self::new(Kind::Stopping, detail),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (r#type, title, status) = self.kind.parts();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some((name, value)) = self.kind.header() {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let document = ProblemDocument {
            r#type,
            title,
            status: status.as_u16(),
            detail: self.detail,
            errors: self.errors,
            accepted: self.accepted,
        };
        // A struct of texts and numbers always has a JSON form.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        (status, headers, body).into_response()
    }
}

/// What every address answers where there is nothing.
pub async fn route_not_found() -> Response {
    Problem::new(
        Kind::RouteNotFound,
        "there is nothing at this address; the API is described at /api/v1/openapi.json",
    )
    .into_response()
}

/// What an address answers to a method that it does not take.
pub(crate) async fn method_not_allowed() -> Response {
    Problem::new(
        Kind::MethodNotAllowed,
        "the address does not take this method; the header Allow names those that it takes",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use outdial_domain::edit::Why;
    use outdial_domain::{CampaignId, CampaignState, Field, LifeCycleError, RevisionNumber};
    use outdial_service::Role;

    use super::*;

    #[test]
    fn every_kind_has_its_own_uri() {
        let uris: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.parts().0).collect();
        assert_eq!(uris.len(), Kind::ALL.len());
        assert!(
            uris.iter()
                .all(|uri| uri.starts_with("urn:outdial:problem:"))
        );
    }

    #[test]
    fn every_error_of_the_service_has_its_status() {
        let campaign = CampaignId::new(7).unwrap();
        let state = LifeCycleError {
            state: "ended",
            command: "pause",
        };
        let refused = RefusedField {
            field: Field::TargetKind,
            why: Why::NeverChanges,
        };
        assert_eq!(refused_field(&refused).field, "target");
        let table = [
            (ServiceError::field("name", "is required"), 422),
            (ServiceError::CampaignNotFound(campaign), 404),
            (
                ServiceError::NotFound {
                    what: "agent",
                    id: "1001".to_owned(),
                },
                404,
            ),
            (ServiceError::State(state), 409),
            (
                ServiceError::EditRefused(EditRefused::State(CampaignState::Paused)),
                409,
            ),
            (
                ServiceError::EditRefused(EditRefused::Fields(vec![refused])),
                422,
            ),
            (ServiceError::Conflict("full".to_owned()), 409),
            (ServiceError::Edited(RevisionNumber::new(4)), 412),
            (ServiceError::Forbidden { role: Role::Agent }, 403),
            (ServiceError::NotBuilt("forecast".to_owned()), 501),
            (ServiceError::Store("disk full".to_owned()), 503),
            (ServiceError::Stopping, 503),
        ];
        for (error, status) in table {
            let text = error.to_string();
            let (_, _, answered) = Problem::from(error).kind.parts();
            assert_eq!(answered, status, "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_role_and_hides_what_storage_said() {
        let refused = Problem::from(ServiceError::Forbidden {
            role: Role::Auditor,
        });
        assert!(refused.detail.contains("`auditor`"), "{}", refused.detail);
        let broken = Problem::from(ServiceError::Store("INSERT INTO contact".to_owned()));
        assert!(!broken.detail.contains("INSERT"), "{}", broken.detail);
    }
}
