//! Shares of a trunk among tenants: even ones, for those who want lines.

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
/// Its lines are divided evenly among those who want some (among all, when nobody does, so that a first
/// call finds its line); whoever wants none keeps those of its calls. A tenant that has more calls than its
/// part dials no more until it is down to it, and the others get its lines as they become free. Odd lines
/// go round by `turn`. The permits never let more calls be placed than the trunk takes.
pub(crate) fn divide(
    trunk: TrunkName,
    max_calls: Option<u32>,
    calls_per_1000_s: Option<u32>,
    demands: &[Demand],
    turn: u64,
) -> Vec<Reservation> {
    let anyone = demands.iter().any(|d| d.wants_more);
    let takes = |demand: &Demand| demand.wants_more || !anyone;
    let takers = demands.iter().filter(|d| takes(d)).count() as u64;
    let lines_of = |demand: &Demand| u64::from(demand.in_use);
    let in_use: u64 = demands.iter().map(lines_of).sum();
    let kept: u64 = demands.iter().filter(|d| !takes(d)).map(lines_of).sum();
    let parts = |whole: u64| {
        let mut nth = turn;
        demands.iter().map(move |demand| {
            if !takes(demand) {
                return 0;
            }
            nth = nth.wrapping_add(1);
            even_part(whole, takers, nth - 1)
        })
    };
    let calls: Vec<u32> = match max_calls.map(u64::from) {
        None => vec![u32::MAX; demands.len()],
        Some(most) => {
            let parts: Vec<u32> = parts(most.saturating_sub(kept)).collect();
            // Lines that others still hold cannot be given yet.
            let free = most.saturating_sub(in_use);
            let below = |(demand, part): (&Demand, &u32)| part.saturating_sub(demand.in_use);
            let wanted: Vec<u32> = demands.iter().zip(&parts).map(below).collect();
            let more = fill(&wanted, free, turn);
            let permit = |((demand, part), more): ((&Demand, &u32), u32)| {
                if takes(demand) {
                    (*part).min(demand.in_use.saturating_add(more))
                } else {
                    demand.in_use
                }
            };
            demands.iter().zip(&parts).zip(more).map(permit).collect()
        }
    };
    let rates: Vec<Option<u32>> = match calls_per_1000_s.map(u64::from) {
        None => vec![None; demands.len()],
        Some(rate) => parts(rate).map(Some).collect(),
    };
    let permits = calls.into_iter().zip(rates);
    demands
        .iter()
        .zip(permits)
        .map(|(demand, (calls, calls_per_1000_s))| Reservation {
            tenant: demand.tenant,
            trunk,
            permit: Permit {
                calls,
                calls_per_1000_s,
            },
        })
        .collect()
}

/// The `nth` of `count` parts of `whole`, counted round and round, that are as even as whole numbers can be.
fn even_part(whole: u64, count: u64, nth: u64) -> u32 {
    let count = count.max(1);
    let part = whole / count + u64::from(nth % count < whole % count);
    u32::try_from(part).unwrap_or(u32::MAX)
}

/// How much each gets of what there is: as much as it wants, or else an even part.
fn fill(wanted: &[u32], mut there: u64, turn: u64) -> Vec<u32> {
    let count = wanted.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&index| {
        (
            wanted[index],
            (index as u64).wrapping_add(turn) % count as u64,
        )
    });
    let mut given = vec![0; count];
    for (nth, index) in order.into_iter().enumerate() {
        let part = there / (count - nth) as u64;
        let gets = wanted[index].min(u32::try_from(part).unwrap_or(u32::MAX));
        given[index] = gets;
        there -= u64::from(gets);
    }
    given
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
        calls_at(max, demands, 0)
    }

    fn calls_at(max: Option<u32>, demands: &[Demand], turn: u64) -> Vec<u32> {
        divide(trunk(), max, None, demands, turn)
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
    fn lines_go_to_those_who_want_them() {
        let idle = [demand(1, 10, true), demand(2, 0, false)];
        assert_eq!(calls(Some(30), &idle), [30, 0]);
        let both = [demand(1, 10, true), demand(2, 0, true)];
        assert_eq!(calls(Some(31), &both), [16, 15]);
        let nobody = [demand(1, 0, false), demand(2, 0, false)];
        assert_eq!(calls(Some(30), &nobody), [15, 15]);
        let leaving = [demand(1, 4, false), demand(2, 0, true)];
        assert_eq!(calls(Some(10), &leaving), [4, 6]);
    }

    #[test]
    fn who_comes_second_gets_its_part_as_the_first_ones_calls_end() {
        let mut held = [10, 0];
        for _ in 0..10 {
            let demands = [demand(1, held[0], true), demand(2, held[1], true)];
            let permits = calls(Some(10), &demands);
            assert_eq!(permits[0], 5);
            assert_eq!(permits[1], 5.min(10 - held[0]));
            // One call of the first ends and it may not dial another; the second takes what it can.
            held[1] = permits[1];
            held[0] = held[0].saturating_sub(1).max(5);
        }
        assert_eq!(held, [5, 5]);
    }

    #[test]
    fn a_single_line_goes_round() {
        let demands = [demand(1, 0, true), demand(2, 0, true)];
        assert_eq!(calls_at(Some(1), &demands, 0), [1, 0]);
        assert_eq!(calls_at(Some(1), &demands, 1), [0, 1]);
    }

    #[test]
    fn permits_never_let_more_calls_be_placed_than_the_trunk_takes() {
        for max in 0..40 {
            for (a, b, c) in [(0, 0, 0), (3, 0, 1), (0, 7, 2), (30, 2, 5), (1, 8, 0)] {
                for (turn, wants) in [(0, false), (1, true), (2, false), (3, true)] {
                    let demands = [demand(1, a, true), demand(2, b, wants), demand(3, c, true)];
                    let permits = calls_at(Some(max), &demands, turn);
                    // Everyone dials up to its permit; nobody hangs up.
                    let used = permits.iter().zip([a, b, c]).map(|(p, held)| held.max(*p));
                    assert!(used.sum::<u32>() <= max.max(a + b + c), "{max} {a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn the_rate_of_new_calls_is_divided_as_well() {
        let demands = [demand(1, 0, true), demand(2, 0, true)];
        let shares = divide(trunk(), None, Some(5_000), &demands, 0);
        let mut rates = shares.iter().map(|r| r.permit.calls_per_1000_s);
        assert!(rates.all(|rate| rate == Some(2_500)));
    }
}
