//! `/agents` and `/offers`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use outdial_domain::AgentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::path::{Id, OfferId};
use crate::problem::Problem;
use crate::query::{NoQuery, Query};
use crate::wire::agent::{AgentJson, AgentWish, OfferJson};
use crate::wire::list::{List, PageParams};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(wish))
        .routes(routes!(end_wrap_up))
        .routes(routes!(offers))
        .routes(routes!(accept))
        .routes(routes!(skip))
}

/// List the agents, by id
#[utoipa::path(get, path = "/agents", operation_id = "listAgents", tag = "agents", params(PageParams),
    responses((status = 200, description = "A page of agents", body = List<AgentJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<AgentJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let agents = api.service.agents(&caller).await?;
    let list = page.of_all(
        agents,
        |agent| agent.id.to_string(),
        |agent| AgentJson::from(&agent),
    )?;
    Ok(Json(list))
}

/// Show an agent
#[utoipa::path(get, path = "/agents/{id}", operation_id = "showAgent", tag = "agents",
    params(("id" = String, Path, description = "The agent")),
    responses((status = 200, description = "The agent", body = AgentJson)))]
async fn show(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AgentId>,
    query: Query,
) -> Result<Json<AgentJson>, Problem> {
    query.none()?;
    let agent = api.service.agent(&caller, id).await?;
    Ok(Json(AgentJson::from(&agent)))
}

/// Say what an agent wishes to be
///
/// The wish is kept across a restart: the server calls the phone of a ready agent again.
#[utoipa::path(put, path = "/agents/{id}/state", operation_id = "setAgentState", tag = "agents",
    params(("id" = String, Path, description = "The agent")),
    request_body = AgentWish,
    responses((status = 200, description = "The agent", body = AgentJson)))]
async fn wish(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(id): Id<AgentId>,
    JsonBody(body): JsonBody,
) -> Result<Json<AgentJson>, Problem> {
    let wish = AgentWish::read(&body).map_err(Problem::invalid)?;
    let agent = api
        .service
        .set_agent_state(&caller, id, wish.state.0, wish.when.0, &wish.reason)
        .await?;
    Ok(Json(AgentJson::from(&agent)))
}

/// End an agent's wrap-up early
#[utoipa::path(post, path = "/agents/{id}/end-wrap-up", operation_id = "endWrapUp", tag = "agents",
    params(("id" = String, Path, description = "The agent")),
    responses((status = 200, description = "The agent", body = AgentJson)))]
async fn end_wrap_up(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(id): Id<AgentId>,
    _: NoBody,
) -> Result<Json<AgentJson>, Problem> {
    let agent = api.service.end_wrap_up(&caller, id).await?;
    Ok(Json(AgentJson::from(&agent)))
}

/// List the contacts that are offered to an agent right now
#[utoipa::path(get, path = "/agents/{id}/offers", operation_id = "listOffers", tag = "agents",
    params(("id" = String, Path, description = "The agent"), PageParams),
    responses((status = 200, description = "A page of offers", body = List<OfferJson>)))]
async fn offers(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AgentId>,
    query: Query,
) -> Result<Json<List<OfferJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let offers = api.service.offers(&caller, id).await?;
    let list = page.of_all(
        offers,
        |offer| offer.id.to_string(),
        |offer| OfferJson::from(&offer),
    )?;
    Ok(Json(list))
}

/// Take an offered contact
///
/// It is called.
#[utoipa::path(post, path = "/offers/{id}/accept", operation_id = "acceptOffer", tag = "agents",
    params(("id" = u64, Path, description = "The offer")),
    responses((status = 204, description = "The contact is being called")))]
async fn accept(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(OfferId(id)): Id<OfferId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    api.service.accept_offer(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave an offered contact
#[utoipa::path(post, path = "/offers/{id}/skip", operation_id = "skipOffer", tag = "agents",
    params(("id" = u64, Path, description = "The offer")),
    responses((status = 204, description = "The offer is over")))]
async fn skip(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(OfferId(id)): Id<OfferId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    api.service.skip_offer(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
