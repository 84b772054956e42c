//! The engine's memory as bytes, for tests, for the simulator, and to look into what has happened.
//!
//! A restored engine goes on byte for byte like the one it was taken of. A server that restarts does
//! not use this: it builds its engine anew from what the store holds, because only that is certain.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;

/// The first bytes of a snapshot; the last of them grows when the format changes.
const MAGIC: [u8; 4] = *b"OES\x03";

/// Bytes that are no snapshot of this version of the engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// They do not begin like one.
    #[error("these bytes are no engine snapshot of this version; take a new one")]
    NotASnapshot,
    /// They begin like one and cannot be read.
    #[error("the engine snapshot cannot be read ({0}); take a new one")]
    Broken(String),
}

#[derive(Serialize, Deserialize)]
struct Snapshot<E> {
    magic: [u8; 4],
    engine: E,
}

impl Engine {
    /// The engine as bytes. Orders that were not polled yet are part of it.
    pub fn snapshot(&self) -> Vec<u8> {
        let snapshot = Snapshot {
            magic: MAGIC,
            engine: self,
        };
        // Every part of the engine has a length that is known before it is written, which is all
        // that postcard asks for.
        postcard::to_stdvec(&snapshot).expect("the engine's memory can always be written")
    }

    /// The engine that a snapshot was taken of.
    ///
    /// # Errors
    /// [`SnapshotError`] when the bytes are not a snapshot of this version.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(SnapshotError::NotASnapshot);
        }
        postcard::from_bytes::<Snapshot<Self>>(bytes)
            .map(|snapshot| snapshot.engine)
            .map_err(|error| SnapshotError::Broken(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(
            Engine::restore(b"hello").unwrap_err(),
            SnapshotError::NotASnapshot
        );
        assert!(matches!(
            Engine::restore(b"OES\x03\xff\xff"),
            Err(SnapshotError::Broken(_))
        ));
    }
}
