//! From SQLite's errors to the interface's.

use rusqlite::ErrorCode;

use crate::StoreError;

/// An error on the way out: SQLite's words are translated once, here.
#[derive(Debug)]
pub(super) struct Fault(pub(super) StoreError);

pub(super) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(super) fn unreadable(problem: impl Into<String>) -> Self {
        Self(StoreError::Unreadable(problem.into()))
    }

    /// Whether the transaction is lost, and not only the one request.
    pub(super) fn ends_transaction(&self) -> bool {
        self.0.is_passing()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        // The message may quote the value; its place is enough to find it.
        Self::unreadable(format!(
            "JSON at line {} column {}",
            error.line(),
            error.column()
        ))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        Self(match &error {
            E::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::DiskFull => StoreError::Full,
                ErrorCode::ConstraintViolation => StoreError::Conflict {
                    what: "stored data",
                    problem: message.clone().unwrap_or_else(|| failure.to_string()),
                },
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    StoreError::Unreadable(failure.to_string())
                }
                _ => StoreError::Unavailable(failure.to_string()),
            },
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..) => StoreError::Unreadable(error.to_string()),
            _ => StoreError::Unavailable(error.to_string()),
        })
    }
}
