//! Huawei AICC CC-iSales, V1.
//!
//! A request goes through [`Huawei::answer`]: signature, VDN, path, rate, fields; then the operation runs.
//! Faults of the business are HTTP 200 with a code; 401 is for signatures, 404 and 405 for addresses, 500
//! for faults of ours, each with the same envelope.
//!
//! To add an operation: a file for its topic with an `async fn(Call) -> Result<Answer, Fault>`, and a row
//! in `routes.rs`.

mod appoint;
mod batches;
mod block_list;
mod calldata;
mod caller_numbers;
mod campaign;
pub mod codes;
mod coverage;
mod desk;
mod fail_code;
mod fault;
mod holidays;
mod outcomes;
mod push;
mod removal;
mod results;
mod retry;
mod routes;
pub mod sign;
mod statistics;
mod time;
mod wire;

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use outdial_domain::{Origin, TenantId};
use outdial_service::Service;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::incoming::{BodyFault, Incoming};
use crate::rate_limit::RateLimiter;
use crate::running::{caller, to_its_end};
use crate::signing::{AccessKey, KeyRing};

pub use coverage::page;
pub use desk::Desk;
pub use fault::{Fault, FieldFault};
pub use push::PushRules;
pub use routes::{Answer, Call, Operation, PathId};
use time::Zone;
pub use wire::Fields;

/// Where all paths begin.
pub(crate) const PREFIX: &str = "/rest/isales/";

/// Most bytes of a body: 20 numbers with their data are far below.
pub(crate) const BODY_MAX: usize = 4 << 20;

/// A tenant as Huawei's API knows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// `vdnId`.
    pub vdn_id: u32,
    /// Its keys.
    pub keys: Vec<AccessKey>,
    /// Requests in a second for each key; 0 = no limit.
    pub requests_per_s: u32,
    /// Seconds between two uploads of call data to one campaign; 0 = any.
    pub calldata_spacing_s: u32,
    /// Hosts that results may be pushed to; empty = any.
    pub callback_hosts: Vec<String>,
}

/// What a key opens.
#[derive(Debug)]
struct Owner {
    tenant: TenantId,
    vdn_id: u32,
    limiter: RateLimiter,
    calldata_spacing_s: u32,
    callback_hosts: Arc<[String]>,
    desk: Arc<Desk>,
}

/// A tenant whose results are pushed.
#[derive(Debug)]
struct Receiver {
    tenant: TenantId,
    vdn_id: u32,
    hosts: Vec<String>,
}

/// Huawei's API.
#[derive(Debug)]
pub struct Huawei {
    service: Service,
    clock: Clock,
    keys: KeyRing<Owner>,
    rules: sign::Rules,
    operations: Vec<Operation>,
    receivers: Vec<Receiver>,
}

impl Huawei {
    /// The API for these tenants.
    pub fn new(service: Service, clock: Clock, accounts: Vec<Account>) -> Self {
        let mut keys = KeyRing::default();
        let mut receivers = Vec::new();
        for account in accounts {
            receivers.push(Receiver {
                tenant: account.tenant,
                vdn_id: account.vdn_id,
                hosts: account.callback_hosts.clone(),
            });
            let callback_hosts: Arc<[String]> = account.callback_hosts.into();
            let desk = Arc::new(Desk::default());
            for key in account.keys {
                let owner = Owner {
                    tenant: account.tenant,
                    vdn_id: account.vdn_id,
                    limiter: RateLimiter::new(account.requests_per_s),
                    calldata_spacing_s: account.calldata_spacing_s,
                    callback_hosts: Arc::clone(&callback_hosts),
                    desk: Arc::clone(&desk),
                };
                keys.add(key, owner);
            }
        }
        Self {
            service,
            clock,
            keys,
            rules: sign::Rules::default(),
            operations: routes::OPERATIONS.to_vec(),
            receivers,
        }
    }

    /// Begins to push results to the addresses that campaigns name, until the server stops. To be called
    /// once, within the runtime.
    pub fn push_results(&self, rules: PushRules) {
        let post = push::Post::new();
        for receiver in &self.receivers {
            let Some(zone) = Zone::of_tenant(&self.service, receiver.tenant) else {
                tracing::error!(
                    vdn_id = receiver.vdn_id,
                    "results cannot be pushed: no zone"
                );
                continue;
            };
            let caller = caller(receiver.tenant, "callBackUrl", Origin::Huawei);
            let (service, vdn_id) = (self.service.clone(), receiver.vdn_id);
            let post = post.to_hosts(&receiver.hosts);
            push::start(service, caller, post, vdn_id, zone, rules);
        }
    }

