//! A job group: our campaign as the vendor's API reads and writes it.

use std::time::Duration;

use outdial_domain::{
    CallerId, Campaign, CampaignState, EndReason, Flow, Origin, Outcome, PhoneNumber, Settings,
    SkillGroup, Target, Tenant,
};
use outdial_service::ServiceError;
use outdial_service::views::Stats;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::routes::Call;
use super::strategy::{self, StrategyChange, stored};
use super::wire::{JsonFields, Parameters};

const NAME_MAX: usize = 128;
const DESCRIPTION_MAX: usize = 1_024;
const RINGING_S: std::ops::RangeInclusive<i64> = 5..=120;
const RINGING_S_DEFAULT: u64 = 25;
/// Our priorities that this API calls urgent: those before the middle.
const URGENT_UP_TO: u8 = 2;
const URGENT: u8 = 1;
const DAILY: u8 = 3;

/// What a tenant has that groups name.
pub(super) struct Belongings {
    pub(super) tenant: Tenant,
    pub(super) caller_ids: Vec<CallerId>,
    pub(super) flows: Vec<Flow>,
    skill_groups: Vec<SkillGroup>,
}

impl Belongings {
    pub(super) async fn of(call: &Call) -> Result<Self, Fault> {
        let (service, caller) = (&call.service, &call.caller);
        Ok(Self {
            tenant: service.tenant(caller.tenant)?,
            caller_ids: service.caller_ids(caller).await?,
            flows: service.flows(caller).await?,
            skill_groups: service.skill_groups(caller).await?,
        })
    }

    /// All numbers of the instance: what a group shows that names none.
    pub(super) fn numbers(&self) -> Vec<PhoneNumber> {
        self.caller_ids.iter().map(|own| own.number).collect()
    }

    /// The number as the instance has it.
    fn number(&self, text: &str) -> Option<PhoneNumber> {
        let number = PhoneNumber::parse(text, self.tenant.default_country).ok()?;
        let own = self.caller_ids.iter().find(|own| own.number == number)?;
        Some(own.number)
    }

    /// The flow that a script's id names: one of its aliases, or its number.
    fn script(&self, id: &str) -> Option<Target> {
        let named = |flow: &&Flow| {
            flow.aliases.iter().any(|alias| alias == id) || flow.id.to_string() == id
        };
        self.flows
            .iter()
            .find(named)
            .map(|flow| Target::Flow(flow.id))
    }

    /// Id and name of the script that a target is.
    fn script_of(&self, target: &Target) -> (String, Option<String>) {
        match target {
            Target::Flow(id) => {
                let flow = self.flows.iter().find(|flow| flow.id == *id);
                let alias = flow.and_then(|flow| flow.aliases.first().cloned());
                (
                    alias.unwrap_or_else(|| id.to_string()),
                    flow.map(|flow| flow.name.clone()),
                )
            }
            Target::SkillGroup(id) => {
                let group = self.skill_groups.iter().find(|group| group.id == *id);
                let alias = group.and_then(|group| group.aliases.first().cloned());
                (
                    alias.unwrap_or_else(|| id.to_string()),
                    group.map(|group| group.name.clone()),
                )
            }
            Target::Sip(uri) => (uri.clone(), None),
        }
    }

    /// The name of the script that a target is; may be empty.
    pub(super) fn script_name(&self, target: &Target) -> String {
        self.script_of(target).1.unwrap_or_default()
    }
}

/// `RecallStrategyJson`.
#[derive(Clone, Copy, Debug, Default)]
struct Recall {
    empty_number: Option<bool>,
    in_arrears: Option<bool>,
    out_of_service: Option<bool>,
}

impl Recall {
    fn read(fields: &JsonFields) -> Result<Self, Fault> {
        Ok(Self {
            empty_number: fields.boolean("emptyNumberIgnore")?,
            in_arrears: fields.boolean("inArrearsIgnore")?,
            out_of_service: fields.boolean("outOfServiceIgnore")?,
        })
    }

    fn apply(self, settings: &mut Settings) {
        for (ignored, outcome) in [
            (self.empty_number, Outcome::Invalid),
            (self.in_arrears, Outcome::InArrears),
            (self.out_of_service, Outcome::OutOfService),
        ] {
            match ignored {
                Some(true) => drop(settings.retry.never.insert(outcome)),
                Some(false) => drop(settings.retry.never.remove(&outcome)),
                None => {}
            }
        }
    }
}

