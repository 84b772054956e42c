//! One line in the log and one count in the metrics for each request, without numbers, keys or bodies.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

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
