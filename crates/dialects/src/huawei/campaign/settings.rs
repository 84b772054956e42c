//! What a body means for dialing.

use std::time::Duration;

use outdial_domain::{Calendar, PhoneNumber, Settings, Share, Target};
use outdial_service::ServiceError;

use super::body::Body;
use super::device::{Plan, Work};
use crate::huawei::holidays::Holiday;

/// How long an answered callee waits for an agent, where the method does not say. Source: the
/// manual's longest.
const ANSWER_WAIT: Duration = Duration::from_secs(16);

/// A body whose names have been looked up.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) body: Body,
    pub(super) zone: String,
    pub(super) caller_id: PhoneNumber,
    pub(super) target: Target,
}

impl Wanted {
    /// The settings; with those that are in force, what the body has no word for stays.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for days that make no calendar; [`Body::read`] has refused them.
    pub(super) fn settings(
        &self,
        present: Option<&Settings>,
        holidays: &[Holiday],
    ) -> Result<Settings, ServiceError> {
        let body = &self.body;
        let calendar = Calendar::new(
            body.period.map(|(begin, _)| begin),
            body.period.map(|(_, end)| end),
            &self.zone,
            body.schedule.rules(holidays),
        );
        let calendar =
            calendar.map_err(|problem| ServiceError::field("calendar", problem.to_string()))?;
        let mode = body.work.mode(
            body.max_alerting_time,
            present.map(|settings| settings.mode),
        );
        let (target, caller_ids) = (self.target.clone(), vec![self.caller_id]);
        let mut settings = Settings::new(&body.name, mode, target, caller_ids, calendar);
        if let Some(present) = present {
            settings = Settings {
                name: settings.name,
                mode: settings.mode,
                target: settings.target,
                calendar: settings.calendar,
                caller_ids: self.with_further_numbers(present),
                ..present.clone()
            };
        }
        settings.ring_timeout = Duration::from_secs(body.max_alerting_time.into());
        if let Work::Skill(skill) = &body.work
            && let Plan::Predict(predict) = &skill.plan
        {
            let wait = predict.field("waitTime");
            let wait = wait.map_or(ANSWER_WAIT, |secs| Duration::from_secs(secs.into()));
            settings.answer_wait = wait;
            let loss = predict.field("lossRate").map(|percent| percent * 100);
            let loss = loss.and_then(|points| Share::from_basis_points(points).ok());
            settings.abandonment_ceiling = loss;
        }
        Ok(settings)
    }

    /// Numbers that were added by their own operation stay behind the one of the body.
    fn with_further_numbers(&self, present: &Settings) -> Vec<PhoneNumber> {
        let mut numbers = vec![self.caller_id];
        let further = present.caller_ids.iter().skip(1).copied();
        numbers.extend(further.filter(|number| *number != self.caller_id));
        numbers
    }
}
