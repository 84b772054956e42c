//! Pages: `PageNumber` counts from 0.

use std::ops::Range;

use serde_json::{Value, json};

use super::fault::Fault;
use super::routes::Answer;
use super::wire::Fields;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    size: usize,
    number: usize,
}

impl Paging {
    /// Reads `PageSize`, 1 to `most`, and `PageNumber`, from 0, in this order.
    ///
    /// # Errors
    /// `InvalidParameterValue` outside of these.
    pub(super) fn read(fields: &Fields, most: i64, default: Option<i64>) -> Result<Self, Fault> {
        let size = fields.integer_in("PageSize", 1..=most)?;
        let number = fields.integer_in("PageNumber", 0..=i64::from(i32::MAX))?;
        let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Self {
            // Where there is no default it is declared as required, so that it is there.
            size: whole(size.or(default).unwrap_or(most)),
            number: whole(number.unwrap_or(0)),
        })
    }

    /// The places of the page in a list.
    pub(super) fn range(self) -> Range<usize> {
        let from = self.number.saturating_mul(self.size);
        from..from.saturating_add(self.size)
    }

    /// The items of the page.
    pub(super) fn of<T>(self, items: Vec<T>) -> Vec<T> {
        let range = self.range();
        let count = range.len();
        items.into_iter().skip(range.start).take(count).collect()
    }
}

/// An answer with one page of a list and how long all of it is.
pub(super) fn listed(name: &str, paging: Paging, all: Vec<Value>) -> Answer {
    let mut answer = Answer::new();
    answer.insert("TotalCount".to_owned(), json!(all.len()));
    answer.insert(name.to_owned(), json!(paging.of(all)));
    answer
}
