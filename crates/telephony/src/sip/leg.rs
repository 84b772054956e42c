//! One leg: its names, how far it is, and the requests of its dialog.

use std::collections::BTreeMap;

use outdial_domain::{Evidence, Progress, Timestamp};
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Method, Request, Response, Uri};
use tokio::time::Instant;

use super::address::Destination;
use super::message::{Head, new_branch, next_hop, tagged};
use super::outbound::InviteHandle;
use super::plan::Route;
use crate::media::g711::Law;
use crate::media::relay::{Agreement, OUR_TELEPHONE_EVENT};
use crate::sdp::{Audio, Direction, Local};
use crate::{AnsweredDialog, DialogIdentity, LegId, LegState, LegUp, Party};

/// Who is at the other end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Callee,
    Agent,
    Flow,
}

impl Kind {
    pub(super) const fn of(party: &Party) -> Self {
        match party {
            Party::Callee { .. } => Self::Callee,
            Party::Agent { .. } => Self::Agent,
            Party::Flow { .. } => Self::Flow,
        }
    }

    /// Whether we offer session timers: on legs that may last for hours.
    pub(super) const fn is_long_lived(self) -> bool {
        matches!(self, Self::Agent | Self::Flow)
    }
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) kind: Kind,
    pub(super) identity: DialogIdentity,
    pub(super) route: Route,
    /// Where the INVITE went.
    pub(super) destination: Destination,
    pub(super) description: Local,
    pub(super) since: Timestamp,
    /// How often the INVITE was sent anew: after a challenge, or with a longer session interval.
    pub(super) attempt: u32,
    pub(super) invite: Option<InviteHandle>,
    /// The header that answered the challenge.
    pub(super) authorization: Option<Header>,
    /// Seconds of the session interval that we ask for.
    pub(super) session_wanted: u32,
    pub(super) evidence: Evidence,
    pub(super) told: Told,
    pub(super) giving_up: Option<GivingUp>,
    /// What a provisional response said about media.
    pub(super) early: Option<Agreement>,
    pub(super) dialog: Option<Dialog>,
    pub(super) joined_with: Option<LegId>,
}

/// What has been reported of a call that is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) trying: bool,
    pub(super) ringing: bool,
    pub(super) session_progress: bool,
    pub(super) session_progress_with_media: bool,
}

/// A call that is being given up.
#[derive(Debug, Default)]
pub(super) struct GivingUp {
    /// A CANCEL may only follow a provisional response (RFC 3261, 9.1).
    pub(super) cancel_sent: bool,
}

/// An answered leg's dialog.
#[derive(Debug)]
pub(super) struct Dialog {
    pub(super) remote_tag: String,
    pub(super) target: Uri,
    pub(super) route_set: Vec<String>,
    pub(super) next_hop: Destination,
    /// The number of the INVITE that was answered.
    pub(super) invite_cseq: u32,
    /// The last number we used.
    pub(super) cseq: u32,
    /// The far end's last number.
    pub(super) remote_cseq: Option<u32>,
    /// Whether the answer may be acknowledged: its dialog is stored.
    pub(super) confirmed: bool,
    pub(super) acknowledgement: Request,
    /// Acknowledgements of other branches that picked up too and were ended, by the far end's tag.
    pub(super) forks: BTreeMap<String, (Request, Destination)>,
    /// The acknowledgement of our last re-INVITE, and that INVITE's number.
    pub(super) refreshed: Option<(u32, Request)>,
    pub(super) takes_update: bool,
    pub(super) session: Option<Session>,
    /// Counts the questions whether the far end is still there; `Some` while one is open.
    pub(super) asking: Option<u32>,
    pub(super) asked: u32,
    pub(super) asked_at: Option<Instant>,
    /// Our re-INVITE that has no final response yet: one of the far end's is put off meanwhile (RFC 3261, 14.2).
    pub(super) offering: bool,
    /// The far end's re-INVITE without offer that we answered by an offer: its answer comes with the acknowledgement.
    pub(super) offered: Option<u32>,
}

/// A session timer (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) interval_s: u32,
    pub(super) we_refresh: bool,
    /// Timers of earlier intervals are told by this.
    pub(super) generation: u32,
}

impl Leg {
    pub(super) fn up(&self) -> LegUp {
        let state = match (&self.dialog, &self.giving_up) {
            (Some(_), _) => LegState::Up,
            (None, Some(_)) => LegState::Cancelling,
            (None, None) => LegState::Calling,
        };
        LegUp {
            leg: self.id,
            call_id: self.identity.call_id.clone(),
            state,
            since: self.since,
            joined_with: self.joined_with,
        }
    }

    /// Our description with everything that the leg may carry.
    pub(super) fn offer(&self) -> String {
        self.description.offer(
            &self.route.laws,
            Some(OUR_TELEPHONE_EVENT),
            Direction::SendRecv,
        )
    }

