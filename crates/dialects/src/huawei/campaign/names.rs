//! What the tenant has that requests name: numbers, skill queues, flows.

use outdial_domain::{CallerId, Country, Flow, PhoneNumber, SkillGroup, Target};

use super::device::Work;
use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::routes::Call;

/// The tenant's numbers, groups and flows.
pub(in crate::huawei) struct Names {
    country: Country,
    caller_ids: Vec<CallerId>,
    skill_groups: Vec<SkillGroup>,
    flows: Vec<Flow>,
}

impl Names {
    /// What the tenant has that calls.
    ///
    /// # Errors
    /// The service's.
    pub(in crate::huawei) async fn of(call: &Call) -> Result<Self, Fault> {
        let (service, caller) = (&call.service, &call.caller);
        Ok(Self {
            country: service.tenant(caller.tenant)?.default_country,
            caller_ids: service.caller_ids(caller).await?,
            skill_groups: service.skill_groups(caller).await?,
            flows: service.flows(caller).await?,
        })
    }

    /// A number to call.
    pub(in crate::huawei) fn number(&self, text: &str) -> Option<PhoneNumber> {
        PhoneNumber::parse(text, self.country).ok()
    }

    /// A number of the tenant's, to show.
    ///
    /// # Errors
    /// `02000007` for one that is not the tenant's.
    pub(in crate::huawei) fn caller_id(
        &self,
        field: &str,
        text: &str,
    ) -> Result<PhoneNumber, Fault> {
        let number = self.number(text);
        let own = |number: &PhoneNumber| self.caller_ids.iter().any(|own| own.number == *number);
        number
            .filter(own)
            .ok_or_else(|| Fault::field(FieldFault::Value, field, "is no number of this tenant"))
    }

    /// Who takes the calls.
    ///
    /// # Errors
    /// `0200017` for an unknown skill queue, `02000007` for an unknown flow.
    pub(in crate::huawei) fn target(&self, work: &Work) -> Result<Target, Fault> {
        match work {
            Work::Skill(skill) => {
                let id = skill.skill_id;
                self.group(id).ok_or_else(|| {
                    let problem = format!("the skill queue {id} does not exist");
                    Fault::business("0200017", problem)
                })
            }
            Work::Ivr(ivr) => self.flow(&ivr.device_sign).ok_or_else(|| {
                let problem = "names no flow of this tenant";
                Fault::field(FieldFault::Value, "ivrParam.deviceSign", problem)
            }),
        }
    }

    /// The skill group with this number, or with it as another name.
    pub(in crate::huawei) fn group(&self, skill_id: u32) -> Option<Target> {
        let name = skill_id.to_string();
        let numbered = |group: &&SkillGroup| group.id.number() == u64::from(skill_id);
        let named = |group: &&SkillGroup| group.aliases.contains(&name);
        let groups = || self.skill_groups.iter();
        let group = groups().find(numbered).or_else(|| groups().find(named))?;
        Some(Target::SkillGroup(group.id))
    }

    /// The flow with this code: another name of its, its name, or its number.
    pub(in crate::huawei) fn flow(&self, sign: &str) -> Option<Target> {
        let coded = |flow: &&Flow| flow.aliases.iter().any(|alias| alias == sign);
        let named = |flow: &&Flow| flow.name == sign || flow.id.to_string() == sign;
        let found = self.flows.iter().find(coded);
        let found = found.or_else(|| self.flows.iter().find(named));
        found.map(|flow| Target::Flow(flow.id))
    }

    /// The name of a skill group.
    pub(in crate::huawei) fn group_name(&self, target: &Target) -> Option<&str> {
        let id = target.skill_group()?;
        let group = self.skill_groups.iter().find(|group| group.id == id)?;
        Some(&group.name)
    }
}
