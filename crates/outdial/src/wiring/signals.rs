//! The signals by which a server is told to stop.

/// SIGTERM and Ctrl-C.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen: what comes from now on is not missed.
    pub(crate) fn listen() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let words = |error| format!("signals cannot be listened to: {error}");
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(words)?,
            interrupt: signal(SignalKind::interrupt()).map_err(words)?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
