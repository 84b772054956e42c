//! Live progress: a bar on a terminal, a line now and then elsewhere.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use outdial_service::views::Stats;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of the demo's campaign.
pub(super) struct Progress {
    bar: ProgressBar,
    printed: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(total: u64) -> Self {
        let bar = ProgressBar::new(total);
        let style = "{elapsed_precise} {bar:30.green} {pos}/{len} contacts  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            printed: Cell::new(Instant::now()),
        }
    }

    pub(super) fn show(&self, stats: &Stats) {
        self.bar.set_position(stats.contacts.done);
        let line = line(stats);
        self.bar.set_message(line.clone());
        if self.bar.is_hidden() && self.printed.get().elapsed() >= LINE_EVERY {
            self.printed.set(Instant::now());
            println!(
                "{} of {} contacts done  {line}",
                stats.contacts.done,
                self.bar.length().unwrap_or(0)
            );
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn line(stats: &Stats) -> String {
    let calls = stats.calls_now;
    let mut line = format!(
        "{} ringing  {} talking  {} waiting  {} idle agents  {} attempts  {} answered  {} abandoned",
        calls.ringing,
        calls.talking,
        calls.waiting,
        stats.agents.idle,
        stats.attempts,
        stats.answered,
        stats.abandoned
    );
    if let Some(reason) = stats.not_dialing_because.first() {
        line.push_str("  (");
        line.push_str(&reason.text);
        line.push(')');
    }
    line
}
