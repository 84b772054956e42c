//! What identifies a call at the far end: enough to end it after a crash.
//!
//! The runtime stores these and gives them back; only the connector that made them reads them.

use outdial_domain::TrunkName;
use serde::{Deserialize, Serialize};

use crate::LegId;

/// What identifies a call before it is answered. Committed before anything is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogIdentity {
    /// The call's name on the wire, as it stands in the carrier's log too.
    pub call_id: String,
    /// Our half of the dialog's name.
    pub local_tag: String,
    /// The transaction's name.
    pub branch: String,
    /// The number of the first request.
    pub cseq: u32,
    /// Whom the request is for.
    pub request_uri: String,
    /// Who calls, with display name where there is one.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Our address as the far end was told, with the transport in front.
    pub sent_by: String,
    /// Where the request goes, with the transport in front.
    pub destination: String,
    /// The trunk whose credentials answer the far end's challenges; `None` for phones and flows.
    #[serde(default)]
    pub trunk: Option<TrunkName>,
}

impl std::fmt::Debug for DialogIdentity {
    /// Shows nothing that carries a phone number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DialogIdentity")
            .field("call_id", &self.call_id)
            .finish_non_exhaustive()
    }
}

/// What must be known beside the identity to end an answered call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredDialog {
    /// The far end's half of the dialog's name; empty when it gave none.
    pub remote_tag: String,
    /// Whom the next request is for.
    pub remote_target: String,
    /// The way it takes, nearest hop first.
    pub route_set: Vec<String>,
    /// The number of the request that was answered.
    pub cseq: u32,
    /// Where requests go when neither route nor target tells.
    pub destination: String,
}

impl std::fmt::Debug for AnsweredDialog {
    /// Shows nothing that carries a phone number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnsweredDialog")
            .field("remote_tag", &self.remote_tag)
            .finish_non_exhaustive()
    }
}

/// A call of an earlier process, as it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDialog {
    /// Its leg.
    pub leg: LegId,
    /// What was committed with the attempt.
    pub identity: DialogIdentity,
    /// What was committed after the answer, if it came.
    pub answered: Option<AnsweredDialog>,
}
