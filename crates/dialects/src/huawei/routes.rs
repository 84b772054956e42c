//! The operations: method and path to what carries them out.
//!
//! Source: the CC-iSales pages of the vendor's API reference.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::{Map, Value};

use super::desk::Desk;
use super::fault::{Fault, FieldFault};
use super::wire::Fields;
use super::{
    appoint, batches, block_list, calldata, caller_numbers, campaign, holidays, outcomes, removal,
    results, retry, statistics,
};
use crate::running::Answering;

/// What an operation is asked: everything has been checked that holds for all operations.
#[derive(Debug)]
pub struct Call {
    /// The use cases.
    pub service: Service,
    /// Whose key signed the request.
    pub caller: Caller,
    /// The tenant's VDN, which the path names.
    pub vdn_id: u32,
    /// 1 or 2, from the path.
    pub version: u8,
    /// When the request came.
    pub now: Timestamp,
    /// Seconds that must lie between two uploads of call data to one campaign; 0 = any.
    pub calldata_spacing_s: u32,
    /// Hosts that results may be pushed to; empty = any.
    pub callback_hosts: Arc<[String]>,
    /// What requests of the tenant share.
    pub desk: Arc<Desk>,
    /// What stands in the path, in its order.
    pub ids: Vec<PathId>,
    /// The parameters of the query.
    pub query: Fields,
    /// The fields of the body.
    pub body: Fields,
}

impl Call {
    /// The number in the path, such as a campaign's. 0, which nothing has, where the row has none.
    pub fn number(&self, index: usize) -> u64 {
        match self.ids.get(index) {
            Some(PathId::Number(number)) => *number,
            _ => 0,
        }
    }

    /// The text in the path, such as a call's id.
    pub fn text(&self, index: usize) -> &str {
        match self.ids.get(index) {
            Some(PathId::Text(text)) => text,
            _ => "",
        }
    }
}

/// A value in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathId {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// What an operation answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// `resultDesc`.
    pub text: &'static str,
    /// What stands beside the codes: `returnObject`, `data`, `totalCount` …
    pub members: Map<String, Value>,
}

