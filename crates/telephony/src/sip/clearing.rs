//! Ending the calls of an earlier process.
//!
//! A call is forgotten when the far end has said that it is over: 2xx, or 481 for a call it does not know. Whatever
//! else it says, or its silence, leaves the call to be ended again a little later, for about an hour.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use std::time::Duration;

use rsipstack::sip::Uri;

use super::address::Destination;
use super::calling::ATTEMPTS_MAX;
use super::core::{Core, Purpose};
use super::leg::acknowledge;
use super::outbound::Reply;
use super::remnants::{LATE, Remnant, bye};
use super::timers::Timer;
use crate::digest::Credentials;
use crate::{AnsweredDialog, DialogIdentity, Event, LegId, StoredDialog, clock};

/// What our numbers leap by after a crash: more than an earlier process can have used since it stored a dialog.
const CSEQ_LEAP: u32 = 100_000;
/// How often a call is tried to be ended. With 32 s of silence and 32 s between two tries this takes an hour, after
/// which hardly any far end keeps a call without a sign of life.
const ROUNDS_MAX: u32 = 56;

/// Calls of an earlier process that may be up, by their Call-ID.
#[derive(Debug, Default)]
pub(super) struct Clearing {
    open: HashMap<String, Open>,
    /// Over since the last report.
    over: Vec<LegId>,
    /// Exchanges under way.
    waiting: usize,
    round: u32,
}

#[derive(Debug)]
struct Open {
    stored: StoredDialog,
    /// Whether every exchange of this round said that the call is over.
    is_over: bool,
    /// Exchanges of this round without reply.
    waiting: usize,
}

impl Core {
    /// Ends what an earlier process left behind.
    pub(super) fn clear(&mut self, dialogs: Vec<StoredDialog>) {
        for stored in dialogs {
            let open = Open {
                stored,
                is_over: false,
                waiting: 0,
            };
            let call_id = open.stored.identity.call_id.clone();
            self.clearing.open.insert(call_id, open);
        }
        self.clearing.round = 0;
        self.clear_again();
    }

    /// Tries to end every call that may still be up.
    pub(super) fn clear_again(&mut self) {
        let open: Vec<StoredDialog> = self
            .clearing
            .open
            .values()
            .map(|open| open.stored.clone())
            .collect();
        for stored in open {
            let call_id = stored.identity.call_id.clone();
            let asked = self.clear_one(stored);
            if let Some(open) = self.clearing.open.get_mut(&call_id) {
                open.waiting = asked;
                open.is_over = true;
                if asked == 0 {
                    tracing::error!(
                        leg = open.stored.leg.0,
                        "a stored call cannot be read and is not ended"
                    );
                    self.clearing.over.push(open.stored.leg);
                    self.clearing.open.remove(&call_id);
                }
            }
            self.clearing.waiting += asked;
        }
        self.clearing_progressed();
    }

    /// Tries to end one call; how many exchanges that takes.
    fn clear_one(&mut self, stored: StoredDialog) -> usize {
        let Some(destination) = Destination::parse(&stored.identity.destination) else {
            return 0;
        };
        let credentials = self.credentials_of(&stored.identity);
        // Without credentials the first INVITE to a trunk was the only one. Phones may have asked for another
        // session interval, and a trunk that is gone from the configuration may have asked for credentials.
        let tries = match (stored.identity.trunk, &credentials) {
            (Some(trunk), None) if self.is_trunk(trunk) => 1,
            _ => ATTEMPTS_MAX + 1,
        };
        let call_id = stored.identity.call_id.clone();
        let remnant = Remnant {
            identity: stored.identity.clone(),
            destination: destination.clone(),
            credentials: credentials.clone(),
            authorization: None,
            may_ring: stored.answered.is_none(),
            cancelled: true,
            ended: BTreeMap::new(),
        };
        self.door.open_call(&call_id);
        self.remnants.left.insert(call_id.clone(), remnant);
        self.timers.after(LATE, Timer::Forget(call_id.clone()));
        if let Some(dialog) = &stored.answered {
            return self.end_stored(&stored.identity, dialog, destination, credentials);
        }
        // Every try: a far end that challenged the first one answers the CANCEL of that by 200 for a while, and the
        // second one rings on.
        for attempt in 0..tries {
            let purpose = Purpose::Clear {
                call_id: call_id.clone(),
            };
            self.cancel_again(&stored.identity, destination.clone(), attempt, purpose);
        }
        tries as usize
    }