    /// Adds an operation, or puts another in its place.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        let same = |o: &Operation| o.method == operation.method && o.path == operation.path;
        self.operations.retain(|known| !same(known));
        self.operations.push(operation);
        self
    }

    /// Other rules for signatures.
    #[must_use]
    pub fn with_rules(mut self, rules: sign::Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Answers a request.
    pub async fn answer(self: Arc<Self>, request: Result<Incoming, BodyFault>) -> Response {
        let answered = match request {
            Ok(request) => to_its_end(async move { self.carry_out(&request).await })
                .await
                .unwrap_or_else(|| Err(Fault::internal())),
            Err(fault @ BodyFault::TooLarge(_)) => Err(Fault::http(
                StatusCode::PAYLOAD_TOO_LARGE,
                fault.to_string(),
            )),
            Err(fault @ BodyFault::Incomplete) => {
                Err(Fault::http(StatusCode::REQUEST_TIMEOUT, fault.to_string()))
            }
        };
        respond(answered)
    }

    async fn carry_out(&self, request: &Incoming) -> Result<Answer, Fault> {
        let now = self.clock.now();
        let (owner, key) = sign::verify(request, &self.keys, &self.rules, now)?;
        let (version, vdn, path) = split(request.path())
            .ok_or_else(|| Fault::http(StatusCode::NOT_FOUND, "there is no such path"))?;
        check_vdn(vdn, owner)?;
        let (operation, ids) = routes::find(&self.operations, &request.method, path)?;
        if owner.limiter.take(&key, now).is_err() {
            let text = "too many requests in a second";
            return Err(Fault::http(StatusCode::TOO_MANY_REQUESTS, text));
        }
        let call = Call {
            service: self.service.clone(),
            caller: caller(owner.tenant, &key, Origin::Huawei),
            vdn_id: owner.vdn_id,
            version,
            now,
            calldata_spacing_s: owner.calldata_spacing_s,
            callback_hosts: Arc::clone(&owner.callback_hosts),
            desk: Arc::clone(&owner.desk),
            ids,
            query: Fields::read_query(request.query())?,
            body: Fields::read(&request.body)?,
        };
        (operation.run)(call).await
    }
}

/// Version, VDN, and what comes after it.
fn split(path: &str) -> Option<(u8, &str, &str)> {
    let rest = path.strip_prefix(PREFIX)?;
    let (version, rest) = match rest.split_once('/')? {
        ("v1", rest) => (1, rest),
        ("v2", rest) => (2, rest),
        _ => return None,
    };
    let rest = rest.strip_prefix("openapi/campaigns/")?;
    let (vdn, rest) = rest.split_once('/').unwrap_or((rest, ""));
    Some((version, vdn, rest))
}

fn check_vdn(text: &str, owner: &Owner) -> Result<(), Fault> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !digits {
        return Err(Fault::field(FieldFault::Type, "vdnId", "is not an integer"));
    }
    let given: Option<u32> = text.parse().ok();
    if given == Some(owner.vdn_id) {
        return Ok(());
    }
    match given {
        Some(1..=9999) => {
            let text = "the access key may not use this vdnId";
            Err(Fault::http(StatusCode::UNAUTHORIZED, text))
        }
        _ => Err(Fault::field(
            FieldFault::Value,
            "vdnId",
            "must be from 1 to 9999",
        )),
    }
}

/// The envelope.
fn respond(answered: Result<Answer, Fault>) -> Response {
    let (status, code, text, mut members) = match answered {
        Ok(answer) => (
            StatusCode::OK,
            "0200000",
            answer.text.to_owned(),
            answer.members,
        ),
        Err(fault) => (fault.status, fault.code, fault.text, Map::new()),
    };
    for (code_name, text_name) in [("resultCode", "resultDesc"), ("returnCode", "returnDesc")] {
        members.insert(code_name.to_owned(), code.into());
        members.insert(text_name.to_owned(), text.clone().into());
    }
    let mut response = Response::new(Value::Object(members).to_string().into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
