//! What is left of a call that is over here but may not be over at the far end: a late answer is
//! acknowledged and ended, a late sign of life is cancelled. Calls of an earlier process are such remnants from
//! the start.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, Response, Uri};

use super::address::Destination;
use super::core::{Core, Purpose};
use super::leg::{Leg, acknowledge};
use super::message::{
    Head, initial_head, new_branch, next_hop, route_set, tagged, to_tag, usable_contact,
};
use super::outbound::Reply;
use super::timers::Timer;
use crate::digest::Credentials;
use crate::{AnsweredDialog, DialogIdentity, Event, StoredDialog, clock};

/// How long late messages of a call may come: 64 × T1 after its end, and some more.
pub(super) const LATE: Duration = Duration::from_secs(40);
/// What our numbers leap by after a crash: more than an earlier process can have used since it stored a dialog.
const CSEQ_LEAP: u32 = 100_000;

/// Calls that are over here, by their Call-ID.
#[derive(Debug, Default)]
pub(super) struct Remnants {
    left: HashMap<String, Remnant>,
    clearing: Option<Clearing>,
}

#[derive(Debug)]
struct Remnant {
    identity: DialogIdentity,
    destination: Destination,
    credentials: Option<Credentials>,
    authorization: Option<Header>,
    /// It was never answered or refused: a sign of life must be answered with CANCEL.
    may_ring: bool,
    cancelled: bool,
    /// Dialogs that have been acknowledged and ended, by the far end's tag.
    ended: BTreeMap<String, (Request, Destination)>,
}

/// A [`Command::Clear`](crate::Command::Clear) under way.
#[derive(Debug)]
struct Clearing {
    dialogs: usize,
    silent: usize,
    waiting: BTreeSet<String>,
}

impl Remnants {
    /// Keeps what late messages of a leg that ended may need.
    pub(super) fn leave(&mut self, leg: Leg) {
        let cancelled = leg
            .giving_up
            .as_ref()
            .is_some_and(|state| state.cancel_sent);
        let may_ring = leg.dialog.is_none() && leg.evidence.sip_status.is_none();
        let mut ended = BTreeMap::new();
        if let Some(dialog) = leg.dialog {
            ended.insert(dialog.remote_tag, (dialog.acknowledgement, dialog.next_hop));
        }
        let remnant = Remnant {
            destination: leg.destination,
            credentials: leg.route.credentials,
            authorization: leg.authorization,
            may_ring,
            cancelled,
            ended,
            identity: leg.identity,
        };
        self.left.insert(remnant.identity.call_id.clone(), remnant);
    }

    pub(super) fn forget(&mut self, call_id: &str) {
        self.left.remove(call_id);
    }

    /// Whether a request belongs to a call that is over here.
    pub(super) fn knows(&self, call_id: &str, our_tag: &str) -> bool {
        self.left
            .get(call_id)
            .is_some_and(|remnant| remnant.identity.local_tag == our_tag)
    }
}

impl Core {
    /// A response for a call that is over here.
    pub(super) fn stray_of_remnant(
        &mut self,
        call_id: &str,
        response: &Response,
        acknowledged: bool,
    ) {
        let Some(remnant) = self.remnants.left.get_mut(call_id) else {
            return;
        };
        if super::message::from_tag(response) != remnant.identity.local_tag {
            return;
        }
        let Some((number, _)) = super::message::cseq(response) else {
            return;
        };
        let attempt = number.wrapping_sub(remnant.identity.cseq);
        match response.status_code.code() {
            100..=199 => {
                if remnant.may_ring && !std::mem::replace(&mut remnant.cancelled, true) {
                    let (identity, destination) =
                        (remnant.identity.clone(), remnant.destination.clone());
                    self.cancel_again(&identity, destination, attempt, Purpose::Leave);
                }
            }
            200..=299 => self.end_late_answer(call_id, response, number),
            _ => {
                remnant.may_ring = false;
                if !acknowledged {
                    let (identity, destination) =
                        (remnant.identity.clone(), remnant.destination.clone());
                    self.acknowledge_refusal(&identity, &destination, attempt, response);
                }
            }
        }
    }

    /// A late 2xx: acknowledged each time it comes, ended the first time.
    fn end_late_answer(&mut self, call_id: &str, response: &Response, number: u32) {
        let Some(remnant) = self.remnants.left.get_mut(call_id) else {
            return;
        };
        let tag = to_tag(response);
        if let Some((acknowledgement, hop)) = remnant.ended.get(&tag) {
            self.out
                .fire(acknowledgement.clone(), hop, Some(&remnant.destination));
            return;
        }
        let contact = usable_contact(response);
        let (target, routes) = match contact {
            Some(target) => (target, route_set(response)),
            None => match Uri::try_from(remnant.identity.request_uri.as_str()) {
                Ok(target) => (target, Vec::new()),
                Err(_) => return,
            },
        };
        let hop = next_hop(&routes, &target, remnant.destination.transport);
        let authorization = remnant.authorization.clone();
        let acknowledgement = acknowledge(
            &remnant.identity,
            &tag,
            target.clone(),
            &routes,
            number,
            authorization,
        );
        self.out
            .fire(acknowledgement.clone(), &hop, Some(&remnant.destination));
        let goodbye = bye(
            &remnant.identity,
            &tag,
            target,
            &routes,
            number.wrapping_add(1),
        );
        remnant.may_ring = false;
        remnant.ended.insert(tag, (acknowledgement, hop.clone()));
        self.leaving += 1;
        let (fallback, credentials) = (remnant.destination.clone(), remnant.credentials.clone());
        self.out
            .exchange(goodbye, hop, Some(fallback), credentials, Purpose::Leave);
    }

