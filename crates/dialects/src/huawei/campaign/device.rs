//! What answers a campaign's calls, and how they are paced: `deviceType`, `ivrParam`, `skillParam`.

use std::time::Duration;

use outdial_domain::{Campaign, Mode, PreviewRules};
use serde_json::{Map, Value, json};

use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::wire::Fields;

/// `deviceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::huawei) enum Device {
    /// 1: an intelligent IVR.
    SmartIvr,
    /// 2: agents, predicted.
    Predicted,
    /// 3: an automatic IVR.
    Ivr,
    /// 5: agents, previewed.
    Previewed,
    /// 6: agents, preempted.
    Preempted,
}

impl Device {
    /// The device with this number.
    pub(in crate::huawei) fn numbered(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::SmartIvr,
            2 => Self::Predicted,
            3 => Self::Ivr,
            5 => Self::Previewed,
            6 => Self::Preempted,
            _ => return None,
        })
    }

    /// Its number.
    pub(in crate::huawei) fn number(self) -> i64 {
        match self {
            Self::SmartIvr => 1,
            Self::Predicted => 2,
            Self::Ivr => 3,
            Self::Previewed => 5,
            Self::Preempted => 6,
        }
    }

    /// Whether an IVR answers, and no agent.
    pub(in crate::huawei) fn is_ivr(self) -> bool {
        matches!(self, Self::SmartIvr | Self::Ivr)
    }

    /// What a campaign is here, whichever API made it. The mode says it, but for the kind of IVR.
    pub(in crate::huawei) fn of(campaign: &Campaign, stored: Option<i64>) -> Self {
        match campaign.settings.mode {
            Mode::Preview(_) => Self::Previewed,
            Mode::Preempted => Self::Preempted,
            Mode::Progressive | Mode::Ratio(_) | Mode::Predictive => Self::Predicted,
            Mode::Rate { .. } | Mode::Concurrency if stored == Some(1) => Self::SmartIvr,
            Mode::Rate { .. } | Mode::Concurrency => Self::Ivr,
        }
    }
}

/// `ivrParam` or `skillParam`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) enum Work {
    /// An IVR takes the calls.
    Ivr(Ivr),
    /// Agents take them.
    Skill(Skill),
}

/// `ivrParam`. Source: Table 5.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) struct Ivr {
    /// Which flow.
    pub(in crate::huawei) device_sign: String,
    /// 1–100 calls …
    pub(in crate::huawei) call_count: u32,
    /// … in 1–9999 s.
    pub(in crate::huawei) call_interval: u32,
}

/// `skillParam`. Source: Table 6.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) struct Skill {
    /// 1–1000.
    pub(in crate::huawei) skill_id: u32,
    /// Stored and shown.
    pub(in crate::huawei) skill_name: Option<String>,
    /// How calls are paced.
    pub(in crate::huawei) plan: Plan,
}

/// What goes with `outBoundType`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) enum Plan {
    /// 2.
    Predict(Predict),
    /// 5: `failInterval`, `obCallCount`, `autoCallTime`.
    Preview([u32; 3]),
    /// 6.
    Preempt,
}

/// `predictParam`. Source: Tables 8–12.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) struct Predict {
    /// 1, 2, 3 or 5.
    pub(in crate::huawei) method: i64,
    /// The parameters of the method, defaults filled in.
    pub(in crate::huawei) fields: Map<String, Value>,
}

impl Ivr {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        let sign = fields.text_up_to("deviceSign", 64)?;
        let device_sign = fields.required("deviceSign", sign)?;
        if device_sign.chars().any(char::is_control) {
            let problem = "has control characters";
            return Err(fields.fault(FieldFault::Characters, "deviceSign", problem));
        }
        Ok(Self {
            device_sign,
            call_count: number(fields, "callCount", 1..=100)?,
            call_interval: number(fields, "callInterval", 1..=9999)?,
        })
    }

    /// The rate: every 3 seconds (every `callInterval` where that is shorter) so many calls as fall to
    /// that time, rounded up; below one call the plain rate, which is one call each time the sum
    /// reaches 1.
    pub(in crate::huawei) fn mode(call_count: u32, call_interval: u32) -> Mode {
        let tick = call_interval.min(3);
        let calls = (call_count * tick).div_ceil(call_interval.max(1));
        let secs = |secs: u32| Duration::from_secs(secs.into());
        if call_count * tick > call_interval {
            Mode::Rate {
                calls,
                interval: secs(tick),
            }
        } else {
            Mode::Rate {
                calls: call_count,
                interval: secs(call_interval),
            }
        }
    }
}

impl Skill {
    fn read(fields: &Fields, device: Device, ring: u32) -> Result<Self, Fault> {
        let skill_id = number(fields, "skillId", 1..=1000)?;
        let skill_name = fields.text_up_to("skillName", 100)?;
        let kind = number(fields, "outBoundType", 2..=6)?;
        if ![2, 5, 6].contains(&kind) {
            let problem = "must be 2, 5 or 6";
            return Err(fields.fault(FieldFault::Value, "outBoundType", problem));
        }
        if i64::from(kind) != device.number() {
            let problem = "does not go with deviceType";
            return Err(fields.fault(FieldFault::Combination, "outBoundType", problem));
        }
        let plan = match device {
            Device::Predicted => Plan::Predict(Predict::read(&part(
                fields,
                "predictParam",
                "outBoundType",
            )?)?),
            Device::Previewed => {
                let preview = part(fields, "previewParam", "outBoundType")?;
                let latest = i64::from(ring) - 3;
                Plan::Preview([
                    number(&preview, "failInterval", 3..=60)?,
                    number(&preview, "obCallCount", 1..=100)?,
                    number(&preview, "autoCallTime", 5..=latest)?,
                ])
            }
            _ => Plan::Preempt,
        };
        Ok(Self {
            skill_id,
            skill_name,
            plan,
        })
    }
}

