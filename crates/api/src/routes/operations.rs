//! What operators do: trunks, halts, breakers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use outdial_domain::TrunkName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::JsonBody;
use crate::caller::Asker;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{NoQuery, Query};
use crate::wire::list::{List, PageParams};
use crate::wire::trunk::{Halt, TrunkJson, TrunkResume, TrunkTest, TrunkTestResult};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(trunks))
        .routes(routes!(resume_trunk))
        .routes(routes!(test_trunk))
        .routes(routes!(halt))
        .routes(routes!(release))
}

/// List the trunks
#[utoipa::path(get, path = "/trunks", operation_id = "listTrunks", tag = "operations", params(PageParams),
    responses((status = 200, description = "A page of trunks", body = List<TrunkJson>)))]
async fn trunks(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<TrunkJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let trunks = api.service.trunks(&caller).await?;
    let list = page.of_all(
        trunks,
        |trunk| trunk.name.to_string(),
        |trunk| TrunkJson::from(&trunk),
    )?;
    Ok(Json(list))
}

/// Lift the breakers of a trunk
#[utoipa::path(post, path = "/trunks/{name}/resume", operation_id = "resumeTrunk", tag = "operations",
    params(("name" = String, Path, description = "The trunk")),
    request_body = TrunkResume,
    responses((status = 200, description = "The trunk", body = TrunkJson)))]
async fn resume_trunk(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(name): Id<TrunkName>,
    JsonBody(body): JsonBody,
) -> Result<Json<TrunkJson>, Problem> {
    let request = TrunkResume::read(&body).map_err(Problem::invalid)?;
    let trunk = api
        .service
        .resume_trunk(&caller, name, request.suspect.0)
        .await?;
    Ok(Json(TrunkJson::from(&trunk)))
}

/// Call a number over a trunk
///
/// Without any campaign: tells how it went, and hangs up at once when it is answered.
#[utoipa::path(post, path = "/trunks/{name}/test", operation_id = "testTrunk", tag = "operations",
    params(("name" = String, Path, description = "The trunk")),
    request_body = TrunkTest,
    responses((status = 200, description = "How it went", body = TrunkTestResult)))]
async fn test_trunk(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    Id(name): Id<TrunkName>,
    JsonBody(body): JsonBody,
) -> Result<Json<TrunkTestResult>, Problem> {
    let country = api.service.tenant(caller.tenant)?.default_country;
    let test = TrunkTest::read(&body, country).map_err(Problem::invalid)?;
    let evidence = api
        .service
        .test_trunk(&caller, name, test.to, test.caller_id)
        .await?;
    Ok(Json(TrunkTestResult::from(evidence)))
}

/// Stop new calls
///
/// Of the tenant, over a trunk, or of a campaign: no call goes out any more within a second, until it is
/// released; kept across restarts. Calls in progress go on. With the server's admin key the halt of a trunk
/// holds for every tenant, else for the caller's.
#[utoipa::path(post, path = "/halt", operation_id = "halt", tag = "operations", request_body = Halt,
    responses((status = 204, description = "It is halted")))]
async fn halt(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let (scope, reason) = Halt::read(&body).map_err(Problem::invalid)?;
    api.service.halt(&caller, scope, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let calls go out again after a halt
#[utoipa::path(post, path = "/halt/release", operation_id = "releaseHalt", tag = "operations", request_body = Halt,
    responses((status = 204, description = "It is released")))]
async fn release(
    State(api): State<Api>,
    Asker(caller): Asker,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let (scope, _) = Halt::read(&body).map_err(Problem::invalid)?;
    api.service.release(&caller, scope).await?;
    Ok(StatusCode::NO_CONTENT)
}
