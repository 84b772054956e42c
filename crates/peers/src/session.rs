//! Session timers (RFC 4028) of a peer that is asked for them or insists on them.

use crate::sip::{Message, NameAddr};
use std::time::Duration;
use tokio::time::Instant;

/// Who has to refresh the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that called the peer. The peer drops the call when no refresh comes.
    Caller,
    /// The peer itself.
    Peer,
}

/// With what a peer refreshes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshBy {
    /// A re-INVITE with the unchanged description.
    #[default]
    Reinvite,
    /// An UPDATE without description.
    Update,
}

/// A peer's session timer.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimer {
    /// Session-Expires in seconds. The standard's minimum is 90; a test may use less.
    pub interval_s: u32,
    /// Refuses smaller intervals of the caller with 422 and this Min-SE.
    pub min_s: Option<u32>,
    /// Who refreshes, where the INVITE leaves it open.
    pub refresher: Refresher,
    /// How the peer refreshes when it is the refresher.
    pub by: RefreshBy,
    /// Refuses an INVITE without `Supported: timer` with 421. Otherwise the peer refreshes itself.
    pub insist: bool,
}

impl SessionTimer {
    /// A peer that wants the caller to refresh every interval and drops the call otherwise.
    #[must_use]
    pub fn by_caller(interval_s: u32) -> Self {
        Self {
            interval_s,
            min_s: None,
            refresher: Refresher::Caller,
            by: RefreshBy::Reinvite,
            insist: true,
        }
    }

    /// A peer that refreshes the session itself.
    #[must_use]
    pub fn by_peer(interval_s: u32, by: RefreshBy) -> Self {
        Self {
            interval_s,
            min_s: None,
            refresher: Refresher::Peer,
            by,
            insist: false,
        }
    }
}

/// Pause before a refused refresh is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Why an INVITE does not suit a session timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerRefusal {
    /// 421 with `Require: timer`.
    ExtensionRequired,
    /// 422 with this Min-SE.
    TooSmall(u32),
}

/// A session timer that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunningTimer {
    interval: Duration,
    refresher: Refresher,
    pub(crate) by: RefreshBy,
    refreshed: Instant,
    retry_at: Option<Instant>,
}

impl RunningTimer {
    /// Agrees with an INVITE on a timer.
    pub(crate) fn agree(wanted: &SessionTimer, invite: &Message) -> Result<Self, TimerRefusal> {
        let supported = invite.lists("Supported", "timer") || invite.lists("Require", "timer");
        if wanted.insist && !supported {
            return Err(TimerRefusal::ExtensionRequired);
        }
        let offered = invite.header("Session-Expires").and_then(seconds);
        if let (Some(min), Some(offered)) = (wanted.min_s, offered)
            && offered < min
        {
            return Err(TimerRefusal::TooSmall(min));
        }
        let interval_s = offered
            .map_or(wanted.interval_s, |s| s.min(wanted.interval_s))
            .max(1);
        let refresher = match invite.header("Session-Expires").and_then(named_refresher) {
            Some(named) => named,
            // Somebody who does not know the extension cannot be made to refresh.
            None if !supported => Refresher::Peer,
            None => wanted.refresher,
        };
        Ok(Self {
            interval: Duration::from_secs(interval_s.into()),
            refresher,
            by: wanted.by,
            refreshed: Instant::now(),
            retry_at: None,
        })
    }

    /// Headers of the 2xx to the caller's INVITE or refresh.
    pub(crate) fn accept_headers(&self) -> Vec<(String, String)> {
        let who = match self.refresher {
            Refresher::Caller => "uac",
            Refresher::Peer => "uas",
        };
        let mut headers = vec![(
            "Session-Expires".to_owned(),
            format!("{};refresher={who}", self.interval.as_secs()),
        )];
        if self.refresher == Refresher::Caller {
            headers.push(("Require".to_owned(), "timer".to_owned()));
        }
        headers
    }

    /// Headers of our own refresh, in which we are the client.
    pub(crate) fn refresh_headers(&self) -> Vec<(&'static str, String)> {
        let value = format!("{};refresher=uac", self.interval.as_secs());
        vec![
            ("Supported", "timer".to_owned()),
            ("Session-Expires", value),
        ]
    }

    pub(crate) fn refreshed(&mut self) {
        self.refreshed = Instant::now();
        self.retry_at = None;
    }

    /// A refresh was refused, perhaps because the other side was just asking for something, too:
    /// try again a little later.
    pub(crate) fn refused(&mut self) {
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
    }

    /// When we have to refresh: after half the interval (section 7.2).
    pub(crate) fn refresh_at(&self) -> Option<Instant> {
        let half = self.retry_at.unwrap_or(self.refreshed + self.interval / 2);
        (self.refresher == Refresher::Peer).then_some(half)
    }

    /// When an unrefreshed call is ended: a third of the interval, at most 32 s, before it runs
    /// out (section 10).
    pub(crate) fn expires_at(&self) -> Instant {
        self.refreshed + self.interval - (self.interval / 3).min(Duration::from_secs(32))
    }
}

fn seconds(value: &str) -> Option<u32> {
    value.split(';').next()?.trim().parse().ok()
}

fn named_refresher(value: &str) -> Option<Refresher> {
    // The value has the shape of an address with parameters.
    match NameAddr::parse(value)?.params.value("refresher")? {
        "uac" => Some(Refresher::Caller),
        "uas" => Some(Refresher::Peer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Method;

    fn invite(headers: &[(&str, &str)]) -> Message {
        headers
            .iter()
            .fold(Message::request(Method::Invite, "sip:x"), |m, (n, v)| {
                m.with(n, *v)
            })
    }

    #[tokio::test(start_paused = true)]
    async fn the_caller_refreshes_where_it_can() {
        let wanted = SessionTimer::by_caller(90);
        let timer =
            RunningTimer::agree(&wanted, &invite(&[("Supported", "100rel, timer")])).unwrap();
        assert_eq!(timer.accept_headers()[0].1, "90;refresher=uac");
        assert_eq!(timer.refresh_at(), None);
        assert_eq!(timer.expires_at() - Instant::now(), Duration::from_secs(60));
    }

    #[test]
    fn an_insisting_peer_refuses_a_caller_without_the_extension() {
        let wanted = SessionTimer::by_caller(90);
        assert_eq!(
            RunningTimer::agree(&wanted, &invite(&[])).unwrap_err(),
            TimerRefusal::ExtensionRequired
        );
        let lenient = SessionTimer {
            insist: false,
            ..wanted
        };
        assert!(
            RunningTimer::agree(&lenient, &invite(&[]))
                .unwrap()
                .refresh_at()
                .is_some()
        );
    }

    #[test]
    fn the_callers_wish_counts_down_to_the_minimum() {
        let wanted = SessionTimer {
            min_s: Some(60),
            ..SessionTimer::by_caller(90)
        };
        let ask = |value| {
            RunningTimer::agree(
                &wanted,
                &invite(&[("Supported", "timer"), ("Session-Expires", value)]),
            )
        };
        assert_eq!(
            ask("70;refresher=uas").unwrap().accept_headers()[0].1,
            "70;refresher=uas"
        );
        assert_eq!(ask("30").unwrap_err(), TimerRefusal::TooSmall(60));
    }
}
