//! The exporter of figures at `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use outdial_api::RenderMetrics;
use tokio_util::sync::CancellationToken;

/// How often what was observed is put into its buckets. Without it the observations themselves are kept
/// until somebody reads them, which may be never.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts the exporter, one for the process, and keeps it small until `stop`.
pub(super) fn start(stop: CancellationToken) -> Option<RenderMetrics> {
    match PrometheusBuilder::new().install_recorder() {
        Ok(handle) => {
            outdial_api::describe_metrics();
            tokio::spawn(upkeep(handle.clone(), stop));
            Some(Arc::new(move || handle.render()))
        }
        Err(error) => {
            tracing::error!(%error, "no figures at /metrics");
            None
        }
    }
}

async fn upkeep(handle: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        handle.run_upkeep();
    }
}
