//! A campaign as it is shown: what the settings say, in the words that were given where they still hold.

use outdial_domain::{Campaign, CampaignState, EndReason, Mode, Target, Timestamp};
use serde_json::{Map, Value, json};

use super::device::{Device, Ivr, Work};
use super::names::Names;
use super::stored::Stored;
use crate::huawei::time::Zone;

/// `status`: 2 started, 3 suspended, 4 ended. Started covers campaigns whose list is done: they go on
/// when numbers are added.
pub(in crate::huawei) fn status(campaign: &Campaign, now: Timestamp) -> i64 {
    match campaign.state {
        _ if campaign.settings.calendar.is_over(now) => 4,
        CampaignState::Scheduled
        | CampaignState::Running
        | CampaignState::Ended(EndReason::ListDone) => 2,
        CampaignState::Draft | CampaignState::Paused => 3,
        CampaignState::Ended(_) => 4,
    }
}

/// A campaign's details.
pub(super) fn shown(campaign: &Campaign, names: &Names, zone: &Zone, now: Timestamp) -> Value {
    let settings = &campaign.settings;
    let stored = Stored::of(campaign);
    let device = Device::of(campaign, stored.device_type);
    let mut shown = Map::new();
    let mut show = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    show("id", campaign.id.number().into());
    show("name", settings.name.clone().into());
    show(
        "description",
        stored.description.clone().unwrap_or_default().into(),
    );
    show("status", status(campaign, now).into());
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| zone.write(at).into());
    show("strBeginTime", time(settings.calendar.starts_at()));
    show("strEndTime", time(settings.calendar.ends_at()));
    show("deviceType", device.number().into());
    let caller_no = settings.caller_ids.first().map(|number| number.given());
    show("callerNo", caller_no.unwrap_or_default().into());
    show("maxAlertingTime", settings.ring_timeout.as_secs().into());
    show(
        "scheduleParam",
        stored.schedule(settings.calendar.rules()).shown(),
    );
    let (ivr, skill) = match device.is_ivr() {
        true => (ivr_param(campaign, &stored, names), Value::Null),
        false => (Value::Null, skill_param(campaign, &stored, names, device)),
    };
    show("ivrParam", ivr);
    show("skillParam", skill);
    show(
        "callBackUrl",
        stored.call_back_url.unwrap_or_default().into(),
    );
    Value::Object(shown)
}

fn ivr_param(campaign: &Campaign, stored: &Stored, names: &Names) -> Value {
    let settings = &campaign.settings;
    let sign = stored.device_sign.clone();
    let holds = |sign: &String| names.flow(sign).as_ref() == Some(&settings.target);
    let sign = sign
        .filter(holds)
        .unwrap_or_else(|| match &settings.target {
            Target::Flow(id) => id.to_string(),
            Target::Sip(uri) => uri.clone(),
            Target::SkillGroup(_) => String::new(),
        });
    let rate = stored.ivr_rate;
    let rate = rate.filter(|(count, interval)| Ivr::mode(*count, *interval) == settings.mode);
    let (count, interval) = match (rate, settings.mode) {
        (Some((count, interval)), _) => (json!(count), json!(interval)),
        (None, Mode::Rate { calls, interval }) => (json!(calls), json!(interval.as_secs())),
        (None, _) => (Value::Null, Value::Null),
    };
    json!({"deviceSign": sign, "callCount": count, "callInterval": interval})
}

fn skill_param(campaign: &Campaign, stored: &Stored, names: &Names, device: Device) -> Value {
    let settings = &campaign.settings;
    let holds = |id: &u32| names.group(*id).as_ref() == Some(&settings.target);
    let given = stored.skill_id.filter(holds).map(u64::from);
    let own = settings.target.skill_group().map(|id| id.number());
    let id = given.or(own);
    let name = stored.skill_name.as_deref();
    let name = name.or_else(|| names.group_name(&settings.target));
    let preview = match &settings.mode {
        Mode::Preview(rules) => Work::shown_preview(rules),
        _ => Value::Null,
    };
    let predict = stored.predict_param.clone();
    let predict = predict.filter(|_| device == Device::Predicted);
    json!({
        "skillId": id,
        "skillName": name,
        "outBoundType": device.number(),
        "predictParam": predict,
        "previewParam": preview,
    })
}
