//! Nonces that were used: a request comes through once.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use outdial_domain::Timestamp;
use sha2::{Digest as _, Sha256};

/// Why a nonce is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonceRefusal {
    /// It was used already.
    #[error("the nonce was used already")]
    Used,
    /// So many nonces are remembered that no more can be. Taking one that cannot be remembered would
    /// let it be replayed.
    #[error("too many requests are remembered; try again later")]
    Full,
}

/// Remembers nonces for as long as a request with one could be replayed.
///
/// A nonce takes 24 bytes whatever its length, and no more than `capacity` of them are kept, so that no
/// client can make it grow. Ask only after the signature was found good: a forgery must burn no nonce.
/// Give each key a store of its own: a busy key must not shut out the others.
pub struct NonceStore {
    keep: Duration,
    capacity: usize,
    used: Mutex<Used>,
}

/// A nonce by its hash; what a client wrote is not kept.
type Mark = [u8; 16];

#[derive(Default)]
struct Used {
    marks: HashSet<Mark>,
    /// In the order of arrival, each with the time from which it may be forgotten.
    forget: VecDeque<(Timestamp, Mark)>,
}

impl NonceStore {
    /// A store that keeps each nonce this long, and at most so many.
    pub fn new(keep: Duration, capacity: usize) -> Self {
        Self {
            keep,
            capacity,
            used: Mutex::default(),
        }
    }

    /// Takes a nonce.
    ///
    /// # Errors
    /// [`NonceRefusal`].
    pub fn take(&self, nonce: &str, now: Timestamp) -> Result<(), NonceRefusal> {
        let mut mark = Mark::default();
        let hash = Sha256::digest(nonce.as_bytes());
        mark.copy_from_slice(&hash[..size_of::<Mark>()]);
        // A panic cannot leave it half changed: neither collection runs foreign code.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((when, old)) = used.forget.front().copied() {
            if when > now {
                break;
            }
            used.forget.pop_front();
            used.marks.remove(&old);
        }
        if used.marks.contains(&mark) {
            return Err(NonceRefusal::Used);
        }
        if used.marks.len() >= self.capacity {
            return Err(NonceRefusal::Full);
        }
        let keep = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        let forget = Timestamp::from_millis(now.millis().saturating_add(keep));
        used.marks.insert(mark);
        used.forget.push_back((forget, mark));
        Ok(())
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.marks.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for NonceStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NonceStore({} of {})", self.len(), self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    #[test]
    fn a_nonce_is_taken_once_until_it_may_be_forgotten() {
        let store = NonceStore::new(Duration::from_secs(1800), 10);
        assert_eq!(store.take("a", at(0)), Ok(()));
        assert_eq!(store.take("a", at(1)), Err(NonceRefusal::Used));
        assert_eq!(store.take("a", at(1799)), Err(NonceRefusal::Used));
        assert_eq!(store.take("a", at(1800)), Ok(()));
    }

    #[test]
    fn a_full_store_refuses_instead_of_forgetting() {
        let store = NonceStore::new(Duration::from_secs(1800), 2);
        assert_eq!(store.take("a", at(0)), Ok(()));
        assert_eq!(store.take("b", at(1)), Ok(()));
        assert_eq!(store.take("c", at(2)), Err(NonceRefusal::Full));
        assert_eq!(store.take("a", at(2)), Err(NonceRefusal::Used));
        assert_eq!(
            store.take("c", at(1800)),
            Ok(()),
            "the place of `a` is free"
        );
    }

    proptest! {
        #[test]
        fn it_never_grows_past_its_capacity(nonces in prop::collection::vec(".{0,40}", 0..200)) {
            let store = NonceStore::new(Duration::from_secs(10), 20);
            for (second, nonce) in (0_i64..).zip(&nonces) {
                let _ = store.take(nonce, at(second / 8));
                prop_assert!(store.len() <= 20);
            }
        }
    }
}
