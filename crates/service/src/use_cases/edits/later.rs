//! Edits for later: stored, checked when they are asked for and again when their time comes.

use std::time::Duration;

use outdial_domain::edit::with_changes;
use outdial_domain::{CampaignId, Timestamp};
use outdial_store::{NewPendingEdit, PendingEdit, PendingEditId};

use super::{CampaignEdit, REST_EDIT, Service};
use crate::access::{Caller, Right, Role};
use crate::error::ServiceError;

/// The longest sleep until the clock is looked at again: it may be set.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Rest after a store that could not be read or written.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How far ahead an edit may lie.
const AHEAD_MAX: Duration = Duration::from_secs(731 * 86_400);

impl Service {
    /// Stores an edit to be made at a time. It is judged and checked now, against the campaign as it
    /// is, and again when its time comes: then the fields that it changes get their new values,
    /// whatever they hold by then.
    ///
    /// # Errors
    /// As [`Service::edit_campaign`]; [`ServiceError::Invalid`] for a time that is not in the next
    /// two years, and for an edit that changes nothing.
    pub async fn plan_edit(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: CampaignEdit,
        apply_at: Timestamp,
    ) -> Result<PendingEdit, ServiceError> {
        let turn = self.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        let at = self.now().await?;
        if apply_at <= at || apply_at > at + AHEAD_MAX {
            return Err(ServiceError::field(
                "apply_at",
                "must be in the future, at most two years ahead; leave it out to edit now",
            ));
        }
        if edit.contacts.is_some() {
            return Err(ServiceError::field(
                "apply_at",
                "cannot be given with a list; replace the list now",
            ));
        }
        let ready = self.make_ready(caller, id, &edit).await?;
        if ready.judged.taken.is_empty() {
            return Err(ServiceError::field(
                "apply_at",
                "is given for an edit that changes nothing",
            ));
        }
        let planned = NewPendingEdit {
            tenant: caller.tenant,
            campaign: id,
            apply_at,
            author: caller.name.clone(),
            origin: caller.origin,
            at,
            changes: ready.judged.taken,
        };
        let planned = self.store().put_pending_edit(planned).await?;
        self.core.planned.notify_one();
        Ok(planned)
    }

    /// Edits of a campaign that wait for their time, or could not be made when it came.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn pending_edits(
        &self,
        caller: &Caller,
        id: CampaignId,
    ) -> Result<Vec<PendingEdit>, ServiceError> {
        self.own_campaign(caller, Right::Read, id).await?;
        Ok(self.store().pending_edits(id).await?)
    }

    /// Cancels an edit that waits, or forgets one that could not be made.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is none of this number (any more).
    pub async fn cancel_edit(
        &self,
        caller: &Caller,
        id: CampaignId,
        edit: PendingEditId,
    ) -> Result<(), ServiceError> {
        self.own_campaign(caller, Right::RunCampaigns, id).await?;
        // After an edit that is being made right now: then there is nothing left to cancel.
        let turn = self.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        if self.store().remove_pending_edit(id, edit).await? {
            Ok(())
        } else {
            Err(ServiceError::NotFound {
                what: "pending edit",
                id: edit.0.to_string(),
            })
        }
    }

    /// Makes an edit whose time has come. One that cannot be made is kept with the reason.
    async fn make_due(&self, due: PendingEdit) -> Result<(), ServiceError> {
        let PendingEdit { id, edit, .. } = due;
        // The rights of whoever asked were looked at then.
        let caller = Caller {
            tenant: edit.tenant,
            name: edit.author,
            role: Role::Admin,
            agent: None,
            origin: edit.origin,
        };
        let changes = edit.changes;
        let mut made = CampaignEdit::new(REST_EDIT, move |campaign| {
            Ok(with_changes(&campaign.settings, &changes)?)
        });
        made.pending = Some(id);
        match self.edit_campaign(&caller, edit.campaign, made).await {
            Ok(edited) => {
                tracing::info!(
                    campaign.id = %edit.campaign,
                    revision = edited.campaign.revision.number(),
                    "an edit was made at its time"
                );
                Ok(())
            }
            // Cancelled in the last moment.
            Err(ServiceError::NotFound { .. }) => Ok(()),
            Err(error @ (ServiceError::Stopping | ServiceError::Store(_))) => Err(error),
            Err(error) => {
                tracing::warn!(
                    campaign.id = %edit.campaign, %error,
                    "an edit could not be made when its time came"
                );
                Ok(self
                    .store()
                    .fail_pending_edit(id, error.to_string())
                    .await?)
            }
        }
    }

    /// Makes the edits that are due; says how long the next one may be waited for.
    async fn make_all_due(&self) -> Result<Duration, ServiceError> {
        loop {
            let Some(next) = self.store().next_pending_edit().await? else {
                return Ok(LOOK_EVERY);
            };
            let now = self.now().await?;
            if next.edit.apply_at > now {
                return Ok(next.edit.apply_at.since(now).min(LOOK_EVERY));
            }
            self.make_due(next).await?;
        }
    }
}

/// Makes edits at their times until the server stops.
pub(in crate::use_cases) async fn make_due_edits(service: Service) {
    loop {
        let wait = match service.make_all_due().await {
            Ok(wait) => wait,
            Err(ServiceError::Stopping) => return,
            Err(error) => {
                tracing::debug!(%error, "edits that are due wait for the store");
                RETRY_AFTER
            }
        };
        // A new one may be the next.
        let _ = tokio::time::timeout(wait, service.core.planned.notified()).await;
    }
}