impl Predict {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        let method = i64::from(number(fields, "predictMethod", 1..=5)?);
        let Some(name) = part_of(method) else {
            let problem = "must be 1, 2, 3 or 5";
            return Err(fields.fault(FieldFault::Value, "predictMethod", problem));
        };
        let part = part(fields, name, "predictMethod")?;
        let mut read = Map::new();
        let mut take = |name: &str, range: std::ops::RangeInclusive<i64>, default: Option<i64>| {
            let given = part.integer_in(name, range)?.or(default);
            let given = part.required(name, given)?;
            read.insert(name.to_owned(), given.into());
            Ok::<_, Fault>(given)
        };
        if method != 5 {
            let longest = take("maxAvgCallTime", 50..=200, None)?;
            let shortest = take("minAvgCallTime", 50..=200, None)?;
            if shortest > longest {
                let problem = "is above maxAvgCallTime";
                return Err(part.fault(FieldFault::Combination, "minAvgCallTime", problem));
            }
        }
        match method {
            1 => {
                take("outBoundRate", 0..=100, Some(70))?;
            }
            2 => {
                take("lossRate", 0..=100, Some(3))?;
                take("utilRate", 0..=100, Some(70))?;
                take("utilRateMethod", 1..=2, None)?;
            }
            3 => {
                take("lossRate", 0..=100, Some(3))?;
                take("waitTime", 0..=16, Some(5))?;
                take("connRate", 0..=100, None)?;
            }
            _ => {
                take("offHookRate", 50..=200, Some(100))?;
            }
        }
        Ok(Self {
            method,
            fields: read,
        })
    }

    /// As it is shown.
    pub(in crate::huawei) fn shown(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("predictMethod".to_owned(), self.method.into());
        if let Some(name) = part_of(self.method) {
            shown.insert(name.to_owned(), Value::Object(self.fields.clone()));
        }
        Value::Object(shown)
    }

    /// A parameter of the method.
    pub(in crate::huawei) fn field(&self, name: &str) -> Option<u16> {
        let number = self.fields.get(name)?.as_u64()?;
        u16::try_from(number).ok()
    }
}

impl Work {
    /// Reads what goes with a device; what goes with others is not looked at.
    ///
    /// # Errors
    /// The code of the first field that is wrong.
    pub(super) fn read(body: &Fields, device: Device, ring: u32) -> Result<Self, Fault> {
        if device.is_ivr() {
            Ivr::read(&part(body, "ivrParam", "deviceType")?).map(Self::Ivr)
        } else {
            let fields = part(body, "skillParam", "deviceType")?;
            Skill::read(&fields, device, ring).map(Self::Skill)
        }
    }

    /// The mode that it means. A predicted campaign keeps how another API has it paced.
    pub(super) fn mode(&self, ring: u32, present: Option<Mode>) -> Mode {
        let secs = |secs: u32| Duration::from_secs(secs.into());
        match self {
            Self::Ivr(ivr) => Ivr::mode(ivr.call_count, ivr.call_interval),
            Self::Skill(skill) => match (&skill.plan, present) {
                (Plan::Predict(_), Some(mode @ (Mode::Ratio(_) | Mode::Predictive))) => mode,
                (Plan::Predict(_), _) => Mode::Progressive,
                (Plan::Preview([every, offers, auto]), _) => Mode::Preview(PreviewRules {
                    every: secs(*every),
                    offers: *offers,
                    dial_after: Some(secs(*auto)),
                    offer: secs(ring),
                }),
                (Plan::Preempt, _) => Mode::Preempted,
            },
        }
    }

    /// `previewParam` of a mode that has one.
    pub(super) fn shown_preview(rules: &PreviewRules) -> Value {
        let auto = rules.dial_after.unwrap_or(rules.offer);
        json!({
            "failInterval": rules.every.as_secs(),
            "obCallCount": rules.offers,
            "autoCallTime": auto.as_secs(),
        })
    }
}

fn part_of(method: i64) -> Option<&'static str> {
    Some(match method {
        1 => "expPredictParam",
        2 => "agentPredictParam",
        3 => "connectPredictParam",
        5 => "offhookPredictParam",
        _ => return None,
    })
}

/// An object that the value of another field asks for.
fn part(fields: &Fields, name: &str, because: &str) -> Result<Fields, Fault> {
    fields.object(name)?.ok_or_else(|| {
        let problem = format!("goes with this {because} and is missing");
        fields.fault(FieldFault::Combination, name, &problem)
    })
}

/// A number that must be there.
fn number(fields: &Fields, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<u32, Fault> {
    let number = fields.integer_in(name, range)?;
    let number = fields.required(name, number)?;
    u32::try_from(number).map_err(|_| fields.fault(FieldFault::Value, name, "is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ivr_is_called_in_ticks_of_three_seconds() {
        // The table of the documentation's formula, and what lies below one call in a tick.
        for (count, interval, calls, secs) in [
            (3, 3, 3, 3),
            (10, 5, 6, 3),
            (10, 7, 5, 3),
            (2, 5, 2, 3),
            (4, 2, 4, 2),
            (1, 60, 1, 60),
            (1, 3, 1, 3),
            (1, 1, 1, 1),
            (100, 1, 100, 1),
            (2, 7, 2, 7),
            (1, 9999, 1, 9999),
        ] {
            let expected = Mode::Rate {
                calls,
                interval: Duration::from_secs(secs),
            };
            assert_eq!(
                Ivr::mode(count, interval),
                expected,
                "{count} in {interval} s"
            );
        }
    }
}
