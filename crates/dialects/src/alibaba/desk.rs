//! What this API keeps beside the service, in memory: lists that were asked for and are fetched later, the
//! key of the links to exported files, and whose turn it is to change a floor. After a restart a list or a
//! link is asked for anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outdial_domain::{TenantId, Timestamp};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::routes::Answer;

/// How long a list is kept for its client.
const LIST_KEPT: Duration = Duration::from_secs(600);
/// Most lists at once, over all tenants; the oldest goes first.
const LISTS_MAX: usize = 1_000;

/// A list that waits for its client.
#[derive(Debug)]
struct KeptList {
    id: String,
    tenant: TenantId,
    until: Timestamp,
    list: Answer,
}

/// What is kept.
pub struct Desk {
    lists: Mutex<VecDeque<KeptList>>,
    floors: Mutex<BTreeMap<TenantId, Arc<tokio::sync::Mutex<()>>>>,
    link_key: [u8; 32],
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Default for Desk {
    fn default() -> Self {
        let mut link_key = [0; 32];
        link_key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        link_key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self {
            lists: Mutex::default(),
            floors: Mutex::default(),
            link_key,
        }
    }
}

impl Desk {
    /// Keeps a list; its id.
    pub(super) fn keep(&self, tenant: TenantId, list: Answer, now: Timestamp) -> String {
        let id = Uuid::new_v4().to_string();
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|kept| kept.until > now);
        if lists.len() >= LISTS_MAX {
            lists.pop_front();
        }
        lists.push_back(KeptList {
            id: id.clone(),
            tenant,
            until: now + LIST_KEPT,
            list,
        });
        id
    }

    /// The list with this id, as often as it is asked for.
    pub(super) fn kept(&self, tenant: TenantId, id: &str, now: Timestamp) -> Option<Answer> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lists
            .iter()
            .find(|kept| kept.id == id && kept.tenant == tenant && kept.until > now);
        found.map(|kept| kept.list.clone())
    }

    /// Waits for the tenant's turn to change a floor: from the check of the sum to the change nobody else
    /// of this API changes one.
    pub(super) async fn floors(&self, tenant: TenantId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(floors.entry(tenant).or_default())
        };
        turn.lock_owned().await
    }

    /// The key that links to files are signed with.
    pub(super) fn link_key(&self) -> &[u8] {
        &self.link_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn a_list_is_its_tenants_alone_and_not_for_ever() {
        let (desk, own, other) = (Desk::default(), TenantId::new(1), TenantId::new(2));
        let id = desk.keep(own, Answer::new(), NOW);
        assert!(desk.kept(own, &id, NOW).is_some());
        assert!(desk.kept(other, &id, NOW).is_none());
        assert!(desk.kept(own, &id, NOW + LIST_KEPT).is_none());
    }

    #[test]
    fn the_oldest_list_makes_room() {
        let (desk, tenant) = (Desk::default(), TenantId::new(1));
        let first = desk.keep(tenant, Answer::new(), NOW);
        for _ in 0..LISTS_MAX {
            desk.keep(tenant, Answer::new(), NOW);
        }
        assert!(desk.kept(tenant, &first, NOW).is_none());
    }
}
