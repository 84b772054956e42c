//! What a strict carrier finds wrong with the requests that it gets.

use crate::sip::{BRANCH_COOKIE, Message, Method, NameAddr, Via};
use crate::wait::{Bell, Expired};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A rule of RFC 3261 or of the carrier that a request broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Every request carries Via, From, To, Call-ID, CSeq and Max-Forwards (section 8.1.1).
    MandatoryHeader,
    /// Max-Forwards is a number from 1 to 255 when it reaches the last hop.
    MaxForwards,
    /// A branch begins with `z9hG4bK` (section 8.1.1.7).
    BranchCookie,
    /// CSeq's method is that of the request.
    CseqMethod,
    /// CSeq grows from request to request of a dialog (section 12.2.1.1).
    CseqOrder,
    /// A new request has a branch of its own (section 8.1.1.7).
    BranchReuse,
    /// A new call has a Call-ID of its own (section 8.1.1.4).
    CallIdReuse,
    /// From carries a tag (section 8.1.1.3).
    FromTag,
    /// An INVITE carries exactly one Contact with a SIP address (section 8.1.1.8).
    Contact,
    /// An INVITE offers audio in a law that the carrier knows, or nothing at all.
    Offer,
    /// From or P-Asserted-Identity names the caller ID that the carrier expects.
    CallerId,
    /// Credentials are made for the Request-URI.
    DigestUri,
    /// CANCEL repeats the INVITE's branch (section 9.1).
    CancelBranch,
    /// CANCEL repeats the INVITE's Request-URI, From, To and CSeq number (section 9.1).
    CancelHeaders,
    /// CANCEL waits for a provisional response (section 9.1).
    CancelTooEarly,
    /// The ACK of a refusal repeats the INVITE's branch (section 17.1.1.3).
    AckBranchOfRefusal,
    /// The ACK of a 2xx is a transaction of its own (section 13.2.2.4).
    AckBranchOfSuccess,
    /// ACK repeats the INVITE's CSeq number.
    AckCseq,
    /// ACK carries the To tag of the response.
    AckToTag,
    /// A final response is acknowledged within 64 × T1.
    AckMissing,
    /// Requests in a dialog carry its two tags (section 12.2.1.1).
    DialogTags,
    /// A request in a dialog goes to the Contact of the other side.
    RequestUri,
    /// A request in a dialog that does not exist, answered by 481.
    UnknownDialog,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Call-ID of the request.
    pub call_id: String,
    /// Method and what was found.
    pub found: String,
}

/// Violations that are kept in full; beyond that they are only counted, so that a flood of garbage
/// fills no memory.
const KEPT: usize = 10_000;

#[derive(Debug, Default)]
struct Found {
    list: Vec<Violation>,
    counts: BTreeMap<Rule, usize>,
}

/// All broken rules of one peer.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Mutex<Found>,
    bell: Bell,
}

impl Violations {
    pub(crate) fn add(&self, rule: Rule, message: &Message, found: impl std::fmt::Display) {
        let method = message.method().map_or("response", Method::as_str);
        let found = format!("{method}: {found}");
        let call_id = message.call_id().to_owned();
        let mut all = self.found();
        *all.counts.entry(rule).or_default() += 1;
        if all.list.len() < KEPT {
            all.list.push(Violation {
                rule,
                call_id,
                found,
            });
        }
        drop(all);
        self.bell.ring();
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn list(&self) -> Vec<Violation> {
        self.found().list.clone()
    }

    pub(crate) fn counts(&self) -> BTreeMap<Rule, usize> {
        self.found().counts.clone()
    }

    pub(crate) async fn until_broken(&self, rule: Rule, limit: Duration) -> Result<(), Expired> {
        let broken = || self.found().counts.contains_key(&rule).then_some(());
        self.bell
            .until(&format!("{rule:?} to be broken"), limit, broken)
            .await
    }

    /// Rules for every request, in or out of a dialog.
    pub(crate) fn check_any(&self, request: &Message) {
        let Some(method) = request.method() else {
            return;
        };
        for name in ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"] {
            if request.header(name).is_none_or(str::is_empty) {
                self.add(Rule::MandatoryHeader, request, format_args!("no {name}"));
            }
        }
        if let Some(hops) = request.header("Max-Forwards")
            && !hops.parse::<u16>().is_ok_and(|n| (1..=255).contains(&n))
        {
            self.add(Rule::MaxForwards, request, hops);
        }
        if request.header("CSeq").is_some() && request.cseq().is_none_or(|(_, m)| m != *method) {
            self.add(
                Rule::CseqMethod,
                request,
                request.header("CSeq").unwrap_or_default(),
            );
        }
        if Via::top(request).is_some_and(|via| !via.branch().starts_with(BRANCH_COOKIE)) {
            self.add(Rule::BranchCookie, request, "old or missing branch");
        }
        if tag_of(request, "From").is_none() {
            self.add(Rule::FromTag, request, "no tag");
        }
    }

