//! A small SIP message layer of the peers' own.
//!
//! It knows as much of RFC 3261 as a far end needs, and it lets a peer send what a careful stack
//! would refuse to send: a 200 without Contact, a repeated answer, a wrong tag.

mod digest;
mod header;
mod message;
mod reply;
mod uri;

pub use digest::{Authorization, Challenge, Credentials, DigestAlgorithm};
pub(crate) use header::split_list;
pub use header::{NameAddr, Params, Via};
pub use message::{MAX_HEADERS, Message, Method, ParseError, Start};
pub(crate) use reply::{response_target, response_to};
pub use uri::SipUri;
pub(crate) use uri::escaped;

use std::sync::atomic::{AtomicU64, Ordering};

/// The cookie with which every RFC 3261 branch begins.
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// A text that no other call of this function in this process returns.
///
/// Tags, branches and Call-IDs need to be unique, not secret: the peers live on loopback.
#[must_use]
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let since_boot = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.subsec_nanos());
    format!("{prefix}{:x}-{n:x}-{since_boot:x}", std::process::id())
}