    fn end_stored(
        &mut self,
        identity: &DialogIdentity,
        dialog: &AnsweredDialog,
        fallback: Destination,
        credentials: Option<Credentials>,
    ) -> usize {
        let target = Uri::try_from(dialog.remote_target.as_str())
            .or_else(|_| Uri::try_from(identity.request_uri.as_str()));
        let Ok(target) = target else { return 0 };
        let call_id = identity.call_id.clone();
        let hop = Destination::parse(&dialog.destination).unwrap_or_else(|| fallback.clone());
        // A number for each round, and one for the answer to a challenge.
        let number = dialog
            .cseq
            .wrapping_add(CSEQ_LEAP)
            .wrapping_add(2 * self.clearing.round);
        let acknowledgement = acknowledge(
            identity,
            &dialog.remote_tag,
            target.clone(),
            &dialog.route_set,
            dialog.cseq,
            None,
        );
        // Should the earlier process have died before it acknowledged the answer, the answer is repeated and finds
        // this. An acknowledgement without being asked would confuse a far end that already has one.
        if let Some(remnant) = self.remnants.left.get_mut(&call_id) {
            remnant
                .ended
                .insert(dialog.remote_tag.clone(), (acknowledgement, hop.clone()));
        }
        let goodbye = bye(
            identity,
            &dialog.remote_tag,
            target,
            &dialog.route_set,
            number,
        );
        let purpose = Purpose::Clear { call_id };
        self.out
            .exchange(goodbye, hop, Some(fallback), credentials, purpose);
        1
    }

    /// What came of trying to end a call of an earlier process.
    pub(super) fn cleared(&mut self, call_id: &str, reply: &Reply) {
        let says_over = matches!(reply.status(), Some(200..=299 | 481));
        self.clearing.waiting = self.clearing.waiting.saturating_sub(1);
        if let Some(open) = self.clearing.open.get_mut(call_id) {
            open.is_over &= says_over;
            open.waiting = open.waiting.saturating_sub(1);
            if open.waiting == 0 && open.is_over {
                self.clearing.over.push(open.stored.leg);
                self.clearing.open.remove(call_id);
            }
        }
        self.clearing_progressed();
    }

    /// Reports when a round is over, and sees to the next one.
    fn clearing_progressed(&mut self) {
        if self.clearing.waiting > 0 {
            return;
        }
        self.clearing.round += 1;
        if self.clearing.round >= ROUNDS_MAX && !self.clearing.open.is_empty() {
            tracing::error!(
                calls = self.clearing.open.len(),
                "calls of an earlier run could not be ended and are given up; their far ends do not answer"
            );
            let given_up = self.clearing.open.drain().map(|(_, open)| open.stored.leg);
            self.clearing.over.extend(given_up);
        }
        let left = self.clearing.open.len();
        let legs = std::mem::take(&mut self.clearing.over);
        if !legs.is_empty() || self.clearing.round == 1 {
            self.tell(Event::Cleared {
                at: clock::now(),
                legs,
                left,
            });
        }
        if left > 0 {
            let pause: Duration = self.settings.t1 * 64;
            self.timers.after(pause, Timer::ClearAgain);
        }
    }

    /// What the challenges of the trunk of a stored call are answered with.
    fn credentials_of(&self, identity: &DialogIdentity) -> Option<Credentials> {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        directory.trunk(identity.trunk?)?.ok()?.credentials()
    }

    fn is_trunk(&self, name: outdial_domain::TrunkName) -> bool {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        directory.trunk(name).is_some_and(|entry| entry.is_ok())
    }
}
