//! What Dezhu answers instead of a result.
//!
//! Source: "编辑自动外呼任务", result codes.

use outdial_service::ServiceError;

use super::sign::SignatureRefusal;

/// Why a request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Authentication failed.
    Authentication,
    /// No public key for this application.
    NoKey,
    /// A rule of the business is broken.
    Failed,
    /// A parameter is wrong.
    Parameter,
    /// A fault of ours.
    System,
}

impl Code {
    /// The code on the wire, which is a text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "10001",
            Self::NoKey => "10002",
            Self::Failed => "20001",
            Self::Parameter => "29002",
            Self::System => "29008",
        }
    }

    /// The vendor's text of it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Authentication => "鉴权失败",
            Self::NoKey => "找不到对应的公钥,请先上传公钥",
            Self::Failed => "请求失败",
            Self::Parameter => "参数错误",
            Self::System => "系统异常",
        }
    }
}

/// Why a request was not carried out, with the reason that is put after the vendor's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", code.as_str())]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// Such as the name of the parameter; may be empty.
    pub reason: String,
}

impl Fault {
    /// A fault with this code.
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// A parameter that is wrong.
    pub fn parameter(name: &str) -> Self {
        Self::new(Code::Parameter, name)
    }

    /// A rule of the business that is broken.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(Code::Failed, reason)
    }

    /// The message on the wire.
    pub fn message(&self) -> String {
        match self.reason.as_str() {
            "" => self.code.text().to_owned(),
            reason => format!("{}: {reason}", self.code.text()),
        }
    }
}

impl From<SignatureRefusal> for Fault {
    fn from(refusal: SignatureRefusal) -> Self {
        let code = match refusal {
            SignatureRefusal::NoKey => Code::NoKey,
            SignatureRefusal::Missing(_)
            | SignatureRefusal::Time
            | SignatureRefusal::Expired
            | SignatureRefusal::Mismatch => Code::Authentication,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let reason = error.to_string();
        match error {
            ServiceError::Invalid(_) => Self::new(Code::Parameter, reason),
            ServiceError::CampaignNotFound(_)
            | ServiceError::NotFound { .. }
            | ServiceError::State(_)
            | ServiceError::EditRefused(_)
            | ServiceError::Conflict(_)
            | ServiceError::Edited(_)
            | ServiceError::NotBuilt(_) => Self::failed(reason),
            ServiceError::Forbidden { .. } => Self::new(Code::Authentication, reason),
            ServiceError::Store(cause) | ServiceError::Unstored(cause) => {
                // The cause may name files and statements: it is for the operator, not the client.
                tracing::error!(cause, "a request failed because storage is unavailable");
                Self::new(Code::System, "")
            }
            ServiceError::Stopping => Self::new(Code::System, reason),
        }
    }
}
