//! The one place of this crate that looks at the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use outdial_domain::Timestamp;

/// The present instant in UTC.
#[must_use]
pub(crate) fn now() -> Timestamp {
    // A clock before 1970 is a clock that was never set: the beginning of time is as good as any.
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
