//! Alibaba Cloud OutboundBot, API version 2019-12-26.
//!
//! A request goes through [`Alibaba::answer`]: method, signature and nonce, rate, version, action,
//! instance; then the action runs. Every answer has a body that the client library can read, at the true
//! HTTP status.
//!
//! To add an action: a file for its topic with an `async fn(Call) -> Result<Answer, Fault>`, and a row in
//! `routes.rs`.

mod answer;
mod block_list;
mod commands;
mod coverage;
mod desk;
mod executing;
mod exports;
mod fault;
mod floors;
mod group;
mod group_lists;
mod groups;
mod ids;
mod instances;
mod job_filters;
mod job_lists;
mod job_shapes;
mod jobs;
mod limits;
mod numbers;
mod page;
mod paging;
mod repeat;
mod routes;
mod search;
pub mod sign;
mod strategy;
mod tasks;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use outdial_domain::{Origin, TenantId, Timestamp};
use outdial_service::Service;

use crate::clock::Clock;
use crate::incoming::{BodyFault, Incoming};
use crate::nonce::NonceStore;
use crate::rate_limit::RateLimiter;
use crate::running::{caller, request_id, shown, to_its_end};
use crate::signing::{AccessKey, KeyRing};

use answer::Format;
use desk::Desk;
pub(crate) use exports::PREFIX as EXPORTS;
pub use fault::Fault;
pub use groups::MODIFY_JOB_GROUP;
pub use page::page;
pub use routes::{Answer, Call, Operation};
pub use wire::{JsonFields, Parameters};

/// The only version.
const VERSION: &str = "2019-12-26";

/// Most bytes of a body: 99 jobs with all their variables are far below.
pub(crate) const BODY_MAX: usize = 4 << 20;

/// Nonces of a key that are kept where its rate is not limited: 24 bytes each.
const NONCES_MIN: usize = 200_000;

/// A tenant as Alibaba's API knows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// `InstanceId`.
    pub instance_id: String,
    /// Its keys.
    pub keys: Vec<AccessKey>,
    /// Requests in a second for each key; 0 = no limit.
    pub requests_per_s: u32,
}

/// What a key opens.
#[derive(Debug)]
struct Owner {
    tenant: TenantId,
    instance_id: String,
    limiter: RateLimiter,
    nonces: NonceStore,
}

impl sign::Nonces for Owner {
    fn nonces(&self) -> &NonceStore {
        &self.nonces
    }
}

/// Alibaba's API.
#[derive(Debug)]
pub struct Alibaba {
    service: Service,
    clock: Clock,
    keys: KeyRing<Owner>,
    instances: BTreeSet<String>,
    nonces_since: Option<Timestamp>,
    desk: Arc<Desk>,
    operations: BTreeMap<&'static str, Operation>,
}

impl Alibaba {
    /// The API for these tenants.
    pub fn new(service: Service, clock: Clock, accounts: Vec<Account>) -> Self {
        let (mut keys, mut instances) = (KeyRing::default(), BTreeSet::new());
        for account in accounts {
            instances.insert(account.instance_id.clone());
            // Room for all that the rate lets through while a nonce is kept.
            let kept_s = sign::NONCES_KEEP.as_secs();
            let room = u64::from(account.requests_per_s) * (kept_s + 1);
            let room = usize::try_from(room).unwrap_or(usize::MAX).max(NONCES_MIN);
            for key in account.keys {
                let owner = Owner {
                    tenant: account.tenant,
                    instance_id: account.instance_id.clone(),
                    limiter: RateLimiter::new(account.requests_per_s),
                    nonces: NonceStore::new(sign::NONCES_KEEP, room),
                };
                keys.add(key, owner);
            }
        }
        Self {
            service,
            clock,
            keys,
            instances,
            nonces_since: None,
            desk: Arc::default(),
            operations: routes::OPERATIONS.iter().map(|o| (o.name, *o)).collect(),
        }
    }

