//! The vendors' APIs on the wire.

mod clock;
mod nonce;
mod rate_limit;
mod signing;

pub use clock::{Clock, Tolerance};
pub use nonce::{NonceRefusal, NonceStore};
pub use rate_limit::RateLimiter;
pub use signing::{AccessKey, KeyRing, Secret};
