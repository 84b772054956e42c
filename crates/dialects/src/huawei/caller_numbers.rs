//! Further numbers that a campaign shows, beside the `callerNo` of its body.

use std::collections::BTreeSet;

use outdial_domain::edit::Rule;
use outdial_domain::{EditPolicy, Field, PhoneNumber};
use outdial_service::{CampaignEdit, ServiceError};

use super::campaign::{Names, campaign_of};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};

/// Most numbers of a request. Source: the CC-iSales page of the operation.
const NUMBERS_MAX: usize = 100;

/// Numbers to show change in every state; nothing else does by them.
pub(super) const CALLER_NUMBERS: EditPolicy = EditPolicy::new("huawei callerNo")
    .taking(|_| true)
    .ruling(|field, _| match field {
        Field::CallerIds => Rule::Take,
        _ => Rule::Ignore,
    });

/// `POST …/callerNo/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn add(call: Call) -> Result<Answer, Fault> {
    change(call, |present, given| {
        let further = given.iter().filter(|number| !present.contains(number));
        let further: Vec<PhoneNumber> = further.copied().collect();
        present.extend(further);
    })
    .await
}

/// `DELETE …/callerNo/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn remove(call: Call) -> Result<Answer, Fault> {
    change(call, |present, given| {
        present.retain(|number| !given.contains(number))
    })
    .await
}

async fn change(
    call: Call,
    change: fn(&mut Vec<PhoneNumber>, &[PhoneNumber]),
) -> Result<Answer, Fault> {
    let fault = |fault, problem: &str| Fault::field(fault, "callerNo", problem);
    let given = call.body.texts("callerNo")?;
    let given = given.filter(|given| !given.is_empty());
    let given = call.body.required("callerNo", given)?;
    if given.len() > NUMBERS_MAX {
        let problem = format!("has more than {NUMBERS_MAX} elements");
        return Err(fault(FieldFault::TooMany, &problem));
    }
    let names = Names::of(&call).await?;
    let numbers = given.iter().map(|text| names.caller_id("callerNo", text));
    let numbers: Vec<PhoneNumber> = numbers.collect::<Result<_, _>>()?;
    if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
        return Err(fault(FieldFault::Value, "a number stands twice"));
    }
    let campaign = campaign_of(&call).await?;
    let edit = CampaignEdit::new(CALLER_NUMBERS, move |campaign| {
        let mut settings = campaign.settings.clone();
        change(&mut settings.caller_ids, &numbers);
        if settings.caller_ids.is_empty() {
            return Err(ServiceError::field(
                "callerNo",
                "at least one number must remain",
            ));
        }
        Ok(settings)
    });
    let edited = call.service.edit_campaign(&call.caller, campaign.id, edit);
    edited.await?;
    Ok(Answer::default())
}
