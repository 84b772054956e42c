//! The log: readable text on standard error.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Starts the log. `OUTDIAL_LOG` filters it (`debug`, `outdial_service=debug,warn`); without it,
/// `unless_set` does.
pub(crate) fn start_log(unless_set: &str) {
    let given = std::env::var("OUTDIAL_LOG").unwrap_or_default();
    let (filter, problem) = filter(&given, unless_set);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(filter.and(filter_fn(without_numbers)));
    let log = tracing_subscriber::registry().with(lines);
    // Only a second start in one process fails, and then the first log goes on.
    let _ = log.try_init();
    if let Some(problem) = problem {
        tracing::warn!("OUTDIAL_LOG: {problem}; `{unless_set}` is used instead");
    }
}

/// The filter, and why it is not the one that was given.
fn filter(given: &str, unless_set: &str) -> (EnvFilter, Option<String>) {
    let (filter, problem) = match given.trim() {
        "" => (EnvFilter::new(unless_set), None),
        given => match EnvFilter::try_new(given) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new(unless_set), Some(error.to_string())),
        },
    };
    (filter, problem)
}

/// The SIP stack logs whole messages, phone numbers among them: of its log only errors pass, whatever
/// `OUTDIAL_LOG` says.
fn without_numbers(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR || !metadata.target().starts_with("rsipstack")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What a filter lets through of a few lines.
    fn shown(given: &str) -> String {
        #[derive(Clone, Default)]
        struct Lines(Arc<Mutex<Vec<u8>>>);
        impl std::io::Write for Lines {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().expect("not poisoned").extend(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(filter(given, "info").0.and(filter_fn(without_numbers)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(target: "rsipstack::transport", "INVITE sip:+8613012345678");
            tracing::info!(target: "outdial_service", "started");
        });
        let bytes = lines.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn phone_numbers_of_the_sip_stack_stay_out_of_every_log() {
        for given in [
            "",
            "trace",
            "rsipstack=trace,info",
            "rsipstack::transport=warn,info",
        ] {
            let shown = shown(given);
            assert!(!shown.contains("8613012345678"), "{given}: {shown}");
            assert!(shown.contains("started"), "{given}: {shown}");
        }
        assert_eq!(shown("error"), "");
    }

    #[test]
    fn a_filter_that_is_none_is_told() {
        assert!(filter("outdial=loud", "info").1.is_some());
        assert!(filter("outdial_service=debug,warn", "info").1.is_none());
    }
}
