//! An attempt is committed, and its INVITE would go out now: is that still wanted?
//!
//! A commit may take seconds on a slow disk, and in the meantime someone may have said stop.

use outdial_domain::{AttemptId, ContactUpdate, EndedBy, Evidence, Outcome};

use super::{Call, Stage};
use crate::campaign::place_of;
use crate::engine::Engine;
use crate::mutant::Mutant;
use crate::output::{AttemptEnd, Output};
use crate::timer::TimerKey;

/// What becomes of an attempt that has been committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// The INVITE goes out; then the engine hears `Placed`.
    GoesOut,
    /// Someone has ended this call, or its campaign: nothing is sent, and it ends like a call that was
    /// cancelled (`Placed`, then `Ended` by us).
    Cancelled,
    /// Dialing was halted or paused, its window has closed, its number was listed as not to be called, or its
    /// agent has gone: nothing is sent, and the engine hears `Withheld`.
    Withheld,
}

impl Engine {
    /// Whether an attempt may go out that has been committed. To be asked right before its INVITE is sent.
    pub fn placing(&self, attempt: AttemptId) -> Placing {
        let Some(call) = self.calls.get(&attempt) else {
            return Placing::GoesOut;
        };
        if call.stage == Stage::GivingUp && call.cancel_due {
            return Placing::Cancelled;
        }
        let id = call.attempt.campaign;
        let runs = self.campaigns.get(&id).is_some_and(|c| c.is_running());
        let halted =
            self.halts.check(id).is_err() || self.halts.check_trunk(call.attempt.trunk).is_err();
        let stopped =
            (halted && !self.is_off(Mutant::Halt)) || (!runs && call.appointment.is_none());
        match stopped || self.has_become_wrong(call) {
            true => Placing::Withheld,
            false => Placing::GoesOut,
        }
    }

    /// Whether a gate that let a call through would refuse it by now.
    fn has_become_wrong(&self, call: &Call) -> bool {
        let closed = self.campaigns.get(&call.attempt.campaign).is_some_and(|c| {
            let calendar = &c.settings.calendar;
            call.appointment.is_none() && !calendar.is_open(self.now)
        });
        let listing = self
            .do_not_call
            .listing(&call.contact, call.number(), self.now);
        let lost_its_agent = call.is_bound && call.agent.is_none();
        (closed && !self.is_off(Mutant::Calendar))
            || (listing.is_some() && !self.is_off(Mutant::DoNotCall))
            || lost_its_agent
    }

    /// A committed attempt was not sent: it ends as cancelled, and its contact goes back to where it was.
    /// Where it was to go out a second time it ends as it did the first time.
    pub(crate) fn withheld(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get(&attempt) else {
            self.counters.unknown += 1;
            return;
        };
        if call.stage != Stage::Committing {
            self.counters.late += 1;
            return;
        }
        self.forget_orphan(attempt);
        self.free_line(attempt);
        let Some(mut call) = self.calls.remove(&attempt) else {
            return;
        };
        self.timers
            .set(&mut call.alarm, TimerKey::Call(attempt), None);
        if let Some(before) = call.failed_on.pop() {
            self.end_as_before(*call, before);
            return;
        }
        self.numbers.not_placed(call.number(), attempt);
        let id = call.attempt.campaign;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.calls = campaign.calls.saturating_sub(1);
        }
        let mut contact = ContactUpdate {
            contact: call.contact.id,
            campaign: id,
            place: place_of(&call.contact),
            history: call.contact.history,
            last_outcome: None,
        };
        self.as_set_aside(&mut contact);
        self.contact_left(&contact);
        if let Some(appointment) = call.appointment {
            // The store has seen it kept when the attempt was committed.
            self.appointment_called(appointment);
        }
        call.attempt.ended_at = Some(self.now);
        call.attempt.outcome = Some(Outcome::Cancelled);
        call.attempt.evidence = Evidence {
            ended_by: Some(EndedBy::Us),
            ..Evidence::default()
        };
        self.out
            .push_back(Output::AttemptEnded(Box::new(AttemptEnd {
                attempt: call.attempt,
                contact,
                counts_as_live: false,
            })));
        if let Some(agent) = call.agent {
            self.release_agent(agent);
        }
        self.end_if_done(id);
        self.load_contacts(id);
    }
}
