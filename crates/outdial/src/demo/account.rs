//! The account at the end: what the database says, held against what the carrier says.

use std::collections::BTreeMap;
use std::fmt;

use outdial_domain::ContactState;
use outdial_service::AttemptFilter;
use outdial_service::views::{PageRequest, Stats};

use super::stage::Stage;

/// What became of the campaign.
pub(super) struct Account {
    contacts: u64,
    final_contacts: u64,
    attempts: u64,
    unfinished_attempts: u64,
    carrier_calls: u64,
    carrier_up: u64,
    violations: usize,
    stats: Stats,
}

impl Account {
    /// Counts everything, contact by contact and attempt by attempt.
    pub(super) async fn take(stage: &Stage, stats: &Stats) -> Result<Self, String> {
        let (contacts, final_contacts) = count_contacts(stage).await?;
        let (attempts, unfinished_attempts) = count_attempts(stage).await?;
        // A callee's last BYE may still be on its way.
        stage.until_quiet().await;
        let (carrier_calls, carrier_up) = stage.carrier_counts();
        Ok(Self {
            contacts,
            final_contacts,
            attempts,
            unfinished_attempts,
            carrier_calls,
            carrier_up,
            violations: stage.violations(),
            stats: stats.clone(),
        })
    }

    /// Whether nothing was lost: each contact in one final state, each attempt with one outcome, as
    /// many attempts as the carrier counted calls, and no call left up.
    pub(super) fn is_sound(&self) -> bool {
        self.contacts == self.final_contacts
            && self.unfinished_attempts == 0
            && self.attempts == self.carrier_calls
            && self.carrier_up == 0
            && self.violations == 0
    }
}

async fn count_contacts(stage: &Stage) -> Result<(u64, u64), String> {
    let mut seen = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = stage
            .service()
            .contacts(&stage.caller(), stage.campaign(), page)
            .await;
        let page = page.map_err(|error| error.to_string())?;
        seen.extend(
            page.items
                .into_iter()
                .map(|contact| (contact.id, contact.state)),
        );
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let done = seen
        .values()
        .filter(|state| **state == ContactState::Done)
        .count();
    Ok((seen.len() as u64, done as u64))
}

async fn count_attempts(stage: &Stage) -> Result<(u64, u64), String> {
    let filter = AttemptFilter {
        campaign: Some(stage.campaign()),
        number: None,
        ..AttemptFilter::default()
    };
    let (mut attempts, mut unfinished) = (0, 0);
    let mut cursor = None;
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(1000),
        };
        let page = stage
            .service()
            .attempts(&stage.caller(), filter, page)
            .await;
        let page = page.map_err(|error| error.to_string())?;
        attempts += page.items.len() as u64;
        unfinished += page
            .items
            .iter()
            .filter(|attempt| attempt.outcome.is_none())
            .count() as u64;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((attempts, unfinished));
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        writeln!(f)?;
        writeln!(
            f,
            "contacts      {} of {} in one final state",
            self.final_contacts, self.contacts
        )?;
        writeln!(
            f,
            "attempts      {} in the database, {} calls at the carrier",
            self.attempts, self.carrier_calls
        )?;
        writeln!(f, "answers       {}", self.stats.answered)?;
        writeln!(
            f,
            "abandoned     {} ({})",
            self.stats.abandoned,
            percent(self.stats.abandonment)
        )?;
        writeln!(f, "occupancy     {}", percent(self.stats.occupancy))?;
        writeln!(f, "outcomes")?;
        for (outcome, count) in &self.stats.outcomes {
            writeln!(f, "  {:<14}{count}", outcome.as_str())?;
        }
        if self.violations > 0 {
            writeln!(
                f,
                "the carrier found {} requests against the rules of SIP",
                self.violations
            )?;
        }
        if self.is_sound() {
            write!(f, "nothing was lost")
        } else {
            write!(
                f,
                "SOMETHING WAS LOST: {} contacts not final, {} attempts without outcome, {} calls still up",
                self.contacts - self.final_contacts,
                self.unfinished_attempts,
                self.carrier_up
            )
        }
    }
}
