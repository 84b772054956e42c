//! What is done around each request: it runs to its end, and leaves one line in the log and one count in
//! the metrics, without numbers, keys or bodies.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Kind, Problem};

/// Requests by method, route and status.
pub const REQUESTS: &str = "outdial_http_requests_total";

/// Time from a request's headers to its answer's headers in seconds, by method, route and status.
pub const DURATION: &str = "outdial_http_request_duration_seconds";

/// The route of a request that has none: its address may hold anything, and is not repeated.
const NO_ROUTE: &str = "none";

/// Tells the metrics façade what our figures mean. Called once, after the exporter is installed.
pub fn describe_metrics() {
    metrics::describe_counter!(REQUESTS, "HTTP requests by method, route and status");
    metrics::describe_histogram!(
        DURATION,
        metrics::Unit::Seconds,
        "Time from a request's headers to its answer's headers"
    );
}

/// Runs a request to its end, whatever becomes of the connection: a client that goes away must not
/// stop an edit between its commit and the engine. A fault in it is answered and costs no more than
/// this request.
pub(crate) async fn detach(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request failed by a fault of the server");
            Problem::new(
                Kind::Internal,
                "the request failed by a fault of the server, which is in its log",
            )
            .into_response()
        }
    }
}

/// Counts and logs a request. The address is the route's pattern, never what a client wrote.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| NO_ROUTE.to_owned(), |path| path.as_str().to_owned());
    let method = method_name(request.method());
    let response = next.run(request).await;
    let status = response.status();
    let took = begun.elapsed();
    let labels = [
        ("method", method.to_owned()),
        ("route", route.clone()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(DURATION, &labels).record(took.as_secs_f64());
    log(method, &route, status, took.as_millis());
    response
}

fn log(method: &str, route: &str, status: StatusCode, took_ms: u128) {
    let took_ms = u64::try_from(took_ms).unwrap_or(u64::MAX);
    let status = status.as_u16();
    if route.starts_with("/api/") || status >= 500 {
        tracing::info!(method, route, status, took_ms, "request");
    } else {
        // Probes and scrapes come every few seconds and say nothing when all is well.
        tracing::debug!(method, route, status, took_ms, "request");
    }
}

/// A method's name; those that nobody uses share one, so that a client cannot make up labels.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    fn request() -> Request {
        Request::new(Body::empty())
    }

    #[tokio::test]
    async fn a_fault_costs_its_own_request_only() {
        async fn faulty() {
            panic!("a fault of ours");
        }
        let router = Router::new().route("/", get(faulty)).layer(from_fn(detach));
        let response = router.oneshot(request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }

    #[tokio::test]
    async fn a_request_runs_to_its_end_when_its_client_goes_away() {
        let (begun, go_on, over) = (Notify::new(), Notify::new(), Notify::new());
        let steps = Arc::new((begun, go_on, over));
        let inner = Arc::clone(&steps);
        let router = Router::new()
            .route(
                "/",
                get(async move || {
                    inner.0.notify_one();
                    inner.1.notified().await;
                    inner.2.notify_one();
                }),
            )
            .layer(from_fn(detach));
        let client = tokio::spawn(router.oneshot(request()));
        steps.0.notified().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        steps.1.notify_one();
        let over = tokio::time::timeout(Duration::from_secs(10), steps.2.notified()).await;
        assert!(over.is_ok(), "the request was dropped with its client");
    }
}
