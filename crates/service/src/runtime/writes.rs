//! Writes that must not be lost: tried until the store has committed them, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use outdial_domain::{
    AppointmentId, AppointmentState, AttemptId, CampaignId, CampaignState, ContactUpdate, TenantId,
    TrunkName,
};
use outdial_store::{
    AgentWish, AttemptAnswered, AttemptJoined, Breaker, Dialog, EndAttempt, Halt, NewEvent, Store,
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
    Halted(Halt),
    Events(Vec<NewEvent>),
}

impl Write {
    /// The attempt whose outcome it holds.
    fn outcome_of(&self) -> Option<AttemptId> {
        match self {
            Self::Ended(end) => Some(end.attempt.id),
            _ => None,
        }
    }

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
            Self::Halted(halt) => store.put_halt(halt, Vec::new()).await,
            Self::Events(events) => store.append_events(events).await,
        }
    }
}

/// Changes that are not committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uncommitted {
    /// All of them.
    pub(crate) changes: usize,
    /// Attempts among them whose outcome is known to nobody else.
    pub(crate) attempts: Vec<AttemptId>,
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

type Watcher = oneshot::Sender<Result<(), String>>;

/// Writes on their way, and those that wait until the store can commit again.
#[derive(Default)]
pub(crate) struct Writes {
    next: u64,
    /// The attempt is that whose outcome the write holds.
    under_way: BTreeMap<u64, Option<AttemptId>>,
    waiting: BTreeMap<u64, Write>,
    events_waiting: usize,
    /// Why the store cannot commit, while it cannot.
    failing: Option<String>,
    /// Told once every write below the number is settled, or that this will take until the store can
    /// commit again.
    watchers: Vec<(u64, Watcher)>,
}

impl Writes {
    /// Takes a write. It is to be committed now where it is given back, else it waits.
    pub(crate) fn take(&mut self, write: Write) -> Option<(u64, Write)> {
        let number = self.next;
        self.next += 1;
        if self.failing.is_some() {
            self.wait(number, write);
            return None;
        }
        self.under_way.insert(number, write.outcome_of());
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
                if self.failing.is_some() {
                    AfterWrite::FailsStill
                } else {
                    self.begin_to_fail(error.to_string());
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

    /// The store cannot commit, for this reason. Nobody waits for it: that may take days.
    pub(crate) fn begin_to_fail(&mut self, reason: String) {
        self.tell_watchers();
        for (_, watcher) in self.watchers.drain(..) {
            // Whoever asked may have gone away.
            let _ = watcher.send(Err(reason.clone()));
        }
        self.failing.get_or_insert(reason);
    }

    /// The store can commit again: everything that waited, in order. `None` while a write is still on
    /// its way: should it come back, it would stand behind those that were taken after it.
    pub(crate) fn resume(&mut self) -> Option<Vec<(u64, Write)>> {
        if !self.under_way.is_empty() {
            return None;
        }
        self.failing = None;
        self.events_waiting = 0;
        let waited: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        let numbers = waited
            .iter()
            .map(|(number, write)| (*number, write.outcome_of()));
        self.under_way.extend(numbers);
        Some(waited)
    }

    /// What is not committed yet.
    pub(crate) fn uncommitted(&self) -> Uncommitted {
        let waiting = self.waiting.values().filter_map(Write::outcome_of);
        let under_way = self.under_way.values().copied().flatten();
        Uncommitted {
            changes: self.under_way.len() + self.waiting.len(),
            attempts: under_way.chain(waiting).collect(),
        }
    }

    /// Whether nothing is on its way and nothing waits.
    #[cfg(test)]
    pub(crate) fn is_settled(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty()
    }

    /// Resolves once every write taken so far is settled; to the reason, where the store cannot commit
    /// them.
    pub(crate) fn settled(&mut self) -> oneshot::Receiver<Result<(), String>> {
        let (sender, receiver) = oneshot::channel();
        self.watchers.retain(|(_, watcher)| !watcher.is_closed());
        self.watchers.push((self.next, sender));
        match self.failing.clone() {
            Some(reason) => self.begin_to_fail(reason),
            None => self.tell_watchers(),
        }
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
        let first = [self.under_way.keys().next(), self.waiting.keys().next()]
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
            let _ = watcher.send(Ok(()));
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
        assert_eq!(legs(writes.resume().unwrap()), [1, 2, 3]);
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
        assert!(writes.is_settled() && writes.failing.is_none());
    }

    #[test]
    fn a_watcher_hears_when_all_before_it_is_settled() {
        let mut writes = Writes::default();
        let first = writes.take(write(1)).unwrap();
        let mut watcher = writes.settled();
        let later = writes.take(write(2)).unwrap();
        assert!(watcher.try_recv().is_err());
        writes.came_back(first.0, first.1, Ok(()));
        assert_eq!(watcher.try_recv(), Ok(Ok(())));
        writes.came_back(later.0, later.1, Ok(()));
        assert_eq!(writes.settled().try_recv(), Ok(Ok(())));
    }

    #[test]
    fn who_waits_hears_at_once_that_the_store_fails() {
        let mut writes = Writes::default();
        let (number, taken) = writes.take(write(1)).unwrap();
        let mut before = writes.settled();
        writes.came_back(number, taken, Err(StoreError::Full));
        assert!(matches!(before.try_recv(), Ok(Err(_))));
        assert!(matches!(writes.settled().try_recv(), Ok(Err(_))));
        assert!(writes.watchers.is_empty(), "nothing gathers meanwhile");
        writes.resume().unwrap();
        assert!(writes.settled().try_recv().is_err(), "it is tried again");
    }

    #[test]
    fn nothing_is_tried_again_while_an_earlier_write_is_still_on_its_way() {
        let mut writes = Writes::default();
        let first = writes.take(write(1)).unwrap();
        let second = writes.take(write(2)).unwrap();
        writes.came_back(second.0, second.1, Err(StoreError::Full));
        assert!(writes.resume().is_none());
        assert_eq!(writes.uncommitted().changes, 2);
        writes.came_back(first.0, first.1, Err(StoreError::Full));
        assert_eq!(legs(writes.resume().unwrap()), [1, 2]);
    }

    #[test]
    fn events_that_wait_are_bounded() {
        let mut writes = Writes::default();
        writes.begin_to_fail("the disk is full".to_owned());
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
        assert_eq!(writes.resume().unwrap().len(), EVENTS_WAITING_MAX);
    }
}
