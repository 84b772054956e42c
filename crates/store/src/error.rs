//! What can go wrong, named by what the caller can do about it.

use outdial_domain::RevisionNumber;

/// A request that the store did not fulfil. Nothing of it has been written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The request names something that does not exist.
    #[error("{what} {id} does not exist")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id, as the request gave it.
        id: String,
    },
    /// The request does not fit what is stored.
    #[error("{what}: {problem}")]
    Conflict {
        /// What kind of thing.
        what: &'static str,
        /// Why it does not fit.
        problem: String,
    },
    /// The campaign has been revised since the caller read it.
    #[error("the campaign has revision {current} by now; read it again and repeat the edit")]
    Stale {
        /// The revision in force.
        current: RevisionNumber,
    },
    /// The campaign is in another state by now.
    #[error("the campaign has changed its state meanwhile; read it again and repeat the edit")]
    Moved,
    /// The disk is full. The database is sound; the same request works once there is room.
    #[error("the disk that holds the database is full; make room")]
    Full,
    /// The store cannot be read or written at present (an I/O error, or it is closed).
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Something stored cannot be understood. It needs a person.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
}

impl StoreError {
    /// Whether the same request may succeed later without being changed.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Unavailable(_))
    }

    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound {
            what,
            id: id.to_string(),
        }
    }

    pub(crate) fn conflict(what: &'static str, problem: impl Into<String>) -> Self {
        Self::Conflict {
            what,
            problem: problem.into(),
        }
    }
}

/// A database that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the database {path} is in use by another process; stop that one, or give this one a database of its own"
    )]
    InUse {
        /// Where the database is.
        path: String,
    },
    /// A newer program has written it.
    #[error(
        "the database {path} has schema {found}, this program knows schemas up to {known}; use the newer program, or a backup from before its first start"
    )]
    Newer {
        /// Where the database is.
        path: String,
        /// The schema it has.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// The file is there and is not a database of ours.
    #[error("{path} is not a database of this program: {problem}")]
    Foreign {
        /// Where the file is.
        path: String,
        /// What was found.
        problem: String,
    },
    /// It cannot be read or written.
    #[error("the database {path} cannot be opened: {problem}")]
    Unavailable {
        /// Where the database is.
        path: String,
        /// Why, in the words of the operating system or the database.
        problem: String,
    },
}