/// What a request says of a group; what it leaves out stays.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupChange {
    pub(super) name: Option<String>,
    description: Option<String>,
    scenario: Option<String>,
    script: Option<String>,
    target: Option<Target>,
    strategy: StrategyChange,
    recall: Option<Recall>,
    caller_ids: Option<Vec<PhoneNumber>>,
    recall_caller_ids: Option<Vec<PhoneNumber>>,
    ringing: Option<Duration>,
    pub(super) floor: Option<u32>,
    pub(super) urgent: Option<bool>,
    flash: Option<String>,
}

/// What the requests call the same thing, and which of them it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Create,
    Modify,
    Repeat,
}

impl Request {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "JobGroupName",
            Self::Modify | Self::Repeat => "Name",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Create => "JobGroupDescription",
            Self::Modify | Self::Repeat => "Description",
        }
    }
}

impl GroupChange {
    /// Reads a request in the order of the documentation.
    pub(super) fn read(
        parameters: &Parameters,
        request: Request,
        has: &Belongings,
    ) -> Result<Self, Fault> {
        let name = text(parameters, request.name(), NAME_MAX)?;
        let name = Some(name.ok_or_else(|| Fault::missing(request.name()))?);
        let scenario = match request {
            Request::Create | Request::Modify => text(parameters, "ScenarioId", NAME_MAX)?,
            Request::Repeat => None,
        };
        let description = text(parameters, request.description(), DESCRIPTION_MAX)?;
        let strategy = parameters
            .object(strategy::NAME)?
            .map(|fields| StrategyChange::read(&fields))
            .transpose()?;
        let recall = parameters
            .object("RecallStrategyJson")?
            .map(|fields| Recall::read(&fields))
            .transpose()?;
        let script = text(parameters, "ScriptId", NAME_MAX)?;
        // A group's script is its ScriptId; the older name stands for it where it stands alone.
        let named = script.as_ref().or(match request {
            Request::Create => scenario.as_ref(),
            Request::Modify | Request::Repeat => None,
        });
        if request == Request::Create && named.is_none() {
            return Err(Fault::missing("ScriptId"));
        }
        let caller_ids = numbers(parameters, "CallingNumber", has)?;
        let caller_ids = caller_ids.map(|numbers| match numbers.is_empty() {
            true => has.numbers(),
            false => numbers,
        });
        let ringing = parameters.integer_in("RingingDuration", RINGING_S)?;
        let floor = parameters.integer_in("MinConcurrency", 0..=i64::from(i32::MAX))?;
        let urgent = match parameters.text("Priority") {
            None => None,
            Some("Urgent") => Some(true),
            Some("Daily") => Some(false),
            Some(_) => return Err(Fault::invalid("Priority", "It must be Urgent or Daily.")),
        };
        let flash = flash(parameters)?;
        let recall_caller_ids = numbers(parameters, "RecallCallingNumber", has)?;
        // Last, since it needs the tenant's flows: every wrong value comes before what does not exist.
        let target = named
            .map(|id| has.script(id).ok_or_else(|| Fault::not_exist("Script")))
            .transpose();
        let target = match (target, request) {
            // A group that another API has made may have agents, whose id is shown as a script's.
            (Err(_), Request::Modify) => None,
            (target, _) => target?,
        };
        Ok(Self {
            name,
            description,
            scenario,
            script,
            target,
            strategy: strategy.unwrap_or_default(),
            recall,
            caller_ids,
            recall_caller_ids,
            ringing: ringing.map(|s| Duration::from_secs(s.unsigned_abs())),
            floor: floor.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            urgent,
            flash,
        })
    }

    pub(super) fn target(&self) -> Option<Target> {
        self.target.clone()
    }

    /// That the strategy and the script which it names are the group's own.
    pub(super) fn check_ids(&self, campaign: &Campaign, has: &Belongings) -> Result<(), Fault> {
        if self
            .strategy
            .id()
            .is_some_and(|id| id != strategy::id_of(campaign))
        {
            return Err(Fault::not_exist("Strategy"));
        }
        let shown = || script_shown(campaign, has).0;
        match &self.script {
            Some(script) if self.target.is_none() && *script != shown() => {
                Err(Fault::not_exist("Script"))
            }
            _ => Ok(()),
        }
    }

