//! Our own REST API under `/api/v1`, with its OpenAPI document, server-sent events, health and metrics.
//!
//! The API reads requests, asks [`outdial_service::Service`] and writes answers; it holds no rules of
//! dialing. Requests are read so that every wrong field is named at once by its path; errors are problem
//! documents (RFC 9457).
//!
//! ```no_run
//! # async fn run(service: outdial_service::Service) -> std::io::Result<()> {
//! use outdial_api::{Options, router, serve};
//!
//! let options = Options::default();
//! let shutdown = options.shutdown.clone();
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! serve(listener, router(service, options), shutdown).await
//! # }
//! ```

mod body;
mod caller;
mod condition;
pub mod contacts;
mod fields;
mod openapi;
mod path;
mod problem;
mod query;
mod routes;
mod scalar;
mod serve;
mod telemetry;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use outdial_service::Service;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

pub use problem::route_not_found;
pub use serve::serve;
pub use telemetry::{DURATION, REQUESTS, describe_metrics};

/// Writes the server's figures in the text format of Prometheus.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the API needs beside the service.
#[derive(Clone, Default)]
pub struct Options {
    /// What `/metrics` answers; without it the answer is empty.
    pub render_metrics: Option<RenderMetrics>,
    /// Cancelled when the server stops: event streams, which never end by themselves, end then.
    pub shutdown: CancellationToken,
}

/// What every handler can reach.
#[derive(Clone)]
struct Api {
    service: Service,
    render_metrics: Option<RenderMetrics>,
    shutdown: CancellationToken,
    document: Arc<utoipa::openapi::OpenApi>,
}

/// The API on this service: `/api/v1/…`, `/healthz`, `/readyz`, `/metrics`.
///
/// Any other address answers 404 with a problem document; give the router another fallback to serve
/// more on the same port.
pub fn router(service: Service, options: Options) -> Router {
    let (routes, document) = routes();
    let api = Api {
        service,
        render_metrics: options.render_metrics,
        shutdown: options.shutdown,
        document: Arc::new(document),
    };
    routes
        .fallback(problem::route_not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn(telemetry::detach))
        .layer(from_fn(telemetry::observe))
        .with_state(api)
}

/// The OpenAPI 3.1 document of the API, as `/api/v1/openapi.json` answers it.
pub fn openapi() -> serde_json::Value {
    // A document made of texts and maps with text keys always has a JSON form.
    serde_json::to_value(routes().1).unwrap_or_default()
}

fn routes() -> (Router<Api>, utoipa::openapi::OpenApi) {
    let v1 = OpenApiRouter::new()
        .merge(routes::campaigns::routes())
        .merge(routes::edits::routes())
        .merge(routes::contacts::routes())
        .merge(routes::attempts::routes())
        .merge(routes::agents::routes())
        .merge(routes::operations::routes())
        .merge(routes::registry::routes())
        .merge(routes::events::routes())
        .merge(routes::later::routes())
        .merge(openapi::routes());
    let (router, document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(routes::health::routes())
        .nest("/api/v1", v1)
        .split_for_parts();
    (router, openapi::complete(document))
}
