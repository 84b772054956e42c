//! Refusals in a supervisor's words.

use outdial_domain::{Aside, CampaignState, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::gate::{ContactRefused, ContactWhy, Why};
use crate::input::HaltScope;

/// Why something is not dialed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code: `calendar`, `trunk_out`, `breaker`, `no_agent`, …
    pub code: String,
    /// The reason in a supervisor's words.
    pub words: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

impl Refusal {
    pub(crate) fn new(code: &str, words: impl Into<String>, until: Option<Timestamp>) -> Self {
        Self {
            code: code.to_owned(),
            words: words.into(),
            until,
        }
    }
}

impl Engine {
    pub(crate) fn in_words(&self, why: Why, until: Option<Timestamp>) -> Refusal {
        let (code, words) = match why {
            Why::State(state) => ("state", state_words(state)),
            Why::NotBuilt(mode) => (
                "not_built",
                format!("the mode {} is not built yet", mode.as_str()),
            ),
            Why::Halted(scope) => ("halted", self.halt_words(scope)),
            Why::Store => (
                "store",
                format!("attempts cannot be stored: {}", self.store.reason()),
            ),
            Why::Calendar => ("calendar", "outside of its calling windows".to_owned()),
            Why::NoContact => ("no_contact", "no contact is due".to_owned()),
            Why::Loading => ("loading", "contacts are being loaded".to_owned()),
            Why::NoAgent(group) => (
                "no_agent",
                format!("no agent of skill group {group} is ready"),
            ),
            Why::AgentsBusy(group) => (
                "agents_busy",
                format!("all agents of skill group {group} who are ready are busy"),
            ),
            Why::NotConnected(group) => (
                "agents_not_connected",
                format!(
                    "the idle agents of skill group {group} are called for each call; this mode \
                     counts only agents whose phone stays connected"
                ),
            ),
            Why::Paced => (
                "paced",
                "as many calls ring as the idle agents allow".to_owned(),
            ),
            Why::AbandonmentCeiling => (
                "abandonment_ceiling",
                "its share of abandoned calls has come to the ceiling: until it is below again each \
                 call waits for an idle agent of its own"
                    .to_owned(),
            ),
            Why::Slot => ("slot", "its next calls have their time later".to_owned()),
            Why::OwnCalls(most) => ("own_calls", format!("all its {most} calls are in use")),
            Why::TenantCalls(0) => ("tenant_calls", "the tenant has no lines".to_owned()),
            Why::TenantCalls(most) => (
                "tenant_calls",
                format!("all {most} calls of the tenant are in use"),
            ),
            Why::KeptLines => (
                "kept_lines",
                "the free lines are guaranteed to other campaigns".to_owned(),
            ),
            other => self.way_words(other),
        };
        Refusal::new(code, words, until)
    }

    /// What stands in the way out of a call.
    fn way_words(&self, why: Why) -> (&'static str, String) {
        let text = |number: PhoneNumber| number.text();
        match why {
            Why::UnknownCallerId(number) => (
                "unknown_caller_id",
                format!("caller ID {} is none of the tenant's", text(number)),
            ),
            Why::CallerIdChannels(number) => (
                "caller_id_channels",
                format!("all channels of caller ID {} are in use", text(number)),
            ),
            Why::CallerIdHour(number) => (
                "caller_id_hour",
                format!(
                    "the calls of caller ID {} in an hour are used up",
                    text(number)
                ),
            ),
            Why::CallerIdDay(number) => (
                "caller_id_day",
                format!(
                    "the calls of caller ID {} of today are used up",
                    text(number)
                ),
            ),
            Why::NoTrunk(number) => (
                "no_trunk",
                format!("no trunk carries caller ID {}", text(number)),
            ),
            Why::TrunkLines(trunk) => (
                "trunk_lines",
                match self.trunks.get(trunk).map(|t| t.permit().calls) {
                    None | Some(0) => format!("trunk {trunk} has no lines for the tenant"),
                    Some(lines) => format!("all {lines} lines of trunk {trunk} are in use"),
                },
            ),
            Why::TrunkPace(trunk) => (
                "trunk_pace",
                format!("trunk {trunk} takes its next call a moment later"),
            ),
            Why::TrunkOut(trunk) => (
                "trunk_out",
                format!("trunk {trunk} is out: calls on it fail; one is tried every 30 seconds"),
            ),
            Why::Breaker(trunk, number) => ("breaker", self.breaker_words(trunk, number)),
            other => ("other", format!("{other:?}")),
        }
    }

    fn breaker_words(&self, trunk: outdial_domain::TrunkName, number: PhoneNumber) -> String {
        let open = self
            .trunks
            .get(trunk)
            .and_then(|t| t.breakers.get(&number)?.open());
        let suspects = open.map_or(0, |open| open.suspects.len());
        format!(
            "the breaker of trunk {trunk} with caller ID {} is open: {suspects} results in a short \
             time looked wrong; their contacts are back in the list until an operator decides",
            number.text()
        )
    }

    fn halt_words(&self, scope: HaltScope) -> String {
        let whose = match scope {
            HaltScope::Tenant => "all dialing is halted".to_owned(),
            HaltScope::Trunk(trunk) => format!("trunk {trunk} is halted"),
            HaltScope::Campaign(_) => "the campaign is halted".to_owned(),
        };
        match self.halts.reason(scope) {
            Some(reason) if !reason.is_empty() => format!("{whose}: {reason}"),
            _ => whose,
        }
    }
}

fn state_words(state: CampaignState) -> String {
    match state {
        CampaignState::Draft => "it has not been started".to_owned(),
        CampaignState::Scheduled => "its period has not begun".to_owned(),
        CampaignState::Running => "it is running".to_owned(),
        CampaignState::Paused => "it is paused".to_owned(),
        CampaignState::Ended(reason) => {
            let why = match reason {
                outdial_domain::EndReason::ListDone => "every contact is final",
                outdial_domain::EndReason::PeriodOver => "its period is over",
                outdial_domain::EndReason::ByHand => "it was aborted",
                outdial_domain::EndReason::Fault => "it cannot go on",
            };
            format!("it has ended: {why}")
        }
    }
}

/// A contact's refusal in words.
pub(crate) fn contact_words(refused: ContactRefused) -> Refusal {
    let (code, words) = match refused.why {
        ContactWhy::DoNotCall(since) => return do_not_call_words(since, refused.until),
        ContactWhy::Hours => ("hours", "outside of the legal hours where the callee lives"),
        ContactWhy::AttemptsTotal => ("attempts", "its attempts are used up"),
        ContactWhy::AttemptsToday => ("attempts_today", "its attempts of today are used up"),
        ContactWhy::NumberCap => (
            "number_cap",
            "the number has been called as often today as the rules allow",
        ),
        ContactWhy::NumberLive => ("number_live", "another call to the number is under way"),
        ContactWhy::NumberRests => (
            "number_rests",
            "the server died during a call to the number: it rests, so that nobody is called twice",
        ),
        ContactWhy::NoNumber => ("no_number", "it has no number"),
        ContactWhy::SetAside(Aside::Held) => ("held", "someone holds it until it is released"),
        ContactWhy::SetAside(Aside::Cancelled) => ("cancelled", "someone has cancelled it"),
    };
    Refusal::new(code, words, refused.until)
}

/// That all numbers of a contact are on the do-not-call list, the first of them since `since`.
fn do_not_call_words(since: Timestamp, until: Option<Timestamp>) -> Refusal {
    let words = format!("on the do-not-call list since {since}");
    Refusal::new("do_not_call", words, until)
}
