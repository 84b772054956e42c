//! How ids become the database's integer keys.

use std::ops::RangeInclusive;

use outdial_domain::{AttemptId, CampaignId, ContactId, TenantId};

use super::fault::{Fault, Outcome};
use crate::StoreError;

/// Contacts that one campaign can ever be given; a contact's id is its campaign times this plus its
/// place in the list, from 1.
///
/// In decimal, so that a person reads campaign and place in an id. Ids stay exact in JavaScript's
/// numbers (2^53) up to campaign 9,007,198.
pub(super) const CONTACTS_PER_CAMPAIGN: i64 = 1_000_000_000;

/// Attempts of one tenant; an attempt's key is its tenant times this plus its id.
const ATTEMPTS_PER_TENANT: i64 = 1_000_000_000_000;

/// The highest tenant whose attempts have keys.
pub(super) const TENANT_MAX: i64 = i64::MAX / ATTEMPTS_PER_TENANT - 1;

/// The key of a contact at this place in the list of its campaign.
pub(super) fn contact_key(campaign: CampaignId, place: i64) -> i64 {
    i64::from(campaign.number()) * CONTACTS_PER_CAMPAIGN + place
}

/// The keys that contacts of a campaign can have.
pub(super) fn contact_keys(campaign: CampaignId) -> RangeInclusive<i64> {
    contact_key(campaign, 1)..=contact_key(campaign, CONTACTS_PER_CAMPAIGN - 1)
}

/// The key of a contact; an id that no contact can have gives a key that none has.
pub(super) fn contact_id_key(contact: ContactId) -> i64 {
    i64::try_from(contact.number()).unwrap_or(-1)
}

/// A contact's id from its key.
pub(super) fn contact_id(key: i64) -> ContactId {
    ContactId::new(key.unsigned_abs())
}

/// A contact's place in the list of its campaign.
pub(super) fn contact_place(key: i64) -> i64 {
    key % CONTACTS_PER_CAMPAIGN
}

/// The campaign of a contact with this key.
pub(super) fn contact_campaign(key: i64) -> Outcome<CampaignId> {
    campaign_id(key / CONTACTS_PER_CAMPAIGN)
}

/// A campaign's id from its key.
pub(super) fn campaign_id(key: i64) -> Outcome<CampaignId> {
    u32::try_from(key)
        .ok()
        .and_then(|number| CampaignId::new(number).ok())
        .ok_or_else(|| Fault::unreadable(format!("campaign id {key}")))
}

/// The key of an attempt.
pub(super) fn attempt_key(tenant: TenantId, attempt: AttemptId) -> Outcome<i64> {
    i64::try_from(attempt.number())
        .ok()
        .filter(|id| (1..ATTEMPTS_PER_TENANT).contains(id))
        .filter(|_| i64::from(tenant.number()) <= TENANT_MAX)
        .map(|id| i64::from(tenant.number()) * ATTEMPTS_PER_TENANT + id)
        .ok_or_else(|| StoreError::not_found("attempt", attempt).into())
}

/// The keys that attempts of a tenant can have.
pub(super) fn attempt_keys(tenant: TenantId) -> RangeInclusive<i64> {
    let first = i64::from(tenant.number()).min(TENANT_MAX) * ATTEMPTS_PER_TENANT;
    first + 1..=first + ATTEMPTS_PER_TENANT - 1
}

/// A tenant and its attempt from their key.
pub(super) fn attempt_id(key: i64) -> Outcome<(TenantId, AttemptId)> {
    let tenant = u32::try_from(key / ATTEMPTS_PER_TENANT)
        .map_err(|_| Fault::unreadable(format!("attempt key {key}")))?;
    let attempt = (key % ATTEMPTS_PER_TENANT).unsigned_abs();
    Ok((TenantId::new(tenant), AttemptId::new(attempt)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_back_to_their_ids() {
        let campaign = CampaignId::new(2_147_483_647).unwrap();
        let key = contact_key(campaign, CONTACTS_PER_CAMPAIGN - 1);
        assert!(contact_keys(campaign).contains(&key));
        assert_eq!(contact_campaign(key).unwrap(), campaign);
        assert_eq!(contact_id_key(contact_id(key)), key);
        assert_eq!(contact_place(key), CONTACTS_PER_CAMPAIGN - 1);

        let (tenant, attempt) = (TenantId::new(7), AttemptId::new(12));
        let key = attempt_key(tenant, attempt).unwrap();
        assert_eq!(key, 7_000_000_000_012);
        assert!(attempt_keys(tenant).contains(&key));
        assert_eq!(attempt_id(key).unwrap(), (tenant, attempt));
    }

    #[test]
    fn ids_that_nothing_can_have_are_not_found() {
        let tenant = TenantId::new(1);
        assert!(attempt_key(tenant, AttemptId::new(0)).is_err());
        assert!(attempt_key(tenant, AttemptId::new(u64::MAX)).is_err());
        assert!(attempt_key(TenantId::new(u32::MAX), AttemptId::new(1)).is_err());
        assert_eq!(contact_id_key(ContactId::new(u64::MAX)), -1);
    }
}
