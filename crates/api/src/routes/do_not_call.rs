//! `/do-not-call`: the tenant's list of numbers that no campaign calls.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use outdial_domain::{Country, NewContact, Timestamp};
use outdial_service::{Caller, FieldProblem, IfListed, NewListing};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::contacts::{ERRORS_MAX, LineError, next_piece};
use crate::Api;
use crate::body::{JsonBody, content_type, refuse_encoding};
use crate::caller::Asker;
use crate::contacts::{ContactReader, Format, Row};
use crate::path::{Id, ListedNumber};
use crate::problem::{FieldError, Kind, Problem};
use crate::query::Query;
use crate::scalar::Number;
use crate::wire::do_not_call::{DoNotCallJson, DoNotCallRequest, NumbersRemoved, NumbersRequest};
use crate::wire::list::{List, PageParams};

/// Numbers of a CSV list that go to the service at once.
const BATCH: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
        .routes(routes!(show, remove_one))
}

/// What became of numbers that were to be put on the list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DoNotCallReport {
    /// Numbers whose entry is new or was replaced.
    added: u64,
    /// Numbers that were on the list and stay as they were.
    kept: u64,
    /// Lines of a CSV list that are wrong and were skipped.
    rejected: u64,
    /// What is wrong with the lines that were skipped: the first 100000 problems.
    errors: Vec<LineError>,
}

/// List the do-not-call numbers, in the order of their text
#[utoipa::path(get, path = "/do-not-call", operation_id = "listDoNotCall", tag = "do-not-call", params(PageParams),
    responses((status = 200, description = "A page of numbers", body = List<DoNotCallJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
) -> Result<Json<List<DoNotCallJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let found = api.service.listed_numbers(&caller, page.into()).await?;
    Ok(Json(List::of(found, DoNotCallJson::from)))
}

/// Put numbers on the do-not-call list
///
/// No campaign of the tenant places a call to them any more; calls in progress go on. A contact with
/// another number is called under that one; one without is final until one of its numbers leaves the
/// list. The body is a JSON object, or a CSV list of any length with a header row and the columns
/// `number`, `reason` and `until` (others are passed over); numbers of a CSV list that are listed
/// already stay as they are.
#[utoipa::path(post, path = "/do-not-call", operation_id = "addDoNotCall", tag = "do-not-call",
    request_body(content(
        (DoNotCallRequest = "application/json"),
        (String = "text/csv", example = "number,reason,until\n+8613012345678,asked for it,\n"),
    )),
    responses((status = 200, description = "What became of them", body = DoNotCallReport)))]
async fn add(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
    request: Request,
) -> Result<Json<DoNotCallReport>, Problem> {
    query.none()?;
    refuse_encoding(request.headers())?;
    let country = api.service.tenant(caller.tenant)?.default_country;
    let given = content_type(request.headers())?.unwrap_or_default();
    if matches!(Format::from_content_type(given), Ok(Format::Csv)) {
        let mut taking = Taking {
            api: &api,
            caller: &caller,
            batch: Vec::new(),
            report: DoNotCallReport::default(),
        };
        let end = taking.read(country, request.into_body()).await;
        let added = taking.report.added;
        return match end {
            Ok(()) => Ok(Json(taking.report)),
            Err(problem) => Err(problem.after_accepting(added)),
        };
    }
    let JsonBody(body) = JsonBody::from_request(request, &api).await?;
    let request = DoNotCallRequest::read(&body, country).map_err(Problem::invalid)?;
    let if_listed = request.if_listed;
    let listed = api
        .service
        .list_numbers(&caller, request.listings(), if_listed)
        .await?;
    Ok(Json(DoNotCallReport {
        added: listed.listed.len() as u64,
        kept: listed.kept.len() as u64,
        ..DoNotCallReport::default()
    }))
}

/// A CSV list on its way from a request to the service.
struct Taking<'a> {
    api: &'a Api,
    caller: &'a Caller,
    batch: Vec<NewListing>,
    report: DoNotCallReport,
}

