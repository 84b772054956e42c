//! `/healthz`, `/readyz`, `/metrics`: for those who keep the server running. They need no key and show
//! nothing of a tenant.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_service::Readiness;
use outdial_service::views::TrunkView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;

/// The text format of Prometheus.
const PROMETHEUS: (HeaderName, &str) = (
    header::CONTENT_TYPE,
    "text/plain; version=0.0.4; charset=utf-8",
);

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(metrics))
}

/// Whether the server is alive
#[utoipa::path(get, path = "/healthz", operation_id = "isAlive", tag = "health", security(()),
    responses((status = 200, description = "It is", body = Alive)))]
async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// The server is alive.
#[derive(Debug, Serialize, ToSchema)]
struct Alive {
    alive: bool,
}

/// Whether the server can take requests
///
/// Trunks and agents are shown, and never make it say no.
#[utoipa::path(get, path = "/readyz", operation_id = "isReady", tag = "health", security(()),
    responses((status = 200, description = "It can", body = ReadinessJson),
        (status = 503, description = "It cannot, and why", body = ReadinessJson)))]
async fn ready(State(api): State<Api>) -> Response {
    let readiness = api.service.readiness().await;
    let status = if readiness.reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(ReadinessJson::from(readiness))).into_response()
}

/// Whether the server can take requests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
struct ReadinessJson {
    /// Why it cannot; empty when it can.
    reasons: Vec<String>,
    trunks: Vec<TrunkHealth>,
    agents: AgentsConnected,
}

/// How a trunk is.
#[derive(Debug, Serialize, ToSchema)]
struct TrunkHealth {
    name: String,
    /// `up`, `doubtful` or `out`.
    #[schema(example = "up")]
    health: &'static str,
    /// Why, in words; empty when up.
    reason: String,
}

/// How many agents there are.
#[derive(Debug, Serialize, ToSchema)]
struct AgentsConnected {
    /// Their phone is connected.
    connected: u32,
    /// All of them.
    configured: u32,
}

impl From<Readiness> for ReadinessJson {
    fn from(readiness: Readiness) -> Self {
        Self {
            reasons: readiness.reasons,
            trunks: readiness
                .trunks
                .into_iter()
                .map(TrunkHealth::from)
                .collect(),
            agents: AgentsConnected {
                connected: readiness.agents_connected,
                configured: readiness.agents,
            },
        }
    }
}

impl From<TrunkView> for TrunkHealth {
    fn from(trunk: TrunkView) -> Self {
        Self {
            name: trunk.name.to_string(),
            health: trunk.health,
            reason: trunk.reason,
        }
    }
}

/// The server's figures for Prometheus
#[utoipa::path(get, path = "/metrics", operation_id = "readMetrics", tag = "health", security(()),
    responses((status = 200, description = "The figures in the text format of Prometheus", body = String, content_type = "text/plain")))]
async fn metrics(State(api): State<Api>) -> Response {
    let text = api
        .render_metrics
        .as_ref()
        .map_or_else(String::new, |render| render());
    ([PROMETHEUS], text).into_response()
}
