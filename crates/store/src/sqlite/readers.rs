//! A few connections for reading. Each answer is read from one snapshot; none blocks the writer.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::fault::Outcome;
use crate::StoreError;

/// Connections for reading.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(connections.len())),
            idle: Arc::new(Mutex::new(connections)),
        }
    }

    /// Runs `read` on a thread that may block, in a snapshot of its own.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let idle = Arc::clone(&self.idle);
        let reading = tokio::task::spawn_blocking(move || {
            let lent = Lent::take(idle)?;
            let answer = in_snapshot(lent.db(), read);
            drop(lent);
            drop(permit);
            Some(answer)
        });
        match reading.await {
            Ok(Some(answer)) => answer.map_err(|fault| fault.0),
            Ok(None) => Err(closed()),
            Err(error) => Err(StoreError::Unavailable(format!(
                "a read broke off: {error}"
            ))),
        }
    }

    /// Runs a read of a few rows found by their keys, in a snapshot of its own: where a connection is
    /// idle on the caller's thread, since handing it to another one and back takes several times as long
    /// as the read itself.
    pub(super) async fn read_few<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return self.read(read).await;
        };
        let Some(lent) = Lent::take(Arc::clone(&self.idle)) else {
            return Err(closed());
        };
        let answer = in_snapshot(lent.db(), read);
        drop(lent);
        drop(permit);
        answer.map_err(|fault| fault.0)
    }

    /// Waits for reads under way and gives up the connections.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.permits.available_permits().max(1)).unwrap_or(u32::MAX);
        let _ = self.permits.acquire_many(all).await;
        self.permits.close();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

fn in_snapshot<T>(db: &Connection, read: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let answer = read(db);
    let ended = db.prepare_cached("COMMIT")?.execute([]);
    let answer = answer?;
    ended?;
    Ok(answer)
}

/// A connection that goes back when it is dropped, also when a read panics.
struct Lent {
    db: Option<Connection>,
    home: Arc<Mutex<Vec<Connection>>>,
}

impl Lent {
    fn take(home: Arc<Mutex<Vec<Connection>>>) -> Option<Self> {
        let db = home.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { db: Some(db), home })
    }

    fn db(&self) -> &Connection {
        self.db
            .as_ref()
            .expect("a lent connection is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(db) = self.db.take() {
            if !db.is_autocommit() {
                // Only after a panic; a connection that cannot end its snapshot is not used again.
                if db.execute_batch("ROLLBACK").is_err() {
                    return;
                }
            }
            self.home
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(db);
        }
    }
}
