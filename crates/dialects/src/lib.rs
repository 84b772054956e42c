//! The vendors' APIs on the wire.

pub mod alibaba;
mod clock;
pub mod dezhu;
pub mod huawei;
mod incoming;
mod json;
mod nonce;
mod rate_limit;
mod running;
mod signing;
pub mod tencent;

pub use clock::{Clock, Tolerance};
pub use incoming::{BodyFault, Incoming};
pub use nonce::{NonceRefusal, NonceStore};
pub use rate_limit::RateLimiter;
pub use running::Answering;
pub use signing::{AccessKey, KeyRing, Secret};
