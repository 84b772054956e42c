//! What can go wrong with a use case, named by what the caller can do about it.

use outdial_domain::{CampaignId, EditRefused, LifeCycleError, RevisionNumber};

use crate::access::Role;

/// A field that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field as our API names it.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// A use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Fields that are wrong; all of them at once.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldProblem>),
    /// There is no such campaign (or it is another tenant's).
    #[error("campaign {0} does not exist")]
    CampaignNotFound(CampaignId),
    /// There is no such thing.
    #[error("{what} `{id}` does not exist")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The campaign's state does not allow it.
    #[error(transparent)]
    State(#[from] LifeCycleError),
    /// The API's rules do not allow the edit, in the campaign's state or at all.
    #[error(transparent)]
    EditRefused(EditRefused),
    /// A state of something else does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Someone else has edited it since.
    #[error(
        "the campaign has been edited since: it is at revision {0}; read it again and repeat the edit"
    )]
    Edited(RevisionNumber),
    /// The key's role does not allow it.
    #[error("a key with the role {role:?} may not do this")]
    Forbidden {
        /// Its role.
        role: Role,
    },
    /// Known, and not built yet.
    #[error("{0} is not built yet")]
    NotBuilt(String),
    /// The store cannot take it now.
    #[error("storage is unavailable: {0}")]
    Store(String),
    /// It is done, and the store cannot commit it now: a server that stops before it can forgets it.
    #[error(
        "it is done, but not stored yet, because storage is unavailable: {0}; it is stored as soon as that is over, and lost if the server stops before"
    )]
    Unstored(String),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl ServiceError {
    /// One field that is wrong.
    pub fn field(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem {
            field: field.to_owned(),
            problem: problem.into(),
        }])
    }
}

fn summary(problems: &[FieldProblem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}", p.field, p.problem))
        .collect();
    lines.join("; ")
}
