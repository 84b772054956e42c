//! Pages by number.

use super::fault::Fault;
use super::wire::Fields;

/// `pageNum` and `pageSize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    first: usize,
    size: usize,
}

impl Paging {
    /// Reads them, and `pageNumber`, which the vendor's example has. Pages count from 1, and what is below
    /// is the first one: one page of the documentation counts from 0, with the default 1.
    pub(super) fn read(query: &Fields) -> Result<Self, Fault> {
        let page = match query.integer("pageNum")? {
            Some(page) => Some(page),
            None => query.integer("pageNumber")?,
        };
        let size = query.integer_in("pageSize", 1..=1000)?.unwrap_or(20);
        let size = usize::try_from(size).unwrap_or(20);
        let before = usize::try_from(page.unwrap_or(1).max(1) - 1).unwrap_or(usize::MAX);
        Ok(Self {
            first: before.saturating_mul(size),
            size,
        })
    }

    /// The page's part of all items.
    pub(super) fn of<T>(self, items: &[T]) -> &[T] {
        let from = self.first.min(items.len());
        let to = from.saturating_add(self.size).min(items.len());
        &items[from..to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_from_one_and_none_is_beyond_the_end() {
        let items: Vec<u32> = (0..45).collect();
        let page = |query: &str| Paging::read(&Fields::read_query(query).unwrap());
        for (query, want) in [
            ("", 0..20),
            ("pageNum=0", 0..20),
            ("pageNum=-7&pageSize=10", 0..10),
            ("pageNumber=2", 20..40),
            ("pageNum=3", 40..45),
            ("pageNum=4", 45..45),
            ("pageNum=9223372036854775807&pageSize=1000", 45..45),
        ] {
            assert_eq!(page(query).unwrap().of(&items), &items[want], "{query}");
        }
        for query in ["pageSize=0", "pageSize=1001", "pageNum=x"] {
            assert!(page(query).is_err(), "{query}");
        }
    }
}
