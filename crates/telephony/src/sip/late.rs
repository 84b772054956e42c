//! Responses to an INVITE whose transaction is over: an answer repeated, another fork's answer, and what comes for a
//! call that is being given up.

use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Method, Response, Uri};

use super::address::Destination;
use super::core::{Core, Purpose};
use super::leg::acknowledge;
use super::message::{
    cseq, from_tag, initial_head, next_hop, route_set, tagged, to_tag, usable_contact,
};
use super::remnants::bye;
use crate::{DialogIdentity, LegId};

impl Core {
    /// A response to an INVITE that has no transaction any more.
    pub(super) fn stray(&mut self, response: &Response, acknowledged: bool) {
        let Ok(call_id) = response
            .call_id_header()
            .map(|header| header.value().to_owned())
        else {
            return;
        };
        let Some(leg) = self
            .by_call_id
            .get(&call_id)
            .and_then(|id| self.legs.get(id))
        else {
            self.stray_of_remnant(&call_id, response, acknowledged);
            return;
        };
        if from_tag(response) != leg.identity.local_tag {
            return;
        }
        let (id, attempt, has_dialog) = (leg.id, leg.attempt, leg.dialog.is_some());
        let number = cseq(response).map(|(number, _)| number);
        if has_dialog {
            self.answered_again(id, response);
        } else if number == Some(leg.identity.cseq.wrapping_add(attempt)) {
            if response.status_code.code() >= 300 && !acknowledged {
                self.acknowledge_refusal(&leg.identity, &leg.destination, attempt, response);
            }
            self.responded(id, response);
        }
    }

    /// Acknowledges a final response other than 2xx for which the stack has no transaction (RFC 3261, 17.1.1.3).
    pub(super) fn acknowledge_refusal(
        &self,
        identity: &DialogIdentity,
        destination: &Destination,
        attempt: u32,
        response: &Response,
    ) {
        if let Some(mut head) = initial_head(identity, Method::Ack, attempt) {
            head.to = tagged(&identity.to, &to_tag(response));
            self.out
                .fire(head.request(Vec::new(), Vec::new()), destination, None);
        }
    }

    /// A 2xx to the INVITE of a leg that is answered already: the same answer repeated, or another fork's.
    pub(super) fn answered_again(&mut self, id: LegId, response: &Response) {
        if !(200..=299).contains(&response.status_code.code()) {
            return;
        }
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let Some(dialog) = &leg.dialog else { return };
        let Some((number, _)) = cseq(response) else {
            return;
        };
        let tag = to_tag(response);
        if tag != dialog.remote_tag {
            self.end_fork(id, response, tag);
            return;
        }
        let again = match &dialog.refreshed {
            Some((refreshed, acknowledgement)) if *refreshed == number => Some(acknowledgement),
            _ if number == dialog.invite_cseq && dialog.confirmed => Some(&dialog.acknowledgement),
            _ => None,
        };
        if let Some(acknowledgement) = again {
            self.out.fire(
                acknowledgement.clone(),
                &dialog.next_hop,
                Some(&leg.destination),
            );
        }
    }

    /// Another branch of a forked call picked up too: it is acknowledged each time it says so, and ended once.
    fn end_fork(&mut self, id: LegId, response: &Response, tag: String) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let forks = leg.dialog.as_ref().map(|dialog| &dialog.forks);
        if let Some((acknowledgement, hop)) = forks.and_then(|forks| forks.get(&tag)) {
            self.out
                .fire(acknowledgement.clone(), hop, Some(&leg.destination));
            return;
        }
        let Some(target) = usable_contact(response)
            .or_else(|| Uri::try_from(leg.identity.request_uri.as_str()).ok())
        else {
            return;
        };
        let routes = route_set(response);
        let number = leg.identity.cseq.wrapping_add(leg.attempt);
        let acknowledgement = acknowledge(
            &leg.identity,
            &tag,
            target.clone(),
            &routes,
            number,
            leg.authorization.clone(),
        );
        let hop = next_hop(&routes, &target, leg.destination.transport);
        self.out
            .fire(acknowledgement.clone(), &hop, Some(&leg.destination));
        if let Some(dialog) = leg.dialog.as_mut() {
            dialog
                .forks
                .insert(tag.clone(), (acknowledgement, hop.clone()));
        }
        let bye = bye(&leg.identity, &tag, target, &routes, number.wrapping_add(1));
        let (fallback, credentials) = (leg.destination.clone(), leg.route.credentials.clone());
        self.leaving += 1;
        self.out
            .exchange(bye, hop, Some(fallback), credentials, Purpose::Leave);
    }
}
