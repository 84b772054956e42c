//! `/events`: what happens, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use outdial_service::{EventStream, Heard};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::caller::Asker;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::wire::event::event_json;

/// The header that names the last event a listener has seen.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Longest silence on a stream: shorter than what proxies take for a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long a listener waits before it comes back.
const COME_BACK: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Listen to what happens
///
/// Server-sent events named `campaign.state`, `campaign.revised`, `campaign.stats`, `attempt.started`,
/// `attempt.answered`, `attempt.ended`, `agent.state`, `offer.made`, `offer.ended`, `import.progress` and
/// `trunk.health`. The data is a JSON object with `at`, `tenant`, `campaign_id` (null where an event is about
/// no campaign) and what happened. A listener that comes back with `Last-Event-ID` hears what it missed
/// first; `stream.gap` says that some of it is not kept any more: what stands must be read anew. A key with
/// the role agent hears what is about its own agent only. The stream ends when its key is taken back.
#[utoipa::path(get, path = "/events", operation_id = "listen", tag = "events",
    params(("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "Events, one after the other", body = String, content_type = "text/event-stream")))]
async fn events(
    State(api): State<Api>,
    Asker(caller): Asker,
    query: Query,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    query.none()?;
    let after = last_event_id(&headers)?;
    let events = api.service.watch(&caller, after).await?;
    let tenant = api.service.tenant(caller.tenant)?.name;
    let stopping = api.shutdown.cancelled_owned();
    let frames = frames(events, tenant).take_until(stopping);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies that collect answers before they pass them on must not do so here.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Sse::new(frames).keep_alive(keep_alive)))
}

fn frames(events: EventStream, tenant: String) -> impl Stream<Item = Result<Frame, Infallible>> {
    let first = stream::once(async { Ok(Frame::default().retry(COME_BACK)) });
    let rest = stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((event, events))
    });
    let rest = rest.map(move |heard| Ok(frame(&heard, &tenant)));
    first.chain(rest)
}

fn frame(heard: &Heard, tenant: &str) -> Frame {
    match heard {
        Heard::Event(event) => Frame::default()
            .id(event.id.to_string())
            .event(event.happened.name())
            .data(event_json(event, tenant).to_string()),
        Heard::Gap {
            after,
            resumes_after,
        } => {
            let data = json!({"tenant": tenant, "after": after, "resumes_after": resumes_after});
            Frame::default()
                .id(resumes_after.to_string())
                .event("stream.gap")
                .data(data.to_string())
        }
    }
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    text.parse().map(Some).map_err(|_| {
        Problem::new(
            Kind::Malformed,
            "Last-Event-ID is none of ours; give the id of an event as it was read, or leave it out",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_comes_back_where_it_was() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_event_id(&headers).unwrap(), None);
        headers.insert(LAST_EVENT_ID, HeaderValue::from_static("41"));
        assert_eq!(last_event_id(&headers).unwrap(), Some(41));
        headers.insert(LAST_EVENT_ID, HeaderValue::from_static("-1"));
        assert!(last_event_id(&headers).is_err());
    }
}
