//! What Tencent CCC answers instead of a result.
//!
//! Source: the common error codes, and the error lists of each operation of CCC 2020-02-10.

use outdial_domain::EditRefused;
use outdial_service::ServiceError;

use crate::json::JsonFault;

use super::sign::SignatureRefusal;

/// Why a request was not carried out: a code that programs decide by, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// Such as `InvalidParameterValue`; sub-codes after a dot.
    pub code: &'static str,
    /// Names the parameter in back-quotes.
    pub message: String,
}

impl Fault {
    /// A fault with this code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A parameter that is not there.
    pub fn missing(name: &str) -> Self {
        let message = format!("The request is missing the parameter `{name}`.");
        Self::new("MissingParameter", message)
    }

    /// A parameter of the wrong type or form.
    pub fn malformed(name: &str, problem: &str) -> Self {
        Self::new(
            "InvalidParameter",
            format!("The parameter `{name}` {problem}."),
        )
    }

    /// A parameter of the right type with a value that is not allowed.
    pub fn value(name: &str, problem: &str) -> Self {
        let message = format!("The value of the parameter `{name}` {problem}.");
        Self::new("InvalidParameterValue", message)
    }

    /// A parameter that the operation does not have.
    pub fn unknown(name: &str) -> Self {
        let message = format!("The parameter `{name}` is not recognized.");
        Self::new("UnknownParameter", message)
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        Self::new("InternalError", "An internal error has occurred.")
    }

    /// Storage cannot be reached.
    pub fn storage() -> Self {
        Self::new(
            "InternalError.DBError",
            "Storage cannot take the request now.",
        )
    }
}

impl From<SignatureRefusal> for Fault {
    fn from(refusal: SignatureRefusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

impl From<JsonFault> for Fault {
    fn from(fault: JsonFault) -> Self {
        Self::new(
            "InvalidParameter",
            format!("The body cannot be read: {fault}."),
        )
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let message = error.to_string();
        match error {
            ServiceError::Invalid(_)
            | ServiceError::CampaignNotFound(_)
            | ServiceError::NotFound { .. }
            // The only business code that Pause, Resume, Abort and Delete have; Update, whose code for a
            // wrong state is UnsupportedOperation, says so itself.
            | ServiceError::State(_)
            | ServiceError::Conflict(_) => Self::new("InvalidParameterValue", message),
            // Update is told before its fields are looked at; what is frozen for good is a value.
            ServiceError::EditRefused(EditRefused::State(_)) => {
                Self::new("UnsupportedOperation", message)
            }
            ServiceError::EditRefused(EditRefused::Fields(_)) => {
                Self::new("InvalidParameterValue", message)
            }
            ServiceError::Edited(_) => Self::new("FailedOperation", message),
            ServiceError::Forbidden { .. } => Self::new("UnauthorizedOperation", message),
            ServiceError::NotBuilt(_) => Self::new("UnsupportedOperation", message),
            ServiceError::Store(cause) | ServiceError::Unstored(cause) => {
                // The cause may name files and statements: it is for the operator, not the client.
                tracing::error!(cause, "a request failed because storage is unavailable");
                Self::storage()
            }
            ServiceError::Stopping => Self::new("ServiceUnavailable", message),
        }
    }
}
