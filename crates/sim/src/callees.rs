//! Callees and the carrier in front of them: what becomes of a call, drawn per number and dial.

use std::time::Duration;

use outdial_domain::{PhoneNumber, Progress};

use crate::dice::Dice;
use crate::spread::Spread;
use crate::units::{millis, secs};

/// What callees and their networks do.
#[derive(Clone, Debug)]
pub struct Callees {
    /// What becomes of calls.
    pub mix: Mix,
    /// From INVITE to the first ringing.
    pub set_up: Spread,
    /// From the first ringing to the answer.
    pub answer: Spread,
    /// How long a conversation lasts.
    pub talk: Spread,
    /// How long a callee who picked up stays on a silent line.
    pub patience: Spread,
    /// Of those who pick up, how many are machines, in percent: an agent drops them after 4 s.
    pub machines: u32,
    /// Of the calls given up while they ring, how many are picked up at that very moment, in percent.
    pub across_cancel: u32,
}

/// Shares of calls in percent; what is left over rings without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Someone picks up.
    pub answer: u32,
    /// 486.
    pub busy: u32,
    /// 404.
    pub invalid: u32,
    /// 603.
    pub rejected: u32,
    /// 480 without any ringing.
    pub unreachable: u32,
    /// 503.
    pub congestion: u32,
    /// 500.
    pub network_error: u32,
    /// Not a single response.
    pub no_response: u32,
    /// 100, and then nothing.
    pub stuck: u32,
    /// An answer without a usable Contact.
    pub unusable: u32,
    /// Of the calls that progress, how many show only a 183 (in percent of those).
    pub session_progress: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            answer: 30,
            busy: 8,
            invalid: 4,
            rejected: 3,
            unreachable: 5,
            congestion: 0,
            network_error: 0,
            no_response: 0,
            stuck: 0,
            unusable: 0,
            session_progress: 20,
        }
    }
}

impl Default for Callees {
    fn default() -> Self {
        Self {
            mix: Mix::default(),
            set_up: Spread::Even(millis(300), secs(4)),
            answer: Spread::Lognormal {
                mean: secs(8),
                cv: 0.6,
            },
            talk: Spread::Lognormal {
                mean: secs(90),
                cv: 1.0,
            },
            patience: Spread::Even(secs(1), secs(20)),
            machines: 0,
            across_cancel: 0,
        }
    }
}

/// What becomes of one call, unless it is given up before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fate {
    /// The first provisional response (100), if any comes.
    pub(crate) trying: Option<Duration>,
    /// Ringing, or a 183 with media.
    pub(crate) progress: Option<(Duration, Progress)>,
    /// The end of ringing.
    pub(crate) end: FateEnd,
    /// Whether an answer crosses our giving up.
    pub(crate) across_cancel: bool,
    /// Whether a machine picks up.
    pub(crate) machine: bool,
    /// Talk time, if it comes to that.
    pub(crate) talk: Duration,
    /// How long the callee stays on a silent line.
    pub(crate) patience: Duration,
}

/// How ringing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FateEnd {
    PickUp(Duration),
    Refuse(Duration, u16),
    /// A 200 without a usable Contact.
    Unusable(Duration),
    /// The connector gives up by itself; nothing was ever heard.
    NoResponse(Duration),
}

/// The kind under which fates are drawn.
const FATE: u64 = 0x0066_6174_6500;
/// The connector's own end of a call that nobody responds to (Timer B of RFC 3261).
const TIMER_B: Duration = secs(32);

impl Callees {
    /// The fate of the `dialed`-th call to a number.
    pub(crate) fn fate(&self, dice: Dice, number: PhoneNumber, dialed: u64) -> Fate {
        let call = who(number).wrapping_mul(1_000_003).wrapping_add(dialed);
        let draw = |k| dice.kind(FATE).uniform(call, k);
        let percent = |k, share: u32| draw(k) * 100.0 < f64::from(share);
        let set_up = self.set_up.at(draw(2));
        let rings = set_up + self.answer.at(draw(3));
        let soon = set_up.min(secs(2));
        let mut fate = Fate {
            trying: Some(set_up.min(millis(100))),
            progress: None,
            end: FateEnd::NoResponse(TIMER_B),
            across_cancel: percent(4, self.across_cancel),
            machine: percent(5, self.machines),
            talk: self.talk.at(draw(6)),
            patience: self.patience.at(draw(7)),
        };
        let ringing = if percent(8, self.mix.session_progress) {
            Progress::SessionProgress
        } else {
            Progress::Ringing
        };
        let mut rung = draw(1) * 100.0;
        let mut is = |share: u32| {
            let hit = rung >= 0.0 && rung < f64::from(share);
            rung -= f64::from(share);
            hit
        };
        let mix = self.mix;
        if is(mix.answer) {
            fate.progress = Some((set_up, ringing));
            fate.end = FateEnd::PickUp(rings);
        } else if is(mix.busy) {
            fate.end = FateEnd::Refuse(soon, 486);
        } else if is(mix.invalid) {
            fate.end = FateEnd::Refuse(soon, 404);
        } else if is(mix.rejected) {
            fate.progress = Some((set_up, ringing));
            fate.end = FateEnd::Refuse(rings, 603);
        } else if is(mix.unreachable) {
            fate.end = FateEnd::Refuse(soon, 480);
        } else if is(mix.congestion) {
            fate.end = FateEnd::Refuse(millis(50), 503);
        } else if is(mix.network_error) {
            fate.end = FateEnd::Refuse(soon, 500);
        } else if is(mix.no_response) {
            fate.trying = None;
        } else if is(mix.stuck) {
            fate.end = FateEnd::Refuse(secs(180), 408);
        } else if is(mix.unusable) {
            fate.progress = Some((set_up, ringing));
            fate.end = FateEnd::Unusable(rings);
        } else {
            fate.progress = Some((set_up, ringing));
            fate.end = FateEnd::Refuse(set_up + secs(150), 480);
        }
        fate
    }
}

/// A number as a number.
pub(crate) fn who(number: PhoneNumber) -> u64 {
    let digits = number.digits().bytes();
    digits.fold(0, |sum: u64, b| {
        sum.wrapping_mul(13).wrapping_add(u64::from(b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_fates_come_out_as_asked_and_each_number_keeps_its_own() {
        let callees = Callees::default();
        let dice = Dice::new(11);
        let fate = |n: u64| {
            let number = PhoneNumber::from_text(&format!("+861301{n:07}")).unwrap();
            callees.fate(dice, number, 0)
        };
        assert_eq!(fate(3), fate(3));
        let answered = (0..10_000)
            .filter(|&n| matches!(fate(n).end, FateEnd::PickUp(_)))
            .count();
        assert!((2_800..3_200).contains(&answered), "{answered}");
        let invalid = (0..10_000)
            .filter(|&n| matches!(fate(n).end, FateEnd::Refuse(_, 404)))
            .count();
        assert!((320..480).contains(&invalid), "{invalid}");
    }
}
