//! `/campaigns`: make, read, run.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_domain::{Campaign, CampaignId, LifeCycleCommand, PhoneNumber};
use outdial_service::Caller;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::condition::{etag, idempotency_key, if_match};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{NoQuery, Query, phone_number};
use crate::wire::campaign::{CampaignJson, CampaignSettings};
use crate::wire::campaign_request::read_new;
use crate::wire::list::{List, PageParams};
use crate::wire::stats::{ExplanationJson, StatsJson};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show))
        .routes(routes!(start))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(abort))
        .routes(routes!(stats))
        .routes(routes!(explain))
}

/// Make a campaign
///
/// It is created as draft. The same `Idempotency-Key` answers the same campaign again.
#[utoipa::path(post, path = "/campaigns", operation_id = "createCampaign", tag = "campaigns",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same request; 1 to 255 visible ASCII characters")),
    request_body = CampaignSettings,
    responses((status = 201, description = "The campaign", body = CampaignJson,
        headers(("ETag" = String, description = "Its revision"), ("Location" = String, description = "Its address")))))]
async fn create(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    query.none()?;
    let key = idempotency_key(&headers)?;
    let tenant = api.service.tenant(caller.tenant)?;
    let settings = read_new(&body, &tenant).map_err(Problem::invalid)?;
    let campaign = api.service.create_campaign(&caller, settings, key).await?;
    let location = format!("/api/v1/campaigns/{}", campaign.id);
    let shown = shown(&api, &caller, &campaign)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown).into_response())
}

/// List the campaigns, newest first
#[utoipa::path(get, path = "/campaigns", operation_id = "listCampaigns", tag = "campaigns", params(PageParams),
    responses((status = 200, description = "A page of campaigns", body = List<CampaignJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<CampaignJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let campaigns = api.service.campaigns(&caller, page.into()).await?;
    let tenant = api.service.tenant(caller.tenant)?.name;
    Ok(Json(List::of(campaigns, |campaign| {
        CampaignJson::new(&campaign, &tenant)
    })))
}

/// Show a campaign
#[utoipa::path(get, path = "/campaigns/{id}", operation_id = "showCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "The campaign", body = CampaignJson,
        headers(("ETag" = String, description = "Its revision")))))]
async fn show(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Response, Problem> {
    query.none()?;
    let campaign = api.service.campaign(&caller, id).await?;
    shown(&api, &caller, &campaign)
}

/// Start a campaign
#[utoipa::path(post, path = "/campaigns/{id}/start", operation_id = "startCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "The campaign", body = CampaignJson)))]
async fn start(
    api: State<Api>,
    asker: Asker,
    _: NoQuery,
    id: Id<CampaignId>,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Response, Problem> {
    command(api, asker, id, &headers, LifeCycleCommand::Start).await
}

/// Hold dialing
///
/// Calls in progress go on.
#[utoipa::path(post, path = "/campaigns/{id}/pause", operation_id = "pauseCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "The campaign", body = CampaignJson)))]
async fn pause(
    api: State<Api>,
    asker: Asker,
    _: NoQuery,
    id: Id<CampaignId>,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Response, Problem> {
    command(api, asker, id, &headers, LifeCycleCommand::Pause).await
}

/// Go on after a pause
#[utoipa::path(post, path = "/campaigns/{id}/resume", operation_id = "resumeCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "The campaign", body = CampaignJson)))]
async fn resume(
    api: State<Api>,
    asker: Asker,
    _: NoQuery,
    id: Id<CampaignId>,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Response, Problem> {
    command(api, asker, id, &headers, LifeCycleCommand::Resume).await
}

/// End a campaign now
#[utoipa::path(post, path = "/campaigns/{id}/abort", operation_id = "abortCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "The campaign", body = CampaignJson)))]
async fn abort(
    api: State<Api>,
    asker: Asker,
    _: NoQuery,
    id: Id<CampaignId>,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Response, Problem> {
    command(api, asker, id, &headers, LifeCycleCommand::Abort).await
}

async fn command(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    headers: &HeaderMap,
    command: LifeCycleCommand,
) -> Result<Response, Problem> {
    if headers.contains_key(header::IF_MATCH) {
        let current = api.service.campaign(&caller, id).await?;
        if_match(headers, current.revision)?;
    }
    let campaign = api.service.command_campaign(&caller, id, command).await?;
    shown(&api, &caller, &campaign)
}

/// How a campaign is doing
#[utoipa::path(get, path = "/campaigns/{id}/stats", operation_id = "showStats", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign")),
    responses((status = 200, description = "Its figures", body = StatsJson)))]
async fn stats(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Json<StatsJson>, Problem> {
    query.none()?;
    let stats = api.service.stats(&caller, id).await?;
    Ok(Json(StatsJson::from(&stats)))
}

/// Parameters of an explanation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExplainParams {
    /// Explain the contacts with this number.
    #[param(value_type = String, required = false)]
    number: Option<PhoneNumber>,
}

/// Why a campaign, or a number in it, is (not) dialed
#[utoipa::path(get, path = "/campaigns/{id}/explain", operation_id = "explainCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"), ExplainParams),
    responses((status = 200, description = "The reasons", body = ExplanationJson)))]
async fn explain(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Json<ExplanationJson>, Problem> {
    let country = api.service.tenant(caller.tenant)?.default_country;
    let params = query.read(|findings, query| ExplainParams {
        number: query.optional(findings, "number", phone_number(country)),
    })?;
    let explanation = api.service.explain(&caller, id, params.number).await?;
    Ok(Json(ExplanationJson::from(&explanation)))
}

/// A campaign as it is shown, with its ETag.
pub(super) fn shown(api: &Api, caller: &Caller, campaign: &Campaign) -> Result<Response, Problem> {
    let tenant = api.service.tenant(caller.tenant)?;
    let json = Json(CampaignJson::new(campaign, &tenant.name));
    let headers = [
        (header::ETAG, etag(campaign.revision)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, json).into_response())
}
