//! A leg after it was answered: acknowledging, joining, keeping its session alive, noticing that the far end
//! is gone, and ending it.

use std::time::Duration;

use outdial_domain::{EndedBy, LocalFailure};
use rsipstack::sip::{Header, Method, Response};
use tokio::time::Instant;

use super::core::{Core, Purpose};
use super::leg::{Kind, Session, acknowledge};
use super::message::{ALLOW, SDP_TYPE, contact, header, min_se, session_expires};
use super::outbound::Reply;
use super::timers::Timer;
use crate::media::g711::Law;
use crate::media::relay::Agreement;
use crate::sdp::Audio;
use crate::{AnsweredDialog, Event, HangUpReason, LegId, clock};

/// How long a far end whose voice stopped has to answer when it is asked.
const PRESENCE_WITHIN: Duration = Duration::from_secs(5);
/// How long a callee whose voice stopped is not asked again.
const CALLEE_REST: Duration = Duration::from_secs(30);
/// How soon a refresh that met one of the far end's is tried again (RFC 3261, 14.1).
const GLARE: Duration = Duration::from_secs(3);

/// What a description of the far end means for the relay.
pub(super) fn agreement(audio: &Audio, chosen: (u8, Law)) -> Agreement {
    let (payload_type, law) = chosen;
    Agreement {
        remote: audio.address,
        law,
        payload_type,
        telephone_event: audio.telephone_event,
        sending: audio.direction.wants_media(),
    }
}

impl Core {
    pub(super) fn confirm(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(dialog) = leg.dialog.as_mut().filter(|dialog| !dialog.confirmed) else {
            return;
        };
        dialog.confirmed = true;
        self.out.fire(
            dialog.acknowledgement.clone(),
            &dialog.next_hop,
            Some(&leg.destination),
        );
    }

