//! What Alibaba OutboundBot answers instead of a result.
//!
//! Source: the gateway's common errors, and the pages of OutboundBot; codes those lack follow their pattern. The HTTP status is the true one: clients take every 2xx for success.

use std::time::Duration;

use axum::http::StatusCode;
use outdial_service::ServiceError;

use super::sign::SignatureRefusal;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// The HTTP status.
    pub status: StatusCode,
    /// Such as `NotExist.Instance`.
    pub code: String,
    /// For people; some of them programs compare.
    pub message: String,
    /// When to come back, for a request that came too soon.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault with this status and code.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
        }
    }

    /// A bad request with this code.
    pub fn bad(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A parameter that is not there: `MissingTimestamp`.
    pub fn missing(name: &str) -> Self {
        Self::bad(
            format!("Missing{name}"),
            format!("{name} is mandatory for this action."),
        )
    }

    /// A parameter whose value is not allowed: `InvalidPageSize`. The reason may be empty.
    pub fn invalid(name: &str, reason: &str) -> Self {
        let message = format!("Specified parameter {name} is not valid.");
        let message = match reason.is_empty() {
            true => message,
            false => format!("{message} {reason}"),
        };
        Self::bad(format!("Invalid{name}"), message)
    }

    /// Something that does not exist: `NotExist.JobGroup`.
    pub fn not_exist(what: &str) -> Self {
        let message = format!("The specified {what} does not exist.");
        Self::new(StatusCode::NOT_FOUND, format!("NotExist.{what}"), message)
    }

    /// The key has asked too often.
    pub fn throttled(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::bad(
                "Throttling.User",
                "Request was denied due to user flow control.",
            )
        }
    }

    /// An action that is known and not built.
    pub fn unsupported(action: &str) -> Self {
        Self::bad(
            "UnsupportedOperation",
            format!("The action {action} is not supported."),
        )
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        let message = "An error occurred while processing your request. Please try again later. Submit a ticket if the error still exists.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }
}

impl From<SignatureRefusal> for Fault {
    fn from(refusal: SignatureRefusal) -> Self {
        let status = match refusal {
            SignatureRefusal::UnknownKey => StatusCode::NOT_FOUND,
            SignatureRefusal::TooMany => return Self::throttled(Duration::from_secs(60)),
            SignatureRefusal::Missing(_)
            | SignatureRefusal::TimeFormat
            | SignatureRefusal::Expired
            | SignatureRefusal::Method
            | SignatureRefusal::Invalid(_)
            | SignatureRefusal::Mismatch(_)
            | SignatureRefusal::Replayed => StatusCode::BAD_REQUEST,
        };
        Self::new(status, refusal.code(), refusal.to_string())
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let message = error.to_string();
        match error {
            // Operations name the parameter themselves; this is for what they did not foresee.
            ServiceError::Invalid(_) => Self::bad("InvalidParameter", message),
            ServiceError::CampaignNotFound(_) => Self::not_exist("JobGroup"),
            ServiceError::NotFound { .. } => {
                Self::new(StatusCode::NOT_FOUND, "NotExist.Resource", message)
            }
            ServiceError::State(_)
            | ServiceError::EditRefused(_)
            | ServiceError::Conflict(_)
            | ServiceError::Edited(_) => {
                Self::new(StatusCode::CONFLICT, "InvalidStatus.JobGroup", message)
            }
            ServiceError::Forbidden { .. } => {
                Self::new(StatusCode::FORBIDDEN, "Permission.Instance", message)
            }
            ServiceError::NotBuilt(_) => Self::bad("UnsupportedOperation", message),
            ServiceError::Store(cause) | ServiceError::Unstored(cause) => {
                // The cause may name files and statements: it is for the operator, not the client.
                tracing::error!(cause, "a request failed because storage is unavailable");
                Self::internal()
            }
            ServiceError::Stopping => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                message,
            ),
        }
    }
}