    /// Puts it into settings, and what those have no place for into `stored`.
    pub(super) fn apply(
        &self,
        settings: &mut Settings,
        stored: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        let mut store = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                stored.insert(name.to_owned(), value.clone().into());
            }
        };
        store("Description", &self.description);
        store("ScenarioId", &self.scenario);
        store("ScriptId", &self.script);
        store("FlashSmsExtras", &self.flash);
        if let Some(name) = &self.name {
            settings.name.clone_from(name);
        }
        if let Some(target) = &self.target {
            settings.target = target.clone();
        }
        self.strategy.apply(settings, stored)?;
        if let Some(recall) = self.recall {
            recall.apply(settings);
        }
        if let Some(numbers) = &self.caller_ids {
            settings.caller_ids.clone_from(numbers);
        }
        if let Some(numbers) = &self.recall_caller_ids {
            settings.recall_caller_ids.clone_from(numbers);
        }
        if let Some(ringing) = self.ringing {
            settings.ring_timeout = ringing;
        }
        if let Some(floor) = self.floor {
            settings.guaranteed_calls = floor;
        }
        // Our priorities are finer: one that says the same already stays.
        if let Some(urgent) = self.urgent
            && urgent != is_urgent(settings)
        {
            settings.priority = if urgent { URGENT } else { DAILY };
        }
        Ok(())
    }
}

/// What a new group has where the request says nothing.
pub(super) fn defaults(settings: &mut Settings) {
    settings.ring_timeout = Duration::from_secs(RINGING_S_DEFAULT);
    strategy::defaults(settings);
}

pub(super) fn is_urgent(settings: &Settings) -> bool {
    settings.priority <= URGENT_UP_TO
}

/// A text of at most so many characters, none of them a control character.
fn text(parameters: &Parameters, name: &str, most: usize) -> Result<Option<String>, Fault> {
    let Some(text) = parameters.text(name) else {
        return Ok(None);
    };
    if text.chars().count() > most {
        let reason = format!("It must have at most {most} characters.");
        return Err(Fault::invalid(name, &reason));
    }
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\t') && most == DESCRIPTION_MAX;
    if text.chars().any(|c| c.is_control() && !breaks(c)) {
        return Err(Fault::invalid(name, "It must not have control characters."));
    }
    Ok(Some(text.to_owned()))
}

/// A list of numbers of the instance.
pub(super) fn numbers(
    parameters: &Parameters,
    name: &str,
    has: &Belongings,
) -> Result<Option<Vec<PhoneNumber>>, Fault> {
    let Some(texts) = parameters.list(name) else {
        return Ok(None);
    };
    let mut numbers = Vec::new();
    for text in texts {
        let number = has.number(&text);
        let number = number
            .ok_or_else(|| Fault::invalid(name, "It names a number that the instance lacks."))?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(Some(numbers))
}

/// `FlashSmsExtras` as it was sent, when it is what it should be.
fn flash(parameters: &Parameters) -> Result<Option<String>, Fault> {
    const NAME: &str = "FlashSmsExtras";
    let Some(fields) = parameters.object(NAME)? else {
        return Ok(None);
    };
    for member in ["templateId", "configId", "templateContent"] {
        fields.text(member)?;
    }
    let text = parameters.text(NAME).unwrap_or_default();
    match text.chars().count() <= DESCRIPTION_MAX {
        true => Ok(Some(text.to_owned())),
        false => Err(Fault::invalid(
            NAME,
            "It must have at most 1024 characters.",
        )),
    }
}

/// A status of a group that our states have no word for, as it is stored.
const HELD_AS: &str = "Status";

/// Where a group stands, in the vendor's words.
///
/// A group of this API dials as soon as it has jobs: until then it is a draft of ours, and is shown as
/// scheduling. A draft in the vendor's sense is one that is held as such.
pub(super) fn status(
    campaign: &Campaign,
    stats: Option<&Stats>,
    now: outdial_domain::Timestamp,
) -> &'static str {
    let over = campaign.settings.calendar.is_over(now);
    match campaign.state {
        CampaignState::Draft => match held_as(campaign) {
            Some(held) => held,
            None if campaign.origin != Origin::Alibaba => "Draft",
            None if over => "Completed",
            None => "Scheduling",
        },
        CampaignState::Paused => held_as(campaign).unwrap_or("Paused"),
        CampaignState::Scheduled => "Scheduling",
        CampaignState::Running => match stats.is_none_or(dials) {
            true => "Executing",
            false => "Scheduling",
        },
        CampaignState::Ended(EndReason::ListDone | EndReason::PeriodOver) => "Completed",
        CampaignState::Ended(EndReason::ByHand) => "Cancelled",
        CampaignState::Ended(EndReason::Fault) => "Failed",
    }
}

