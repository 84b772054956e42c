//! Lists: a page of items and where the next one begins.

use outdial_service::views::{Page, PageRequest};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::fields::{Findings, Object};
use crate::problem::Problem;
use crate::scalar::any_text;

/// Items of a page that names no limit.
const LIMIT_DEFAULT: usize = 100;

/// Most items of a page.
const LIMIT_MAX: u32 = 1000;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Where the next page begins: give it as `cursor`. Null = this was the last page.
    pub(crate) next_cursor: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Most items of the page, 1 to 1000, default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl PageParams {
    /// Reads the page from a query.
    pub(crate) fn read(findings: &mut Findings, query: &mut Object<'_>) -> Self {
        Self {
            limit: query.optional(findings, "limit", limit),
            cursor: query.optional(findings, "cursor", |value| {
                any_text(value).map(str::to_owned)
            }),
        }
    }

    /// This page of things of which the service gives all at once, told apart by `key`.
    ///
    /// # Errors
    /// A cursor that names none of them.
    pub(crate) fn of_all<T, J>(
        self,
        all: Vec<T>,
        key: impl Fn(&T) -> String,
        json: impl Fn(T) -> J,
    ) -> Result<List<J>, Problem> {
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => {
                let last = all.iter().position(|item| key(item) == *cursor);
                last.ok_or_else(|| {
                    Problem::field(
                        "cursor",
                        "names nothing in this list; begin again without it",
                    )
                })? + 1
            }
        };
        let limit = self.limit.map_or(LIMIT_DEFAULT, |limit| limit as usize);
        let more = all.len() > start.saturating_add(limit);
        let page: Vec<T> = all.into_iter().skip(start).take(limit).collect();
        let next_cursor = page.last().filter(|_| more).map(&key);
        Ok(List {
            items: page.into_iter().map(json).collect(),
            next_cursor,
        })
    }
}

impl From<PageParams> for PageRequest {
    fn from(params: PageParams) -> Self {
        Self {
            cursor: params.cursor,
            limit: params.limit,
        }
    }
}

impl<T> List<T> {
    /// A page as the service gave it.
    pub(crate) fn of<S>(page: Page<S>, json: impl Fn(S) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(json).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

fn limit(value: &Value) -> Result<u32, String> {
    any_text(value)?
        .parse()
        .ok()
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| format!("must be a whole number from 1 to {LIMIT_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all = vec![3, 5, 8, 13, 21];
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let params = PageParams {
                limit: Some(2),
                cursor,
            };
            let page = params
                .of_all(all.clone(), ToString::to_string, |n| n)
                .unwrap();
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        let lost = PageParams {
            limit: None,
            cursor: Some("4".to_owned()),
        };
        assert!(lost.of_all(all, ToString::to_string, |n| n).is_err());
    }
}
