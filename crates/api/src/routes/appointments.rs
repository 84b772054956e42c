//! `/appointments`: calls that are reserved for a time.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use outdial_domain::AppointmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::JsonBody;
use crate::caller::Asker;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::wire::appointment::{
    AppointmentJson, AppointmentParams, AppointmentPatch, AppointmentRequest, read_draft,
    read_filter,
};
use crate::wire::list::{List, PageParams};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
}

/// List the appointments, in the order in which they were made
///
/// A key of role agent sees its own.
#[utoipa::path(get, path = "/appointments", operation_id = "listAppointments", tag = "appointments",
    params(AppointmentParams, PageParams),
    responses((status = 200, description = "A page of appointments", body = List<AppointmentJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<AppointmentJson>>, Problem> {
    let country = api.service.tenant(caller.tenant)?.default_country;
    let (filter, page) = query.read(|findings, query| {
        let filter = read_filter(findings, query, country);
        (filter, PageParams::read(findings, query))
    })?;
    let found = api
        .service
        .appointments(&caller, filter, page.into())
        .await?;
    Ok(Json(List::of(found, AppointmentJson::from)))
}

/// Make an appointment
///
/// A manual one is offered to its agent, or to an agent of its skill group, at its time (`offer.made`), and
/// waited for until `valid_until`. An automatic one is dialed at its time and cannot be changed. They obey
/// the do-not-call list, legal hours, caps, lines, halts and breakers, not the campaign's windows, order or
/// pause, and go before fresh contacts.
#[utoipa::path(post, path = "/appointments", operation_id = "createAppointment", tag = "appointments",
    request_body = AppointmentRequest,
    responses((status = 201, description = "The appointment", body = AppointmentJson)))]
async fn create(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    query.none()?;
    let country = api.service.tenant(caller.tenant)?.default_country;
    let draft = read_draft(&body, country).map_err(Problem::invalid)?;
    let made = api.service.create_appointment(&caller, draft).await?;
    let location = [(
        header::LOCATION,
        format!("/api/v1/appointments/{}", made.id),
    )];
    Ok((
        StatusCode::CREATED,
        location,
        Json(AppointmentJson::from(made)),
    )
        .into_response())
}

/// Show an appointment
#[utoipa::path(get, path = "/appointments/{id}", operation_id = "showAppointment", tag = "appointments",
    params(("id" = u64, Path, description = "The appointment")),
    responses((status = 200, description = "The appointment", body = AppointmentJson)))]
async fn show(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AppointmentId>,
) -> Result<Json<AppointmentJson>, Problem> {
    let found = api.service.appointment(&caller, id).await?;
    Ok(Json(AppointmentJson::from(found)))
}

/// Move a manual appointment, or say how one went
///
/// Moving an appointment moves its offer. One that is being called or over is not changed any more; a
/// report is taken at any time, and an appointment that waits is done by it.
#[utoipa::path(patch, path = "/appointments/{id}", operation_id = "changeAppointment", tag = "appointments",
    params(("id" = u64, Path, description = "The appointment")),
    request_body = AppointmentPatch,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson)))]
async fn change(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AppointmentId>,
    query: Query,
    JsonBody(body): JsonBody,
) -> Result<Json<AppointmentJson>, Problem> {
    query.none()?;
    let patch = AppointmentPatch::read(&body).map_err(Problem::invalid)?;
    if let Some(change) = patch.change() {
        api.service.change_appointment(&caller, id, change).await?;
    }
    if let Some(report) = patch.report {
        api.service.report_appointment(&caller, id, report).await?;
    }
    let after = api.service.appointment(&caller, id).await?;
    Ok(Json(AppointmentJson::from(after)))
}

/// Take an appointment back
///
/// A call of it that is under way goes on.
#[utoipa::path(delete, path = "/appointments/{id}", operation_id = "deleteAppointment", tag = "appointments",
    params(("id" = u64, Path, description = "The appointment")),
    responses((status = 204, description = "It is no more")))]
async fn remove(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<AppointmentId>,
) -> Result<StatusCode, Problem> {
    api.service.remove_appointment(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