impl Taking<'_> {
    async fn read(&mut self, country: Country, body: Body) -> Result<(), Problem> {
        let mut reader = ContactReader::new(Format::Csv, country);
        let mut pieces = body.into_data_stream();
        while let Some(piece) = next_piece(&mut pieces).await? {
            reader.feed(&piece);
            self.drain(&mut reader).await?;
        }
        reader.end();
        self.drain(&mut reader).await?;
        self.push().await
    }

    async fn drain(&mut self, reader: &mut ContactReader) -> Result<(), Problem> {
        loop {
            match reader.read() {
                Ok(None) => return Ok(()),
                Ok(Some(Row::Wrong { line, problems })) => self.reject(line, problems),
                Ok(Some(Row::Contact(contact))) => {
                    match listing(contact) {
                        Ok(listings) => self.batch.extend(listings),
                        // The reader does not tell the line of a sound row.
                        Err(problem) => self.reject(0, vec![problem]),
                    }
                    if self.batch.len() >= BATCH {
                        self.push().await?;
                    }
                }
                Err(broken) => return Err(Problem::new(Kind::Malformed, broken.to_string())),
            }
        }
    }

    fn reject(&mut self, line: u64, problems: Vec<FieldProblem>) {
        self.report.rejected += 1;
        for problem in problems {
            if self.report.errors.len() < ERRORS_MAX {
                let error = FieldError::from(problem);
                self.report.errors.push(LineError { line, error });
            }
        }
    }

    async fn push(&mut self) -> Result<(), Problem> {
        let batch = std::mem::take(&mut self.batch);
        let service = &self.api.service;
        let listed = service.list_numbers(self.caller, batch, IfListed::Keep);
        let listed = listed.await?;
        self.report.added += listed.listed.len() as u64;
        self.report.kept += listed.kept.len() as u64;
        Ok(())
    }
}

/// The entries of a row: one for each of its numbers.
fn listing(row: NewContact) -> Result<Vec<NewListing>, FieldProblem> {
    let column = |name: &str| row.attributes.get(name).map(String::as_str);
    let wrong = |field: &str, problem: &str| FieldProblem {
        field: field.to_owned(),
        problem: problem.to_owned(),
    };
    let reason = column("reason").unwrap_or_default();
    if reason.chars().count() > outdial_domain::DoNotCallEntry::REASON_MAX {
        return Err(wrong("reason", "must have at most 500 characters"));
    }
    let until = match column("until") {
        None | Some("") => None,
        Some(text) => Some(Timestamp::parse_rfc3339(text).map_err(|_| {
            wrong(
                "until",
                "is not an RFC 3339 time such as 2026-11-20T09:00:00Z",
            )
        })?),
    };
    let numbers = row.numbers.iter();
    let listings = numbers.map(|&number| NewListing {
        number,
        reason: reason.to_owned(),
        until,
    });
    Ok(listings.collect())
}

/// Take numbers off the do-not-call list
///
/// Contacts that were left out because of them return to their lists: untried ones where they were,
/// others as due now.
#[utoipa::path(post, path = "/do-not-call/remove", operation_id = "removeDoNotCall", tag = "do-not-call",
    request_body = NumbersRequest,
    responses((status = 200, description = "Which of them were on it", body = NumbersRemoved)))]
async fn remove(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
    JsonBody(body): JsonBody,
) -> Result<Json<NumbersRemoved>, Problem> {
    query.none()?;
    let country = api.service.tenant(caller.tenant)?.default_country;
    let request = NumbersRequest::read(&body, country).map_err(Problem::invalid)?;
    let removed = api.service.unlist_numbers(&caller, request.numbers).await?;
    Ok(Json(NumbersRemoved {
        removed: removed.into_iter().map(Number).collect(),
    }))
}

/// Look a do-not-call number up
#[utoipa::path(get, path = "/do-not-call/{number}", operation_id = "showDoNotCall", tag = "do-not-call",
    params(("number" = String, Path, description = "The number in the list's form, `+` as `%2B`", example = "+8613012345678")),
    responses((status = 200, description = "Its entry", body = DoNotCallJson)))]
async fn show(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(ListedNumber(number)): Id<ListedNumber>,
) -> Result<Json<DoNotCallJson>, Problem> {
    match api.service.listed_number(&caller, number).await? {
        Some(entry) => Ok(Json(DoNotCallJson::from(entry))),
        None => Err(not_listed()),
    }
}

/// Take a number off the do-not-call list
#[utoipa::path(delete, path = "/do-not-call/{number}", operation_id = "deleteDoNotCall", tag = "do-not-call",
    params(("number" = String, Path, description = "The number in the list's form, `+` as `%2B`", example = "+8613012345678")),
    responses((status = 204, description = "It may be called again")))]
async fn remove_one(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(ListedNumber(number)): Id<ListedNumber>,
) -> Result<StatusCode, Problem> {
    let removed = api.service.unlist_numbers(&caller, vec![number]).await?;
    if removed.is_empty() {
        return Err(not_listed());
    }
    Ok(StatusCode::NO_CONTENT)
}

fn not_listed() -> Problem {
    Problem::new(Kind::NotFound, "the number is not on the do-not-call list")
}
