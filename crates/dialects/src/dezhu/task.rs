//! A task's fields, and the settings that they mean.
//!
//! Source: "编辑自动外呼任务": the fields of a task that has not started, and the fewer ones of a task that
//! runs or is paused.

use std::time::Duration;

use outdial_domain::{
    CallerIdChoice, Campaign, CampaignState, EndReason, Mode, Origin, PhoneNumber, Ratio, Settings,
    Share, SkillGroupId, Target,
};
use outdial_service::{Caller, Service, ServiceError};
use serde_json::{Map, Value, json};

use super::fault::{Code, Fault};
use super::period::Period;
use super::routes::Call;
use super::wire::Fields;

/// Highest `multiplyPower`: the page says "above 0", ours is what a ratio can be.
const POWER_MAX: i64 = 100;

/// What the tenant has, that a task's fields name.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) zone: String,
    pub(super) now: outdial_domain::Timestamp,
    skill_groups: Vec<outdial_domain::SkillGroup>,
    number_groups: Vec<outdial_domain::NumberGroup>,
}

impl Surroundings {
    pub(super) async fn of(call: &Call) -> Result<Self, Fault> {
        Ok(Self::at(&call.service, &call.caller, call.now).await?)
    }

    pub(super) async fn at(
        service: &Service,
        caller: &Caller,
        now: outdial_domain::Timestamp,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            zone: service.tenant(caller.tenant)?.time_zone,
            now,
            skill_groups: service.skill_groups(caller).await?,
            number_groups: service.number_groups(caller).await?,
        })
    }

    /// `skillSetId` by a group's further names or by its own number.
    pub(super) fn skill_group(&self, id: &str) -> Option<SkillGroupId> {
        let named = |group: &&outdial_domain::SkillGroup| {
            group.aliases.iter().any(|alias| alias == id) || group.id.to_string() == id
        };
        Some(self.skill_groups.iter().find(named)?.id)
    }

    /// `skillSetId` as the tenant's own programs know it.
    pub(super) fn skill_set_id(&self, id: SkillGroupId) -> String {
        let group = self.skill_groups.iter().find(|group| group.id == id);
        let alias = group.and_then(|group| group.aliases.first().cloned());
        alias.unwrap_or_else(|| id.to_string())
    }

    fn numbers(&self, id: &str) -> Option<&[PhoneNumber]> {
        let group = self.number_groups.iter().find(|g| g.id.as_str() == id)?;
        Some(&group.caller_ids)
    }

    /// `outboundNumberGroupId`: the one that was given while its numbers are shown, or any whose are.
    pub(super) fn number_group_id(&self, campaign: &Campaign) -> Option<String> {
        let shows = |id: &str| self.numbers(id) == Some(&campaign.settings.caller_ids[..]);
        let given = stored(campaign).text("outboundNumberGroupId");
        let mut all = self.number_groups.iter().map(|group| group.id.as_str());
        given
            .filter(|id| shows(id))
            .or_else(|| all.find(|id| shows(id)).map(str::to_owned))
    }
}

/// What is stored with a campaign for this API only.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored(Map<String, Value>);

pub(super) fn stored(campaign: &Campaign) -> Stored {
    match campaign.extras.get(&Origin::Dezhu) {
        Some(Value::Object(fields)) => Stored(fields.clone()),
        _ => Stored::default(),
    }
}

