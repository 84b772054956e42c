//! The attempts gate: how often a contact may be tried, in all and in a day.

use outdial_domain::{History, RetryPolicy, Timestamp};

use super::{ContactRefused, ContactWhy};

/// Attempts of the local day that began at `day`, as a contact's history has them.
pub(crate) fn attempts_on(day: Timestamp, history: &History) -> u32 {
    if history.day == day {
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
}
