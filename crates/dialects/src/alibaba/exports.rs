//! Files of a group's results: asked for by CreateJobGroupExportTask and DescribeJobGroupExportTaskProgress,
//! and downloaded from this server under a signed link.
//!
//! The vendor writes a file first and tells how far it has come. Here the file is written while it is
//! downloaded, from what is stored then: it is finished as soon as it is asked for, takes no room, and
//! has no end to its life but the group's. The link holds for an hour; asking again gives a new one.
//!
//! Source: the pages of both actions of OutboundBot 2019-12-26, which leave the file's columns open.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use outdial_domain::{Attempt, CampaignId, Contact, Origin, TenantId, Timestamp};
use outdial_service::views::PageRequest;
use outdial_service::{Caller, Service, ServiceError};
use serde_json::{Map, Value, json};

use super::Alibaba;
use super::fault::Fault;
use super::group;
use super::groups;
use super::ids;
use super::job_lists::Group;
use super::job_shapes as shapes;
use super::routes::{Answer, Call};
use crate::running::caller;
use crate::signing::{hex, hmac_sha256, same};

/// What the paths of files begin with.
pub(crate) const PREFIX: &str = "/outboundbot/exports/";

/// How long a link holds.
const LINK_HOLDS: Duration = Duration::from_secs(3_600);

/// Jobs that are read for one piece of a file.
const JOBS_AT_ONCE: u32 = 500;

const HEADINGS: [&str; 15] = [
    "JobId",
    "ReferenceId",
    "ContactName",
    "PhoneNumber",
    "JobStatus",
    "FailureReason",
    "TaskId",
    "TaskStatus",
    "CallingNumber",
    "CalledNumber",
    "ActualTime",
    "RingingSeconds",
    "TalkSeconds",
    "HangUpDirection",
    "Extras",
];

/// `CreateJobGroupExportTask`.
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let campaign = groups::named(&call).await?;
    // The vendor documents no option but an empty list.
    call.parameters.list("Option");
    let id = ids::of_export(campaign.id);
    Ok(Map::from_iter([("TaskId".to_owned(), id.into())]))
}

/// `DescribeJobGroupExportTaskProgress`.
pub(super) async fn progress(call: Call) -> Result<Answer, Fault> {
    let not_there = || Fault::not_exist("Task");
    let id = ids::export(call.parameters.required("TaskId")?).ok_or_else(not_there)?;
    let campaign = match call.service.campaign(&call.caller, id).await {
        Err(ServiceError::CampaignNotFound(_)) => return Err(not_there()),
        campaign => campaign?,
    };
    let link = Link {
        tenant: call.caller.tenant,
        campaign: campaign.id,
        until: call.now + LINK_HOLDS,
    };
    let path = link.path(call.desk.link_key());
    Ok(Map::from_iter([
        // A number with a fraction, whatever its value: clients do not convert.
        ("Progress".to_owned(), json!(1.0)),
        (
            "FileHttpUrl".to_owned(),
            format!("{}{path}", call.base).into(),
        ),
    ]))
}

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    tenant: TenantId,
    campaign: CampaignId,
    until: Timestamp,
}

impl Link {
    fn path(self, key: &[u8]) -> String {
        let text = self.text();
        format!("{PREFIX}{text}-{}.csv", signature(key, &text))
    }

    fn text(self) -> String {
        let until_s = self.until.millis().div_euclid(1_000);
        format!(
            "{}-{}-{until_s}",
            self.tenant.number(),
            self.campaign.number()
        )
    }

    /// The link of a path, where it is signed and holds still.
    fn read(path: &str, key: &[u8], now: Timestamp) -> Option<Self> {
        let name = path.strip_prefix(PREFIX)?.strip_suffix(".csv")?;
        let (text, given) = name.rsplit_once('-')?;
        let signed = same(&signature(key, text), given);
        let mut parts = text.split('-');
        let link = Self {
            tenant: TenantId::new(parts.next()?.parse().ok()?),
            campaign: CampaignId::new(parts.next()?.parse().ok()?).ok()?,
            until: Timestamp::from_secs(parts.next()?.parse().ok()?),
        };
        (signed && now < link.until).then_some(link)
    }
}

fn signature(key: &[u8], text: &str) -> String {
    hex(&hmac_sha256(key, text.as_bytes()))
}

impl Alibaba {
    /// Answers a request for a file.
    pub(crate) async fn download(&self, method: &Method, path: &str) -> Response {
        if method != Method::GET && method != Method::HEAD {
            return (StatusCode::METHOD_NOT_ALLOWED, "use GET\n").into_response();
        }
        let Some(link) = Link::read(path, self.desk.link_key(), self.clock.now()) else {
            let text =
                "this link is wrong or over; ask DescribeJobGroupExportTaskProgress for another\n";
            return (StatusCode::FORBIDDEN, text).into_response();
        };
        let caller = caller(link.tenant, "export", Origin::Alibaba);
        let Ok(file) = File::of(&self.service, caller, link.campaign, self.clock.now()).await
        else {
            return (StatusCode::NOT_FOUND, "the job group does not exist\n").into_response();
        };
        let body = match *method == Method::HEAD {
            true => Body::empty(),
            false => file.body(),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        let csv = HeaderValue::from_static("text/csv;charset=utf-8");
        headers.insert(CONTENT_TYPE, csv);
        let name = HeaderValue::from_static("attachment; filename=\"jobs.csv\"");
        headers.insert(CONTENT_DISPOSITION, name);
        response
    }
}

/// A file that is being written.
struct File {
    service: Service,
    caller: Caller,
    group: Group,
    cursor: Option<String>,
    is_over: bool,
    begun: bool,
}

impl File {
    async fn of(
        service: &Service,
        caller: Caller,
        id: CampaignId,
        now: Timestamp,
    ) -> Result<Self, ServiceError> {
        let campaign = service.campaign(&caller, id).await?;
        let stats = service.stats(&caller, id).await?;
        let status = group::status(&campaign, Some(&stats), now);
        Ok(Self {
            service: service.clone(),
            caller,
            group: Group::with_status(campaign, status),
            cursor: None,
            is_over: false,
            begun: false,
        })
    }

