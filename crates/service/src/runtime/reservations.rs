//! Shares of a trunk among tenants: what is used stays, what is free goes to those who want it.

use outdial_domain::{Permit, Reservation, TenantId, TrunkName};

/// What a tenant does with a trunk right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Who.
    pub(crate) tenant: TenantId,
    /// Calls that it has on the trunk.
    pub(crate) in_use: u32,
    /// Whether it has campaigns that would dial more.
    pub(crate) wants_more: bool,
}

/// Divides a trunk among tenants.
///
/// Each keeps the calls that it has. What is free is divided evenly among those who want more (among
/// all, when nobody does, so that a first call finds its line); odd lines go to the first ones. The
/// permits never add up to more than the trunk takes, unless more is in use already.
pub(crate) fn divide(
    trunk: TrunkName,
    max_calls: Option<u32>,
    calls_per_1000_s: Option<u32>,
    demands: &[Demand],
) -> Vec<Reservation> {
    let anyone = demands.iter().any(|d| d.wants_more);
    let takers = demands.iter().filter(|d| d.wants_more || !anyone).count();
    let in_use: u64 = demands.iter().map(|d| u64::from(d.in_use)).sum();
    let free = max_calls.map(|most| u64::from(most).saturating_sub(in_use));
    let mut nth = 0;
    demands
        .iter()
        .map(|demand| {
            let takes = demand.wants_more || !anyone;
            let part = |whole: u64| {
                if takes {
                    even_part(whole, takers, nth)
                } else {
                    0
                }
            };
            let calls = free.map_or(u32::MAX, |free| demand.in_use.saturating_add(part(free)));
            let calls_per_1000_s = calls_per_1000_s.map(|rate| part(u64::from(rate)));
            if takes {
                nth += 1;
            }
            let permit = Permit {
                calls,
                calls_per_1000_s,
            };
            Reservation {
                tenant: demand.tenant,
                trunk,
                permit,
            }
        })
        .collect()
}

/// The `nth` of `count` parts of `whole` that are as even as whole numbers can be.
fn even_part(whole: u64, count: usize, nth: usize) -> u32 {
    let count = count.max(1) as u64;
    let part = whole / count + u64::from((nth as u64) < whole % count);
    u32::try_from(part).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk() -> TrunkName {
        TrunkName::new("carrier").unwrap()
    }

    fn demand(tenant: u32, in_use: u32, wants_more: bool) -> Demand {
        Demand {
            tenant: TenantId::new(tenant),
            in_use,
            wants_more,
        }
    }

    fn calls(max: Option<u32>, demands: &[Demand]) -> Vec<u32> {
        divide(trunk(), max, None, demands)
            .iter()
            .map(|r| r.permit.calls)
            .collect()
    }

    #[test]
    fn one_tenant_has_the_whole_trunk() {
        assert_eq!(calls(Some(30), &[demand(1, 12, true)]), [30]);
        assert_eq!(calls(None, &[demand(1, 12, true)]), [u32::MAX]);
    }

    #[test]
    fn free_lines_go_to_those_who_want_them() {
        assert_eq!(
            calls(Some(30), &[demand(1, 10, true), demand(2, 0, false)]),
            [30, 0]
        );
        assert_eq!(
            calls(Some(31), &[demand(1, 10, true), demand(2, 0, true)]),
            [21, 10]
        );
        assert_eq!(
            calls(Some(30), &[demand(1, 0, false), demand(2, 0, false)]),
            [15, 15]
        );
    }

    #[test]
    fn what_is_in_use_is_never_taken() {
        assert_eq!(
            calls(Some(10), &[demand(1, 10, false), demand(2, 4, true)]),
            [10, 4]
        );
    }

    #[test]
    fn permits_never_add_up_to_more_than_the_trunk_takes() {
        for max in 0..40 {
            for (a, b, c) in [(0, 0, 0), (3, 0, 1), (0, 7, 2)] {
                let demands = [demand(1, a, true), demand(2, b, false), demand(3, c, true)];
                let sum: u32 = calls(Some(max), &demands).iter().sum();
                assert!(sum <= max.max(a + b + c), "{max} {a} {b} {c}");
            }
        }
    }

    #[test]
    fn the_rate_of_new_calls_is_divided_as_well() {
        let shares = divide(
            trunk(),
            None,
            Some(5_000),
            &[demand(1, 0, true), demand(2, 0, true)],
        );
        assert!(
            shares
                .iter()
                .all(|r| r.permit.calls_per_1000_s == Some(2_500))
        );
    }
}
