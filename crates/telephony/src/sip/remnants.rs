//! What is left of a call that is over here but may not be over at the far end: a late answer is
//! acknowledged and ended, a late sign of life is cancelled. Calls of an earlier process are such remnants from
//! the start.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, Response, Uri};

use super::address::Destination;
use super::core::{Core, Purpose};
use super::leg::{Leg, acknowledge};
use super::message::{
    Head, initial_head, new_branch, next_hop, route_set, tagged, to_tag, usable_contact,
};
use crate::DialogIdentity;
use crate::digest::Credentials;

/// How long late messages of a call may come: 64 × T1 after its end, and some more.
pub(super) const LATE: Duration = Duration::from_secs(40);

/// Calls that are over here, by their Call-ID.
#[derive(Debug, Default)]
pub(super) struct Remnants {
    pub(super) left: HashMap<String, Remnant>,
}

#[derive(Debug)]
pub(super) struct Remnant {
    pub(super) identity: DialogIdentity,
    pub(super) destination: Destination,
    pub(super) credentials: Option<Credentials>,
    pub(super) authorization: Option<Header>,
    /// It was never answered or refused: a sign of life must be answered with CANCEL.
    pub(super) may_ring: bool,
    pub(super) cancelled: bool,
    /// Dialogs that have been acknowledged and ended, by the far end's tag.
    pub(super) ended: BTreeMap<String, (Request, Destination)>,
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
            ended.extend(dialog.forks);
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

    pub(super) fn cancel_again(
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
