//! 编辑自动外呼任务: which fields a task takes depends on where it stands.
//!
//! Source: "编辑自动外呼任务".

use outdial_domain::edit::Rule;
use outdial_domain::{Campaign, CampaignState, EditPolicy, Field, Settings};
use outdial_service::CampaignEdit;
use serde_json::Value;

use super::fault::Fault;
use super::routes::Call;
use super::task::{Dialing, Stored, Surroundings, Task, stored, task_id, through_service};
use super::wire::Fields;

/// Before the start all of a task; while it runs or is paused numbers, strategy and redial, and the rest
/// stays without a word, since clients send one body for all states; afterwards nothing.
pub(super) const EDIT: EditPolicy =
    EditPolicy::new("dezhu task/outbound/edit").ruling(|field, state| match (field, state) {
        (_, CampaignState::Draft | CampaignState::Scheduled)
        | (
            Field::CallerIds
            | Field::CallerIdChoice
            | Field::Mode
            | Field::Ratio
            | Field::AbandonmentCeiling
            | Field::AttemptsTotal
            | Field::RetryInterval,
            _,
        ) => Rule::Take,
        _ => Rule::Ignore,
    });

/// 编辑自动外呼任务.
pub(super) async fn edit_task(call: Call) -> Result<Value, Fault> {
    let id = task_id(&call.body)?;
    let around = Surroundings::of(&call).await?;
    let has_customers = {
        let contacts = call.service.stats(&call.caller, id).await?.contacts;
        contacts.waiting + contacts.in_progress + contacts.done > 0
    };
    let body = call.body.clone();
    let wish = move |campaign: &Campaign| {
        wished(campaign, &body, &around, has_customers).map_err(through_service)
    };
    let body = call.body.clone();
    let edit = CampaignEdit::new(EDIT, wish)
        .with_own_name()
        .with_extras(move |campaign| kept(campaign, &body).into_value());
    call.service.edit_campaign(&call.caller, id, edit).await?;
    Ok(Value::Bool(true))
}

fn wished(
    campaign: &Campaign,
    body: &Fields,
    around: &Surroundings,
    has_customers: bool,
) -> Result<Settings, Fault> {
    let mut settings = campaign.settings.clone();
    let dialing = match Parts::read(campaign, body)? {
        Parts::All(task) => {
            task.apply(&mut settings, around)?;
            task.dialing().clone()
        }
        Parts::Dialing(dialing) => {
            // A task without agents is none of this API's.
            if settings.target.skill_group().is_none() {
                return Err(Fault::failed("taskId: it has no skill group"));
            }
            dialing.apply(&mut settings, around)?;
            dialing
        }
    };
    // The customers' numbers are bound to it.
    let other = |identify: &str| identify != stored(campaign).identify();
    if has_customers && dialing.identify().is_some_and(other) {
        return Err(Fault::failed("identify"));
    }
    Ok(settings)
}

/// What is stored after the edit. What is wrong with the body the wish has told.
fn kept(campaign: &Campaign, body: &Fields) -> Stored {
    let mut kept = stored(campaign);
    match Parts::read(campaign, body) {
        Ok(Parts::All(task)) => task.store(&mut kept),
        Ok(Parts::Dialing(dialing)) => dialing.store(&mut kept),
        Err(_) => {}
    }
    kept
}

/// The fields that are read in the state of the task.
enum Parts {
    All(Box<Task>),
    Dialing(Dialing),
}

impl Parts {
    fn read(campaign: &Campaign, body: &Fields) -> Result<Self, Fault> {
        match campaign.state {
            CampaignState::Draft | CampaignState::Scheduled => {
                Ok(Self::All(Box::new(Task::read(body)?)))
            }
            _ => Ok(Self::Dialing(Dialing::read(body)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_task_keeps_is_the_vendors_table() {
        for state in CampaignState::ALL {
            let ended = matches!(state, CampaignState::Ended(_));
            assert_eq!(EDIT.takes(state), !ended, "{state:?}");
            let early = matches!(state, CampaignState::Draft | CampaignState::Scheduled);
            for field in [
                Field::Name,
                Field::Target,
                Field::RingTimeout,
                Field::WrapUp,
                Field::StartsAt,
                Field::EndsAt,
                Field::Rules,
            ] {
                assert_eq!(
                    EDIT.rule(field, state) == Rule::Take,
                    early,
                    "{field} {state:?}"
                );
            }
            for field in [
                Field::CallerIds,
                Field::CallerIdChoice,
                Field::Ratio,
                Field::AttemptsTotal,
            ] {
                assert_eq!(EDIT.rule(field, state), Rule::Take, "{field} {state:?}");
            }
        }
    }
}
