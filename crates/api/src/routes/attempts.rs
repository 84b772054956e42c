//! `/attempts`: the results.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use outdial_domain::{AttemptId, CampaignId, PhoneNumber};
use outdial_service::{AttemptFilter, Caller, Disposition};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{NoQuery, Query, phone_number};
use crate::wire::agent::DispositionJson;
use crate::wire::attempt::AttemptJson;
use crate::wire::list::{List, PageParams};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_of_campaign))
        .routes(routes!(show))
        .routes(routes!(dispose))
        .routes(routes!(hang_up))
}

/// Which attempts.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct AttemptParams {
    /// To this number.
    #[param(value_type = String, required = false)]
    number: Option<PhoneNumber>,
}

/// List the tenant's attempts, in the order in which they were placed
#[utoipa::path(get, path = "/attempts", operation_id = "listAttempts", tag = "attempts", params(AttemptParams, PageParams),
    responses((status = 200, description = "A page of attempts", body = List<AttemptJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<AttemptJson>>, Problem> {
    page(&api, &caller, None, &query).await
}

/// List a campaign's attempts, in the order in which they were placed
#[utoipa::path(get, path = "/campaigns/{id}/attempts", operation_id = "listAttemptsOfCampaign", tag = "attempts",
    params(("id" = u32, Path, description = "The campaign"), AttemptParams, PageParams),
    responses((status = 200, description = "A page of attempts", body = List<AttemptJson>)))]
async fn list_of_campaign(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Json<List<AttemptJson>>, Problem> {
    page(&api, &caller, Some(id), &query).await
}

async fn page(
    api: &Api,
    caller: &Caller,
    campaign: Option<CampaignId>,
    query: &Query,
) -> Result<Json<List<AttemptJson>>, Problem> {
    let country = api.service.tenant(caller.tenant)?.default_country;
    let (params, page) = query.read(|findings, query| {
        let params = AttemptParams {
            number: query.optional(findings, "number", phone_number(country)),
        };
        (params, PageParams::read(findings, query))
    })?;
    let filter = AttemptFilter {
        campaign,
        number: params.number,
        ..AttemptFilter::default()
    };
    let attempts = api.service.attempts(caller, filter, page.into()).await?;
    Ok(Json(List::of(attempts, |attempt| {
        AttemptJson::from(&attempt)
    })))
}

/// Show an attempt
#[utoipa::path(get, path = "/attempts/{id}", operation_id = "showAttempt", tag = "attempts",
    params(("id" = u64, Path, description = "The attempt")),
    responses((status = 200, description = "The attempt", body = AttemptJson)))]
async fn show(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AttemptId>,
    query: Query,
) -> Result<Json<AttemptJson>, Problem> {
    query.none()?;
    let attempt = api.service.attempt(&caller, id).await?;
    Ok(Json(AttemptJson::from(&attempt)))
}

/// Say what the agent concluded of a call
#[utoipa::path(post, path = "/attempts/{id}/disposition", operation_id = "disposeAttempt", tag = "attempts",
    params(("id" = u64, Path, description = "The attempt")),
    request_body = DispositionJson,
    responses((status = 204, description = "It is stored")))]
async fn dispose(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(id): Id<AttemptId>,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let disposition = DispositionJson::read(&body).map_err(Problem::invalid)?;
    api.service
        .dispose(&caller, id, Disposition::from(disposition))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End the callee's leg of a call
///
/// The agent goes on to wrap-up.
#[utoipa::path(post, path = "/calls/{id}/hangup", operation_id = "hangUp", tag = "attempts",
    params(("id" = u64, Path, description = "The call: the id of its attempt")),
    responses((status = 204, description = "The call is being ended")))]
async fn hang_up(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(id): Id<AttemptId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    api.service.hang_up(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
