//! Lists are read in pages: no answer is unbounded, and none keeps a snapshot of the store alive.

/// A part of a list, in the order of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<T>,
    /// Ask with `after` set to this for what follows; `None` = there is no more.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Makes a page of at most `limit` items from one item more than was asked for.
    pub(crate) fn from_probe(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// The most items that one page holds, whatever was asked for.
pub const PAGE_MAX: usize = 10_000;

/// The number of items of a page that was asked to hold `limit`.
pub(crate) fn page_size(limit: usize) -> usize {
    limit.clamp(1, PAGE_MAX)
}