    /// Ends what an earlier process left behind.
    pub(super) fn clear(&mut self, dialogs: Vec<StoredDialog>) {
        let mut clearing = Clearing {
            dialogs: dialogs.len(),
            silent: 0,
            waiting: BTreeSet::new(),
        };
        for stored in dialogs {
            let Some(destination) = Destination::parse(&stored.identity.destination) else {
                tracing::error!(
                    leg = stored.leg.0,
                    "a stored dialog has no destination that can be read; not cleared"
                );
                clearing.silent += 1;
                continue;
            };
            let call_id = stored.identity.call_id.clone();
            let remnant = Remnant {
                identity: stored.identity,
                destination,
                credentials: None,
                authorization: None,
                may_ring: stored.answered.is_none(),
                cancelled: true,
                ended: BTreeMap::new(),
            };
            let (identity, destination) = (remnant.identity.clone(), remnant.destination.clone());
            self.remnants.left.insert(call_id.clone(), remnant);
            self.timers.after(LATE, Timer::Forget(call_id.clone()));
            clearing.waiting.insert(call_id.clone());
            match stored.answered {
                Some(dialog) => self.end_stored(&identity, &dialog, destination),
                None => {
                    let purpose = Purpose::ClearCancel {
                        call_id,
                        attempt: 0,
                    };
                    self.cancel_again(&identity, destination, 0, purpose);
                }
            }
        }
        self.remnants.clearing = Some(clearing);
        self.clearing_progressed();
    }

    fn end_stored(
        &mut self,
        identity: &DialogIdentity,
        dialog: &AnsweredDialog,
        fallback: Destination,
    ) {
        let target = Uri::try_from(dialog.remote_target.as_str())
            .or_else(|_| Uri::try_from(identity.request_uri.as_str()));
        let call_id = identity.call_id.clone();
        let Ok(target) = target else {
            self.clear_ended(&call_id, &Reply::Unreachable);
            return;
        };
        let hop = Destination::parse(&dialog.destination).unwrap_or_else(|| fallback.clone());
        let number = dialog.cseq.wrapping_add(CSEQ_LEAP);
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
        self.out.exchange(
            goodbye,
            hop,
            Some(fallback),
            None,
            Purpose::ClearBye { call_id },
        );
    }

    fn cancel_again(
        &mut self,
        identity: &DialogIdentity,
        destination: Destination,
        attempt: u32,
        purpose: Purpose,
    ) {
        let Some(head) = initial_head(identity, Method::Cancel, attempt) else {
            return;
        };
        self.leaving += usize::from(purpose == Purpose::Leave);
        self.out.exchange(
            head.request(Vec::new(), Vec::new()),
            destination,
            None,
            None,
            purpose,
        );
    }

    pub(super) fn clear_cancelled(&mut self, call_id: &str, attempt: u32, reply: &Reply) {
        // 481: the far end does not know this try of the INVITE. It may know the next, with credentials.
        if reply.status() == Some(481)
            && attempt == 0
            && let Some(remnant) = self.remnants.left.get(call_id)
        {
            let (identity, destination) = (remnant.identity.clone(), remnant.destination.clone());
            let purpose = Purpose::ClearCancel {
                call_id: call_id.to_owned(),
                attempt: 1,
            };
            self.cancel_again(&identity, destination, 1, purpose);
            return;
        }
        self.clear_ended(call_id, reply);
    }

    pub(super) fn clear_ended(&mut self, call_id: &str, reply: &Reply) {
        if let Some(clearing) = &mut self.remnants.clearing
            && clearing.waiting.remove(call_id)
        {
            clearing.silent += usize::from(reply.status().is_none());
            self.clearing_progressed();
        }
    }

    fn clearing_progressed(&mut self) {
        if self
            .remnants
            .clearing
            .as_ref()
            .is_some_and(|clearing| clearing.waiting.is_empty())
            && let Some(Clearing {
                dialogs, silent, ..
            }) = self.remnants.clearing.take()
        {
            self.tell(Event::Cleared {
                at: clock::now(),
                dialogs,
                silent,
            });
        }
    }
}

/// A BYE for a dialog that has no leg.
pub(super) fn bye(
    identity: &DialogIdentity,
    remote_tag: &str,
    target: Uri,
    route_set: &[String],
    cseq: u32,
) -> Request {
    let head = Head {
        method: Method::Bye,
        uri: target,
        sent_by: &identity.sent_by,
        branch: new_branch(),
        from: tagged(&identity.from, &identity.local_tag),
        to: tagged(&identity.to, remote_tag),
        call_id: &identity.call_id,
        cseq,
    };
    head.request(
        route_set
            .iter()
            .map(|route| Header::Route(route.as_str().into()))
            .collect(),
        Vec::new(),
    )
}
