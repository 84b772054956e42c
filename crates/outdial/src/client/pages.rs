//! Lists of the API, read page by page.

use serde_json::Value;

use super::{Client, ClientError, segment};

/// Items of each page: the most that the API gives.
const LIMIT: u32 = 1000;

/// The pages of a list, from the first to the last.
pub(crate) struct Pages<'c> {
    client: &'c Client,
    path: String,
    cursor: Option<String>,
    done: bool,
}

impl<'c> Pages<'c> {
    pub(super) fn new(client: &'c Client, path: &str) -> Self {
        Self {
            client,
            path: path.to_owned(),
            cursor: None,
            done: false,
        }
    }

    /// All items at once, for lists that are short.
    pub(crate) fn all(self) -> Result<Vec<Value>, ClientError> {
        let mut items = Vec::new();
        for page in self {
            items.extend(page?);
        }
        Ok(items)
    }

    fn next_page(&mut self) -> Result<Vec<Value>, ClientError> {
        let mut path = format!("{}?limit={LIMIT}", self.path);
        if let Some(cursor) = &self.cursor {
            path.push_str(&format!("&cursor={}", segment(cursor)));
        }
        let mut page = self.client.read(&path)?;
        let next = page["next_cursor"].as_str().map(str::to_owned);
        // A server that gives the same cursor again would be read for ever.
        self.done = next.is_none() || next == self.cursor;
        self.cursor = next;
        match page.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(ClientError::NotOurs {
                url: self.client.url.clone(),
                status: 200,
            }),
        }
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Vec<Value>, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let page = self.next_page();
        self.done |= page.is_err();
        Some(page)
    }
}
