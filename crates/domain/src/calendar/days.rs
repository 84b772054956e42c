//! Which rule a day has, found without looking at each of them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::day_rule::{DayRule, DaySelector};

/// The first of some rules that names a day, by what they call the day. A calendar may hold hundreds of
/// rules with hundreds of dates, and asks for thousands of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    every: Option<usize>,
    weekdays: BTreeMap<u8, usize>,
    month_days: BTreeMap<u8, usize>,
    dates: BTreeMap<(i16, u8, u8), usize>,
    yearly: BTreeMap<(u8, u8), usize>,
}

impl Days {
    pub(super) fn of(rules: &[DayRule]) -> Self {
        fn note<K: Ord + Copy>(map: &mut BTreeMap<K, usize>, keys: &[K], rule: usize) {
            for key in keys {
                map.entry(*key).or_insert(rule);
            }
        }
        let mut days = Self::default();
        for (rule, DayRule { days: named, .. }) in rules.iter().enumerate() {
            match named {
                DaySelector::Every => {
                    days.every.get_or_insert(rule);
                }
                DaySelector::Weekdays(keys) => note(&mut days.weekdays, keys, rule),
                DaySelector::MonthDays(keys) => note(&mut days.month_days, keys, rule),
                DaySelector::Dates(keys) => note(&mut days.dates, keys, rule),
                DaySelector::Yearly(keys) => note(&mut days.yearly, keys, rule),
            }
        }
        days
    }

    /// The place of the first rule that names the day.
    pub(super) fn rule_of(&self, date: Date) -> Option<usize> {
        // Neither months nor days are ever negative.
        let (month, day) = (date.month() as u8, date.day() as u8);
        let weekday = date.weekday().to_monday_one_offset() as u8;
        [
            self.every,
            self.weekdays.get(&weekday).copied(),
            self.month_days.get(&day).copied(),
            self.dates.get(&(date.year(), month, day)).copied(),
            self.yearly.get(&(month, day)).copied(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
