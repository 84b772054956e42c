//! What the settings of a revision are to be, kept by the test beside the server.

use super::chance::Chance;
use crate::world::SHOWN;
use serde_json::{Value, json};

/// How fast a campaign dials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// Ringing calls for each idle agent.
    Ratio(u32),
    /// Calls in a second.
    Rate(u32),
}

/// Settings as far as the carrier can see them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Numbers that are shown in turn.
    pub(crate) shown: Vec<&'static str>,
    /// Seconds of ringing.
    pub(crate) ring_s: u64,
    /// Whether it may call at this time of the day.
    pub(crate) open: bool,
    pub(crate) pace: Pace,
    /// Most calls at once, where that is limited.
    pub(crate) max_calls: Option<u32>,
    /// The flow that takes the calls, where one does.
    pub(crate) flow: Option<u64>,
}

impl Expected {
    /// A number that is not shown at present.
    pub(crate) fn fresh(&self, chance: &mut Chance) -> &'static str {
        let others: Vec<_> = SHOWN
            .into_iter()
            .filter(|number| !self.shown.contains(number))
            .collect();
        chance.of(&others)
    }

    /// One or two numbers, the first of them fresh.
    pub(crate) fn fresh_list(&self, chance: &mut Chance) -> Vec<&'static str> {
        let first = self.fresh(chance);
        let second = chance.of(&SHOWN);
        match chance.one_in(3) && second != first {
            true => vec![first, second],
            false => vec![first],
        }
    }

    /// Compares it with settings as our own API shows them.
    pub(crate) fn check(&self, settings: &Value, revision: u32) {
        let numbers = settings["caller_ids"].as_array().unwrap();
        let numbers: Vec<_> = numbers.iter().map(|n| plain(n.as_str().unwrap())).collect();
        let shown: Vec<_> = self.shown.iter().map(|n| plain(n)).collect();
        let pace = match self.pace {
            Pace::Ratio(_) => settings["ratio"]
                .as_f64()
                .map(|ratio| Pace::Ratio(ratio as u32)),
            Pace::Rate(_) => settings["rate"]["calls"]
                .as_u64()
                .map(|calls| Pace::Rate(calls as u32)),
        };
        assert_eq!(numbers, shown, "revision {revision}: {settings}");
        assert_eq!(pace, Some(self.pace), "revision {revision}: {settings}");
        for (name, wanted) in [
            ("ring_timeout_s", json!(self.ring_s)),
            ("max_calls", json!(self.max_calls)),
        ] {
            let found = &settings[name];
            let same = found == &wanted || found.as_f64() == wanted.as_f64();
            assert!(same, "revision {revision}: {name} is {found}, not {wanted}");
        }
    }
}

/// A number without what writings of it differ in: country and leading zero.
pub(crate) fn plain(number: &str) -> &str {
    number.trim_start_matches("+86").trim_start_matches('0')
}
