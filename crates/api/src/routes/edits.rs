//! Edits of campaigns: make, preview, plan, list, restore, cancel.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use outdial_domain::{CampaignId, RevisionNumber};
use outdial_service::{CampaignEdit, PendingEditId, REST_EDIT, ServiceError};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::campaigns::shown;
use crate::Api;
use crate::body::{JsonBody, NoBody};
use crate::caller::Asker;
use crate::condition::if_match;
use crate::path::{Id, Second};
use crate::problem::Problem;
use crate::query::{NoQuery, Query, truth_of};
use crate::wire::campaign::CampaignJson;
use crate::wire::campaign_edit::{CampaignPatch, Patch};
use crate::wire::edit::{EditAnswer, EditPreviewJson, RevisionItem, RevisionJson};
use crate::wire::list::{List, PageParams};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(edit))
        .routes(routes!(revisions))
        .routes(routes!(restore))
        .routes(routes!(cancel))
}

/// Parameters of an edit.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct EditParams {
    /// Only say what the edit would do.
    #[param(required = false)]
    dry_run: bool,
}

impl EditParams {
    fn read(query: &Query) -> Result<Self, Problem> {
        query.read(|findings, query| Self {
            dry_run: query
                .optional(findings, "dry_run", truth_of("true", "false"))
                .unwrap_or_default(),
        })
    }
}

/// Edit a campaign
///
/// The body is a JSON merge patch (RFC 7396) of the campaign as it is shown: what it does not name
/// stays, null goes back to the default. `target`, `flow_first` and `abandonment_window` are replaced as
/// a whole. The mode, the kind of target and what the server gives never change. Calls in progress keep
/// the settings under which they were placed.
///
/// With `dry_run=true` nothing changes: the answer says what the edit would do. With `apply_at` the edit
/// is stored and made at that time, after being checked again; until then it stands among the revisions.
#[utoipa::path(patch, path = "/campaigns/{id}", operation_id = "editCampaign", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read; refused with 412 when the campaign has been edited since"),
        EditParams),
    request_body(content = CampaignPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The campaign after the edit or, with dry_run, what the edit would do", body = EditAnswer,
        headers(("ETag" = String, description = "Its new revision"))),
        (status = 202, description = "The edit is stored for later", body = RevisionJson)))]
async fn edit(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    query: Query,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let params = EditParams::read(&query)?;
    let tenant = api.service.tenant(caller.tenant)?;
    let current = api.service.campaign(&caller, id).await?;
    let wanted = if_match(&headers, current.revision)?;
    let current =
        serde_json::to_value(CampaignJson::new(&current, &tenant.name)).unwrap_or_default();
    let patch = Patch::read(&body, &current).map_err(Problem::invalid)?;
    let apply_at = patch.apply_at();
    let edit = CampaignEdit::new(REST_EDIT, move |campaign| {
        patch
            .apply(&campaign.settings, &tenant)
            .map_err(ServiceError::Invalid)
    });
    let edit = edit.if_match(wanted);
    if params.dry_run {
        let preview = api.service.preview_edit(&caller, id, edit).await?;
        return Ok(Json(EditPreviewJson::from(&preview)).into_response());
    }
    if let Some(at) = apply_at {
        let planned = api.service.plan_edit(&caller, id, edit, at).await?;
        return Ok((StatusCode::ACCEPTED, Json(RevisionJson::from(planned))).into_response());
    }
    let edited = api.service.edit_campaign(&caller, id, edit).await?;
    shown(&api, &caller, &edited.campaign)
}

/// List a campaign's revisions, oldest first
///
/// After them come the edits that wait for their time, and those that could not be made when it came.
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
    let (_, lists) = api.service.list_versions(&caller, id).await?;
    let mut lists: BTreeMap<_, _> = lists
        .into_iter()
        .map(|list| (list.revision, list))
        .collect();
    let last = revisions.last().map(|revision| revision.number);
    let mut items: Vec<RevisionItem> = Vec::new();
    for revision in revisions {
        let in_force = Some(revision.number) == last;
        let list = lists.remove(&revision.number);
        items.push(RevisionItem::Made(Box::new(revision), in_force, list));
    }
    let planned = api.service.pending_edits(&caller, id).await?;
    items.extend(planned.into_iter().map(RevisionItem::Planned));
    let list = page.of_all(items, RevisionItem::key, RevisionJson::from)?;
    Ok(Json(list))
}

/// Restore a revision
///
/// Its settings become a new revision. Contacts and attempts stay as they are: what is final stays final.
#[utoipa::path(post, path = "/campaigns/{id}/revisions/{n}/restore", operation_id = "restoreRevision", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"), ("n" = u32, Path, description = "The revision"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read; refused with 412 when the campaign has been edited since"),
        EditParams),
    responses((status = 200, description = "The campaign with the settings of that revision or, with dry_run, what restoring it would do", body = EditAnswer,
        headers(("ETag" = String, description = "Its new revision")))))]
async fn restore(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    Second(number): Second<RevisionNumber>,
    query: Query,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Response, Problem> {
    let params = EditParams::read(&query)?;
    let current = api.service.campaign(&caller, id).await?;
    let wanted = if_match(&headers, current.revision)?;
    if params.dry_run {
        let service = &api.service;
        let preview = service.preview_restore(&caller, id, number, wanted).await?;
        return Ok(Json(EditPreviewJson::from(&preview)).into_response());
    }
    let edited = api
        .service
        .restore_revision(&caller, id, number, wanted)
        .await?;
    shown(&api, &caller, &edited.campaign)
}

/// Cancel an edit that waits for its time
///
/// One that could not be made is forgotten.
#[utoipa::path(delete, path = "/campaigns/{id}/revisions/pending/{n}", operation_id = "cancelEdit", tag = "campaigns",
    params(("id" = u32, Path, description = "The campaign"), ("n" = u64, Path, description = "The edit: `pending` of the revision")),
    responses((status = 204, description = "It is not made")))]
async fn cancel(
    State(api): State<Api>,
    Asker(caller): Asker,
    Id(id): Id<CampaignId>,
    _: NoQuery,
    Second(edit): Second<PendingEditId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    api.service.cancel_edit(&caller, id, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}
