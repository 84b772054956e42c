//! The caller-ID gate: channels, calls in an hour, calls in a day of each number shown.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use outdial_domain::{CallerId, PhoneNumber, Timestamp, TrunkName};
use serde::{Deserialize, Serialize};

use super::Why;

const HOUR: Duration = Duration::from_secs(3600);

/// The tenant's caller IDs and what is used of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerIdGate {
    known: BTreeMap<PhoneNumber, CallerIdUse>,
}

/// A caller ID and what is used of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerIdUse {
    caller_id: CallerId,
    /// Trunks that carry it, in the order of their names.
    pub(crate) trunks: Vec<TrunkName>,
    live: u32,
    /// When the calls of the last hour were placed; as long as the limit, where there is one.
    last_hour: VecDeque<Timestamp>,
    today: u32,
    removed: bool,
}

impl CallerIdGate {
    /// Takes the tenant's caller IDs whole. What is used of one is kept, also of one that is removed: it
    /// may come back while its day or hour is not over.
    pub(crate) fn set(&mut self, caller_ids: Vec<CallerId>, now: Timestamp) {
        for used in self.known.values_mut() {
            used.removed = true;
        }
        for caller_id in caller_ids {
            let used = self
                .known
                .entry(caller_id.number)
                .or_insert_with(|| CallerIdUse {
                    caller_id: caller_id.clone(),
                    trunks: Vec::new(),
                    live: 0,
                    last_hour: VecDeque::new(),
                    today: 0,
                    removed: false,
                });
            used.caller_id = caller_id;
            used.removed = false;
        }
        self.known
            .retain(|_, used| !used.removed || used.counts(now));
    }

    /// Adds what was used of a caller ID before the server started.
    pub(crate) fn used_before(&mut self, number: PhoneNumber, last_hour: &[Timestamp], today: u32) {
        if let Some(used) = self.known.get_mut(&number) {
            used.today = used.today.saturating_add(today);
            let most = used.caller_id.per_hour.unwrap_or(0) as usize;
            let mut all: Vec<_> = used.last_hour.iter().chain(last_hour).copied().collect();
            all.sort_unstable();
            let surplus = all.len().saturating_sub(most);
            used.last_hour = all.split_off(surplus).into();
        }
    }

    /// Says which trunks carry each caller ID: `carries` is a trunk's own list.
    pub(crate) fn route(
        &mut self,
        trunks: &[TrunkName],
        carries: impl Fn(TrunkName, PhoneNumber) -> bool,
    ) {
        for (&number, used) in &mut self.known {
            let own = used.caller_id.trunk;
            used.trunks = trunks
                .iter()
                .copied()
                .filter(|&trunk| own.is_none_or(|own| own == trunk) && carries(trunk, number))
                .collect();
        }
    }

    /// A new local day has begun.
    pub(crate) fn new_day(&mut self, now: Timestamp) {
        for used in self.known.values_mut() {
            used.today = 0;
        }
        self.known
            .retain(|_, used| !used.removed || used.counts(now));
    }

    pub(crate) fn find(&self, number: PhoneNumber) -> Option<&CallerIdUse> {
        self.known.get(&number).filter(|used| !used.removed)
    }

    pub(crate) fn dial(&mut self, number: PhoneNumber, now: Timestamp) {
        if let Some(used) = self.known.get_mut(&number) {
            used.live += 1;
            used.today = used.today.saturating_add(1);
            if let Some(most) = used.caller_id.per_hour {
                if used.last_hour.len() >= most as usize {
                    used.last_hour.pop_front();
                }
                used.last_hour.push_back(now);
            }
        }
    }

    /// A channel is free again; says whether somebody may have waited for it.
    pub(crate) fn free(&mut self, number: PhoneNumber) -> bool {
        let Some(used) = self.known.get_mut(&number) else {
            return false;
        };
        used.live = used.live.saturating_sub(1);
        used.caller_id.channels.is_some()
    }

    /// A call that was thought over is live after all.
    pub(crate) fn take_back(&mut self, number: PhoneNumber) {
        if let Some(used) = self.known.get_mut(&number) {
            used.live += 1;
        }
    }
}

