//! One clock for all streams: a single task sends every packet that is due.

use super::MediaPort;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Streams are spread over slots of 5 ms, so that hundreds of them do not send at one instant.
const SLOT: Duration = Duration::from_millis(5);
/// Further behind than this the clock gives up catching up: a burst would help nobody.
const TOO_LATE: Duration = Duration::from_millis(200);
/// Longest packet time that fits the wheel.
const SLOTS: usize = 64;

/// Paces any number of streams; clones share one clock.
///
/// The task sleeps while there is nothing to send and ends with the last clone.
#[derive(Clone, Debug)]
pub struct Ticker {
    shared: Arc<Shared>,
    _ends_with_last_clone: Arc<DropGuard>,
}

#[derive(Debug, Default)]
struct Shared {
    joining: Mutex<Vec<Weak<MediaPort>>>,
    wake: Notify,
}

impl Ticker {
    /// Starts the clock.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let stop = CancellationToken::new();
        let ticking = Arc::clone(&shared);
        let stopped = stop.clone();
        tokio::spawn(async move {
            let _ = stopped.run_until_cancelled(tick(&ticking)).await;
        });
        Self {
            shared,
            _ends_with_last_clone: Arc::new(stop.drop_guard()),
        }
    }

    pub(super) fn join(&self, port: &Arc<MediaPort>) {
        self.shared.joining().push(Arc::downgrade(port));
        self.shared.wake.notify_one();
    }
}

impl Shared {
    fn joining(&self) -> std::sync::MutexGuard<'_, Vec<Weak<MediaPort>>> {
        self.joining.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn tick(shared: &Shared) {
    let mut wheel: VecDeque<Vec<Weak<MediaPort>>> =
        std::iter::repeat_with(Vec::new).take(SLOTS).collect();
    let (mut streams, mut datagram, mut spread, mut due) =
        (0usize, Vec::new(), 0usize, Instant::now());
    loop {
        for port in std::mem::take(&mut *shared.joining()) {
            // Round robin over the slots of a usual packet time.
            spread = (spread + 1) % 4;
            wheel[spread].push(port);
            streams += 1;
        }
        if streams == 0 {
            shared.wake.notified().await;
            due = Instant::now();
            continue;
        }
        if due.elapsed() > TOO_LATE {
            due = Instant::now();
        }
        tokio::time::sleep_until(due).await;
        due += SLOT;
        // The front slot is due; emptied, it goes to the back as the slot farthest ahead.
        let now = wheel.pop_front().unwrap_or_default();
        wheel.push_back(Vec::new());
        for weak in now {
            let step = weak.upgrade().and_then(|port| port.send_due(&mut datagram));
            match step {
                Some(ptime) => wheel[slots_until(ptime)].push(weak),
                None => streams -= 1,
            }
        }
    }
}

fn slots_until(ptime: Duration) -> usize {
    let slots = ptime.as_millis() / SLOT.as_millis();
    // The wheel was turned already, so one slot ahead has index 0.
    usize::try_from(slots).unwrap_or(SLOTS).clamp(1, SLOTS) - 1
}
