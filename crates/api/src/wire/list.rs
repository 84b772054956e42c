//! Lists: a page of items and where the next one begins.
//!
//! A cursor is opaque: it goes into addresses and logs as it is, and what it is made of may hold a phone
//! number or a `+`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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

/// What is wrong with a cursor that is none.
const NO_CURSOR: &str = "is not a next_cursor of this list; leave it out to begin anew";

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
    /// `next_cursor` of the page before, as it is.
    pub(crate) cursor: Option<String>,
}

impl PageParams {
    /// Reads the page from a query.
    pub(crate) fn read(findings: &mut Findings, query: &mut Object<'_>) -> Self {
        Self {
            limit: query.optional(findings, "limit", limit),
            cursor: query.optional(findings, "cursor", |value| read_cursor(any_text(value)?)),
        }
    }

    /// This page of things of which the service gives all at once, told apart by `key`. Where the last
    /// one of the page before is gone, the page begins with what has moved to its place.
    ///
    /// # Errors
    /// A cursor of another list.
    pub(crate) fn of_all<T, J>(
        self,
        all: Vec<T>,
        key: impl Fn(&T) -> String,
        json: impl Fn(T) -> J,
    ) -> Result<List<J>, Problem> {
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => {
                let last = cursor.split_once(':');
                let last = last.and_then(|(place, key)| Some((place.parse().ok()?, key)));
                let (place, last): (usize, &str) =
                    last.ok_or_else(|| Problem::field("cursor", NO_CURSOR))?;
                let found = all.iter().position(|item| key(item) == last);
                found.map_or(place, |found| found + 1)
            }
        };
        let limit = self.limit.map_or(LIMIT_DEFAULT, |limit| limit as usize);
        let more = all.len() > start.saturating_add(limit);
        let page: Vec<T> = all.into_iter().skip(start).take(limit).collect();
        let last = start.saturating_add(page.len()).saturating_sub(1);
        let next_cursor = page.last().filter(|_| more);
        let next_cursor = next_cursor.map(|item| cursor(&format!("{last}:{}", key(item))));
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
            next_cursor: page.next_cursor.as_deref().map(cursor),
        }
    }
}

/// A cursor as a client is given it.
fn cursor(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// What a cursor stands for.
///
/// # Errors
/// One that was not given by us.
fn read_cursor(text: &str) -> Result<String, String> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| NO_CURSOR.to_owned())
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
            let next = page.next_cursor.as_deref();
            cursor = next.map(|next| read_cursor(next).unwrap());
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        let foreign = PageParams {
            limit: None,
            cursor: Some("4".to_owned()),
        };
        assert!(foreign.of_all(all, ToString::to_string, |n| n).is_err());
    }

    #[test]
    fn a_page_goes_on_although_the_last_item_before_it_is_gone() {
        let page = |cursor, all: &[i32]| {
            let params = PageParams {
                limit: Some(2),
                cursor,
            };
            let page = params.of_all(all.to_vec(), ToString::to_string, |n| n);
            page.unwrap()
        };
        let first = page(None, &[3, 5, 8, 13, 21]);
        let cursor = first.next_cursor.map(|next| read_cursor(&next).unwrap());
        assert_eq!(page(cursor, &[3, 8, 13, 21]).items, [8, 13]);
    }

    #[test]
    fn a_cursor_shows_no_number_and_goes_into_an_address_as_it_is() {
        let shown = cursor("0:+8675586013388");
        assert!(
            !shown.contains('+') && !shown.contains("86013388"),
            "{shown}"
        );
        assert!(
            shown
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(read_cursor(&shown).unwrap(), "0:+8675586013388");
        assert!(read_cursor("+86").is_err());
    }
}
