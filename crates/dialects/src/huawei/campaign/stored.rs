//! What this API stores with a campaign and shows again: fields without meaning for dialing, and those
//! whose very words cannot be read back from what they mean.

use outdial_domain::{Campaign, DayRule, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Body;
use super::device::Work;
use super::schedule::Schedule;
use crate::huawei::holidays::Holiday;
use crate::huawei::wire::Fields;

/// The object that is kept with a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::huawei) struct Stored {
    /// As given.
    pub(in crate::huawei) description: Option<String>,
    /// As given.
    pub(in crate::huawei) device_type: Option<i64>,
    /// As given.
    pub(in crate::huawei) device_sign: Option<String>,
    /// `callCount` and `callInterval` as given.
    pub(in crate::huawei) ivr_rate: Option<(u32, u32)>,
    /// As given.
    pub(in crate::huawei) skill_id: Option<u32>,
    /// As given.
    pub(in crate::huawei) skill_name: Option<String>,
    /// With defaults filled in.
    pub(in crate::huawei) predict_param: Option<Value>,
    /// As given.
    pub(in crate::huawei) call_back_url: Option<String>,
    /// As given: segments for holidays are in no rule while no day is one.
    pub(in crate::huawei) schedule_param: Option<Value>,
    /// The special dates, in the order in which they were added.
    pub(in crate::huawei) holidays: Vec<Holiday>,
    /// The last id that a special date was given.
    pub(in crate::huawei) holiday_last: u32,
    /// The retry policy as it was set.
    pub(in crate::huawei) retry_policy: Option<Value>,
}

impl Stored {
    /// What is stored with a campaign; nothing with one that this API has not touched.
    pub(in crate::huawei) fn of(campaign: &Campaign) -> Self {
        let stored = campaign.extras.get(&Origin::Huawei).cloned();
        let stored = stored.map(serde_json::from_value);
        stored.and_then(Result::ok).unwrap_or_default()
    }

    /// As it is kept. Plain data always becomes JSON.
    pub(in crate::huawei) fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The segments in force: as they were given, where they still make the calendar's rules.
    pub(in crate::huawei) fn schedule(&self, rules: &[DayRule]) -> Schedule {
        let given = self.schedule_param.clone();
        let given = given.and_then(|given| match given {
            Value::Object(members) => Schedule::read(&Fields::of(members)).ok(),
            _ => None,
        });
        let holds = |schedule: &Schedule| schedule.rules(&self.holidays) == rules;
        given.filter(holds).unwrap_or_else(|| Schedule::of(rules))
    }

    /// The same with what a body says. Special dates and the retry policy have operations of their own.
    pub(in crate::huawei) fn with(mut self, body: &Body) -> Self {
        self.description.clone_from(&body.description);
        self.device_type = Some(body.device.number());
        self.call_back_url = Some(body.call_back_url.clone());
        self.schedule_param = Some(body.schedule.shown());
        (self.device_sign, self.ivr_rate) = (None, None);
        (self.skill_id, self.skill_name, self.predict_param) = (None, None, None);
        match &body.work {
            Work::Ivr(ivr) => {
                self.device_sign = Some(ivr.device_sign.clone());
                self.ivr_rate = Some((ivr.call_count, ivr.call_interval));
            }
            Work::Skill(skill) => {
                self.skill_id = Some(skill.skill_id);
                self.skill_name.clone_from(&skill.skill_name);
                if let super::device::Plan::Predict(predict) = &skill.plan {
                    self.predict_param = Some(predict.shown());
                }
            }
        }
        self
    }
}
