//! Shares of a trunk: tenants share nothing but trunks, and hold a permit for what they use of one.

use serde::{Deserialize, Serialize};

use crate::id::{TenantId, TrunkName};

/// What a tenant may use of a trunk until it is told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// Calls at once, ringing and talking.
    pub calls: u32,
    /// New calls in a thousand seconds; `None` = not limited.
    pub calls_per_1000_s: Option<u32>,
}

/// A permit together with its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Who holds it.
    pub tenant: TenantId,
    /// Of which trunk.
    pub trunk: TrunkName,
    /// How much.
    pub permit: Permit,
}
