//! Whoever is told of a call just before it goes out: a message to the callee's screen, a screen of one's own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use outdial_domain::{AttemptId, CampaignId, ContactId, Extras, PhoneNumber, TenantId, Timestamp};
use outdial_engine::output::Dial;
use outdial_store::Store;

/// A campaign that cannot be read by then is not waited for: the call goes out untold.
const CAMPAIGN_WAIT: Duration = Duration::from_secs(1);

/// A call that is about to go out.
#[derive(Clone, Debug, PartialEq)]
pub struct CallNotice {
    /// Whose call.
    pub tenant: TenantId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The attempt, which is committed.
    pub attempt: AttemptId,
    /// Who is called.
    pub contact: ContactId,
    /// Under which number.
    pub number: PhoneNumber,
    /// The number that is shown.
    pub caller_id: PhoneNumber,
    /// When it was decided on.
    pub at: Timestamp,
    /// What vendors' APIs store with the campaign.
    pub extras: Extras,
}

/// Is told of each call once, between its commit and its INVITE.
pub trait Herald: fmt::Debug + Send + Sync {
    /// Takes the notice and returns at once: whatever takes time is done elsewhere. The call goes out,
    /// whatever becomes of it.
    fn call_begins(&self, notice: CallNotice) {
        let _ = notice;
    }
}

/// Tells of a call whose attempt is committed.
pub(crate) async fn tell(herald: &dyn Herald, store: &dyn Store, tenant: TenantId, dial: &Dial) {
    let read = tokio::time::timeout(CAMPAIGN_WAIT, store.campaign(dial.campaign));
    let Ok(Ok(Some(campaign))) = read.await else {
        tracing::warn!(campaign.id = %dial.campaign, "a call goes out untold: its campaign cannot be read");
        return;
    };
    let notice = CallNotice {
        tenant,
        campaign: dial.campaign,
        attempt: dial.attempt,
        contact: dial.contact,
        number: dial.number,
        caller_id: dial.caller_id,
        at: dial.at,
        extras: campaign.extras,
    };
    if catch_unwind(AssertUnwindSafe(|| herald.call_begins(notice))).is_err() {
        tracing::error!(
            attempt = dial.attempt.number(),
            "a herald failed; the call goes out"
        );
    }
}
