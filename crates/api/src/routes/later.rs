//! What the API will have and does not have yet: honest answers instead of silence.

use outdial_service::ServiceError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::caller::Asker;
use crate::problem::{Problem, ProblemDocument};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(forecast))
        .routes(routes!(webhooks, create_webhook))
        .routes(routes!(do_not_call, add_do_not_call))
        .routes(routes!(appointments, create_appointment))
        .routes(routes!(audit))
}

fn not_built(what: &str) -> Problem {
    ServiceError::NotBuilt(what.to_owned()).into()
}

/// Forecast a campaign (not built yet)
#[utoipa::path(post, path = "/campaigns/{id}/forecast", operation_id = "forecastCampaign", tag = "later",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn forecast(_asker: Asker) -> Problem {
    not_built("forecast")
}

/// List the webhooks (not built yet)
#[utoipa::path(get, path = "/webhooks", operation_id = "listWebhooks", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn webhooks(_asker: Asker) -> Problem {
    not_built("webhooks")
}

/// Make a webhook (not built yet)
#[utoipa::path(post, path = "/webhooks", operation_id = "createWebhook", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn create_webhook(_asker: Asker) -> Problem {
    not_built("webhooks")
}

/// List the do-not-call numbers (not built yet)
#[utoipa::path(get, path = "/do-not-call", operation_id = "listDoNotCall", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn do_not_call(_asker: Asker) -> Problem {
    not_built("do-not-call")
}

/// Add do-not-call numbers (not built yet)
#[utoipa::path(post, path = "/do-not-call", operation_id = "addDoNotCall", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn add_do_not_call(_asker: Asker) -> Problem {
    not_built("do-not-call")
}

/// List the appointments (not built yet)
#[utoipa::path(get, path = "/appointments", operation_id = "listAppointments", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn appointments(_asker: Asker) -> Problem {
    not_built("appointments")
}

/// Make an appointment (not built yet)
#[utoipa::path(post, path = "/appointments", operation_id = "createAppointment", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn create_appointment(_asker: Asker) -> Problem {
    not_built("appointments")
}

/// Read the audit log (not built yet)
#[utoipa::path(get, path = "/audit", operation_id = "readAudit", tag = "later",
    responses((status = 501, description = "Not built yet", body = ProblemDocument, content_type = "application/problem+json")))]
async fn audit(_asker: Asker) -> Problem {
    not_built("audit")
}