    pub(super) fn hang_up(&mut self, id: LegId, reason: HangUpReason) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        if leg.dialog.is_none() {
            self.cancel(id);
            return;
        }
        let text = match reason {
            HangUpReason::Normal => "Normal call clearing",
            HangUpReason::Stopping => "Server stopping",
        };
        self.leave(
            id,
            &[header("Reason", format!("Q.850;cause=16;text=\"{text}\""))],
        );
        self.end(id, EndedBy::Us, None, None);
    }

    /// Sends BYE, after the acknowledgement if that was still withheld.
    pub(super) fn leave(&mut self, id: LegId, further: &[Header]) {
        self.confirm(id);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let credentials = leg.route.credentials.clone();
        if let Some((bye, to, fallback)) = leg.request(Method::Bye, further.to_vec(), Vec::new()) {
            self.leaving += 1;
            self.out
                .exchange(bye, to, fallback, credentials, Purpose::Leave);
        }
    }

    pub(super) fn join(&mut self, callee: LegId, other: LegId, tone: bool) {
        let is_up = |leg: &LegId| self.legs.get(leg).is_some_and(|leg| leg.dialog.is_some());
        if is_up(&callee) && is_up(&other) {
            self.media.join(callee, other, tone);
        }
    }

    pub(super) fn listen(&mut self, callee: LegId, other: LegId) {
        let rings = self
            .legs
            .get(&callee)
            .is_some_and(|leg| leg.dialog.is_none());
        let is_up = self
            .legs
            .get(&other)
            .is_some_and(|leg| leg.dialog.is_some());
        if rings && is_up {
            self.unjoin(other);
            self.media.listen(callee, other);
        }
    }

    /// Takes what a 2xx or a refresh says about the session timer. `we_asked` when it answers a request of ours.
    pub(super) fn start_session(
        &mut self,
        id: LegId,
        message: &impl rsipstack::sip::HeadersExt,
        we_asked: bool,
    ) {
        let session_min = self.session_min_s();
        let Some(dialog) = self.legs.get_mut(&id).and_then(|leg| leg.dialog.as_mut()) else {
            return;
        };
        let generation = dialog.session.map_or(0, |session| session.generation) + 1;
        let Some((interval_s, by_requester)) = session_expires(message) else {
            // Without the header there is no timer any more (RFC 4028, section 7.2).
            dialog.session = None;
            return;
        };
        // The refresher is named from the view of the request: "uac" is who sent it. Unnamed, we do it.
        let we_refresh = by_requester.is_none_or(|by_requester| by_requester == we_asked);
        let interval_s = interval_s.max(session_min);
        dialog.session = Some(Session {
            interval_s,
            we_refresh,
            generation,
        });
        let interval = Duration::from_secs(u64::from(interval_s));
        if we_refresh {
            self.timers
                .after(interval / 2, Timer::Refresh(id, generation));
        } else {
            // RFC 4028, section 10: the smaller of 32 s and a third before the end.
            let early = (interval / 3).min(Duration::from_secs(32));
            self.timers
                .after(interval - early, Timer::SessionOver(id, generation));
        }
    }

    pub(super) fn refresh(&mut self, id: LegId, generation: u32) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(dialog) = &leg.dialog else { return };
        let Some(session) = dialog
            .session
            .filter(|session| session.generation == generation)
        else {
            return;
        };
        let by_update = dialog.takes_update;
        let interval = session.interval_s;
        if !by_update && dialog.offered.is_some() {
            // Its offer and ours would cross.
            self.timers
                .after(Duration::from_secs(1), Timer::Refresh(id, generation));
            return;
        }
        let mut further = vec![
            contact(&leg.identity.sent_by),
            header("Supported", "timer"),
            header("Session-Expires", format!("{interval};refresher=uac")),
            header("Allow", ALLOW),
        ];
        let (method, body) = if by_update {
            (Method::Update, Vec::new())
        } else {
            further.push(header("Content-Type", SDP_TYPE));
            (Method::Invite, leg.offer().into_bytes())
        };
        let credentials = leg.route.credentials.clone();
        let Some((request, to, fallback)) = leg.request(method, further, body) else {
            return;
        };
        let cseq = super::message::cseq(&request).map_or(0, |(number, _)| number);
        if let Some(dialog) = leg.dialog.as_mut() {
            dialog.offering = !by_update;
        }
        let purpose = Purpose::Refresh {
            leg: id,
            cseq,
            by_update,
            generation,
        };
        self.out
            .exchange(request, to, fallback, credentials, purpose);
    }

    pub(super) fn refreshed(
        &mut self,
        id: LegId,
        cseq: u32,
        by_update: bool,
        generation: u32,
        reply: &Reply,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(dialog) = leg.dialog.as_mut() else {
            return;
        };
        dialog.offering = false;
        match reply {
            Reply::Final(response) if (200..=299).contains(&response.status_code.code()) => {
                if !by_update {
                    self.acknowledge_refresh(id, response);
                }
                self.start_session(id, &**response, true);
            }
            Reply::Final(response) if response.status_code.code() == 491 => {
                self.timers.after(GLARE, Timer::Refresh(id, generation));
            }
            Reply::Final(response) if response.status_code.code() == 422 => {
                if let (Some(session), Some(longer)) =
                    (dialog.session.as_mut(), min_se(&**response))
                    && longer > session.interval_s
                {
                    session.interval_s = longer;
                    self.refresh(id, generation);
                }
            }
            Reply::Final(response)
                if by_update && matches!(response.status_code.code(), 405 | 501) =>
            {
                dialog.takes_update = false;
                self.refresh(id, generation);
            }
            // RFC 4028, section 10: the session is over when the far end does not know it or does not answer.
            Reply::Silent | Reply::Unreachable => self.lost(id),
            Reply::Final(response) if matches!(response.status_code.code(), 408 | 481) => {
                self.lost(id)
            }
            Reply::Final(response) => {
                // Another refusal leaves the session as it is; one more try before it runs out.
                tracing::warn!(
                    leg = id.0,
                    cseq,
                    status = response.status_code.code(),
                    "a session refresh was refused"
                );
                if let Some(session) = dialog.session {
                    let quarter = Duration::from_secs(u64::from(session.interval_s)) / 4;
                    self.timers.after(quarter, Timer::Refresh(id, generation));
                }
            }
        }
    }

    /// The acknowledgement of a re-INVITE's 2xx, and what that 2xx says about media.
    fn acknowledge_refresh(&mut self, id: LegId, response: &Response) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some((number, _)) = super::message::cseq(response) else {
            return;
        };
        let described = Audio::parse(&response.body)
            .ok()
            .filter(|audio| !audio.is_refused());
        let agreed =
            described.and_then(|audio| leg.choose(&audio).map(|chosen| agreement(&audio, chosen)));
        let moved =
            super::message::usable_contact(response).and_then(|target| leg.retarget(target));
        let Some(dialog) = leg.dialog.as_mut() else {
            return;
        };
        let request = acknowledge(
            &leg.identity,
            &dialog.remote_tag,
            dialog.target.clone(),
            &dialog.route_set,
            number,
            leg.authorization.clone(),
        );
        self.out
            .fire(request.clone(), &dialog.next_hop, Some(&leg.destination));
        dialog.refreshed = Some((number, request));
        if let Some(agreement) = agreed {
            self.media.agree(id, agreement);
        }
        self.tell_moved(id, moved);
    }

    /// Reports where a far end has moved to, so that its call can be ended there after a crash.
    pub(super) fn tell_moved(&self, leg: LegId, moved: Option<AnsweredDialog>) {
        if let Some(dialog) = moved {
            let at = clock::now();
            self.tell(Event::Moved { leg, at, dialog });
        }
    }

    pub(super) fn session_over(&mut self, id: LegId, generation: u32) {
        let session = self
            .legs
            .get(&id)
            .and_then(|leg| leg.dialog.as_ref()?.session);
        if session.is_some_and(|session| session.generation == generation) {
            self.lost(id);
        }
    }

    /// Voice had come from this leg and stopped: a far end that is still there answers when it is asked.
    pub(super) fn quiet(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        match leg.kind {
            // A phone in a local network answers at once.
            Kind::Agent | Kind::Flow => self.ask(id, Some(PRESENCE_WITHIN)),
            // A trunk that holds a call, or saves the packets of silence, is asked now and then, and may take its time.
            Kind::Callee => {
                let asked = leg.dialog.as_ref().and_then(|dialog| dialog.asked_at);
                if asked.is_none_or(|at| at.elapsed() >= CALLEE_REST) {
                    self.ask(id, None);
                }
            }
        }
    }

    /// A callee's leg has no session timer: without this a trunk that lost the call, or its BYE, would hold a line, a
    /// caller ID and a flow for ever, when it had never sent voice that could stop.
    pub(super) fn check_callee(&mut self, id: LegId) {
        if self.legs.contains_key(&id) {
            self.ask(id, None);
            self.timers
                .after(self.settings.callee_check, Timer::CheckCallee(id));
        }
    }

    /// Asks whether a far end still knows the call. Silence is an answer after `within`, or when the exchange is over.
    fn ask(&mut self, id: LegId, within: Option<Duration>) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(dialog) = leg.dialog.as_mut().filter(|dialog| dialog.asking.is_none()) else {
            return;
        };
        dialog.asked += 1;
        dialog.asked_at = Some(Instant::now());
        let question = dialog.asked;
        dialog.asking = Some(question);
        let credentials = leg.route.credentials.clone();
        let accept = vec![header("Accept", SDP_TYPE)];
        if let Some((request, to, fallback)) = leg.request(Method::Options, accept, Vec::new()) {
            let purpose = Purpose::Ask { leg: id, question };
            self.out
                .exchange(request, to, fallback, credentials, purpose);
            if let Some(within) = within {
                self.timers.after(within, Timer::NoAnswer(id, question));
            }
        }
    }

    pub(super) fn told_presence(&mut self, id: LegId, question: u32, reply: &Reply) {
        let Some(dialog) = self.legs.get_mut(&id).and_then(|leg| leg.dialog.as_mut()) else {
            return;
        };
        if dialog.asking != Some(question) {
            return;
        }
        dialog.asking = None;
        match reply.status() {
            // It does not know the call any more.
            Some(481) => self.lost(id),
            Some(408) | None => self.no_answer(id),
            Some(_) => dialog.answers = true,
        }
    }

    /// Nobody has answered. A trunk that never does may just not know such questions, and its call goes on.
    fn no_answer(&mut self, id: LegId) {
        let is_lost = self.legs.get(&id).is_some_and(|leg| {
            let answers = leg.dialog.as_ref().is_some_and(|dialog| dialog.answers);
            answers || !matches!(leg.kind, Kind::Callee)
        });
        if is_lost {
            self.lost(id);
        }
    }

    pub(super) fn no_sign_of_presence(&mut self, id: LegId, question: u32) {
        let asking = self
            .legs
            .get(&id)
            .and_then(|leg| leg.dialog.as_ref()?.asking);
        if asking == Some(question) {
            self.lost(id);
        }
    }

    /// The far end is gone. It is told that the call is over all the same, should it come back.
    fn lost(&mut self, id: LegId) {
        self.leave(id, &[]);
        self.end(id, EndedBy::Network, Some(LocalFailure::MediaLost), None);
    }
}