    /// Takes a 2xx into a dialog; its acknowledgement is made but not sent.
    pub(super) fn dialog_of(
        &self,
        response: &Response,
        remote_tag: String,
        target: Uri,
        route_set: Vec<String>,
    ) -> Dialog {
        let next_hop = self.next_hop(&route_set, &target);
        let invite_cseq = self.identity.cseq.wrapping_add(self.attempt);
        let acknowledgement = acknowledge(
            &self.identity,
            &remote_tag,
            target.clone(),
            &route_set,
            invite_cseq,
            self.authorization.clone(),
        );
        Dialog {
            remote_tag,
            target,
            route_set,
            next_hop,
            invite_cseq,
            cseq: invite_cseq,
            remote_cseq: None,
            confirmed: false,
            acknowledgement,
            forks: BTreeMap::new(),
            refreshed: None,
            takes_update: super::message::allows(response, "UPDATE"),
            session: None,
            asking: None,
            asked: 0,
            asked_at: None,
            offering: false,
            offered: None,
        }
    }

    fn next_hop(&self, route_set: &[String], target: &Uri) -> Destination {
        match &self.route.fixed {
            Some(fixed) if route_set.is_empty() => fixed.clone(),
            _ => next_hop(route_set, target, self.destination.transport),
        }
    }

    /// Takes where the far end is now (RFC 3261, 12.2.1.2). The dialog as it is to be stored, when that is news.
    pub(super) fn retarget(&mut self, target: Uri) -> Option<AnsweredDialog> {
        let dialog = self.dialog.as_ref()?;
        if dialog.target == target {
            return None;
        }
        let next_hop = self.next_hop(&dialog.route_set, &target);
        let dialog = self.dialog.as_mut()?;
        dialog.target = target;
        dialog.next_hop = next_hop;
        Some(dialog.stored())
    }

    /// The next request of the dialog, with where it goes and where else it may go. `None` before the answer.
    pub(super) fn request(
        &mut self,
        method: Method,
        further: Vec<Header>,
        body: Vec<u8>,
    ) -> Option<(Request, Destination, Option<Destination>)> {
        let dialog = self.dialog.as_mut()?;
        // One number stays free for the same request with an answer to a challenge.
        let number = dialog.cseq.wrapping_add(1);
        dialog.cseq = number.wrapping_add(u32::from(self.route.credentials.is_some()));
        let mut headers: Vec<Header> = dialog
            .route_set
            .iter()
            .map(|route| Header::Route(route.as_str().into()))
            .collect();
        headers.extend(further);
        let head = Head {
            method,
            uri: dialog.target.clone(),
            sent_by: &self.identity.sent_by,
            branch: new_branch(),
            from: tagged(&self.identity.from, &self.identity.local_tag),
            to: tagged(&self.identity.to, &dialog.remote_tag),
            call_id: &self.identity.call_id,
            cseq: number,
        };
        let fallback =
            Some(self.destination.clone()).filter(|destination| *destination != dialog.next_hop);
        Some((
            head.request(headers, body),
            dialog.next_hop.clone(),
            fallback,
        ))
    }

    /// The law to speak with what `audio` offers, by our order of preference.
    pub(super) fn choose(&self, audio: &Audio) -> Option<(u8, Law)> {
        audio.choose(&self.route.laws)
    }

    /// Whether a request belongs to this leg's dialog, by both tags.
    pub(super) fn owns(&self, request: &Request) -> bool {
        let tags = (
            super::message::to_tag(request),
            super::message::from_tag(request),
        );
        self.dialog.as_ref().is_some_and(|dialog| {
            // A far end that gave no tag in its answer may give one later (RFC 2543).
            tags.0 == self.identity.local_tag
                && (tags.1 == dialog.remote_tag || dialog.remote_tag.is_empty())
        })
    }

    /// Notes a number of the far end; false when it is older than the last one.
    pub(super) fn note_remote_cseq(&mut self, request: &Request) -> bool {
        let Some(dialog) = &mut self.dialog else {
            return false;
        };
        let Ok(number) = request.cseq_header().and_then(|header| header.seq()) else {
            return false;
        };
        if dialog.remote_cseq.is_some_and(|last| number < last) {
            return false;
        }
        dialog.remote_cseq = Some(number);
        true
    }

    pub(super) fn note_progress(&mut self, progress: Progress) {
        self.evidence.progress.get_or_insert(progress);
    }
}

impl Dialog {
    /// What the runtime stores.
    pub(super) fn stored(&self) -> AnsweredDialog {
        AnsweredDialog {
            remote_tag: self.remote_tag.clone(),
            remote_target: self.target.to_string(),
            route_set: self.route_set.clone(),
            cseq: self.cseq,
            destination: self.next_hop.to_string(),
        }
    }
}

/// The acknowledgement of a 2xx (RFC 3261, 13.2.2.4): a request of its own in the new dialog.
pub(super) fn acknowledge(
    identity: &DialogIdentity,
    remote_tag: &str,
    target: Uri,
    route_set: &[String],
    cseq: u32,
    authorization: Option<Header>,
) -> Request {
    let mut headers: Vec<Header> = route_set
        .iter()
        .map(|route| Header::Route(route.as_str().into()))
        .collect();
    headers.extend(authorization);
    let head = Head {
        method: Method::Ack,
        uri: target,
        sent_by: &identity.sent_by,
        branch: new_branch(),
        from: tagged(&identity.from, &identity.local_tag),
        to: tagged(&identity.to, remote_tag),
        call_id: &identity.call_id,
        cseq,
    };
    head.request(headers, Vec::new())
}