    /// The file piece by piece; a fault in the middle breaks it off, so that nobody takes it for whole.
    fn body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, |mut file| async move {
            if file.is_over {
                return Ok::<_, ServiceError>(None);
            }
            let piece = file.piece().await?;
            Ok(Some((piece, file)))
        }))
    }

    async fn piece(&mut self) -> Result<String, ServiceError> {
        let mut text = String::new();
        if !self.begun {
            // By this mark a spreadsheet knows that the file is UTF-8.
            text.push('\u{feff}');
            row(&mut text, HEADINGS.map(str::to_owned));
            self.begun = true;
        }
        let request = PageRequest {
            cursor: self.cursor.take(),
            limit: Some(JOBS_AT_ONCE),
        };
        let campaign = self.group.campaign.id;
        let page = self
            .service
            .contacts(&self.caller, campaign, request)
            .await?;
        for contact in page.items {
            let attempts = match contact.state {
                outdial_domain::ContactState::Fresh => Vec::new(),
                _ => {
                    let found = self
                        .service
                        .contact_with_attempts(&self.caller, contact.id)
                        .await?;
                    found.1
                }
            };
            self.rows(&mut text, &contact, &attempts);
        }
        self.cursor = page.next_cursor;
        self.is_over = self.cursor.is_none();
        Ok(text)
    }

    /// A row for each task of a job, or one for a job without any.
    fn rows(&self, text: &mut String, contact: &Contact, attempts: &[Attempt]) {
        let person = shapes::contact_shape(contact);
        let said = |name: &str| person[name].as_str().unwrap_or_default().to_owned();
        let job = [
            ids::of_job(contact.id),
            said("ReferenceId"),
            said("ContactName"),
            said("PhoneNumber"),
            self.group.job_status(contact).to_owned(),
            self.group.failure(contact).unwrap_or_default().to_owned(),
        ];
        let extras = Value::from(shapes::extras(contact)).to_string();
        let mut write = |task: [String; 8]| {
            row(
                text,
                job.iter().cloned().chain(task).chain([extras.clone()]),
            );
        };
        if attempts.is_empty() {
            write(Default::default());
        }
        for attempt in attempts {
            write(task(attempt, contact));
        }
    }
}

fn task(attempt: &Attempt, contact: &Contact) -> [String; 8] {
    let seconds = |ms: Option<u64>| ms.map(|ms| (ms / 1_000).to_string()).unwrap_or_default();
    let talk = attempt.answered_at.map(|_| shapes::talk_ms(attempt));
    [
        ids::of_task(attempt.id),
        shapes::task_status(attempt).1.to_owned(),
        attempt.caller_id.given(),
        shapes::called(attempt, contact),
        attempt.started_at.to_string(),
        seconds(shapes::rang_ms(attempt)),
        seconds(talk),
        shapes::hang_up_direction(attempt)
            .unwrap_or_default()
            .to_owned(),
    ]
}

/// Writes a row: all cells as text in quotes, none of which a spreadsheet takes for a formula.
fn row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // A leading apostrophe makes it text in every spreadsheet.
        let signs = ['=', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
        let formula = cell.starts_with(signs)
            || (cell.starts_with('+') && !cell[1..].bytes().all(|c| c.is_ascii_digit()));
        let mark = if formula { "'" } else { "" };
        text.push('"');
        text.push_str(mark);
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn link() -> Link {
        Link {
            tenant: TenantId::new(1),
            campaign: CampaignId::new(7).unwrap(),
            until: NOW + LINK_HOLDS,
        }
    }

    #[test]
    fn a_link_opens_its_own_file_for_an_hour() {
        let path = link().path(b"key");
        assert_eq!(Link::read(&path, b"key", NOW), Some(link()));
        assert_eq!(Link::read(&path, b"key", NOW + LINK_HOLDS), None);
        assert_eq!(Link::read(&path, b"other", NOW), None);
        let other = path.replace("/1-7-", "/1-8-");
        assert_eq!(Link::read(&other, b"key", NOW), None);
        let later = path.replace("-4600-", "-9999-");
        assert_eq!(Link::read(&later, b"key", NOW), None);
    }

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_row() {
        let mut text = String::new();
        row(
            &mut text,
            ["=1+1", "a\"b", "+8613012345678", "+1+1"].map(str::to_owned),
        );
        let want = "\"'=1+1\",\"a\"\"b\",\"+8613012345678\",\"'+1+1\"\r\n";
        assert_eq!(text, want);
    }

    proptest! {
        #[test]
        fn any_path_is_a_link_or_none(path in ".{0,80}") {
            prop_assert_eq!(Link::read(&format!("{PREFIX}{path}"), b"key", NOW), None);
        }
    }
}