impl CallerIdUse {
    /// Whether anything used of it still counts.
    fn counts(&self, now: Timestamp) -> bool {
        let this_hour = self.last_hour.back().is_some_and(|&at| at + HOUR > now);
        self.live > 0 || self.today > 0 || this_hour
    }

    /// # Errors
    /// Which limit is reached, and until when where that is known. `day_end` is the tenant's next
    /// midnight.
    pub(crate) fn check(
        &self,
        now: Timestamp,
        day_end: Timestamp,
    ) -> Result<(), (Why, Option<Timestamp>)> {
        let number = self.caller_id.number;
        if self
            .caller_id
            .channels
            .is_some_and(|most| self.live >= most)
        {
            return Err((Why::CallerIdChannels(number), None));
        }
        if self
            .caller_id
            .per_day
            .is_some_and(|most| self.today >= most)
        {
            return Err((Why::CallerIdDay(number), Some(day_end)));
        }
        if let Some(most) = self.caller_id.per_hour {
            // The log is as long as the limit, so its oldest entry decides.
            let full = self.last_hour.len() >= most as usize;
            let free_at = self.last_hour.front().map_or(Timestamp::MAX, |&t| t + HOUR);
            if full && free_at > now {
                return Err((Why::CallerIdHour(number), Some(free_at)));
            }
        }
        Ok(())
    }

    pub(crate) fn has_channel(&self) -> bool {
        self.caller_id.channels.is_none_or(|most| self.live < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(change: impl FnOnce(&mut CallerId)) -> (CallerIdGate, PhoneNumber) {
        let number = PhoneNumber::dial_string("10085").unwrap();
        let mut caller_id = CallerId::unlimited(number);
        change(&mut caller_id);
        let mut gate = CallerIdGate::default();
        gate.set(vec![caller_id], Timestamp::from_secs(0));
        (gate, number)
    }

    fn check(gate: &CallerIdGate, number: PhoneNumber, secs: i64) -> Result<(), Option<Timestamp>> {
        gate.find(number)
            .unwrap()
            .check(Timestamp::from_secs(secs), Timestamp::from_secs(86_400))
            .map_err(|(_, until)| until)
    }

    #[test]
    fn channels_come_back_when_calls_end() {
        let (mut gate, number) = gate(|c| c.channels = Some(1));
        gate.dial(number, Timestamp::from_secs(0));
        assert_eq!(check(&gate, number, 1), Err(None));
        assert!(gate.free(number));
        assert_eq!(check(&gate, number, 1), Ok(()));
    }

    #[test]
    fn an_hour_is_any_sixty_minutes() {
        let (mut gate, number) = gate(|c| c.per_hour = Some(2));
        gate.dial(number, Timestamp::from_secs(0));
        gate.dial(number, Timestamp::from_secs(1_800));
        assert_eq!(
            check(&gate, number, 3_599),
            Err(Some(Timestamp::from_secs(3_600)))
        );
        assert_eq!(check(&gate, number, 3_600), Ok(()));
        gate.dial(number, Timestamp::from_secs(3_600));
        assert_eq!(
            check(&gate, number, 3_601),
            Err(Some(Timestamp::from_secs(5_400)))
        );
    }

    #[test]
    fn a_day_ends_at_midnight_and_counts_what_was_before_the_start() {
        let (mut gate, number) = gate(|c| c.per_day = Some(3));
        gate.used_before(number, &[], 2);
        gate.dial(number, Timestamp::from_secs(0));
        assert_eq!(
            check(&gate, number, 5),
            Err(Some(Timestamp::from_secs(86_400)))
        );
        gate.new_day(Timestamp::from_secs(86_400));
        assert_eq!(check(&gate, number, 86_400), Ok(()));
    }

    #[test]
    fn a_removed_caller_id_is_remembered_while_its_calls_count() {
        let (mut gate, number) = gate(|c| c.per_day = Some(1));
        let caller_id = gate.find(number).unwrap().caller_id.clone();
        let now = Timestamp::from_secs(10);
        gate.dial(number, now);
        gate.set(Vec::new(), now);
        assert!(gate.find(number).is_none());
        gate.free(number);
        gate.set(vec![caller_id], now);
        assert!(check(&gate, number, 11).is_err());
        gate.set(Vec::new(), now);
        gate.new_day(Timestamp::from_secs(86_400));
        assert_eq!(gate, CallerIdGate::default());
    }
}
