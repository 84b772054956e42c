//! The contacts of a campaign, kept on disk until the attempts are joined to them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::client::Pages;
use crate::failure::Failure;

/// Most attributes that become columns; a spreadsheet has 16,384.
const COLUMNS_MAX: usize = 16_000;

/// Contacts by id.
pub(super) struct Contacts {
    file: BufReader<File>,
    /// Where each contact's record begins, by id.
    index: Vec<(u64, u64)>,
    attributes: BTreeSet<String>,
    /// The contact that was read last: attempts of one often follow each other.
    last: Option<(u64, Value)>,
}

impl Contacts {
    /// Reads all pages of a campaign's contacts.
    pub(super) fn collect(pages: Pages<'_>, progress: &ProgressBar) -> Result<Self, Failure> {
        let broken = |error: std::io::Error| Failure::failed(format!("temporary file: {error}"));
        let mut file = BufWriter::new(tempfile::tempfile().map_err(broken)?);
        let mut index = Vec::new();
        let mut attributes = BTreeSet::new();
        let mut offset = 0_u64;
        for page in pages {
            for contact in page? {
                let Some(id) = contact["id"].as_u64() else {
                    continue;
                };
                for name in contact["attributes"]
                    .as_object()
                    .into_iter()
                    .flat_map(|map| map.keys())
                {
                    if !attributes.contains(name) && attributes.len() < COLUMNS_MAX {
                        attributes.insert(name.clone());
                    }
                }
                let record = json!({
                    "external_id": contact["external_id"],
                    "state": contact["state"],
                    "attributes": contact["attributes"],
                });
                let bytes = record.to_string().into_bytes();
                // A record is a part of an answer, which is far below 4 GiB.
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                file.write_all(&length.to_le_bytes()).map_err(broken)?;
                file.write_all(&bytes).map_err(broken)?;
                index.push((id, offset));
                offset += 4 + u64::from(length);
                progress.inc(1);
            }
        }
        // They come in the order of their ids as a rule, and then this costs nothing.
        index.sort_unstable();
        let file = file
            .into_inner()
            .map_err(|error| broken(error.into_error()))?;
        Ok(Self {
            file: BufReader::new(file),
            index,
            attributes,
            last: None,
        })
    }

    /// The names of all attributes.
    pub(super) fn attributes(&self) -> BTreeSet<String> {
        self.attributes.clone()
    }

    /// A contact; null if it is gone.
    pub(super) fn find(&mut self, id: u64) -> Result<Value, String> {
        if let Some((last, contact)) = &self.last
            && *last == id
        {
            return Ok(contact.clone());
        }
        let Ok(at) = self.index.binary_search_by_key(&id, |(id, _)| *id) else {
            return Ok(Value::Null);
        };
        let contact = self
            .read(self.index[at].1)
            .map_err(|error| format!("temporary file: {error}"))?;
        self.last = Some((id, contact.clone()));
        Ok(contact)
    }

    fn read(&mut self, offset: u64) -> std::io::Result<Value> {
        // A relative seek keeps the buffer, so that contacts in order are read without asking the disk.
        let position = self.file.stream_position()?;
        match i64::try_from(offset).ok().zip(i64::try_from(position).ok()) {
            Some((offset, position)) => self.file.seek_relative(offset - position)?,
            None => {
                self.file.seek(SeekFrom::Start(offset))?;
            }
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let mut record = vec![0; u32::from_le_bytes(length) as usize];
        self.file.read_exact(&mut record)?;
        serde_json::from_slice(&record).map_err(std::io::Error::other)
    }
}
