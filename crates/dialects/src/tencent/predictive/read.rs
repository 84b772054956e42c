//! What Create and Update are asked, in the order of the documentation.

use std::time::Duration;

use outdial_domain::{
    AtEnd, Calendar, FlowId, Mode, NewContact, Order, Outcome, PhoneNumber, RetryPolicy, Settings,
    Share, SkillGroupId, Target, Timestamp,
};
use serde_json::Value;

use super::super::campaigns::check_callers;
use super::super::fault::Fault;
use super::super::list::{attributes, callees, callers, extras, uui, variables};
use super::super::routes::Call;
use super::super::wire::Fields;

/// The last second that a calendar can hold, 9999-12-30.
pub(in super::super) const SECOND_MAX: i64 = 253_402_207_200;

/// Create and Update differ in ranges and in some fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
}

/// Everything that Create and Update have in common.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    name: String,
    pub(super) contacts: Vec<NewContact>,
    caller_ids: Vec<PhoneNumber>,
    order: Order,
    group: SkillGroupId,
    priority: u8,
    ceiling: Share,
    retry: RetryPolicy,
    starts_at: Timestamp,
    ends_at: Timestamp,
    flow: Option<FlowId>,
    /// What is stored for this API: `Variables` and `UUI`.
    pub(super) extras: Value,
}

impl Asked {
    /// Reads and checks everything that needs no state: types and ranges, then what is referred to.
    pub(super) async fn read(call: &Call, operation: Operation) -> Result<Self, Fault> {
        let tenant = call.service.tenant(call.caller.tenant)?;
        let fields = &call.fields;
        let too_many = match operation {
            Operation::Create => "LimitExceeded.OutOfCountLimit",
            Operation::Update => "InvalidParameterValue",
        };
        let name = name(fields)?;
        let mut contacts = callees(fields, &tenant, too_many)?;
        let caller_ids = callers(fields, &tenant)?;
        let order = match whole(fields, "CallOrder", 0, 1)? {
            0 => Order::Random,
            _ => Order::List,
        };
        let group = fields.integer("SkillGroupId")?.unwrap_or_default();
        // In range, so that they fit.
        let priority = u8::try_from(whole(fields, "Priority", 1, 5)?).unwrap_or(5);
        let least = match operation {
            Operation::Create => 0,
            Operation::Update => 5,
        };
        let percent = whole(fields, "ExpectedAbandonRate", least, 50)?;
        let ceiling = Share::from_basis_points(u16::try_from(percent * 100).unwrap_or(5000));
        let ceiling = ceiling.unwrap_or_default();
        let interval = whole(fields, "RetryInterval", 60, 86_400)?.unsigned_abs();
        let (starts_at, ends_at) = period(call)?;
        let flow = fields.integer("IVRId")?;
        let retries = fields.integer_in("RetryTimes", 0..=2)?.unwrap_or(0);
        let variables = variables(fields, "Variables")?;
        let uui = uui(fields)?;
        attributes(fields, &tenant, &variables, &mut contacts)?;
        let asked = Self {
            name,
            contacts: contacts.list,
            caller_ids,
            order,
            group: SkillGroupId::new(u64::try_from(group).unwrap_or(u64::MAX)),
            priority,
            ceiling,
            retry: retry(retries, interval),
            starts_at,
            ends_at,
            flow: flow.map(|id| FlowId::new(u64::try_from(id).unwrap_or(u64::MAX))),
            extras: extras(&variables, uui.as_deref()),
        };
        asked.check_references(call).await?;
        Ok(asked)
    }

    async fn check_references(&self, call: &Call) -> Result<(), Fault> {
        check_callers(call, &self.caller_ids).await?;
        let groups = call.service.skill_groups(&call.caller).await?;
        if !groups.iter().any(|group| group.id == self.group) {
            return Err(Fault::value("SkillGroupId", "names no skill group"));
        }
        let flows = call.service.flows(&call.caller).await?;
        let known = |id: &FlowId| flows.iter().any(|flow| flow.id == *id);
        if !self.flow.as_ref().is_none_or(known) {
            return Err(Fault::value("IVRId", "names no IVR"));
        }
        Ok(())
    }

    /// The settings of a new campaign with this calendar.
    pub(super) fn settings(&self, calendar: Calendar) -> Settings {
        // The controller is not built yet; one call for each idle agent keeps every target.
        let mode = Mode::Progressive;
        let target = Target::SkillGroup(self.group);
        let callers = self.caller_ids.clone();
        let mut settings = Settings::new(&self.name, mode, target, callers, calendar);
        self.set(&mut settings);
        settings
    }

    /// What an edit makes of settings: everything but the windows, which it cannot say.
    pub(super) fn edited(&self, before: &Settings) -> Result<Settings, Fault> {
        let (zone, rules) = (before.calendar.time_zone(), before.calendar.rules());
        let mut settings = before.clone();
        settings.calendar = self.calendar(zone, rules.to_vec())?;
        self.set(&mut settings);
        Ok(settings)
    }

    /// The period with these windows.
    pub(super) fn calendar(
        &self,
        zone: &str,
        rules: Vec<outdial_domain::DayRule>,
    ) -> Result<Calendar, Fault> {
        Calendar::new(Some(self.starts_at), Some(self.ends_at), zone, rules)
            .map_err(|error| Fault::value("TimeZone", &format!("cannot be used: {error}")))
    }

    fn set(&self, settings: &mut Settings) {
        settings.name.clone_from(&self.name);
        settings.target = Target::SkillGroup(self.group);
        settings.caller_ids.clone_from(&self.caller_ids);
        settings.order = self.order;
        settings.priority = self.priority;
        settings.abandonment_ceiling = Some(self.ceiling);
        settings.retry = self.retry.clone();
        settings.flow_first = self.flow.map(Target::Flow);
        // "The task will automatically terminate": a call that still rings is not waited for.
        settings.at_end = AtEnd::CancelRinging;
    }
}

/// A required number within its range.
fn whole(fields: &Fields, name: &str, least: i64, most: i64) -> Result<i64, Fault> {
    // Declared as required, so that it is there.
    Ok(fields.integer_in(name, least..=most)?.unwrap_or(least))
}

/// Reads `Name`.
pub(in super::super) fn name(fields: &Fields) -> Result<String, Fault> {
    let name = fields.text("Name")?.unwrap_or_default();
    let sound = (1..=128).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if sound {
        return Ok(name.to_owned());
    }
    let problem = "must have 1 to 128 characters, and no control characters";
    Err(Fault::value("Name", problem))
}

fn period(call: &Call) -> Result<(Timestamp, Timestamp), Fault> {
    let starts = whole(&call.fields, "StartTime", 0, SECOND_MAX)?;
    let ends = whole(&call.fields, "EndTime", 0, SECOND_MAX)?;
    if ends <= starts {
        return Err(Fault::value("EndTime", "must be after `StartTime`"));
    }
    let (starts_at, ends_at) = (Timestamp::from_secs(starts), Timestamp::from_secs(ends));
    if ends_at <= call.now {
        return Err(Fault::value("EndTime", "must be in the future"));
    }
    Ok((starts_at, ends_at))
}

/// Attempts in all are one more than retries. Whom we have left waiting was reached, and a number that
/// does not exist stays so: neither is called again.
fn retry(retries: i64, interval_s: u64) -> RetryPolicy {
    RetryPolicy {
        attempts_total: 1 + u32::try_from(retries).unwrap_or(0),
        interval: Duration::from_secs(interval_s),
        never: [Outcome::Invalid, Outcome::Abandoned, Outcome::Machine].into(),
        ..RetryPolicy::default()
    }
}
