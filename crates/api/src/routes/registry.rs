//! What a tenant has: groups, numbers, flows, keys.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::condition::{IDEMPOTENCY_KEY, idempotency_key};
use crate::path::{Id, KeyName};
use crate::problem::Problem;
use crate::query::{NoQuery, Query};
use crate::wire::list::{List, PageParams};
use crate::wire::registry::{
    CallerIdJson, FlowJson, KeyJson, KeyRequest, NumberGroupJson, SkillGroupJson,
};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(skill_groups))
        .routes(routes!(number_groups))
        .routes(routes!(caller_ids))
        .routes(routes!(flows))
        .routes(routes!(keys, create_key))
        .routes(routes!(delete_key))
}

/// List the skill groups
#[utoipa::path(get, path = "/skill-groups", operation_id = "listSkillGroups", tag = "tenant", params(PageParams),
    responses((status = 200, description = "A page of skill groups", body = List<SkillGroupJson>)))]
async fn skill_groups(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<SkillGroupJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let groups = api.service.skill_groups(&caller).await?;
    let list = page.of_all(groups, |group| group.id.to_string(), SkillGroupJson::from)?;
    Ok(Json(list))
}

/// List the number groups
#[utoipa::path(get, path = "/number-groups", operation_id = "listNumberGroups", tag = "tenant", params(PageParams),
    responses((status = 200, description = "A page of number groups", body = List<NumberGroupJson>)))]
async fn number_groups(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<NumberGroupJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let groups = api.service.number_groups(&caller).await?;
    let list = page.of_all(groups, |group| group.id.to_string(), NumberGroupJson::from)?;
    Ok(Json(list))
}

/// List the caller IDs
#[utoipa::path(get, path = "/caller-ids", operation_id = "listCallerIds", tag = "tenant", params(PageParams),
    responses((status = 200, description = "A page of caller IDs", body = List<CallerIdJson>)))]
async fn caller_ids(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<CallerIdJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let numbers = api.service.caller_ids(&caller).await?;
    let list = page.of_all(numbers, |number| number.number.text(), CallerIdJson::from)?;
    Ok(Json(list))
}

/// List the flows
#[utoipa::path(get, path = "/flows", operation_id = "listFlows", tag = "tenant", params(PageParams),
    responses((status = 200, description = "A page of flows", body = List<FlowJson>)))]
async fn flows(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<FlowJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let flows = api.service.flows(&caller).await?;
    let list = page.of_all(flows, |flow| flow.id.to_string(), FlowJson::from)?;
    Ok(Json(list))
}

/// List the keys
#[utoipa::path(get, path = "/keys", operation_id = "listKeys", tag = "tenant", params(PageParams),
    responses((status = 200, description = "A page of keys, without their secrets", body = List<KeyJson>)))]
async fn keys(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<KeyJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let keys = api.service.keys(&caller).await?;
    let list = page.of_all(keys, |key| key.name.clone(), KeyJson::from)?;
    Ok(Json(list))
}

/// Make a key
///
/// Its secret is in this answer and never shown again.
#[utoipa::path(post, path = "/keys", operation_id = "createKey", tag = "tenant", request_body = KeyRequest,
    responses((status = 201, description = "The key with its secret", body = KeyJson)))]
async fn create_key(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    if idempotency_key(&headers)?.is_some() {
        return Err(Problem::field(
            IDEMPOTENCY_KEY,
            "is not taken here: a secret is shown only once; if an answer was lost, delete the key and make it anew",
        ));
    }
    let request = KeyRequest::read(&body).map_err(Problem::invalid)?;
    let key = api
        .service
        .create_key(&caller, &request.name, request.role.0, request.agent)
        .await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(KeyJson::from(key))).into_response())
}

/// Take a key back
#[utoipa::path(delete, path = "/keys/{name}", operation_id = "deleteKey", tag = "tenant",
    params(("name" = String, Path, description = "The key")),
    responses((status = 204, description = "It opens nothing any more")))]
async fn delete_key(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(KeyName(name)): Id<KeyName>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    api.service.delete_key(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