    /// Rules for an INVITE that starts a call or changes one.
    pub(crate) fn check_invite(&self, invite: &Message) {
        let mut contacts = invite.headers("Contact").flat_map(crate::sip::split_list);
        let first = contacts
            .next()
            .and_then(NameAddr::parse)
            .and_then(|c| c.address());
        if first.is_none() || contacts.next().is_some() {
            self.add(Rule::Contact, invite, "not exactly one SIP address");
        }
        let offer = crate::sdp::Sdp::parse(&invite.body);
        if !invite.body.is_empty() && offer.is_none_or(|sdp| sdp.laws.is_empty()) {
            self.add(Rule::Offer, invite, "no G.711 audio");
        }
    }

    /// Rules for the CANCEL of an INVITE.
    pub(crate) fn check_cancel(&self, cancel: &Message, invite: &Message, progressed: bool) {
        if branch(cancel) != branch(invite) {
            self.add(Rule::CancelBranch, cancel, "another branch");
        }
        let same = |name| cancel.header(name) == invite.header(name);
        let cseq = |m: &Message| m.cseq().map(|(n, _)| n);
        if cancel.uri() != invite.uri()
            || !same("From")
            || !same("To")
            || cseq(cancel) != cseq(invite)
        {
            self.add(Rule::CancelHeaders, cancel, "differs from the INVITE");
        }
        if !progressed {
            self.add(Rule::CancelTooEarly, cancel, "no provisional response yet");
        }
    }

    /// Rules for the ACK of a final response.
    pub(crate) fn check_ack(&self, ack: &Message, invite: &Message, code: u16, local_tag: &str) {
        let same_branch = branch(ack) == branch(invite);
        match code {
            200..=299 if same_branch => {
                self.add(Rule::AckBranchOfSuccess, ack, "the INVITE's branch")
            }
            300.. if !same_branch => self.add(Rule::AckBranchOfRefusal, ack, "another branch"),
            _ => {}
        }
        if ack.cseq().map(|(n, _)| n) != invite.cseq().map(|(n, _)| n) {
            self.add(Rule::AckCseq, ack, "another number");
        }
        if tag_of(ack, "To").as_deref() != Some(local_tag) {
            self.add(Rule::AckToTag, ack, "not the tag of the response");
        }
    }
}

pub(crate) fn tag_of(message: &Message, header: &str) -> Option<String> {
    NameAddr::parse(message.header(header)?)?
        .tag()
        .map(str::to_owned)
}

pub(crate) fn branch(message: &Message) -> String {
    Via::top(message)
        .map(|via| via.branch().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> Message {
        Message::request(Method::Invite, "sip:1@127.0.0.1")
            .with("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1")
            .with("From", "<sip:a@h>;tag=f")
            .with("To", "<sip:1@h>")
            .with("Call-ID", "c")
            .with("CSeq", "1 INVITE")
            .with("Max-Forwards", "70")
            .with("Contact", "<sip:a@127.0.0.1>")
    }

    fn rules(check: impl Fn(&Violations)) -> Vec<Rule> {
        let violations = Violations::default();
        check(&violations);
        violations.counts().into_keys().collect()
    }

    #[test]
    fn a_careful_invite_breaks_no_rule() {
        assert_eq!(
            rules(|v| (v.check_any(&invite()), v.check_invite(&invite())).0),
            []
        );
    }

    #[test]
    fn each_fault_of_an_invite_is_named() {
        let mut bad = invite();
        bad.set("Via", "SIP/2.0/UDP 127.0.0.1;branch=1");
        bad.set("From", "<sip:a@h>");
        bad.set("CSeq", "1 BYE");
        bad.remove("Max-Forwards");
        bad.remove("Contact");
        let expected = [
            Rule::MandatoryHeader,
            Rule::BranchCookie,
            Rule::CseqMethod,
            Rule::FromTag,
            Rule::Contact,
        ];
        let found = rules(|v| {
            v.check_any(&bad);
            v.check_invite(&bad);
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_cancel_with_a_branch_of_its_own_is_caught() {
        let mut cancel = invite();
        cancel.start = crate::sip::Start::Request {
            method: Method::Cancel,
            uri: "sip:1@127.0.0.1".into(),
        };
        cancel.set("CSeq", "1 CANCEL");
        assert_eq!(rules(|v| v.check_cancel(&cancel, &invite(), true)), []);
        cancel.set("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2");
        assert_eq!(
            rules(|v| v.check_cancel(&cancel, &invite(), false)),
            [Rule::CancelBranch, Rule::CancelTooEarly]
        );
    }

    #[test]
    fn the_branch_of_an_ack_depends_on_what_it_acknowledges() {
        let mut ack = invite();
        ack.start = crate::sip::Start::Request {
            method: Method::Ack,
            uri: "sip:1@127.0.0.1".into(),
        };
        ack.set("CSeq", "1 ACK");
        ack.set("To", "<sip:1@h>;tag=t");
        assert_eq!(rules(|v| v.check_ack(&ack, &invite(), 486, "t")), []);
        assert_eq!(
            rules(|v| v.check_ack(&ack, &invite(), 200, "t")),
            [Rule::AckBranchOfSuccess]
        );
        assert_eq!(
            rules(|v| v.check_ack(&ack, &invite(), 486, "u")),
            [Rule::AckToTag]
        );
    }
}
