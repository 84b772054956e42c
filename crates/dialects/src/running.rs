//! What is done around each operation, whatever its vendor.

use std::future::Future;
use std::pin::Pin;

use outdial_domain::{Origin, TenantId};
use outdial_service::{Caller, Role};
use uuid::Uuid;

/// What an operation answers, when it has come to its end.
pub type Answering<A, F> = Pin<Box<dyn Future<Output = Result<A, F>> + Send>>;

/// Runs an operation to its end, whatever becomes of the connection: a client that goes away must not
/// stop an edit between its commit and the engine. `None` when it failed by a fault of ours, which is
/// then in the log; it costs no more than this request.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    match tokio::spawn(work).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            tracing::error!(%error, "a vendor's request failed by a fault of the server");
            None
        }
    }
}

/// Who a vendor's key is to the service: a supervisor of its tenant, since the vendors' APIs run
/// campaigns and agents alike.
pub(crate) fn caller(tenant: TenantId, key: &str, origin: Origin) -> Caller {
    Caller {
        tenant,
        name: key.to_owned(),
        role: Role::Supervisor,
        agent: None,
        origin,
    }
}

/// An id for a request, lower-case with hyphens.
pub(crate) fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// A text of a client's as it may stand in a message: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 64;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_short_and_harmless() {
        assert_eq!(shown("Name\n"), "Name\\n");
        assert_eq!(shown(&"a".repeat(64)).len(), 64);
        assert!(shown(&"a".repeat(10_000_000)).len() < 80);
    }

    #[tokio::test]
    async fn a_fault_costs_one_request() {
        let fault = async { panic!("a fault of the test's") };
        assert_eq!(to_its_end::<()>(fault).await, None);
        assert_eq!(to_its_end(async { 1 }).await, Some(1));
    }
}
