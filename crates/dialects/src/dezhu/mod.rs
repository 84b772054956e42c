//! Dezhu's open API (得助云呼叫中心), `/speech/openapi/v1`.
//!
//! A request goes through [`Dezhu::answer`]: path, signature, rate, fields; then the operation runs. Every
//! answer is HTTP 200 with `code`, `message` and `data`, but for a path that does not exist.
//!
//! To add an operation: a file for its topic with an `async fn(Call) -> Result<Value, Fault>` that answers
//! `data`, and a row in `OPERATIONS` of `routes.rs`; its paths are in the table already.

mod coverage;
mod customers;
mod edit;
mod fault;
mod groups;
mod key;
mod page;
mod period;
mod records;
mod routes;
mod run;
pub mod sign;
mod task;
mod tasks;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use outdial_domain::{Origin, TenantId};
use outdial_service::Service;
use serde_json::{Value, json};

use crate::clock::{Clock, Tolerance};
use crate::incoming::{BodyFault, Incoming};
use crate::rate_limit::RateLimiter;
use crate::running::{caller, to_its_end};

pub use coverage::page;
pub use fault::{Code, Fault};
pub use key::{KeyFault, PublicKey};
pub use routes::{Call, Operation};
pub use wire::Fields;

/// Where all paths begin.
pub(crate) const PREFIX: &str = "/speech/openapi/";
const VERSION_PREFIX: &str = "/speech/openapi/v1";

/// Most bytes of a body: 1,000 customers at their longest stay below.
pub(crate) const BODY_MAX: usize = 8 << 20;

/// A tenant as Dezhu's API knows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// `appId`.
    pub app_id: String,
    /// Its active keys; more than one while they are exchanged.
    pub public_keys: Vec<PublicKey>,
    /// Requests in a second; 0 = no limit.
    pub requests_per_s: u32,
    /// Paths of its own, which go before the table's: for the operations whose paths no public page has.
    pub paths: Vec<OwnPath>,
}

/// A path that leads to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPath {
    /// `GET` or `POST`.
    pub method: String,
    /// What follows `/speech/openapi/v1`.
    pub path: String,
    /// The operation's name in the table, one of [`operations`].
    pub operation: String,
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    let names: BTreeSet<_> = routes::PATHS.iter().map(|(_, _, name)| *name).collect();
    names.into_iter()
}

type Paths = BTreeMap<(String, String), String>;

#[derive(Debug)]
struct Owner {
    tenant: TenantId,
    limiter: RateLimiter,
    paths: Paths,
}

/// Dezhu's API.
#[derive(Debug)]
pub struct Dezhu {
    service: Service,
    clock: Clock,
    apps: sign::Apps<Owner>,
    tolerance: Tolerance,
    paths: Paths,
    operations: BTreeMap<&'static str, Operation>,
}

impl Dezhu {
    /// The API for these tenants.
    pub fn new(service: Service, clock: Clock, accounts: Vec<Account>) -> Self {
        let app = |account: Account| {
            let owner = Owner {
                tenant: account.tenant,
                limiter: RateLimiter::new(account.requests_per_s),
                paths: account
                    .paths
                    .into_iter()
                    .map(|own| ((own.method, own.path), own.operation))
                    .collect(),
            };
            let app = sign::App {
                keys: account.public_keys,
                owner,
            };
            (account.app_id, app)
        };
        let path = |(method, path, name): &(&str, &str, &str)| {
            (
                ((*method).to_owned(), (*path).to_owned()),
                (*name).to_owned(),
            )
        };
        Self {
            service,
            clock,
            apps: accounts.into_iter().map(app).collect(),
            tolerance: sign::TOLERANCE_DEFAULT,
            paths: routes::PATHS.iter().map(path).collect(),
            operations: routes::OPERATIONS
                .iter()
                .map(|o| (o.name, o.clone()))
                .collect(),
        }
    }

    /// Adds an operation, or puts another in its place.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        self.operations.insert(operation.name, operation);
        self
    }

    /// Lets another path, after `/speech/openapi/v1`, lead to an operation.
    #[must_use]
    pub fn with_path(mut self, method: &str, path: &str, operation: &str) -> Self {
        let key = (method.to_owned(), path.to_owned());
        self.paths.insert(key, operation.to_owned());
        self
    }

    /// Another limit for the difference of clocks.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Answers a request.
    pub async fn answer(self: Arc<Self>, request: Result<Incoming, BodyFault>) -> Response {
        let request = match request {
            Ok(request) => request,
            Err(fault) => {
                let fault = Fault::new(Code::Parameter, fault.to_string());
                return respond(StatusCode::OK, &Err(fault), &Value::Null);
            }
        };
        let Some(name) = self.name_of(&request).map(str::to_owned) else {
            let fault = Fault::failed("there is no such path");
            return respond(StatusCode::NOT_FOUND, &Err(fault), &Value::Null);
        };
        let on_fault = match self.operations.get(name.as_str()) {
            Some(operation) => operation.data_on_fault.clone(),
            None => Value::Null,
        };
        let answered = to_its_end(async move { self.carry_out(&request, &name).await }).await;
        let answered = answered.unwrap_or_else(|| Err(Fault::new(Code::System, "")));
        respond(StatusCode::OK, &answered, &on_fault)
    }

    fn name_of(&self, request: &Incoming) -> Option<&str> {
        let path = request.path().strip_prefix(VERSION_PREFIX)?;
        let key = (request.method.as_str().to_owned(), path.to_owned());
        // Whether the request is the application's is told by its signature, later.
        let app = request.header("appId").and_then(|id| self.apps.get(id));
        let own = app.and_then(|app| app.owner.paths.get(&key));
        own.or_else(|| self.paths.get(&key)).map(String::as_str)
    }

    async fn carry_out(&self, request: &Incoming, name: &str) -> Result<Value, Fault> {
        let now = self.clock.now();
        let (owner, app) = sign::verify(request, &self.apps, self.tolerance, now)?;
        if owner.limiter.take(&app, now).is_err() {
            return Err(Fault::failed("too many requests in a second"));
        }
        if request.headers.contains_key("encrypted") {
            return Err(Fault::parameter("encrypted"));
        }
        let operation = self.operations.get(name);
        let operation = operation.ok_or_else(|| Fault::failed("not built yet"))?;
        let call = Call {
            service: self.service.clone(),
            caller: caller(owner.tenant, &app, Origin::Dezhu),
            now,
            query: Fields::read_query(request.query())?,
            body: Fields::read(&request.body)?,
        };
        (operation.run)(call).await
    }
}

/// The envelope.
fn respond(status: StatusCode, answered: &Result<Value, Fault>, on_fault: &Value) -> Response {
    let body = match answered {
        Ok(data) => json!({ "code": "10000", "message": "请求成功", "data": data }),
        Err(fault) => json!({
            "code": fault.code.as_str(),
            "message": fault.message(),
            "data": on_fault,
        }),
    };
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
