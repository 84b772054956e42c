//! Lines, spacing and caller IDs.

use std::time::Duration;

use outdial_domain::{AttemptId, Calendar, Timestamp, TrunkName};
use outdial_engine::output::Dial;

use super::{Checker, Property};

/// The hour of a caller ID's limit.
const HOUR: Duration = Duration::from_secs(3600);
/// Dials older than this are forgotten.
const TWO_DAYS: Duration = Duration::from_secs(2 * 86_400);

/// A slot may be taken so late without the next one moving: as late as a server wakes up.
const LATE_MAX: Duration = Duration::from_millis(5);

impl Checker {
    pub(super) fn check_lines(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        dial: &Dial,
        trunk: TrunkName,
    ) {
        let others = || self.picture.on_lines(now).filter(|(id, _)| **id != attempt);
        let tenant = others().count() as u32 + 1;
        let over = others().filter(|(_, call)| call.trunk == trunk).count() as u32 + 1;
        let own = others().filter(|(_, call)| call.dial.campaign == dial.campaign);
        let own = own.count() as u32 + 1;
        let tenant_most = self.picture.tenant.as_ref().map_or(0, |t| t.max_calls);
        let view = self.picture.trunks.get(&trunk);
        let trunk_most = view
            .filter(|view| view.rules.is_some())
            .map_or(0, |view| view.permit.calls);
        let campaign = self.picture.campaigns.get(&dial.campaign);
        let own_most = campaign.and_then(|c| c.settings.max_calls);
        // One that goes out again has its line, also when fewer are allowed by now.
        let goes_again = self.picture.attempts.contains_key(&attempt);
        let mut over_booked = |property, calls: u32, most: u32| {
            if calls > most {
                let what = format!("attempt {attempt} makes {calls} calls, {most} are allowed");
                self.object(property, now, what);
            }
        };
        over_booked(Property::TrunkLines, over, trunk_most);
        if !goes_again {
            over_booked(Property::TenantLines, tenant, tenant_most);
            over_booked(Property::CampaignLines, own, own_most.unwrap_or(u32::MAX));
        }
    }

    /// Checks and notes the time of a new call over a trunk.
    pub(super) fn spacing(&mut self, now: Timestamp, trunk: TrunkName) {
        let Some(view) = self.picture.trunks.get_mut(&trunk) else {
            return;
        };
        let fastest = view.fastest.flatten();
        view.fastest = Some(view.permit.calls_per_1000_s);
        // The earliest slot that this call may have taken: so late that it counts as on time, and never
        // before its distance from the earliest slot of the call before. What one call gains by being
        // late, the next ones have to give back.
        let now_us = now.millis().saturating_mul(1_000);
        let on_time = now_us - LATE_MAX.as_micros() as i64;
        let spaced = fastest.zip(view.slot_us).map(|(rate, slot)| {
            let gap = 1_000_000_000 / i64::from(rate.max(1));
            slot.saturating_add(gap)
        });
        view.slot_us = Some(spaced.map_or(on_time, |spaced| spaced.max(on_time)));
        // A millisecond may hold several slots.
        if let Some(spaced) = spaced
            && spaced >= now_us.saturating_add(1_000)
        {
            let early = Duration::from_micros((spaced - now_us).unsigned_abs());
            let what = format!("a call goes out over {trunk} {early:?} before its slot");
            self.object(Property::TrunkSpacing, now, what);
        }
    }

    pub(super) fn check_caller_id(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        dial: &Dial,
        trunk: TrunkName,
    ) {
        let number = dial.caller_id;
        let settings = self.picture.attempts.get(&attempt).map(|c| &c.settings);
        let current = self.picture.campaigns.get(&dial.campaign);
        let Some(settings) = settings.or(current.map(|c| &c.settings)) else {
            return;
        };
        let known = self.picture.contacts.get(&dial.contact);
        let again = known.is_some_and(|contact| contact.used > 0);
        let shown = if again && !settings.recall_caller_ids.is_empty() {
            &settings.recall_caller_ids
        } else {
            &settings.caller_ids
        };
        let in_campaign = shown.contains(&number);
        let view = self.picture.caller_ids.get(&number);
        let rules = view.and_then(|view| view.rules.clone());
        let trunk_rules = self.picture.trunks.get(&trunk);
        let carries = trunk_rules
            .and_then(|view| view.rules.as_ref())
            .is_some_and(|t| t.caller_ids.is_empty() || t.caller_ids.contains(&number));
        let belongs = |rules: &outdial_domain::CallerId| rules.trunk.is_none_or(|t| t == trunk);
        if !(in_campaign && carries && rules.as_ref().is_some_and(belongs)) {
            let what = format!(
                "attempt {attempt} over {trunk}; the campaign shows it: {in_campaign}, \
                 the trunk carries it: {carries}, the tenant has it: {}",
                rules.is_some()
            );
            self.object(Property::CallerIdFits, now, what);
        }
        if let Some(rules) = rules {
            self.check_caller_id_limits(now, attempt, &rules);
        }
    }

    fn check_caller_id_limits(
        &mut self,
        now: Timestamp,
        attempt: AttemptId,
        rules: &outdial_domain::CallerId,
    ) {
        let at_once = self
            .picture
            .on_lines(now)
            .filter(|(id, call)| **id != attempt && call.dial.caller_id == rules.number);
        let at_once = at_once.count() as u32 + 1;
        let zone = self.picture.tenant.as_ref();
        let zone = zone.and_then(|t| Calendar::always(&t.time_zone).ok());
        let midnight = zone.map_or(Timestamp::MIN, |zone| zone.local_day(now).0);
        let Some(view) = self.picture.caller_ids.get_mut(&rules.number) else {
            return;
        };
        while view
            .dials
            .front()
            .is_some_and(|(at, _)| *at + TWO_DAYS < now)
        {
            view.dials.pop_front();
        }
        let since = |from: Timestamp| {
            let dials = view.dials.iter();
            let dials = dials.filter(|(at, id)| *at >= from && *id != attempt);
            dials.count() as u32 + 1
        };
        let in_hour = since(now - HOUR + Duration::from_millis(1));
        let in_day = since(midnight);
        let limits = [
            (Property::CallerIdChannels, at_once, rules.channels),
            (Property::CallerIdPerHour, in_hour, rules.per_hour),
            (Property::CallerIdPerDay, in_day, rules.per_day),
        ];
        for (property, calls, most) in limits {
            if most.is_some_and(|most| calls > most) {
                let what = format!("attempt {attempt} makes {calls} calls, {most:?} are allowed");
                self.object(property, now, what);
            }
        }
    }
}
