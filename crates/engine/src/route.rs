//! The way out of a call: which number is shown, and over which trunk.
//!
//! A campaign's caller IDs take turns, or the one that is nearest to the callee is shown. A caller ID leaves only by a trunk that carries it; of several
//! such trunks the one that has had the least of its weighted share takes the call.

use std::cmp::Reverse;
use std::time::Duration;

use outdial_domain::{CallerIdChoice, CampaignId, PhoneNumber, Timestamp, TrunkName};

use crate::calls::Call;
use crate::engine::Engine;
use crate::gate::caller_id::CallerIdUse;
use crate::gate::{Refused, Why};
use crate::mutant::Mutant;
use crate::trunk::Trunk;
use crate::waiters::Need;

/// A campaign waits for so many things at most; where it would be more it looks again every second.
const NEEDS_MAX: usize = 16;
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) caller_id: PhoneNumber,
    pub(crate) trunk: TrunkName,
    /// Which of the campaign's caller IDs it is.
    pub(crate) index: usize,
}

impl Engine {
    /// The way out of the next call of a campaign, whomever it is to; `again` for a contact that was
    /// tried before.
    ///
    /// # Errors
    /// As [`Engine::route_to`].
    pub(crate) fn route(&self, id: CampaignId, again: bool) -> Result<Route, Refused> {
        self.route_to(id, again, None)
    }

    /// The way out of a call of a campaign to this number.
    ///
    /// # Errors
    /// Why every one of its caller IDs is refused: the first reason, and all that it could wait for.
    pub(crate) fn route_to(
        &self,
        id: CampaignId,
        again: bool,
        callee: Option<PhoneNumber>,
    ) -> Result<Route, Refused> {
        let Some(campaign) = self.campaigns.get(&id) else {
            return Err(Refused::flatly(Why::NoContact));
        };
        let settings = &campaign.settings;
        let recall = again && !settings.recall_caller_ids.is_empty();
        let numbers = if recall {
            &settings.recall_caller_ids
        } else {
            &settings.caller_ids
        };
        let mut refused: Option<Refused> = None;
        let callee = callee.filter(|_| settings.caller_id_choice == CallerIdChoice::Nearest);
        for index in in_order(numbers, campaign.next_caller_id, callee) {
            let caller_id = numbers[index];
            match self.trunk_for(caller_id) {
                Ok(trunk) => {
                    return Ok(Route {
                        caller_id,
                        trunk,
                        index,
                    });
                }
                Err(more) => match &mut refused {
                    Some(refused) => merge(refused, more),
                    None => refused = Some(more),
                },
            }
        }
        let mut refused = refused.unwrap_or_else(|| Refused::flatly(Why::NoContact));
        if refused.needs.len() >= NEEDS_MAX {
            let again = self.now + LOOK_AGAIN;
            refused.until = Some(refused.until.map_or(again, |until| until.min(again)));
        }
        Err(refused)
    }

    /// A trunk that takes a call with this caller ID now.
    pub(crate) fn trunk_for(&self, caller_id: PhoneNumber) -> Result<TrunkName, Refused> {
        let Some(used) = self.caller_ids.find(caller_id) else {
            return Err(Refused::flatly(Why::UnknownCallerId(caller_id)));
        };
        if let Err((why, until)) = used.check(self.now, self.day.1)
            && !self.is_off(Mutant::CallerIdLimits)
        {
            let needs = vec![Need::CallerId(caller_id)];
            return Err(Refused { why, needs, until });
        }
        let may = |trunk: &Trunk| self.check_trunk(trunk, caller_id).is_ok();
        match self.trunks.least_used(&used.trunks, may) {
            Some(trunk) => Ok(trunk),
            None => Err(self.why_no_trunk(used, caller_id)),
        }
    }

    fn why_no_trunk(&self, used: &CallerIdUse, caller_id: PhoneNumber) -> Refused {
        let trunks = used.trunks.iter().filter_map(|&name| self.trunks.get(name));
        let refusals = trunks.filter_map(|trunk| {
            // When a trunk's time has come its own alarm wakes those who wait for it.
            let (why, _) = self.check_trunk(trunk, caller_id).err()?;
            Some(Refused::needs(why, Need::Trunk(trunk.rules.name)))
        });
        refusals
            .reduce(|mut first, more| {
                merge(&mut first, more);
                first
            })
            .unwrap_or_else(|| Refused::flatly(Why::NoTrunk(caller_id)))
    }

    /// # Errors
    /// Why a trunk takes no call with this caller ID now.
    pub(crate) fn check_trunk(
        &self,
        trunk: &Trunk,
        caller_id: PhoneNumber,
    ) -> Result<(), (Why, Option<Timestamp>)> {
        let name = trunk.rules.name;
        if !self.is_off(Mutant::Halt) {
            self.halts.check_trunk(name).map_err(|why| (why, None))?;
        }
        trunk.check_breaker(caller_id).map_err(|why| (why, None))?;
        match trunk.check(self.now) {
            Err((Why::TrunkLines(_), _)) if self.is_off(Mutant::TrunkLines) => Ok(()),
            Err((Why::TrunkPace(_), _)) if self.is_off(Mutant::TrunkPace) => Ok(()),
            answer => answer,
        }
    }

    /// Another trunk for a call that has failed before any progress.
    pub(crate) fn other_trunk(&self, call: &Call) -> Option<TrunkName> {
        let caller_id = call.attempt.caller_id;
        let used = self.caller_ids.find(caller_id)?;
        self.trunks.least_used(&used.trunks, |trunk| {
            let name = trunk.rules.name;
            let failed = call.attempt.trunk == name
                || call.failed_on.iter().any(|&(failed, _)| failed == name);
            !failed && self.check_trunk(trunk, caller_id).is_ok()
        })
    }
}

/// Keeps the first reason, and whatever could end any of them.
fn merge(first: &mut Refused, more: Refused) {
    for need in more.needs {
        if !first.needs.contains(&need) && first.needs.len() < NEEDS_MAX {
            first.needs.push(need);
        }
    }
    first.until = match (first.until, more.until) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// The places of caller IDs in the order in which they are tried: in turn from `first` on; those that
/// are nearer to the callee before the others.
fn in_order(
    numbers: &[PhoneNumber],
    first: usize,
    callee: Option<PhoneNumber>,
) -> impl Iterator<Item = usize> {
    let in_turn = (0..numbers.len()).map(move |step| (first + step) % numbers.len());
    let nearest = callee.map(|callee| {
        let mut places: Vec<usize> = in_turn.clone().collect();
        // Stable: numbers that are equally near go on taking turns.
        places.sort_by_key(|&place| Reverse(CallerIdChoice::nearness(&numbers[place], &callee)));
        places
    });
    let in_turn = nearest.is_none().then_some(in_turn);
    nearest
        .into_iter()
        .flatten()
        .chain(in_turn.into_iter().flatten())
}
