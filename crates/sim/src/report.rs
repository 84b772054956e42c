//! A world's story in words.

use std::fmt::Write;

use crate::world::Life;

/// So many messages are worth reading after a violation.
const TAIL: usize = 60;

/// What happened; with the last messages, where the checker objects.
pub(crate) fn in_words(life: &Life) -> String {
    let counters = life.counters();
    let mut text = format!(
        "{:.1} min, {} steps: {} attempts, {} sent over another trunk, {} abandoned ({:.2} %), occupancy {:.1} %",
        counters.time().as_secs_f64() / 60.0,
        life.steps(),
        counters.dialed,
        counters.redialed,
        counters.abandoned,
        counters.abandonment() * 100.0,
        counters.occupancy() * 100.0,
    );
    for (outcome, count) in &counters.outcomes {
        // Writing into a string cannot fail.
        let _ = write!(text, ", {} {count}", outcome.as_str());
    }
    for (campaign, state, open, all) in life.lists() {
        let _ = write!(
            text,
            "\ncampaign {campaign} is {}: {open} of {all} contacts open",
            state.name()
        );
    }
    if life.violations().is_empty() {
        return text;
    }
    for violation in life.violations() {
        let _ = write!(text, "\n{violation}");
    }
    let _ = write!(
        text,
        "\nThe last messages:\n{}",
        life.trace().tail("", TAIL)
    );
    text
}