    /// Adds an action, or puts another in its place.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        self.operations.insert(operation.name, operation);
        self
    }

    /// Refuses what was signed before this time: for a server that ran before, and has forgotten the
    /// nonces of then.
    #[must_use]
    pub fn with_nonces_since(mut self, since: Option<Timestamp>) -> Self {
        // Requests tell their time in whole seconds.
        self.nonces_since = since.map(|time| Timestamp::from_secs(time.millis().div_euclid(1_000)));
        self
    }

    /// Answers a request.
    pub async fn answer(self: Arc<Self>, request: Result<Incoming, BodyFault>) -> Response {
        let id = request_id().to_uppercase();
        let request = match request {
            Ok(request) => request,
            Err(fault) => return answer::failure(&body_fault(fault), &id, "", Format::Json),
        };
        let format = format_of(&request);
        let host = host_id(&request);
        let format_or_json = *format.as_ref().unwrap_or(&Format::Json);
        let answered = to_its_end(async move {
            format?;
            self.carry_out(&request).await
        });
        match answered.await.unwrap_or_else(|| Err(Fault::internal())) {
            Ok((action, members)) => answer::success(action, members, &id, format_or_json),
            Err(fault) => answer::failure(&fault, &id, &host, format_or_json),
        }
    }

    async fn carry_out(&self, request: &Incoming) -> Result<(&'static str, Answer), Fault> {
        if request.method != Method::GET && request.method != Method::POST {
            let message = "The HTTP method is not supported. Use GET or POST.";
            return Err(Fault::bad("UnsupportedHTTPMethod", message));
        }
        let now = self.clock.now();
        let (owner, key) = sign::verify(request, &self.keys, self.nonces_since, now)?;
        owner.limiter.take(&key, now).map_err(Fault::throttled)?;
        let parameters = Parameters::read(request)?;
        let common = |header: &str, name: &str| {
            let in_header = || request.header(header).map(str::to_owned);
            let in_query = parameters.common(name).map(str::to_owned);
            in_query
                .or_else(in_header)
                .ok_or_else(|| Fault::missing(name))
        };
        if common("x-acs-version", "Version")? != VERSION {
            return Err(Fault::invalid("Version", ""));
        }
        let operation = self.operation(&common("x-acs-action", "Action")?)?;
        if let Some(name) = operation.instance {
            self.check_instance(owner, parameters.required(name)?)?;
        }
        let call = Call {
            service: self.service.clone(),
            caller: caller(owner.tenant, &key, Origin::Alibaba),
            instance_id: owner.instance_id.clone(),
            now,
            desk: Arc::clone(&self.desk),
            base: base_of(request),
            parameters: parameters.for_action(operation.name),
        };
        Ok((operation.name, (operation.run)(call).await?))
    }

    fn operation(&self, action: &str) -> Result<&Operation, Fault> {
        if let Some(operation) = self.operations.get(action) {
            return Ok(operation);
        }
        if routes::KNOWN.contains(&action) {
            return Err(Fault::unsupported(&shown(action)));
        }
        let message = "Specified api is not found, please check your url and method.";
        Err(Fault::new(
            StatusCode::NOT_FOUND,
            "InvalidApi.NotFound",
            message,
        ))
    }

    fn check_instance(&self, owner: &Owner, given: &str) -> Result<(), Fault> {
        if given == owner.instance_id {
            return Ok(());
        }
        Err(match self.instances.contains(given) {
            true => Fault::new(
                StatusCode::FORBIDDEN,
                "Permission.Instance",
                "The access key may not use this instance.",
            ),
            false => Fault::not_exist("Instance"),
        })
    }
}

fn body_fault(fault: BodyFault) -> Fault {
    let status = match fault {
        BodyFault::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyFault::Incomplete => StatusCode::REQUEST_TIMEOUT,
    };
    Fault::new(
        status,
        "InvalidBody",
        format!("Specified body is not valid, {fault}."),
    )
}

/// The server's address as the client wrote it.
fn base_of(request: &Incoming) -> String {
    let host = request.host().unwrap_or_default();
    let secure = request
        .header("x-forwarded-proto")
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    match host.contains("://") {
        true => host.to_owned(),
        false if secure => format!("https://{host}"),
        false => format!("http://{host}"),
    }
}

/// What the answer names as its host: the request's, without a scheme.
fn host_id(request: &Incoming) -> String {
    let host = request.host().unwrap_or_default();
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    host.chars().take(255).collect()
}

/// The form of the answer. The old way of signing has XML where nothing is said.
fn format_of(request: &Incoming) -> Result<Format, Fault> {
    let by_headers = request
        .header("authorization")
        .is_some_and(|value| value.starts_with("ACS3-"));
    if by_headers {
        let xml = request
            .header("accept")
            .is_some_and(|accept| accept.starts_with("application/xml"));
        return Ok(if xml { Format::Xml } else { Format::Json });
    }
    let Ok(parameters) = Parameters::read(request) else {
        return Ok(Format::Json);
    };
    match parameters.common("Format") {
        Some(format) if format.eq_ignore_ascii_case("JSON") => Ok(Format::Json),
        Some(format) if format.eq_ignore_ascii_case("XML") => Ok(Format::Xml),
        Some(_) => Err(Fault::bad(
            "InvalidParameter.Format",
            "Specified parameter format is not valid.",
        )),
        // Without a signature it is none of the old way, and a person reads JSON more easily.
        None if parameters.common("Signature").is_none() => Ok(Format::Json),
        None => Ok(Format::Xml),
    }
}
