//! Writes that must not be lost: tried until the store has committed them, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use outdial_domain::{
    AppointmentId, AppointmentState, CampaignId, CampaignState, ContactUpdate, TenantId, TrunkName,
};
use outdial_store::{
    AgentWish, AttemptAnswered, AttemptJoined, Breaker, Dialog, EndAttempt, NewEvent, Store,
    StoreError,
};
use tokio::sync::oneshot;

/// Events with no other change that wait for a store that cannot commit. Beyond it the newest are
/// given up: they tell of what can be read elsewhere.
const EVENTS_WAITING_MAX: usize = 20_000;

/// A change that has happened and must be remembered.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Answered(AttemptAnswered),
    Joined(AttemptJoined),
    Ended(Box<EndAttempt>),
    Moved(Vec<ContactUpdate>, Vec<NewEvent>),
    Wish(TenantId, AgentWish, Vec<NewEvent>),
    CampaignState(CampaignId, CampaignState, Vec<NewEvent>),
    Breaker(Breaker, Vec<NewEvent>),
    BreakersLifted(TenantId, TrunkName, Vec<NewEvent>),
    AppointmentEnded(TenantId, AppointmentId, u32, AppointmentState),
    Dialog(Dialog),
    ForgetDialogs(Vec<u64>),
    Events(Vec<NewEvent>),
}

impl Write {
    /// Hands it to the store.
    pub(crate) async fn commit(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        match self {
            Self::Answered(answered) => store.attempt_answered(answered).await,
            Self::Joined(joined) => store.attempt_joined(joined).await,
            Self::Ended(end) => store.end_attempt(*end).await,
            Self::Moved(updates, events) => store.move_contacts(updates, events).await,
            Self::Wish(tenant, wish, events) => store.wish_agent(tenant, wish, events).await,
            Self::CampaignState(campaign, state, events) => {
                store.set_campaign_state(campaign, state, events).await
            }
            Self::Breaker(breaker, events) => store.put_breaker(breaker, events).await,
            Self::BreakersLifted(tenant, trunk, events) => store
                .remove_breakers(tenant, trunk, events)
                .await
                .map(|_| ()),
            Self::AppointmentEnded(tenant, id, revision, state) => {
                store.end_appointment(tenant, id, revision, state).await
            }
            Self::Dialog(dialog) => store.store_dialog(dialog).await,
            Self::ForgetDialogs(legs) => store.forget_dialogs(legs).await,
            Self::Events(events) => store.append_events(events).await,
        }
    }
}

/// What is to be done after a write has come back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterWrite {
    /// It is committed, or can never be: go on.
    Settled,
    /// The store has begun to fail, for this reason.
    BeganToFail(String),
    /// The store fails still.
    FailsStill,
}

/// Writes on their way, and those that wait until the store can commit again.
#[derive(Default)]
pub(crate) struct Writes {
    next: u64,
    under_way: BTreeSet<u64>,
    waiting: BTreeMap<u64, Write>,
    events_waiting: usize,
    failing: bool,
    /// Told once every write below the number is settled.
    watchers: Vec<(u64, oneshot::Sender<()>)>,
}

impl Writes {
    /// Takes a write. It is to be committed now where it is given back, else it waits.
    pub(crate) fn take(&mut self, write: Write) -> Option<(u64, Write)> {
        let number = self.next;
        self.next += 1;
        if self.failing {
            self.wait(number, write);
            return None;
        }
        self.under_way.insert(number);
        Some((number, write))
    }

    /// A write has come back.
    pub(crate) fn came_back(
        &mut self,
        number: u64,
        write: Write,
        result: Result<(), StoreError>,
    ) -> AfterWrite {
        self.under_way.remove(&number);
        let after = match result {
            Err(error) if error.is_passing() => {
                self.wait(number, write);
                if self.failing {
                    AfterWrite::FailsStill
                } else {
                    self.failing = true;
                    AfterWrite::BeganToFail(error.to_string())
                }
            }
            Err(error) => {
                tracing::error!(%error, "a change does not fit what is stored and is given up");
                AfterWrite::Settled
            }
            Ok(()) => AfterWrite::Settled,
        };
        self.tell_watchers();
        after
    }

