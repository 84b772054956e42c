//! The window: the due contacts that a campaign holds in memory; the rest of the list waits in the
//! store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outdial_domain::{ContactId, ContactPlace, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gate::number::{CallsToday, NumberGate};
use crate::input::DueContact;

/// The window holds at least so many contacts.
const SIZE_MIN: u32 = 1_000;
/// And at most so many.
const SIZE_MAX: u32 = 40_000;
/// Least time between two loads while there is something to dial, and while there is not.
const SPACING: Duration = Duration::from_secs(1);
const SPACING_EMPTY: Duration = Duration::from_millis(100);
/// A load that nobody answers is asked for again, if there is still a reason to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a contact stands in the window: priority, due retries first, order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct WindowKey {
    priority: u8,
    fresh: bool,
    order_key: i64,
    contact: ContactId,
}

impl WindowKey {
    fn of(contact: &DueContact) -> Self {
        Self {
            priority: contact.priority,
            fresh: !contact.rested,
            order_key: contact.order_key,
            contact: contact.id,
        }
    }
}

/// A contact in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) contact: DueContact,
    /// How many dials the number gate had counted when the store was asked for the contact: those are
    /// in `number_calls_today`.
    pub(crate) dials_at_ask: u64,
    /// How many when the answer came: those after are not.
    pub(crate) dials_at_load: u64,
}

impl Held {
    /// A contact whose `number_calls_today` is up to date.
    pub(crate) fn up_to_date(contact: DueContact, numbers: &NumberGate) -> Self {
        let dials = numbers.dials();
        Self {
            contact,
            dials_at_ask: dials,
            dials_at_load: dials,
        }
    }

    /// Calls to its numbers today.
    pub(crate) fn calls_today(&self, numbers: &NumberGate) -> CallsToday {
        let told = self.contact.number_calls_today;
        let since = |dials| told.saturating_add(numbers.dialed(&self.contact.numbers, dials));
        CallsToday {
            least: since(self.dials_at_load),
            most: since(self.dials_at_ask),
        }
    }
}

/// Where a contact goes that was not called: fresh ones to their old place, rested ones stay due.
pub(crate) fn place_of(contact: &DueContact) -> ContactPlace {
    if contact.rested {
        ContactPlace::Resting(Timestamp::from_millis(contact.order_key))
    } else {
        ContactPlace::Fresh
    }
}

/// What went to the store since it was asked: the answer may not know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Back {
    /// Whether something that is due there.
    due: bool,
    /// The first that will be.
    next_due: Option<Timestamp>,
    /// Whether the list has grown.
    grown: bool,
    /// All of it, while the answer is awaited.
    contacts: BTreeSet<ContactId>,
}

/// A request for contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Its number.
    pub(crate) load: u64,
    /// How many are wanted.
    pub(crate) count: u32,
}

/// The store's answer, but for the contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of the request.
    pub(crate) load: u64,
    /// Whether the store has more that are due now.
    pub(crate) more: bool,
    /// When the next resting contact is due.
    pub(crate) next_due: Option<Timestamp>,
}

/// The window of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    due: BTreeMap<WindowKey, Held>,
    size: u32,
    /// Since when an answer is awaited with patience.
    asked_at: Option<Timestamp>,
    /// How often it has asked: the number of the last request.
    loads: u64,
    /// When it asked last.
    last_asked: Option<Timestamp>,
    /// The store has more that are due now, as far as is known.
    more: bool,
    /// When the next resting contact is due.
    next_due: Option<Timestamp>,
    back: Back,
    /// The list has grown: what was added may go before what is held.
    grown: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            size: SIZE_MIN,
            asked_at: None,
            loads: 0,
            last_asked: None,
            more: true,
            next_due: None,
            back: Back::default(),
            grown: false,
        }
    }
}

