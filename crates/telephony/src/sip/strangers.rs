//! How much of our work strangers may have.
//!
//! A request that belongs to nothing costs a transaction of 32 s. Far ends of calls, trunks and registered phones
//! have as many as they like; who is none of these has a few in a second, and together strangers have not many more,
//! because the source of a datagram can be anything.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use super::directory::Directory;

/// Requests in a second, and in a burst, from one address.
const OF_ADDRESS: Rate = Rate {
    second: 50.0,
    burst: 200.0,
};
/// The same for all strangers together: phones that register anew after a restart are among them.
const OF_ALL: Rate = Rate {
    second: 500.0,
    burst: 2_000.0,
};
/// Addresses that are remembered at most.
const ADDRESSES_MAX: usize = 10_000;

/// The door: who belongs here, and how many others are let in.
pub(crate) struct Door {
    directory: Arc<RwLock<Directory>>,
    /// Calls that are up, are being made, or ended a little while ago.
    calls: Mutex<HashSet<String>>,
    crowd: Mutex<Crowd>,
}

impl Door {
    pub(crate) fn new(directory: Arc<RwLock<Directory>>) -> Self {
        Self {
            directory,
            calls: Mutex::default(),
            crowd: Mutex::default(),
        }
    }

    /// Requests with this Call-ID belong here from now on.
    pub(crate) fn open_call(&self, call_id: &str) {
        lock(&self.calls).insert(call_id.to_owned());
    }

    /// They do no longer.
    pub(crate) fn close_call(&self, call_id: &str) {
        lock(&self.calls).remove(call_id);
    }

    /// Whether a new request may become a transaction.
    pub(crate) fn admits(&self, call_id: &str, from: IpAddr) -> bool {
        lock(&self.calls).contains(call_id)
            || lock(&self.crowd).admits(from, Instant::now())
            || self.knows(from)
    }

    fn knows(&self, from: IpAddr) -> bool {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        directory.knows(from)
    }
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    second: f64,
    burst: f64,
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    const fn full(rate: Rate, now: Instant) -> Self {
        Self {
            tokens: rate.burst,
            filled: now,
        }
    }

    fn fill(&mut self, rate: Rate, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * rate.second).min(rate.burst);
        self.filled = now;
        self.tokens
    }
}

#[derive(Debug, Default)]
struct Crowd {
    of_address: HashMap<IpAddr, Bucket>,
    all: Option<Bucket>,
}

impl Crowd {
    fn admits(&mut self, from: IpAddr, now: Instant) -> bool {
        if self.of_address.len() >= ADDRESSES_MAX && !self.of_address.contains_key(&from) {
            // Those whose bucket is full again have not come for a while.
            self.of_address
                .retain(|_, bucket| bucket.fill(OF_ADDRESS, now) < OF_ADDRESS.burst);
            if self.of_address.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let all = self.all.get_or_insert(Bucket::full(OF_ALL, now));
        let own = self
            .of_address
            .entry(from)
            .or_insert(Bucket::full(OF_ADDRESS, now));
        let admitted = own.fill(OF_ADDRESS, now) >= 1.0 && all.fill(OF_ALL, now) >= 1.0;
        if admitted {
            own.tokens -= 1.0;
            all.tokens -= 1.0;
        }
        admitted
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(last: u32) -> IpAddr {
        IpAddr::from((0x0A00_0000 + last).to_be_bytes())
    }

    #[test]
    fn one_address_has_its_burst_and_then_its_rate() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        let come =
            |crowd: &mut Crowd, now| (0..1_000).filter(|_| crowd.admits(address(1), now)).count();
        assert_eq!(come(&mut crowd, start), 200);
        assert_eq!(come(&mut crowd, start + Duration::from_secs(1)), 50);
        assert_eq!(come(&mut crowd, start + Duration::from_secs(60)), 200);
        assert!(crowd.admits(address(2), start));
    }

    #[test]
    fn many_addresses_together_have_a_limit_and_so_has_the_memory_of_them() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        let come = |crowd: &mut Crowd, now| {
            (0..50_000)
                .filter(|n| crowd.admits(address(*n), now))
                .count()
        };
        assert_eq!(come(&mut crowd, start), 2_000);
        assert!(crowd.of_address.len() <= ADDRESSES_MAX);
        assert_eq!(come(&mut crowd, start + Duration::from_secs(1)), 500);
    }

    #[test]
    fn requests_of_a_call_are_always_let_in() {
        let door = Door::new(Arc::default());
        door.open_call("ours");
        let come = |call_id: &str| {
            (0..1_000)
                .filter(|_| door.admits(call_id, address(1)))
                .count()
        };
        assert_eq!(come("ours"), 1_000);
        assert!(come("theirs") < 300);
        door.close_call("ours");
        assert!(come("ours") < 300);
    }
}
