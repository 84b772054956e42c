//! `/campaigns`: make, read, edit, run.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_domain::{Campaign, CampaignId, LifeCycleCommand, PhoneNumber, RevisionNumber};
use outdial_service::{Caller, ServiceError};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::condition::{etag, idempotency_key, if_match};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{NoQuery, Query, phone_number, truth_of};
use crate::wire::campaign::{CampaignJson, CampaignSettings, RevisionJson};
use crate::wire::campaign_edit::{CampaignPatch, Patch};
use crate::wire::campaign_request::read_new;
use crate::wire::list::{List, PageParams};
use crate::wire::stats::{ExplanationJson, StatsJson};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, edit))
        .routes(routes!(start))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(abort))
        .routes(routes!(revisions))
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

/// Parameters of an edit.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct EditParams {
    /// Only say what the edit would do. Not built yet.
    #[param(required = false)]
    dry_run: bool,
}

/// Edit a campaign
///
/// The body is a JSON merge patch (RFC 7396) of the campaign as it is shown: what it does not name
/// stays, null goes back to the default. `target`, `flow_first` and `abandonment_window` are replaced as
/// a whole. The mode, the kind of target and what the server gives never change. Calls in progress keep
/// the settings under which they were placed.
#[utoipa::path(patch, path = "/campaigns/{id}", operation_id = "editCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read; refused with 412 when the campaign has been edited since"),
        EditParams),
    request_body(content = CampaignPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The campaign after the edit", body = CampaignJson,
        headers(("ETag" = String, description = "Its new revision")))))]
async fn edit(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let params = query.read(|findings, query| EditParams {
        dry_run: query
            .optional(findings, "dry_run", truth_of("true", "false"))
            .unwrap_or_default(),
    })?;
    if params.dry_run {
        return Err(ServiceError::NotBuilt("dry_run".to_owned()).into());
    }
    let wanted = if_match(&headers)?;
    let tenant = api.service.tenant(caller.tenant)?;
    let current = api.service.campaign(&caller, id).await?;
    check_revision(wanted, &current)?;
    let current =
        serde_json::to_value(CampaignJson::new(&current, &tenant.name)).unwrap_or_default();
    let patch = Patch::read(&body, &current).map_err(Problem::invalid)?;
    let edit = Box::new(move |settings: &_| {
        patch
            .apply(settings, &tenant)
            .map_err(ServiceError::Invalid)
    });
    let campaign = api
        .service
        .revise_campaign(&caller, id, wanted, edit)
        .await?;
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
    if let Some(wanted) = if_match(headers)? {
        let current = api.service.campaign(&caller, id).await?;
        check_revision(Some(wanted), &current)?;
    }
    let campaign = api.service.command_campaign(&caller, id, command).await?;
    shown(&api, &caller, &campaign)
}

/// List a campaign's revisions, oldest first
#[utoipa::path(get, path = "/campaigns/{id}/revisions", operation_id = "listRevisions", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"), PageParams),
    responses((status = 200, description = "A page of revisions", body = List<RevisionJson>)))]
async fn revisions(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Json<List<RevisionJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let revisions = api.service.revisions(&caller, id).await?;
    let list = page.of_all(
        revisions,
        |revision| revision.number.to_string(),
        |revision| RevisionJson::from(&revision),
    )?;
    Ok(Json(list))
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

fn check_revision(wanted: Option<RevisionNumber>, current: &Campaign) -> Result<(), Problem> {
    match wanted {
        Some(wanted) if wanted != current.revision => {
            Err(ServiceError::Edited(current.revision).into())
        }
        _ => Ok(()),
    }
}

/// A campaign as it is shown, with its ETag.
fn shown(api: &Api, caller: &Caller, campaign: &Campaign) -> Result<Response, Problem> {
    let tenant = api.service.tenant(caller.tenant)?;
    let json = Json(CampaignJson::new(campaign, &tenant.name));
    Ok(([(header::ETAG, etag(campaign.revision))], json).into_response())
}
