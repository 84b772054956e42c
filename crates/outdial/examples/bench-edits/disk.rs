//! What the disk itself takes meanwhile. An edit waits for a sync, so a machine whose disk stalls (busy
//! with other programs, or with programs of real-time priority that keep the kernel's threads from
//! running) shows its own stalls as the product's: this figure tells them apart.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::Failure;

/// As often as edits come.
const EVERY: Duration = Duration::from_millis(50);

/// Syncs one page of a file of its own again and again.
pub(crate) struct Probe {
    over: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Vec<Duration>>>,
}

impl Probe {
    pub(crate) fn start(folder: &Path) -> Result<Self, Failure> {
        let mut file = File::create(folder.join("probe"))?;
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut took = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                std::thread::sleep(EVERY);
                file.rewind()?;
                file.write_all(&[1; 4096])?;
                let began = Instant::now();
                file.sync_data()?;
                took.push(began.elapsed());
            }
            took.sort_unstable();
            Ok(took)
        });
        Ok(Self { over, thread })
    }

    /// How long each took, sorted.
    pub(crate) fn stop(self) -> Result<Vec<Duration>, Failure> {
        self.over.store(true, Ordering::Relaxed);
        let took = self.thread.join().map_err(|_| "the probe panicked")?;
        Ok(took?)
    }
}
