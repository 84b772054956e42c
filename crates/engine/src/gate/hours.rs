//! The hours gate: the profile's calling hours where the callee lives.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::{Calendar, DayRule, Timestamp};
use serde::{Deserialize, Serialize};

use super::calendar::CalendarGate;
use super::{ContactRefused, ContactWhy};

/// More zones than the world has.
const ZONES_MAX: usize = 1_000;

/// Rest of a contact whose hours never come, as far as the profile's rules say.
const NEVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// The profile's hours, read in each zone that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HoursGate {
    rules: Vec<DayRule>,
    zones: BTreeMap<String, (Calendar, CalendarGate)>,
}

impl HoursGate {
    pub(crate) fn new(rules: Vec<DayRule>) -> Self {
        Self {
            rules,
            zones: BTreeMap::new(),
        }
    }

    /// Whether a callee in `zone` may be called now; an unknown zone counts as `fallback`.
    ///
    /// # Errors
    /// Until the hours begin.
    pub(crate) fn check(
        &mut self,
        zone: Option<&str>,
        fallback: &str,
        now: Timestamp,
    ) -> Result<(), ContactRefused> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let gate = match zone {
            Some(zone) if self.learn(zone, now) => self.zones.get_mut(zone),
            _ if self.learn(fallback, now) => self.zones.get_mut(fallback),
            _ => None,
        };
        // A zone that nobody knows cannot be read; the calendar gate still holds.
        let Some((calendar, gate)) = gate else {
            return Ok(());
        };
        gate.refresh(calendar, now);
        if gate.is_open() {
            return Ok(());
        }
        Err(ContactRefused {
            why: ContactWhy::Hours,
            until: Some(calendar.opens_at(now).unwrap_or(now + NEVER)),
        })
    }

    fn learn(&mut self, zone: &str, now: Timestamp) -> bool {
        if self.zones.contains_key(zone) {
            return true;
        }
        let Ok(calendar) = Calendar::new(None, None, zone, self.rules.clone()) else {
            return false;
        };
        if self.zones.len() >= ZONES_MAX {
            self.zones.clear();
        }
        let gate = CalendarGate::new(&calendar, now);
        self.zones.insert(zone.to_owned(), (calendar, gate));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outdial_domain::{DaySelector, TimeOfDay, Window};

    #[test]
    fn hours_are_those_of_the_callee() {
        let window = Window::new(
            TimeOfDay::parse("08:00").unwrap(),
            TimeOfDay::parse("21:00").unwrap(),
        );
        let mut gate = HoursGate::new(vec![DayRule {
            days: DaySelector::Every,
            windows: vec![window.unwrap()],
        }]);
        let nine_in_new_york = Timestamp::parse_rfc3339("2026-11-20T09:00:00-05:00").unwrap();
        let home = "America/New_York";
        assert!(gate.check(None, home, nine_in_new_york).is_ok());
        let west = gate
            .check(Some("America/Los_Angeles"), home, nine_in_new_york)
            .unwrap_err();
        assert_eq!(
            west.until,
            Some(nine_in_new_york + Duration::from_secs(2 * 3600))
        );
        assert!(
            gate.check(Some("Mars/Olympus"), home, nine_in_new_york)
                .is_ok()
        );
        assert!(
            HoursGate::default()
                .check(None, home, nine_in_new_york)
                .is_ok()
        );
    }
}