/// Whether a call is under way, or could be.
fn dials(stats: &Stats) -> bool {
    let calls = &stats.calls_now;
    calls.ringing + calls.talking + calls.waiting > 0
        || (stats.contacts.waiting > 0 && stats.not_dialing_because.is_empty())
}

fn held_as(campaign: &Campaign) -> Option<&'static str> {
    match stored(campaign)?.get(HELD_AS)?.as_str() {
        Some("Draft") => Some("Draft"),
        Some("Paused") => Some("Paused"),
        _ => None,
    }
}

/// Stores what a group is held as; `None` = as our state says.
pub(super) fn hold_as(stored: &mut Map<String, Value>, held: Option<&str>) {
    match held {
        Some(held) => drop(stored.insert(HELD_AS.to_owned(), held.into())),
        None => drop(stored.remove(HELD_AS)),
    }
}

/// Id and name of a group's script; the id as it was sent, while it is the same script.
fn script_shown(campaign: &Campaign, has: &Belongings) -> (String, Option<String>) {
    let target = &campaign.settings.target;
    let (id, name) = has.script_of(target);
    let sent = |name| stored(campaign)?.get(name)?.as_str();
    let sent = sent("ScriptId").or_else(|| sent("ScenarioId"));
    match sent {
        Some(sent) if has.script(sent).as_ref() == Some(target) => (sent.to_owned(), name),
        _ => (id, name),
    }
}

/// The common shape of a group.
pub(super) fn show(
    campaign: &Campaign,
    status: &str,
    modified_at: outdial_domain::Timestamp,
    has: &Belongings,
) -> Map<String, Value> {
    let settings = &campaign.settings;
    let stored = |name| stored(campaign)?.get(name).cloned();
    let (script, script_name) = script_shown(campaign, has);
    let scenario = stored("ScenarioId").unwrap_or_else(|| script.clone().into());
    let texts = |numbers: &[PhoneNumber]| -> Vec<String> {
        numbers.iter().map(PhoneNumber::given).collect()
    };
    let recall = match settings.recall_caller_ids.is_empty() {
        true => &settings.caller_ids,
        false => &settings.recall_caller_ids,
    };
    let never = |outcome| settings.retry.never.contains(&outcome);
    let shape = json!({
        "JobGroupId": campaign.uuid,
        "JobGroupName": settings.name,
        "JobGroupDescription": stored("Description").unwrap_or_default(),
        "Status": status,
        "ScenarioId": scenario,
        "ScriptId": script,
        "ScriptName": script_name.unwrap_or_default(),
        "CallingNumbers": texts(&settings.caller_ids),
        "RecallCallingNumbers": texts(recall),
        "CreationTime": campaign.created_at.millis(),
        "ModifyTime": modified_at.millis().to_string(),
        "Priority": if is_urgent(settings) { "Urgent" } else { "Daily" },
        "MinConcurrency": settings.guaranteed_calls,
        "RingingDuration": settings.ring_timeout.as_secs(),
        "RecallStrategy": {
            "EmptyNumberIgnore": never(Outcome::Invalid),
            "InArrearsIgnore": never(Outcome::InArrears),
            "OutOfServiceIgnore": never(Outcome::OutOfService),
        },
        "Strategy": strategy::show(campaign),
        "ExportProgress": {"Status": "PENDING", "Progress": "0"},
    });
    let mut shape = match shape {
        Value::Object(shape) => shape,
        _ => Map::new(),
    };
    if let Some(flash) = stored("FlashSmsExtras") {
        shape.insert("FlashSmsExtras".to_owned(), flash);
    }
    // Unknown until it was said.
    shape.retain(|name, value| name != "JobGroupDescription" || !value.is_null());
    shape
}

/// A refusal of the service in the words of a request about a group.
pub(super) fn fault(error: ServiceError, request: Request) -> Fault {
    let ServiceError::Invalid(problems) = &error else {
        return error.into();
    };
    let Some(first) = problems.first() else {
        return error.into();
    };
    let name = match first.field.as_str() {
        "name" => request.name(),
        "caller_ids" => "CallingNumber",
        "recall_caller_ids" => "RecallCallingNumber",
        "ring_timeout_s" => "RingingDuration",
        "guaranteed_calls" | "max_calls" => "MinConcurrency",
        "priority" => "Priority",
        "target" | "mode" | "flow_first" => "ScriptId",
        field if field.starts_with("retry") || field.starts_with("calendar") => strategy::NAME,
        _ => return error.into(),
    };
    Fault::invalid(name, &format!("It {}.", first.problem))
}