impl Stored {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }

    pub(super) fn identify(&self) -> String {
        let stored = self.text("identify");
        stored.unwrap_or_else(|| IDENTIFY_DEFAULT.to_owned())
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// The batch of numbers that a task has when nothing else is said.
pub(super) const IDENTIFY_DEFAULT: &str = "default";

/// `taskId`.
pub(super) fn task_id(fields: &Fields) -> Result<outdial_domain::CampaignId, Fault> {
    let id = fields.required("taskId", fields.integer("taskId")?)?;
    let id = u32::try_from(id).ok();
    let id = id.and_then(|id| outdial_domain::CampaignId::new(id).ok());
    // A number that no task can have is a task that does not exist.
    id.ok_or_else(|| Fault::failed("taskId"))
}

/// `taskStatus`.
pub(super) fn status(state: CampaignState) -> u8 {
    match state {
        CampaignState::Draft | CampaignState::Scheduled => 1,
        CampaignState::Paused => 2,
        CampaignState::Running => 3,
        CampaignState::Ended(EndReason::ListDone | EndReason::ByHand) => 4,
        CampaignState::Ended(EndReason::PeriodOver) => 5,
        CampaignState::Ended(EndReason::Fault) => 6,
    }
}

/// The batch of numbers: `outboundPhoneGroups[0]`.
#[derive(Clone, Debug)]
struct Batch {
    name: String,
    identify: Option<String>,
    redial: Redial,
}

#[derive(Clone, Copy, Debug)]
enum Redial {
    /// As it is; off for a new task.
    Kept,
    Off,
    On {
        interval: Duration,
        times: u32,
    },
}

/// What a task that runs can be given, and every other one too.
#[derive(Clone, Debug)]
pub(super) struct Dialing {
    number_group: String,
    display: Option<bool>,
    mode: Mode,
    ceiling: Option<Share>,
    batch: Batch,
}

/// What a task can be given before it starts.
#[derive(Clone, Debug)]
pub(super) struct Task {
    name: String,
    period: Period,
    desc: Option<String>,
    skill_set: String,
    dialing: Dialing,
    ring_timeout: Option<Duration>,
    wrap_up: Option<Duration>,
}

impl Dialing {
    /// Reads the fields from `outboundNumberGroupId` to `outboundPhoneGroups`.
    pub(super) fn read(fields: &Fields) -> Result<Self, Fault> {
        let number_group = fields.text_of("outboundNumberGroupId", 1..=64)?;
        let number_group = fields.required("outboundNumberGroupId", number_group)?;
        let display = fields.boolean("strategyDisplaySwitch")?;
        let strategy = fields.integer_in("sendNumberStrategy", 0..=1)?;
        let strategy = fields.required("sendNumberStrategy", strategy)?;
        // The parameter of the other strategy is not looked at: the vendor's own example has both.
        let (mode, ceiling) = if strategy == 0 {
            let power = fields.integer_in("multiplyPower", 1..=POWER_MAX)?;
            let power = fields.required("multiplyPower", power)?;
            let hundredths = u32::try_from(power * 100).ok();
            let ratio = hundredths.and_then(|n| Ratio::from_hundredths(n).ok());
            (Mode::Ratio(fields.required("multiplyPower", ratio)?), None)
        } else {
            let percent = fields.integer_in("abandonmentRate", 1..=5)?;
            let percent = fields.required("abandonmentRate", percent)?;
            let points = u16::try_from(percent * 100).ok();
            let share = points.and_then(|n| Share::from_basis_points(n).ok());
            // Until the predictive pacer dials: one call for each idle agent, which keeps every ceiling.
            (Mode::Progressive, share)
        };
        Ok(Self {
            number_group,
            display,
            mode,
            ceiling,
            batch: Batch::read(fields)?,
        })
    }

    /// These settings with it.
    pub(super) fn apply(
        &self,
        settings: &mut Settings,
        around: &Surroundings,
    ) -> Result<(), Fault> {
        let numbers = around.numbers(&self.number_group);
        let numbers = numbers.ok_or_else(|| Fault::failed("outboundNumberGroupId"))?;
        settings.caller_ids = numbers.to_vec();
        settings.mode = self.mode;
        if let Some(on) = self.display {
            settings.caller_id_choice = match on {
                true => CallerIdChoice::Nearest,
                false => CallerIdChoice::InTurn,
            };
        }
        settings.abandonment_ceiling = self.ceiling;
        match self.batch.redial {
            Redial::Kept => {}
            Redial::Off => {
                settings.retry.attempts_total = 1;
                settings.retry.interval = Duration::ZERO;
            }
            Redial::On { interval, times } => {
                settings.retry.attempts_total = times + 1;
                settings.retry.interval = interval;
            }
        }
        Ok(())
    }

    /// What is stored with it.
    pub(super) fn store(&self, stored: &mut Stored) {
        stored.set("outboundNumberGroupId", self.number_group.clone());
        stored.set("name", self.batch.name.clone());
        if let Some(identify) = &self.batch.identify {
            stored.set("identify", identify.clone());
        }
    }

    /// `identify` of the batch, where it is said.
    pub(super) fn identify(&self) -> Option<&str> {
        self.batch.identify.as_deref()
    }
}

impl Batch {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        const LIST: &str = "outboundPhoneGroups";
        let batches = fields.required(LIST, fields.objects(LIST)?)?;
        let [batch] = &batches[..] else {
            return Err(fields.wrong(LIST));
        };
        let name = batch.required("name", batch.text_of("name", 1..=50)?)?;
        let identify = batch.text_of("identify", 1..=32)?;
        let redial = match batch.integer_in("autoOutboundSwitch", 0..=1)? {
            None => Redial::Kept,
            Some(0) => Redial::Off,
            Some(_) => {
                let minutes = batch.integer_in("autoOutboundInterval", 5..=2880)?;
                let minutes = batch.required("autoOutboundInterval", minutes)?;
                let times = batch.integer_in("autoOutboundTimes", 1..=3)?;
                let times = batch.required("autoOutboundTimes", times)?;
                Redial::On {
                    // Both are in range, and far below these types' ends.
                    interval: Duration::from_secs(minutes.unsigned_abs() * 60),
                    times: u32::try_from(times).unwrap_or(1),
                }
            }
        };
        Ok(Self {
            name,
            identify,
            redial,
        })
    }
}

