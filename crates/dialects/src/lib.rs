//! Four vendors' campaign APIs on the wire: Tencent Cloud Contact Center, Alibaba Cloud OutboundBot,
//! Huawei AICC CC-iSales and Dezhu. A program written for one of them moves over by changing an address
//! and a key.
//!
//! A dialect turns a vendor's request into calls of [`outdial_service::Service`] and what came of them
//! into the vendor's answer. It holds no rules of dialing, and never uses another dialect. All four have
//! the same shape:
//!
//! | file | holds |
//! |---|---|
//! | `sign.rs` | who signed a request: a pure function of request, keys and time |
//! | `wire.rs` | parameters and fields as the vendor writes them, each wrong one with its code |
//! | `fault.rs` | every code, and which of them an error of the service becomes |
//! | `routes.rs` | the table of operations, and what an operation is asked |
//! | `mod.rs` | the order of checks, and the envelope |
//! | one file for each topic | the operations: `async fn(Call) -> Result<Answer, Fault>` |
//!
//! # Adding an operation
//!
//! Write `async fn name(call: Call) -> Result<Answer, Fault>` in a file for its topic and give it a row
//! in the vendor's `routes.rs`. When it runs, the signature is checked, the rate is kept, the parameters
//! are read, the tenant is known (`call.caller`), and the operation is known to be the tenant's own. It
//! reads its fields in the order of the documentation, since the first that is wrong is the one that is
//! told, asks the service, and uses `?` on the service's errors: `fault.rs` has a code for each, and an
//! operation that has another code for one maps it before. A panic is answered as the vendor's internal
//! error; a client that goes away does not stop an operation half-way.
//!
//! ```no_run
//! # fn run(service: outdial_service::Service) {
//! use axum::Router;
//! use outdial_dialects::{Accounts, Clock, Dialects};
//!
//! let dialects = Dialects::new(&service, &Clock::system(), Accounts::default());
//! let router = dialects.router(Router::new());
//! # let _ = router;
//! # }
//! ```

pub mod alibaba;
mod clock;
mod coverage;
pub mod dezhu;
pub mod huawei;
mod incoming;
mod json;
mod nonce;
mod rate_limit;
mod running;
mod signing;
pub mod tencent;
mod vendor;

pub use clock::{Clock, Tolerance};
pub use coverage::Fate;
pub use incoming::{BodyFault, Incoming};
pub use nonce::{NonceRefusal, NonceStore};
pub use rate_limit::RateLimiter;
pub use running::Answering;
pub use signing::{AccessKey, KeyRing, Secret};
pub use vendor::{Accounts, Dialects, Vendor};