    /// The store cannot commit, as was seen elsewhere; says whether that is news.
    pub(crate) fn begin_to_fail(&mut self) -> bool {
        !std::mem::replace(&mut self.failing, true)
    }

    /// The store can commit again: everything that waited, in order.
    pub(crate) fn resume(&mut self) -> Vec<(u64, Write)> {
        self.failing = false;
        self.events_waiting = 0;
        let waited: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        self.under_way
            .extend(waited.iter().map(|(number, _)| *number));
        waited
    }

    /// Whether nothing is on its way and nothing waits.
    pub(crate) fn is_settled(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty()
    }

    /// Resolves once every write taken so far is settled.
    pub(crate) fn settled(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.watchers.push((self.next, sender));
        self.tell_watchers();
        receiver
    }

    fn wait(&mut self, number: u64, write: Write) {
        if let Write::Events(events) = &write {
            if self.events_waiting + events.len() > EVENTS_WAITING_MAX {
                return;
            }
            self.events_waiting += events.len();
        }
        self.waiting.insert(number, write);
    }

    fn tell_watchers(&mut self) {
        let first = [self.under_way.first(), self.waiting.keys().next()]
            .into_iter()
            .flatten()
            .min()
            .copied()
            .unwrap_or(self.next);
        let (told, keep): (Vec<_>, Vec<_>) = std::mem::take(&mut self.watchers)
            .into_iter()
            .partition(|(below, _)| *below <= first);
        self.watchers = keep;
        for (_, watcher) in told {
            // Whoever asked may have gone away.
            let _ = watcher.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(leg: u64) -> Write {
        Write::ForgetDialogs(vec![leg])
    }

    fn legs(writes: Vec<(u64, Write)>) -> Vec<u64> {
        let leg = |(_, write)| match write {
            Write::ForgetDialogs(legs) => legs[0],
            other => panic!("{other:?}"),
        };
        writes.into_iter().map(leg).collect()
    }

    #[test]
    fn what_a_full_disk_refused_is_tried_again_in_order() {
        let mut writes = Writes::default();
        let first = writes.take(write(1)).unwrap();
        let second = writes.take(write(2)).unwrap();
        let after = writes.came_back(second.0, second.1, Err(StoreError::Full));
        assert!(matches!(after, AfterWrite::BeganToFail(_)));
        assert!(writes.take(write(3)).is_none());
        assert_eq!(
            writes.came_back(first.0, first.1, Err(StoreError::Full)),
            AfterWrite::FailsStill
        );
        assert!(!writes.is_settled());
        assert_eq!(legs(writes.resume()), [1, 2, 3]);
    }

    #[test]
    fn a_change_that_can_never_be_made_does_not_hold_up_the_others() {
        let mut writes = Writes::default();
        let (number, taken) = writes.take(write(1)).unwrap();
        let never = StoreError::NotFound {
            what: "attempt",
            id: "1".to_owned(),
        };
        assert_eq!(
            writes.came_back(number, taken, Err(never)),
            AfterWrite::Settled
        );
        assert!(writes.is_settled() && !writes.failing);
    }

    #[test]
    fn a_watcher_hears_when_all_before_it_is_settled() {
        let mut writes = Writes::default();
        let first = writes.take(write(1)).unwrap();
        let mut watcher = writes.settled();
        let later = writes.take(write(2)).unwrap();
        assert!(watcher.try_recv().is_err());
        writes.came_back(first.0, first.1, Ok(()));
        assert_eq!(watcher.try_recv(), Ok(()));
        writes.came_back(later.0, later.1, Ok(()));
        assert_eq!(writes.settled().try_recv(), Ok(()));
    }

    #[test]
    fn events_that_wait_are_bounded() {
        let mut writes = Writes::default();
        writes.begin_to_fail();
        let event = NewEvent {
            tenant: TenantId::new(1),
            at: outdial_domain::Timestamp::from_millis(0),
            kind: "agent.state".into(),
            campaign: None,
            data: "{}".to_owned(),
        };
        for _ in 0..EVENTS_WAITING_MAX + 10 {
            writes.take(Write::Events(vec![event.clone()]));
        }
        assert_eq!(writes.resume().len(), EVENTS_WAITING_MAX);
    }
}
