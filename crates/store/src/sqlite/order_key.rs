//! The places of fresh contacts.

use outdial_domain::{CampaignId, Order};

/// The order key of the contact at a place in the list: the place itself, or a shuffle of it that
/// is the same each time for the same campaign and gives no two contacts the same key.
pub(super) fn order_key(order: Order, campaign: CampaignId, place: i64) -> i64 {
    match (order, u32::try_from(place)) {
        (Order::Random, Ok(place)) => i64::from(shuffle(place, campaign.number())),
        _ => place,
    }
}

/// A bijection of 32-bit numbers: each step (xor with a constant, multiplication by an odd number,
/// xor with a right shift) can be undone.
fn shuffle(place: u32, seed: u32) -> u32 {
    let mut x = place ^ seed.wrapping_mul(0x9E37_79B9);
    for round in [0x7FEB_352D_u32, 0x846C_A68B, 0x9E37_79B1] {
        x ^= x >> 16;
        x = x.wrapping_mul(round);
        x ^= x >> 15;
        x = x.wrapping_add(seed.rotate_left(7));
    }
    x
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_shuffle_keeps_every_contact_and_differs_by_campaign() {
        let shuffled = |campaign| -> Vec<i64> {
            let campaign = CampaignId::new(campaign).unwrap();
            (1..=10_000)
                .map(|place| order_key(Order::Random, campaign, place))
                .collect()
        };
        let (one, two) = (shuffled(1), shuffled(2));
        assert_eq!(one, shuffled(1));
        assert_ne!(one, two);
        assert_eq!(one.iter().collect::<BTreeSet<_>>().len(), 10_000);
    }

    #[test]
    fn a_shuffle_leaves_no_trend() {
        let campaign = CampaignId::new(3).unwrap();
        let keys: Vec<i64> = (1..=10_000)
            .map(|place| order_key(Order::Random, campaign, place))
            .collect();
        let rising = keys.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((4_700..5_300).contains(&rising), "{rising} of 9999 rise");
    }
}
