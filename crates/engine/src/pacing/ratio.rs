//! Ratio: so many ringing calls for each idle agent whose phone is connected.

use outdial_domain::Ratio;
use serde::{Deserialize, Serialize};

use super::{Pacer, View};

/// A fixed number of ringing calls for each idle agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Promised {
    ratio: Ratio,
}

impl Promised {
    pub(crate) fn new(ratio: Ratio) -> Self {
        Self { ratio }
    }

    pub(crate) fn hundredths(self) -> u32 {
        self.ratio.hundredths()
    }
}

/// Ringing calls that so many agents allow.
pub(crate) fn calls_for(agents: u32, hundredths: u32) -> u32 {
    let calls = u64::from(agents) * u64::from(hundredths) / 100;
    u32::try_from(calls).unwrap_or(u32::MAX)
}

/// Agents who must be promised for so many ringing calls.
pub(crate) fn agents_for(calls: u32, hundredths: u32) -> u32 {
    let agents = (u64::from(calls) * 100).div_ceil(u64::from(hundredths.max(1)));
    u32::try_from(agents).unwrap_or(u32::MAX)
}

impl Pacer for Promised {
    fn calls_now(&self, view: &View) -> u32 {
        // An agent who is idle while a callee waits is about to take it.
        let idle = view.idle.saturating_sub(view.waiting);
        calls_for(idle, self.hundredths()).saturating_sub(view.ringing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(hundredths: u32) -> Promised {
        Promised::new(Ratio::from_hundredths(hundredths).unwrap())
    }

    #[test]
    fn ringing_calls_stay_within_the_ratio() {
        let view = |idle, ringing| View {
            idle,
            ringing,
            ..View::default()
        };
        assert_eq!(pacer(250).calls_now(&view(3, 0)), 7);
        assert_eq!(pacer(250).calls_now(&view(3, 7)), 0);
        assert_eq!(pacer(50).calls_now(&view(1, 0)), 0);
        assert_eq!(pacer(50).calls_now(&view(4, 1)), 1);
        assert_eq!(pacer(300).calls_now(&view(0, 0)), 0);
    }

    #[test]
    fn promised_agents_are_enough_for_the_calls_that_they_allow() {
        for hundredths in [1, 30, 50, 100, 130, 250, 10_000] {
            for calls in 0..200 {
                let agents = agents_for(calls, hundredths);
                assert!(calls_for(agents, hundredths) >= calls);
                assert!(agents == 0 || calls_for(agents - 1, hundredths) < calls);
            }
        }
    }
}
