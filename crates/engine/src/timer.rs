//! Deadlines: one ordered set, and in each thing the deadline that it has set.

use std::collections::BTreeSet;

use outdial_domain::{AttemptId, CampaignId, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use crate::agents::AgentKey;
use crate::input::OfferId;

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum TimerKey {
    /// A call's: what it means depends on the call's stage.
    Call(AttemptId),
    /// The end of an agent's wrap-up.
    WrapUp(AgentKey),
    /// An agent's phone may be called again.
    Phone(AgentKey),
    /// An offer is dialed by itself, or withdrawn.
    Offer(OfferId),
    /// A campaign's calendar, its next contact, or its next slot.
    Campaign(CampaignId),
    /// A trunk's next slot or trial.
    Trunk(TrunkName),
    /// The store may be tried again.
    Store,
    /// Suspects that open breakers have won are told.
    Breakers,
}

/// The deadline that a thing has set; kept in the thing, so that it can be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm(Option<Timestamp>);

impl Alarm {
    pub(crate) fn at(self) -> Option<Timestamp> {
        self.0
    }
}

/// All deadlines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timers {
    queue: BTreeSet<(Timestamp, TimerKey)>,
}

impl Timers {
    /// Moves a thing's deadline; `None` clears it.
    pub(crate) fn set(&mut self, alarm: &mut Alarm, key: TimerKey, when: Option<Timestamp>) {
        if alarm.0 == when {
            return;
        }
        if let Some(old) = alarm.0 {
            self.queue.remove(&(old, key));
        }
        if let Some(new) = when {
            self.queue.insert((new, key));
        }
        alarm.0 = when;
    }

    /// The next deadline that has come. The thing's alarm must be cleared with [`Timers::fired`].
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<TimerKey> {
        let &(when, key) = self.queue.first()?;
        if when > now {
            return None;
        }
        self.queue.pop_first();
        Some(key)
    }

    /// The alarm whose deadline was popped is no longer set.
    pub(crate) fn fired(alarm: &mut Alarm) {
        alarm.0 = None;
    }

    /// How many deadlines are set.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The earliest deadline.
    pub(crate) fn first(&self) -> Option<(Timestamp, TimerKey)> {
        self.queue.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_moved_deadline_comes_once_and_at_its_new_time() {
        let mut timers = Timers::default();
        let key = TimerKey::Call(AttemptId::new(1));
        let mut alarm = Alarm::default();
        timers.set(&mut alarm, key, Some(at(5)));
        timers.set(&mut alarm, key, Some(at(9)));
        assert_eq!(timers.queue.len(), 1);
        assert_eq!(timers.pop_due(at(8)), None);
        assert_eq!(timers.pop_due(at(9)), Some(key));
        Timers::fired(&mut alarm);
        assert_eq!(timers.pop_due(at(99)), None);
        assert_eq!(alarm.at(), None);
    }

    #[test]
    fn a_cleared_deadline_never_comes() {
        let mut timers = Timers::default();
        let mut alarm = Alarm::default();
        timers.set(&mut alarm, TimerKey::Store, Some(at(5)));
        timers.set(&mut alarm, TimerKey::Store, None);
        assert_eq!(timers.first(), None);
    }
}
