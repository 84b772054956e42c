//! `/campaigns/{id}/contacts`: add contacts as a stream, read them.

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use futures_util::StreamExt;
use outdial_domain::{CampaignId, NewContact};
use outdial_service::Import;
use outdial_service::views::Imported;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::body::{PIECE_WAIT, broke_off, content_type, refuse_encoding, too_slow};
use crate::caller::Asker;
use crate::condition::idempotency_key;
use crate::contacts::{ContactReader, Format, Row};
use crate::path::Id;
use crate::problem::{FieldError, Kind, Problem};
use crate::query::{Query, truth_of};
use crate::wire::contact::{ContactJson, NewContactJson};
use crate::wire::list::{List, PageParams};

/// Contacts that go to the service at once.
const BATCH: usize = 1_000;

/// Most wrong lines that a report lists.
pub(super) const ERRORS_MAX: usize = 100_000;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(add, list))
}

/// Parameters of an import.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct AddParams {
    /// `skip`: leave out contacts whose first number is in the campaign already. Default: `accept`,
    /// they are added as further contacts.
    #[param(value_type = String, required = false, example = "skip")]
    duplicates: Option<bool>,
}

/// What became of a list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// Contacts that were taken.
    accepted: u64,
    /// Lines that are wrong and were skipped.
    rejected: u64,
    /// Contacts left out by `?duplicates=skip`, because their number is in the campaign already.
    duplicates: u64,
    /// What is wrong with the lines that were skipped: the first 100000 problems.
    errors: Vec<LineError>,
    /// How many more problems there are.
    errors_omitted: u64,
}

/// What is wrong with a line of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineError {
    /// The line, from 1 (in CSV the header row is line 1); in a JSON array the number of the element.
    pub(super) line: u64,
    #[serde(flatten)]
    pub(super) error: FieldError,
}

impl ImportReport {
    fn reject(&mut self, line: u64, problems: Vec<outdial_service::FieldProblem>) {
        self.rejected += 1;
        for problem in problems {
            if self.errors.len() < ERRORS_MAX {
                let error = FieldError::from(problem);
                self.errors.push(LineError { line, error });
            } else {
                self.errors_omitted += 1;
            }
        }
    }
}

/// Add contacts to a campaign
///
/// The body is a JSON array, one JSON object on each line (NDJSON), or CSV: UTF-8, commas, a header row.
/// CSV columns `number`, `numbers` (separated by semicolons), `external_id`, `time_zone` and `priority` are
/// ours, every other column is an attribute. It is taken as it comes, whatever its length; a line that is
/// wrong is reported and skipped. When it breaks off, what came before stays, and the problem says how many
/// contacts that were. The same body with the same `Idempotency-Key` goes on from there: what was taken in
/// before is passed over, and the answer counts it.
#[utoipa::path(post, path = "/campaigns/{id}/contacts", operation_id = "addContacts", tag = "contacts",
    params(("id" = u32, Path, description = "The campaign"), AddParams,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same request; 1 to 255 visible ASCII characters")),
    request_body(content(
        (Vec<NewContactJson> = "application/json"),
        (NewContactJson = "application/x-ndjson"),
        (String = "text/csv", example = "number,external_id,name\n+8613012345678,A-1,Li Lei\n"),
    )),
    responses((status = 200, description = "What became of each line", body = ImportReport)))]
async fn add(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
    request: Request,
) -> Result<Json<ImportReport>, Problem> {
    let params = query.read(|findings, query| AddParams {
        duplicates: query.optional(findings, "duplicates", truth_of("skip", "accept")),
    })?;
    let unsupported = |detail: String| Problem::new(Kind::UnsupportedMediaType, detail);
    refuse_encoding(request.headers())?;
    let format = Format::from_content_type(content_type(request.headers())?.unwrap_or_default())
        .map_err(unsupported)?;
    let country = api.service.tenant(caller.tenant)?.default_country;
    let skip = params.duplicates.unwrap_or_default();
    let key = idempotency_key(request.headers())?;
    let import = api.service.import_once(&caller, id, skip, key).await?;
    let mut taking = Taking {
        import,
        batch: Vec::with_capacity(BATCH),
        report: ImportReport::default(),
    };
    let reader = ContactReader::new(format, country);
    let end = taking.read(reader, request.into_body()).await;
    let report = taking.finish().await?;
    match end {
        Ok(()) => Ok(Json(report)),
        Err(problem) => Err(problem.after_accepting(report.accepted)),
    }
}

/// A list on its way from a request to the service.
struct Taking {
    import: Import,
    batch: Vec<NewContact>,
    report: ImportReport,
}

impl Taking {
    /// Reads the body to its end, or to where it breaks off.
    async fn read(&mut self, mut reader: ContactReader, body: Body) -> Result<(), Problem> {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = next_piece(&mut pieces).await? {
            reader.feed(&piece);
            self.drain(&mut reader).await?;
        }
        reader.end();
        self.drain(&mut reader).await
    }

    async fn drain(&mut self, reader: &mut ContactReader) -> Result<(), Problem> {
        loop {
            match reader.read() {
                Ok(None) => return Ok(()),
                Ok(Some(Row::Wrong { line, problems })) => self.report.reject(line, problems),
                Ok(Some(Row::Contact(contact))) => {
                    self.batch.push(contact);
                    if self.batch.len() >= BATCH {
                        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
                        self.import.push(batch).await?;
                    }
                }
                Err(broken) => {
                    return Err(Problem::new(Kind::Malformed, broken.to_string()));
                }
            }
        }
    }

    /// Hands over what is left and waits until everything is committed.
    async fn finish(mut self) -> Result<ImportReport, Problem> {
        if !self.batch.is_empty() {
            self.import.push(self.batch).await?;
        }
        let Imported {
            accepted,
            duplicates,
        } = self.import.finish().await?;
        self.report.accepted = accepted;
        self.report.duplicates = duplicates;
        Ok(self.report)
    }
}

/// The next piece of a list, unless it takes too long to come.
pub(super) async fn next_piece(
    pieces: &mut BodyDataStream,
) -> Result<Option<bytes::Bytes>, Problem> {
    match tokio::time::timeout(PIECE_WAIT, pieces.next()).await {
        Err(_) => Err(too_slow()),
        Ok(None) => Ok(None),
        Ok(Some(piece)) => piece.map(Some).map_err(|_| broke_off()),
    }
}

/// List a campaign's contacts, in the order in which they came
#[utoipa::path(get, path = "/campaigns/{id}/contacts", operation_id = "listContacts", tag = "contacts",
    params(("id" = u32, Path, description = "The campaign"), PageParams),
    responses((status = 200, description = "A page of contacts", body = List<ContactJson>)))]
async fn list(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
) -> Result<Json<List<ContactJson>>, Problem> {
    let page = query.read(PageParams::read)?;
    let contacts = api.service.contacts(&caller, id, page.into()).await?;
    Ok(Json(List::of(contacts, |contact| {
        ContactJson::from(&contact)
    })))
}
