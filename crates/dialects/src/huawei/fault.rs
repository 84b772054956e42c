//! What Huawei CC-iSales answers instead of a result.
//!
//! Source: CC-iSales, Table 14 of "Modifying an Outbound Campaign (V1)", and the pages of the other operations. Faults of the business are HTTP 200.

use axum::http::StatusCode;
use outdial_domain::EditRefused;
use outdial_service::ServiceError;

use super::sign::SignatureRefusal;

/// Why a request was not carried out. Beware of the two widths: seven digits for faults of the business,
/// eight for those of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Fault {
    /// The HTTP status.
    pub status: StatusCode,
    /// Such as `0200007`.
    pub code: &'static str,
    /// Names the field.
    pub text: String,
}

/// What is wrong with a field; each has its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// Missing, null or empty.
    Empty,
    /// Holds characters that it may not.
    Characters,
    /// Longer than allowed.
    TooLong,
    /// Shorter than allowed.
    TooShort,
    /// Its length is outside of a range.
    Length,
    /// Of another type.
    Type,
    /// Of the right type, and not allowed.
    Value,
    /// Cannot be converted.
    Conversion,
    /// Does not go with another field.
    Combination,
    /// An hour without a minute, or a minute without an hour.
    HourAndMinute,
    /// Too many elements.
    TooMany,
}

impl FieldFault {
    /// The code of Table 14.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "02000001",
            Self::Characters => "02000002",
            Self::TooLong => "02000003",
            Self::TooShort => "02000004",
            Self::Length => "02000005",
            Self::Type => "02000006",
            Self::Value => "02000007",
            Self::Conversion => "02000008",
            Self::Combination => "02000009",
            Self::HourAndMinute => "02000010",
            Self::TooMany => "02000011",
        }
    }
}

impl Fault {
    /// A fault of the business.
    pub fn business(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            code,
            text: text.into(),
        }
    }

    /// A field that is wrong. The text begins with its name.
    pub fn field(fault: FieldFault, name: &str, problem: &str) -> Self {
        Self::business(fault.code(), format!("{name}: {problem}"))
    }

    /// A fault that is told by the HTTP status; the code repeats it.
    pub fn http(status: StatusCode, text: impl Into<String>) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "401",
            StatusCode::NOT_FOUND => "404",
            StatusCode::METHOD_NOT_ALLOWED => "405",
            StatusCode::REQUEST_TIMEOUT => "408",
            StatusCode::PAYLOAD_TOO_LARGE => "413",
            StatusCode::TOO_MANY_REQUESTS => "429",
            StatusCode::SERVICE_UNAVAILABLE => "503",
            _ => "500",
        };
        Self {
            status,
            code,
            text: text.into(),
        }
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        Self::http(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }
}

impl From<SignatureRefusal> for Fault {
    fn from(refusal: SignatureRefusal) -> Self {
        Self::http(StatusCode::UNAUTHORIZED, refusal.to_string())
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let text = error.to_string();
        match error {
            ServiceError::CampaignNotFound(_) => Self::business("0200007", text),
            // Table 14: the campaign has expired; a field that no state lets change is a device type.
            ServiceError::EditRefused(EditRefused::State(_)) => Self::business("0200016", text),
            ServiceError::EditRefused(EditRefused::Fields(_)) => {
                Self::business(FieldFault::Combination.code(), text)
            }
            // The code of pause and resume; modify, delete and others name their own.
            ServiceError::State(_) => Self::business("0200011", text),
            ServiceError::Invalid(_)
            | ServiceError::NotFound { .. }
            | ServiceError::Conflict(_)
            | ServiceError::Edited(_)
            | ServiceError::NotBuilt(_) => Self::business("0200001", text),
            ServiceError::Forbidden { .. } => Self::http(StatusCode::UNAUTHORIZED, text),
            ServiceError::Store(cause) | ServiceError::Unstored(cause) => {
                // The cause may name files and statements: it is for the operator, not the client.
                tracing::error!(cause, "a request failed because storage is unavailable");
                Self::business("0200006", "database operation error")
            }
            ServiceError::Stopping => Self::http(StatusCode::SERVICE_UNAVAILABLE, text),
        }
    }
}
