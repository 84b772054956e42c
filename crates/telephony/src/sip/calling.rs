//! A leg before it is answered: the INVITE, what is heard of it, and giving it up.

use outdial_domain::{EarlyMedia, EndedBy, Evidence, LocalFailure, Progress};
use rsipstack::sip::{Header, Method, Response};

use super::address::Destination;
use super::answered::agreement;
use super::core::{Core, Purpose};
use super::leg::{GivingUp, Kind, Leg, Told};
use super::message::{
    ALLOW, SDP_TYPE, contact, header, initial_head, min_se, q850_cause, retry_after, route_set,
    to_tag, usable_contact,
};
use super::outbound::{Heard, authorization};
use super::plan;
use super::timers::Timer;
use crate::digest::Challenge;
use crate::media::relay::Agreement;
use crate::sdp::{Audio, Local as Description};
use crate::{Call, DialogIdentity, Event, LegId, clock};

/// An INVITE is sent anew at most so often.
pub(super) const ATTEMPTS_MAX: u32 = 3;
/// The shortest session interval (RFC 4028, section 4).
const SESSION_MIN_S: u32 = 90;

impl Core {
    pub(super) fn place(&mut self, call: &Call, identity: DialogIdentity) {
        if self.legs.contains_key(&call.leg) {
            tracing::error!(
                leg = call.leg.0,
                "a leg was placed twice; the second order is ignored"
            );
            return;
        }
        let route = match self.directory.read() {
            Ok(directory) => plan::route(call, &identity, &directory),
            Err(poisoned) => plan::route(call, &identity, &poisoned.into_inner()),
        };
        let opened = route.map_err(|e| e.to_string()).and_then(|route| {
            let destination = Destination::parse(&identity.destination)
                .ok_or("its destination cannot be read")?;
            let socket = self.ports.bind().map_err(|e| format!("no RTP port: {e}"))?;
            let port = socket.local_addr().map_err(|e| e.to_string())?.port();
            Ok((route, destination, socket, port))
        });
        let (route, destination, socket, port) = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                tracing::error!(leg = call.leg.0, %problem, "a call could not be placed");
                let evidence = Evidence {
                    local: Some(LocalFailure::Transport),
                    ended_by: Some(EndedBy::Network),
                    ..Evidence::default()
                };
                self.tell(Event::Ended {
                    leg: call.leg,
                    at: clock::now(),
                    evidence,
                    retry_after: None,
                });
                return;
            }
        };
        self.media.open(call.leg, socket);
        let mut address = self.local.seen_by(destination.socket_address());
        address.set_port(port);
        let leg = Leg {
            id: call.leg,
            kind: Kind::of(&call.party),
            route,
            destination,
            description: Description {
                address,
                session: call.leg.0,
                version: 1,
            },
            since: clock::now(),
            attempt: 0,
            invite: None,
            authorization: None,
            session_wanted: self.settings.session_expires_s,
            evidence: Evidence::default(),
            told: Told::default(),
            giving_up: None,
            early: None,
            dialog: None,
            joined_with: None,
            identity,
        };
        self.door.open_call(&leg.identity.call_id);
        self.by_call_id
            .insert(leg.identity.call_id.clone(), call.leg);
        self.legs.insert(call.leg, leg);
        self.send_invite(call.leg);
    }

    /// The shortest session interval that we take, in seconds.
    pub(super) fn session_min_s(&self) -> u32 {
        self.settings.session_expires_s.clamp(1, SESSION_MIN_S)
    }

    fn send_invite(&mut self, id: LegId) {
        let session_min = self.session_min_s();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let mut further = vec![
            contact(&leg.identity.sent_by),
            header("Allow", ALLOW),
            header("User-Agent", self.settings.user_agent.as_str()),
        ];
        if leg.kind.is_long_lived() {
            further.push(header("Supported", "timer"));
            further.push(header("Session-Expires", leg.session_wanted.to_string()));
            further.push(header("Min-SE", session_min.to_string()));
        }
        further.extend(leg.route.headers.iter().cloned());
        further.extend(leg.authorization.clone());
        further.push(header("Content-Type", SDP_TYPE));
        let invite = initial_head(&leg.identity, Method::Invite, leg.attempt)
            .map(|head| head.request(further, leg.offer().into_bytes()))
            .and_then(|request| self.out.invite(request, &leg.destination, id, leg.attempt));
        match invite {
            Some(handle) => leg.invite = Some(handle),
            None => self.end(id, EndedBy::Network, Some(LocalFailure::Transport), None),
        }
    }

    pub(super) fn heard(&mut self, id: LegId, attempt: u32, heard: Heard) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.attempt != attempt {
            return;
        }
        let by = if leg.giving_up.is_some() {
            EndedBy::Us
        } else {
            EndedBy::Network
        };
        match heard {
            Heard::Response(response) if leg.dialog.is_some() => self.answered_again(id, &response),
            Heard::Response(response) => self.responded(id, &response),
            Heard::Unreachable => self.end(id, by, Some(LocalFailure::Transport), None),
            Heard::Silent => {
                // What still comes for it is cancelled, or acknowledged and ended, by what `end` leaves behind.
                self.end(id, by, Some(LocalFailure::NoResponse), None);
            }
        }
    }

    /// A response of the network to the INVITE of a leg that is not answered yet.
    pub(super) fn responded(&mut self, id: LegId, response: &Response) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.evidence.responded = true;
        let status = response.status_code.code();
        match status {
            100..=199 => self.provisional(id, response),
            200..=299 => self.picked_up(id, response),
            _ if self.try_again(id, response) => {}
            _ => {
                let Some(leg) = self.legs.get_mut(&id) else {
                    return;
                };
                leg.evidence.sip_status = Some(status);
                leg.evidence.q850_cause = q850_cause(response);
                let by = if leg.giving_up.is_some() {
                    EndedBy::Us
                } else {
                    EndedBy::Remote
                };
                self.end(id, by, None, retry_after(response));
            }
        }
    }

    fn provisional(&mut self, id: LegId, response: &Response) {
        let at = clock::now();
        let media = self.describe(id, response);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let mut news = Vec::new();
        if !std::mem::replace(&mut leg.told.trying, true) {
            news.push(Event::Trying { leg: id, at });
        }
        let told = &mut leg.told;
        let progress = match response.status_code.code() {
            180 if !std::mem::replace(&mut told.ringing, true) => Some(Progress::Ringing),
            183 if media && !std::mem::replace(&mut told.session_progress_with_media, true) => {
                told.session_progress = true;
                Some(Progress::SessionProgress)
            }
            183 if !std::mem::replace(&mut told.session_progress, true) => {
                Some(Progress::SessionProgress)
            }
            _ => None,
        };
        if let Some(progress) = progress {
            if progress == Progress::Ringing || media {
                leg.note_progress(progress);
            }
            news.push(Event::Progress {
                leg: id,
                at,
                progress,
                media,
            });
        }
        for event in news {
            self.tell(event);
        }
        self.send_cancel(id);
    }

    /// Takes a session description of a provisional response; whether there was one to take.
    fn describe(&mut self, id: LegId, response: &Response) -> bool {
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        let Some(agreement) = agreed(leg, response) else {
            return false;
        };
        leg.early = Some(agreement);
        self.media.agree(id, agreement);
        true
    }

    /// Whether the INVITE was sent anew because of this refusal: with credentials, or a longer session.
    fn try_again(&mut self, id: LegId, response: &Response) -> bool {
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        if leg.giving_up.is_some() || leg.attempt >= ATTEMPTS_MAX {
            return false;
        }
        match response.status_code.code() {
            401 | 407 => {
                // A second challenge means that the credentials are wrong, unless only the nonce was too old.
                if leg.authorization.is_some() && !is_stale(response) {
                    return false;
                }
                let Some(credentials) = &leg.route.credentials else {
                    return false;
                };
                let uri = leg.identity.request_uri.clone();
                let Some(line) = authorization(response, credentials, &Method::Invite, &uri) else {
                    return false;
                };
                leg.authorization = Some(line);
            }
            422 => match min_se(response) {
                Some(longer) if leg.kind.is_long_lived() && longer > leg.session_wanted => {
                    leg.session_wanted = longer
                }
                _ => return false,
            },
            _ => return false,
        }
        leg.attempt += 1;
        self.send_invite(id);
        true
    }

    /// The first 2xx.
    fn picked_up(&mut self, id: LegId, response: &Response) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.evidence.sip_status = Some(response.status_code.code());
        let target = usable_contact(response).filter(|_| response.status_code.code() == 200);
        let Some(target) = target else {
            self.refuse_answer(id, response);
            return;
        };
        let dialog = leg.dialog_of(response, to_tag(response), target, route_set(response));
        let stored = dialog.stored();
        leg.dialog = Some(dialog);
        // Some trunks describe their media in a 183 and say nothing more about it in the 200.
        let early = leg.early.filter(|_| response.body.is_empty());
        let agreement = agreed(leg, response).or(early);
        let Some(agreement) = agreement else {
            self.leave(id, &[]);
            self.end(id, EndedBy::Us, Some(LocalFailure::MediaMismatch), None);
            return;
        };
        let crossed = leg.giving_up.is_some();
        self.media.agree(id, agreement);
        self.media.answer(id);
        self.tell(Event::Answered {
            leg: id,
            at: clock::now(),
            dialog: stored,
        });
        if crossed {
            self.hang_up(id, crate::HangUpReason::Normal);
        } else {
            self.start_session(id, response, true);
            if self
                .legs
                .get(&id)
                .is_some_and(|leg| leg.kind == Kind::Callee)
            {
                self.timers
                    .after(self.settings.callee_check, Timer::CheckCallee(id));
            }
        }
    }

    /// An answer that opens no usable dialog: acknowledged and ended at the trunk's address, so that the far end
    /// does not stay off the hook.
    fn refuse_answer(&mut self, id: LegId, response: &Response) {
        if let Some(leg) = self.legs.get_mut(&id)
            && let Ok(target) = rsipstack::sip::Uri::try_from(leg.identity.request_uri.as_str())
        {
            let mut dialog = leg.dialog_of(response, to_tag(response), target, Vec::new());
            dialog.next_hop = leg.destination.clone();
            leg.dialog = Some(dialog);
            self.leave(id, &[]);
        }
        self.end(id, EndedBy::Us, Some(LocalFailure::NoUsableContact), None);
    }

    pub(super) fn early_media(&mut self, id: LegId) {
        if let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.dialog.is_none()) {
            leg.evidence.early_media = EarlyMedia::Present;
            self.tell(Event::EarlyMedia {
                leg: id,
                at: clock::now(),
            });
        }
    }

    pub(super) fn cancel(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.dialog.is_some() {
            // The answer crossed the order. It has been reported; the call ends all the same.
            self.hang_up(id, crate::HangUpReason::Normal);
            return;
        }
        if leg.giving_up.is_some() {
            return;
        }
        leg.giving_up = Some(GivingUp::default());
        if !leg.told.trying
            && let Some(invite) = &leg.invite
        {
            // Nothing may be sent before a sign of life; the INVITE itself is not sent again either.
            invite.stop();
        }
        self.tell(Event::Cancelling {
            leg: id,
            at: clock::now(),
        });
        self.timers.after(self.settings.t1 * 64, Timer::GiveUp(id));
        self.send_cancel(id);
    }

    /// Sends the CANCEL of a call that is being given up, once, and only after a provisional response.
    fn send_cancel(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let may = leg.told.trying;
        let Some(giving_up) = leg
            .giving_up
            .as_mut()
            .filter(|state| may && !state.cancel_sent)
        else {
            return;
        };
        giving_up.cancel_sent = true;
        if let Some(head) = initial_head(&leg.identity, Method::Cancel, leg.attempt) {
            let cancel = head.request(Vec::new(), Vec::new());
            self.leaving += 1;
            self.out
                .exchange(cancel, leg.destination.clone(), None, None, Purpose::Leave);
        }
    }

    pub(super) fn gave_up(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        if leg.dialog.is_none() && leg.giving_up.is_some() {
            let local = (!leg.evidence.responded).then_some(LocalFailure::NoResponse);
            self.end(id, EndedBy::Us, local, None);
        }
    }
}

/// What a response's description means for the relay, when it can carry a call.
fn agreed(leg: &Leg, response: &Response) -> Option<Agreement> {
    let audio = Audio::parse(&response.body).ok()?;
    let chosen = leg.choose(&audio).filter(|_| !audio.is_refused())?;
    Some(agreement(&audio, chosen))
}

/// Whether a challenge says that only its nonce was too old.
fn is_stale(response: &Response) -> bool {
    response.headers.iter().any(|header: &Header| {
        let name = header.name();
        (name.eq_ignore_ascii_case("WWW-Authenticate")
            || name.eq_ignore_ascii_case("Proxy-Authenticate"))
            && Challenge::parse(header.value()).is_some_and(|challenge| challenge.stale)
    })
}
