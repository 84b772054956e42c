//! The attempts gate: how often a contact may be tried, in all and in a day.

use std::time::Duration;

use outdial_domain::{History, RetryPolicy, Timestamp};

use super::{ContactRefused, ContactWhy};

const DAY: Duration = Duration::from_secs(86_400);

/// Attempts of the local day that began at `day`, as a contact's history has them.
///
/// An edit of the campaign's time zone moves midnight by hours, and what was tried before the edit was
/// tried today all the same: a day that overlaps with this one, and in which there was a call since this
/// one began, counts as this one.
pub(crate) fn attempts_on(day: Timestamp, history: &History) -> u32 {
    let apart = day.since(history.day).max(history.day.since(day));
    let called_since = history.last_ended_at.is_some_and(|at| at >= day);
    if history.day == day || (apart < DAY && called_since) {
        history.attempts_today
    } else {
        0
    }
}

/// Checks a contact against the policy. `day` are the campaign's local midnights around now.
///
/// # Errors
/// For good when its attempts are used up, else until the next midnight.
pub(crate) fn check(
    history: &History,
    policy: &RetryPolicy,
    day: (Timestamp, Timestamp),
) -> Result<(), ContactRefused> {
    if history.attempts >= policy.attempts_total {
        return Err(ContactRefused {
            why: ContactWhy::AttemptsTotal,
            until: None,
        });
    }
    match policy.attempts_per_day {
        Some(most) if attempts_on(day.0, history) >= most => Err(ContactRefused {
            why: ContactWhy::AttemptsToday,
            until: Some(day.1),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yesterdays_attempts_do_not_count_today() {
        let policy = RetryPolicy {
            attempts_total: 5,
            attempts_per_day: Some(2),
            ..RetryPolicy::default()
        };
        let today = (Timestamp::from_secs(86_400), Timestamp::from_secs(172_800));
        let mut history = History {
            attempts: 2,
            attempts_today: 2,
            day: Timestamp::from_secs(0),
            ..History::default()
        };
        assert_eq!(check(&history, &policy, today), Ok(()));
        history.day = today.0;
        let refused = check(&history, &policy, today).unwrap_err();
        assert_eq!(refused.until, Some(today.1));
        history.attempts = 5;
        assert_eq!(check(&history, &policy, today).unwrap_err().until, None);
    }

    #[test]
    fn another_time_zone_gives_no_second_days_attempts() {
        // Midnight in Shanghai, and, an hour before, in Tokyo.
        let (shanghai, tokyo) = (Timestamp::from_secs(90_000), Timestamp::from_secs(86_400));
        let mut history = History {
            attempts_today: 1,
            day: shanghai,
            last_ended_at: Some(Timestamp::from_secs(130_000)),
            ..History::default()
        };
        assert_eq!(attempts_on(tokyo, &history), 1);
        assert_eq!(attempts_on(tokyo + DAY, &history), 0);
        history.day = tokyo;
        assert_eq!(attempts_on(shanghai, &history), 1);
        // Tokyo's day was over before Shanghai's began: it was yesterday there too.
        history.last_ended_at = Some(Timestamp::from_secs(89_000));
        assert_eq!(attempts_on(shanghai, &history), 0);
    }
}