impl Answer {
    /// An answer with something beside the codes.
    pub(super) fn with<const N: usize>(
        text: &'static str,
        members: [(&'static str, Value); N],
    ) -> Self {
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Self {
            text,
            members: members.into_iter().collect(),
        }
    }
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its method.
    pub method: &'static str,
    /// Its path after the VDN: `#name` is a number, `$name` a text.
    pub path: &'static str,
    /// Carries it out.
    pub run: fn(Call) -> Answering<Answer, Fault>,
}

const fn built(
    method: &'static str,
    path: &'static str,
    run: fn(Call) -> Answering<Answer, Fault>,
) -> Operation {
    Operation { method, path, run }
}

/// Every operation that the vendor has.
pub(super) const OPERATIONS: &[Operation] = &[
    built("POST", "", |call| Box::pin(campaign::create(call))),
    built("GET", "", |call| Box::pin(campaign::list(call))),
    built("PUT", "#campaignId", |call| {
        Box::pin(campaign::modify(call))
    }),
    built("DELETE", "#campaignId", |call| {
        Box::pin(campaign::delete(call))
    }),
    built("GET", "#campaignId", |call| {
        Box::pin(campaign::details(call))
    }),
    built("PUT", "#campaignId/pause", |call| {
        Box::pin(campaign::pause(call))
    }),
    built("PUT", "#campaignId/resume", |call| {
        Box::pin(campaign::resume(call))
    }),
    built("POST", "retryPolicy/#campaignId", |call| {
        Box::pin(retry::set(call))
    }),
    built("GET", "retryPolicy/#campaignId", |call| {
        Box::pin(retry::show(call))
    }),
    built("POST", "callerNo/#campaignId", |call| {
        Box::pin(caller_numbers::add(call))
    }),
    built("DELETE", "callerNo/#campaignId", |call| {
        Box::pin(caller_numbers::remove(call))
    }),
    built("GET", "failcategorystatistics", |call| {
        Box::pin(results::failures(call))
    }),
    built("GET", "holiday/#campaignId", |call| {
        Box::pin(holidays::list(call))
    }),
    built("POST", "holiday/#campaignId", |call| {
        Box::pin(holidays::add(call))
    }),
    built("PUT", "holiday/#campaignId", |call| {
        Box::pin(holidays::modify(call))
    }),
    built("DELETE", "holiday/#campaignId", |call| {
        Box::pin(holidays::remove_all(call))
    }),
    built("DELETE", "holiday/#campaignId/#holidayId", |call| {
        Box::pin(holidays::remove(call))
    }),
    built("POST", "blocklist/add", |call| {
        Box::pin(block_list::add(call))
    }),
    built("POST", "blocklist/delete", |call| {
        Box::pin(block_list::remove(call))
    }),
    built("DELETE", "blocklist/delete", |call| {
        Box::pin(block_list::remove(call))
    }),
    built("DELETE", "blocklist", |call| {
        Box::pin(block_list::remove_all(call))
    }),
    built("POST", "calldata/#campaignId", |call| {
        Box::pin(calldata::add(call))
    }),
    built("POST", "calldata/#campaignId/delete", |call| {
        Box::pin(removal::delete(call))
    }),
    built("GET", "calldata/#campaignId/#dataId", |call| {
        Box::pin(calldata::show(call))
    }),
    built("POST", "callbatch/#campaignId/create", |call| {
        Box::pin(batches::create(call))
    }),
    built("POST", "callbatch/#campaignId/pause", |call| {
        Box::pin(batches::pause(call))
    }),
    built("GET", "callbatch/#campaignId/list", |call| {
        Box::pin(batches::list(call))
    }),
    built("POST", "appoint/create", |call| {
        Box::pin(appoint::create(call))
    }),
    built("POST", "appoint/update", |call| {
        Box::pin(appoint::update(call))
    }),
    built("POST", "appoint/updateResult", |call| {
        Box::pin(appoint::update_result(call))
    }),
    built("POST", "appoint/delete", |call| {
        Box::pin(appoint::remove(call))
    }),
    built("POST", "appoint/list", |call| Box::pin(appoint::list(call))),
    built("POST", "callresult/#campaignId", |call| {
        Box::pin(results::list(call))
    }),
    built("GET", "callresultdetail/$callId", |call| {
        Box::pin(results::detail(call))
    }),
    built("POST", "callBusiResult/#dataId", |call| {
        Box::pin(outcomes::write_back(call))
    }),
    built("POST", "createObResult", |call| {
        Box::pin(outcomes::create(call))
    }),
    built("DELETE", "$defId/deleteObsResult", |call| {
        Box::pin(outcomes::delete(call))
    }),
    built("GET", "queryOBSResults", |call| {
        Box::pin(outcomes::list(call))
    }),
    built("GET", "statistics", |call| {
        Box::pin(statistics::today(call))
    }),
];

/// Finds the operation of a path after the VDN, and reads the values in it. A word wins over a value:
/// `blocklist` is never a campaign.
///
/// # Errors
/// HTTP 404 and 405, or `02000006` for a value that is no number.
pub(super) fn find(
    operations: &[Operation],
    method: &Method,
    path: &str,
) -> Result<(Operation, Vec<PathId>), Fault> {
    let given: Vec<&str> = segments(path);
    let fits = |operation: &&Operation| {
        let wanted = segments(operation.path);
        let one = |(want, given): (&&str, &&str)| is_value(want) || want == given;
        wanted.len() == given.len() && wanted.iter().zip(&given).all(one)
    };
    let words = |operation: &Operation| {
        let wanted = segments(operation.path);
        // The earlier a word, the more it counts.
        let weights = wanted.iter().map(|want| u32::from(!is_value(want)));
        weights.fold(0_u32, |sum, word| sum * 2 + word)
    };
    let fitting: Vec<&Operation> = operations.iter().filter(fits).collect();
    let Some(most) = fitting.iter().map(|operation| words(operation)).max() else {
        return Err(Fault::http(StatusCode::NOT_FOUND, "there is no such path"));
    };
    let mut of_path = fitting
        .into_iter()
        .filter(|operation| words(operation) == most);
    let operation = of_path.find(|operation| method == operation.method);
    let operation = *operation.ok_or_else(|| {
        let text = "the path does not take this method";
        Fault::http(StatusCode::METHOD_NOT_ALLOWED, text)
    })?;
    let mut ids = Vec::new();
    for (want, given) in segments(operation.path).iter().zip(given) {
        if let Some(name) = want.strip_prefix('#') {
            let digits = !given.is_empty() && given.bytes().all(|c| c.is_ascii_digit());
            let number = digits.then(|| given.parse().ok()).flatten();
            let wrong = || Fault::field(FieldFault::Type, name, "is not an integer");
            ids.push(PathId::Number(number.ok_or_else(wrong)?));
        } else if want.starts_with('$') {
            ids.push(PathId::Text(given.to_owned()));
        }
    }
    Ok((operation, ids))
}

fn is_value(segment: &str) -> bool {
    segment.starts_with(['#', '$'])
}

fn segments(path: &str) -> Vec<&str> {
    match path {
        "" => Vec::new(),
        path => path.split('/').collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str) -> Result<(&'static str, Vec<PathId>), &'static str> {
        let found = find(OPERATIONS, &method, path);
        found
            .map(|(operation, ids)| (operation.path, ids))
            .map_err(|fault| fault.code)
    }

    #[test]
    fn words_win_over_values() {
        let number = |n| vec![PathId::Number(n)];
        assert_eq!(
            ask(Method::PUT, "46/pause"),
            Ok(("#campaignId/pause", number(46)))
        );
        assert_eq!(ask(Method::DELETE, "blocklist"), Ok(("blocklist", vec![])));
        assert_eq!(
            ask(Method::POST, "holiday/46"),
            Ok(("holiday/#campaignId", number(46)))
        );
        assert_eq!(ask(Method::POST, ""), Ok(("", vec![])));
        assert_eq!(
            ask(Method::POST, "calldata/46/delete"),
            Ok(("calldata/#campaignId/delete", number(46)))
        );
        let big = 1_803_096_731_904_991_234;
        let data = vec![PathId::Number(46), PathId::Number(big)];
        assert_eq!(
            ask(Method::GET, "calldata/46/1803096731904991234"),
            Ok(("calldata/#campaignId/#dataId", data))
        );
        let call = vec![PathId::Text("1644464743-1388".to_owned())];
        assert_eq!(
            ask(Method::GET, "callresultdetail/1644464743-1388"),
            Ok(("callresultdetail/$callId", call))
        );
    }

    #[test]
    fn what_leads_nowhere_says_so() {
        assert_eq!(
            ask(Method::PUT, "blocklist"),
            Err("405"),
            "never a campaign"
        );
        assert_eq!(ask(Method::GET, "46/pause"), Err("405"));
        assert_eq!(ask(Method::PUT, "x/pause"), Err("02000006"));
        assert_eq!(ask(Method::GET, "99999999999999999999"), Err("02000006"));
        assert_eq!(ask(Method::GET, "-1"), Err("02000006"));
        assert_eq!(ask(Method::GET, "46/start"), Err("404"));
        assert_eq!(ask(Method::GET, "a/b/c/d/e"), Err("404"));
    }
}
