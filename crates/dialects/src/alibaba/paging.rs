//! Pages by number: from 1, of 1 to 100 items.

use serde_json::{Value, json};

use super::fault::Fault;
use super::wire::Parameters;

/// Most items of a page; more are refused, not cut off.
pub(super) const PAGE_SIZE_MAX: i64 = 100;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// From 1.
    pub(super) number: u64,
    /// 1–100.
    pub(super) size: u64,
}

impl Paging {
    /// `PageNumber` and `PageSize`, which must both be there.
    pub(super) fn required(parameters: &Parameters) -> Result<Self, Fault> {
        parameters.required("PageNumber")?;
        parameters.required("PageSize")?;
        Self::optional(parameters)
    }

    /// `PageNumber` and `PageSize`; the first ten where nothing is said.
    pub(super) fn optional(parameters: &Parameters) -> Result<Self, Fault> {
        let number = parameters.integer_in("PageNumber", 1..=i64::from(i32::MAX))?;
        let size = parameters.integer_in("PageSize", 1..=PAGE_SIZE_MAX)?;
        Ok(Self {
            number: number.map_or(1, i64::unsigned_abs),
            size: size.map_or(10, i64::unsigned_abs),
        })
    }

    /// Items before this page.
    pub(super) fn skipped(self) -> usize {
        usize::try_from((self.number - 1).saturating_mul(self.size)).unwrap_or(usize::MAX)
    }

    /// Most items of it.
    pub(super) fn len(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// The page of a list that is here as a whole.
    pub(super) fn of<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter()
            .skip(self.skipped())
            .take(self.len())
            .collect()
    }

    /// `{List, PageNumber, PageSize, TotalCount}`.
    pub(super) fn list(self, items: Vec<Value>, total: u64) -> Value {
        json!({
            "List": items,
            "PageNumber": self.number,
            "PageSize": self.size,
            "TotalCount": total,
        })
    }
}