impl Task {
    /// Reads the fields from `taskName` to `acw`.
    pub(super) fn read(fields: &Fields) -> Result<Self, Fault> {
        let name = fields.required("taskName", fields.text("taskName")?)?;
        let name = name.trim().to_owned();
        if !(1..=50).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(fields.wrong("taskName"));
        }
        let period = Period::read(fields)?;
        let desc = fields.text_of("taskDesc", 0..=200)?;
        let skill_set = fields.required("skillSetId", fields.text_of("skillSetId", 1..=64)?)?;
        let dialing = Dialing::read(fields)?;
        let seconds = |name, range| {
            let secs = fields.integer_in(name, range)?;
            Ok::<_, Fault>(secs.map(|secs| Duration::from_secs(secs.unsigned_abs())))
        };
        Ok(Self {
            name,
            period,
            desc,
            skill_set,
            dialing,
            ring_timeout: seconds("maxRingingDuration", 20..=50)?,
            wrap_up: seconds("acw", 1..=180)?,
        })
    }

    /// The settings of a new task.
    pub(super) fn settings(&self, around: &Surroundings) -> Result<Settings, Fault> {
        let target = self.target(around)?;
        let calendar = self.period.calendar(&around.zone, around.now)?;
        let mut settings =
            Settings::new(&self.name, self.dialing.mode, target, Vec::new(), calendar);
        settings.ring_timeout = Duration::from_secs(45);
        settings.wrap_up = Duration::from_secs(10);
        self.apply(&mut settings, around)?;
        Ok(settings)
    }

    /// These settings with it.
    pub(super) fn apply(
        &self,
        settings: &mut Settings,
        around: &Surroundings,
    ) -> Result<(), Fault> {
        settings.name.clone_from(&self.name);
        settings.calendar = self.period.calendar(&around.zone, around.now)?;
        settings.target = self.target(around)?;
        self.dialing.apply(settings, around)?;
        settings.ring_timeout = self.ring_timeout.unwrap_or(settings.ring_timeout);
        settings.wrap_up = self.wrap_up.unwrap_or(settings.wrap_up);
        Ok(())
    }

    /// What is stored with it.
    pub(super) fn store(&self, stored: &mut Stored) {
        if let Some(desc) = &self.desc {
            stored.set("taskDesc", desc.clone());
        }
        self.dialing.store(stored);
    }

    pub(super) fn dialing(&self) -> &Dialing {
        &self.dialing
    }

    fn target(&self, around: &Surroundings) -> Result<Target, Fault> {
        let group = around.skill_group(&self.skill_set);
        let group = group.ok_or_else(|| Fault::failed("skillSetId"))?;
        Ok(Target::SkillGroup(group))
    }
}