impl Window {
    /// Sets its size by the lines that the campaign may use.
    pub(crate) fn resize(&mut self, lines: u32) {
        self.size = lines.saturating_mul(4).clamp(SIZE_MIN, SIZE_MAX);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    pub(crate) fn first(&self) -> Option<(WindowKey, &Held)> {
        self.due.first_key_value().map(|(&key, held)| (key, held))
    }

    pub(crate) fn remove(&mut self, key: WindowKey) -> Option<Held> {
        self.due.remove(&key)
    }

    pub(crate) fn insert(&mut self, held: Held) {
        self.due.insert(WindowKey::of(&held.contact), held);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.due.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.due.values_mut()
    }

    /// Drops a contact wherever it stands; says whether it was there.
    pub(crate) fn forget(&mut self, contact: ContactId) -> bool {
        let before = self.due.len();
        self.due.retain(|key, _| key.contact != contact);
        self.due.len() < before
    }

    /// Forgets everything, an answer that is on its way included: it was of another list.
    pub(crate) fn replaced(&mut self) -> impl Iterator<Item = Held> + use<> {
        let fresh = Self {
            size: self.size,
            loads: self.loads,
            ..Self::default()
        };
        std::mem::replace(self, fresh).due.into_values()
    }

    /// Takes everything out: the campaign does not dial now, and will ask afresh.
    pub(crate) fn give_back(&mut self) -> impl Iterator<Item = Held> + use<> {
        self.store_has_more();
        std::mem::take(&mut self.due).into_values()
    }

    /// Takes out what is beyond twice its size, worst first.
    pub(crate) fn shed(&mut self) -> Vec<Held> {
        let mut shed = Vec::new();
        if self.due.len() > self.size as usize * 2 {
            while self.due.len() > self.size as usize {
                shed.extend(self.due.pop_last().map(|(_, held)| held));
            }
            self.store_has_more();
        }
        shed
    }

    /// A contact rests in the store until `t`.
    pub(crate) fn rests_until(&mut self, t: Timestamp) {
        self.next_due = earlier(self.next_due, Some(t));
        self.back.next_due = earlier(self.back.next_due, Some(t));
    }

    /// A contact went back to the store and is due there.
    pub(crate) fn store_has_more(&mut self) {
        self.more = true;
        self.back.due = true;
    }

    /// Contacts were added to the list.
    pub(crate) fn list_grew(&mut self) {
        self.store_has_more();
        self.grown = true;
        self.back.grown = true;
    }

    /// Whether contacts are on their way.
    pub(crate) fn is_loading(&self) -> bool {
        self.asked_at.is_some()
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.next_due
    }

    /// An answer that is on its way is out of date: it is not taken.
    pub(crate) fn drop_answer(&mut self) {
        self.asked_at = None;
    }

    /// How many contacts to ask for now, if any.
    pub(crate) fn ask(&mut self, now: Timestamp) -> Option<Ask> {
        if self.asked_at.is_some_and(|at| now < at + PATIENCE) {
            return None;
        }
        let held = u32::try_from(self.due.len()).unwrap_or(u32::MAX);
        let low = held < self.size / 2;
        let returned = self.next_due.is_some_and(|next| next <= now) && self.spaced_from() <= now;
        let wanted = self.more && (low || self.grown) || returned;
        if !wanted || self.is_overfull() {
            // An answer that is late is still taken when it comes.
            self.asked_at = self.asked_at.map(|_| now);
            return None;
        }
        self.asked_at = Some(now);
        self.last_asked = Some(now);
        self.back = Back::default();
        self.loads += 1;
        Some(Ask {
            load: self.loads,
            count: self.size.saturating_sub(held).max(self.size / 4),
        })
    }

    /// When to look again whether to ask.
    pub(crate) fn ask_at(&self) -> Option<Timestamp> {
        match self.asked_at {
            Some(asked) => Some(asked + PATIENCE),
            None if self.is_overfull() => None,
            None => self.next_due.map(|next| next.max(self.spaced_from())),
        }
    }

    /// Whether it asks for nothing more, whatever is due.
    fn is_overfull(&self) -> bool {
        self.due.len() >= self.size as usize * 2
    }

    /// From when on contacts whose rest is over are asked for again: they come one by one, and a load
    /// for each would be a load too many.
    fn spaced_from(&self) -> Timestamp {
        let spacing = if self.due.is_empty() {
            SPACING_EMPTY
        } else {
            SPACING
        };
        self.last_asked
            .map_or(Timestamp::MIN, |asked| asked + spacing)
    }

    /// A contact that was held, or could have been, has gone to the store.
    pub(crate) fn left(&mut self, contact: ContactId) {
        if self.is_loading() {
            self.back.contacts.insert(contact);
        }
    }

    /// The store's answer. Its contacts are put in with [`Window::insert`], but for those given here:
    /// they have gone to the store since it was asked, and the answer may show them as they were
    /// before. `None` means that this is not the answer that is awaited.
    pub(crate) fn loaded(&mut self, answer: Answer) -> Option<BTreeSet<ContactId>> {
        if answer.load != self.loads || !self.is_loading() {
            return None;
        }
        self.asked_at = None;
        self.more = answer.more || self.back.due;
        self.next_due = earlier(answer.next_due, self.back.next_due);
        self.grown = self.back.grown;
        Some(std::mem::take(&mut self.back.contacts))
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{History, PhoneNumber};

    fn held(id: u64, priority: u8, rested: bool, order_key: i64) -> Held {
        Held {
            contact: DueContact {
                id: ContactId::new(id),
                numbers: vec![PhoneNumber::dial_string("10085").unwrap()],
                time_zone: None,
                priority,
                rested,
                order_key,
                history: History::default(),
                number_calls_today: 0,
            },
            dials_at_ask: 0,
            dials_at_load: 0,
        }
    }

    fn answer(window: &mut Window, more: bool, next_due: Option<Timestamp>) -> BTreeSet<ContactId> {
        let load = window.loads;
        let left = window.loaded(Answer {
            load,
            more,
            next_due,
        });
        left.unwrap()
    }

    #[test]
    fn priority_goes_first_then_due_retries_then_the_lists_order() {
        let mut window = Window::default();
        window.insert(held(1, 3, false, 1));
        window.insert(held(2, 3, false, 0));
        window.insert(held(3, 3, true, 99));
        window.insert(held(4, 1, false, 7));
        let order: Vec<_> = window.iter().map(|h| h.contact.id.number()).collect();
        assert_eq!(order, [4, 3, 2, 1]);
    }

    #[test]
    fn it_asks_when_half_empty_and_not_twice() {
        let now = Timestamp::from_secs(100);
        let mut window = Window::default();
        window.resize(500);
        assert_eq!(window.ask(now).map(|ask| ask.count), Some(2_000));
        assert_eq!(window.ask(now), None);
        for id in 0..1_000 {
            window.insert(held(id, 3, false, id as i64));
        }
        answer(&mut window, true, None);
        assert_eq!(window.ask(now), None);
        let first = window.first().unwrap().0;
        window.remove(first);
        assert_eq!(window.ask(now).map(|ask| ask.count), Some(1_001));
        answer(&mut window, false, Some(now + SPACING));
        assert_eq!(window.ask(now), None);
        assert_eq!(window.ask_at(), Some(now + SPACING));
        assert_eq!(window.ask(now + SPACING).map(|ask| ask.count), Some(1_001));
    }

    #[test]
    fn a_load_that_nobody_answers_is_asked_again_while_there_is_a_reason_to() {
        let now = Timestamp::from_secs(100);
        let mut window = Window::default();
        assert!(window.ask(now).is_some());
        let late = window.ask_at().unwrap();
        assert!(window.ask(late).is_some());
        answer(&mut window, false, Some(late + SPACING));
        assert!(window.ask(late + SPACING).is_some());
        // By then nothing is due any more: no deadline in the past is left.
        window.next_due = None;
        let late = window.ask_at().unwrap();
        assert_eq!(window.ask(late), None);
        assert_eq!(window.ask_at(), Some(late + PATIENCE));
        // The answer comes after all.
        answer(&mut window, false, None);
        assert_eq!(window.ask_at(), None);
    }

    #[test]
    fn a_list_that_grew_is_asked_for_until_there_is_an_answer() {
        let now = Timestamp::from_secs(100);
        let mut window = Window::default();
        for id in 0..1_000 {
            window.insert(held(id, 3, false, id as i64));
        }
        window.list_grew();
        assert!(window.ask(now).is_some());
        assert!(window.ask(now + PATIENCE).is_some());
        // It grows once more: the answer may not know of it.
        window.list_grew();
        answer(&mut window, true, None);
        assert!(window.ask(now + PATIENCE).is_some());
        answer(&mut window, true, None);
        assert_eq!(window.ask(now + PATIENCE), None);
    }

    #[test]
    fn what_goes_back_while_it_asks_is_not_forgotten_over_the_answer() {
        let now = Timestamp::from_secs(100);
        let mut window = Window::default();
        window.ask(now);
        window.rests_until(now + SPACING);
        answer(&mut window, false, None);
        assert_eq!(window.next_due(), Some(now + SPACING));
        assert!(window.ask(now + SPACING).is_some());
    }

    #[test]
    fn an_answer_that_is_no_longer_awaited_is_not_taken() {
        let now = Timestamp::from_secs(100);
        let mut window = Window::default();
        let first = window.ask(now).unwrap();
        let second = window.ask(now + PATIENCE).unwrap();
        window.left(ContactId::new(7));
        let to = |ask: Ask| Answer {
            load: ask.load,
            more: false,
            next_due: None,
        };
        assert_eq!(window.loaded(to(first)), None);
        assert_eq!(window.loaded(to(second)), Some([ContactId::new(7)].into()));
        assert_eq!(window.loaded(to(second)), None);
    }

    #[test]
    fn what_is_far_beyond_its_size_goes_back() {
        let mut window = Window::default();
        for id in 0..2_001 {
            window.insert(held(id, 3, false, id as i64));
        }
        assert_eq!(window.shed().len(), 1_001);
        assert_eq!(window.first().map(|(_, h)| h.contact.id.number()), Some(0));
    }
}
