//! Results that are to be pushed, as they are kept: in the store before they are sent, until they have
//! arrived or are given up. With them stands up to where the journal of events has been read.

use outdial_service::{Caller, Note, Service, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of the notes that hold a push.
const PUSH: &str = "push";

/// The kind of the note that holds the place in the journal.
const PLACE: &str = "push_place";

/// Results of one campaign that are pushed together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Push {
    /// The campaign.
    pub(super) campaign: u32,
    /// Where they go, unless the campaign names another address meanwhile.
    pub(super) url: String,
    /// The records, as they are sent.
    pub(super) records: Vec<Value>,
    /// Rounds that have failed.
    pub(super) failed: u32,
}

/// The place of pushes in the store.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    pub(super) service: Service,
    pub(super) caller: Caller,
}

/// The key of a push: the event that it was written after, and its number among those.
pub(super) fn key(event: u64, number: usize) -> String {
    format!("{event:020}-{number:06}")
}

impl Outbox {
    /// Up to where the journal has been read; `None` before the first time.
    pub(super) async fn place(&self) -> Result<Option<u64>, ServiceError> {
        let place = self.service.note(&self.caller, PLACE, "").await?;
        Ok(place.and_then(|place| place.parse().ok()))
    }

    /// Every push that has not arrived.
    pub(super) async fn all(&self) -> Result<Vec<(String, Push)>, ServiceError> {
        let notes = self.service.notes(&self.caller, PUSH).await?;
        let read = |note: Note| Some((note.key, read(note.data.as_deref()?)?));
        Ok(notes.into_iter().filter_map(read).collect())
    }

    /// A push; `None` when it is not there any more.
    pub(super) async fn push(&self, key: &str) -> Result<Option<Push>, ServiceError> {
        let data = self.service.note(&self.caller, PUSH, key).await?;
        Ok(data.as_deref().and_then(read))
    }

    /// Keeps new pushes, and that the journal has been read up to this place, in one transaction.
    pub(super) async fn keep(
        &self,
        pushes: &[(String, Push)],
        place: u64,
    ) -> Result<(), ServiceError> {
        let mut notes: Vec<Note> = pushes.iter().map(|(key, push)| note(key, push)).collect();
        notes.push(Note {
            kind: PLACE.to_owned(),
            key: String::new(),
            data: Some(place.to_string()),
        });
        self.service.write_notes(&self.caller, notes).await
    }

    /// Keeps a push as it stands now.
    pub(super) async fn put(&self, key: &str, push: &Push) -> Result<(), ServiceError> {
        let notes = vec![note(key, push)];
        self.service.write_notes(&self.caller, notes).await
    }

    /// A push has arrived, or is given up.
    pub(super) async fn remove(&self, key: &str) -> Result<(), ServiceError> {
        let note = Note {
            kind: PUSH.to_owned(),
            key: key.to_owned(),
            data: None,
        };
        self.service.write_notes(&self.caller, vec![note]).await
    }
}

fn note(key: &str, push: &Push) -> Note {
    Note {
        kind: PUSH.to_owned(),
        key: key.to_owned(),
        // Plain data always becomes JSON.
        data: serde_json::to_string(push).ok(),
    }
}

fn read(data: &str) -> Option<Push> {
    match serde_json::from_str(data) {
        Ok(push) => Some(push),
        Err(error) => {
            tracing::error!(%error, "a kept push of results cannot be read");
            None
        }
    }
}