/// A task as answers show it.
pub(super) fn shown(campaign: &Campaign, around: &Surroundings) -> Map<String, Value> {
    let (settings, stored) = (&campaign.settings, stored(campaign));
    let (first, last, windows) = super::period::shown(&settings.calendar);
    let power = match settings.mode {
        Mode::Ratio(ratio) => Some(ratio.hundredths().div_ceil(100)),
        _ => None,
    };
    let ceiling = settings.abandonment_ceiling.filter(|_| power.is_none());
    let group = settings.target.skill_group();
    let task = json!({
        "taskId": campaign.id.number(),
        "taskName": settings.name,
        "taskType": 1,
        "taskStatus": status(campaign.state),
        "taskExecStartDate": first,
        "taskExecEndDate": last,
        "taskExecTimes": windows,
        "taskDesc": stored.text("taskDesc").unwrap_or_default(),
        "skillSetId": group.map(|group| around.skill_set_id(group)),
        "outboundNumberGroupId": around.number_group_id(campaign),
        "strategyDisplaySwitch": settings.caller_id_choice == CallerIdChoice::Nearest,
        "sendNumberStrategy": i32::from(power.is_none()),
        "multiplyPower": power,
        "abandonmentRate": ceiling.map(|share| share.basis_points().div_ceil(100)),
        "maxRingingDuration": settings.ring_timeout.as_secs(),
        "acw": settings.wrap_up.as_secs(),
        "outboundPhoneGroups": [batch_shown(campaign)],
    });
    match task {
        Value::Object(task) => task,
        _ => Map::new(),
    }
}

/// The batch of numbers as answers show it.
pub(super) fn batch_shown(campaign: &Campaign) -> Value {
    let (retry, stored) = (&campaign.settings.retry, stored(campaign));
    let times = retry.attempts_total.saturating_sub(1);
    let on = times > 0;
    json!({
        "name": stored.text("name").unwrap_or_else(|| IDENTIFY_DEFAULT.to_owned()),
        "identify": stored.identify(),
        "autoOutboundSwitch": i32::from(on),
        "autoOutboundInterval": on.then(|| retry.interval.as_secs().div_ceil(60)),
        "autoOutboundTimes": on.then_some(times),
    })
}

/// A fault as the service hands it through an edit; it comes back with the same code.
pub(super) fn through_service(fault: Fault) -> ServiceError {
    match fault.code {
        Code::Parameter => {
            ServiceError::field(&fault.reason, "is missing, of another type or out of range")
        }
        _ => ServiceError::Conflict(fault.reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task's number tells its state and the reason of its end; calls that are still up, which the API
    /// does not show, make no difference.
    #[test]
    fn every_state_and_reason_has_its_number() {
        use CampaignState::{Draft, Ended, Paused, Running, Scheduled};
        let table = [
            (Draft, 1),
            (Scheduled, 1),
            (Running, 3),
            (Paused, 2),
            (Ended(EndReason::ListDone), 4),
            (Ended(EndReason::PeriodOver), 5),
            (Ended(EndReason::ByHand), 4),
            (Ended(EndReason::Fault), 6),
        ];
        assert_eq!(table.map(|(state, _)| state), CampaignState::ALL);
        for (state, number) in table {
            assert_eq!(status(state), number, "{state:?}");
        }
    }
}
