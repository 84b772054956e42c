//! Tencent Cloud Contact Center (CCC), API version 2020-02-10.
//!
//! A request goes through [`Tencent::answer`]: method, size, signature, version, action, rate, parameters,
//! application; then the operation runs. Every answer is HTTP 200 with exactly
//! `Content-Type: application/json`: clients take any other status for a fault of the network, and look
//! for no error under any other type.
//!
//! To add an operation: a file for its topic with an `async fn(Call) -> Result<Answer, Fault>`, and a row
//! in `routes.rs`.

mod auto_tasks;
mod campaigns;
mod fault;
mod legacy;
mod list;
mod numbers;
mod page;
mod paging;
mod predictive;
mod records;
mod routes;
pub mod sign;
mod skill_groups;
mod staff;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use outdial_domain::{Origin, TenantId};
use outdial_service::Service;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::incoming::{BodyFault, Incoming};
use crate::rate_limit::RateLimiter;
use crate::running::{caller, request_id, shown, to_its_end};
use crate::signing::{AccessKey, KeyRing, decode_form};

pub use fault::Fault;
pub use page::page;
pub use routes::{Answer, Call, Operation};
pub use wire::{Fields, Member, optional, required};

/// The only version.
const VERSION: &str = "2020-02-10";

/// Most bytes of a query, of a form, and of a document.
const QUERY_MAX: usize = 32 << 10;
const FORM_MAX: usize = 1 << 20;
pub(crate) const BODY_MAX: usize = 10 << 20;

/// A tenant as Tencent's API knows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// `SdkAppId`.
    pub sdk_app_id: u64,
    /// Its keys.
    pub keys: Vec<AccessKey>,
    /// Requests in a second for each key and operation; 0 = no limit.
    pub requests_per_s: u32,
}

/// What a key opens.
#[derive(Clone, Debug)]
struct Owner {
    tenant: TenantId,
    sdk_app_id: u64,
    limiter: Arc<RateLimiter>,
}

/// Tencent's API.
#[derive(Debug)]
pub struct Tencent {
    service: Service,
    clock: Clock,
    keys: KeyRing<Owner>,
    apps: BTreeSet<u64>,
    public_names: Vec<String>,
    operations: BTreeMap<&'static str, Operation>,
}

impl Tencent {
    /// The API for these tenants.
    pub fn new(service: Service, clock: Clock, accounts: Vec<Account>) -> Self {
        let (mut keys, mut apps) = (KeyRing::default(), BTreeSet::new());
        for account in accounts {
            apps.insert(account.sdk_app_id);
            let owner = Owner {
                tenant: account.tenant,
                sdk_app_id: account.sdk_app_id,
                limiter: Arc::new(RateLimiter::new(account.requests_per_s)),
            };
            for key in account.keys {
                keys.add(key, owner.clone());
            }
        }
        let names = ["ccc.tencentcloudapi.com", "ccc.intl.tencentcloudapi.com"];
        Self {
            service,
            clock,
            keys,
            apps,
            public_names: names.map(str::to_owned).to_vec(),
            operations: routes::all().map(|o| (o.name, *o)).collect(),
        }
    }

    /// Adds an operation, or puts another in its place.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        self.operations.insert(operation.name, operation);
        self
    }

    /// Answers a request.
    pub async fn answer(self: Arc<Self>, request: Result<Incoming, BodyFault>) -> Response {
        let answered = match request {
            Ok(request) => to_its_end(async move { self.carry_out(&request).await })
                .await
                .unwrap_or_else(|| Err(Fault::internal())),
            Err(BodyFault::TooLarge(_)) => Err(too_large()),
            Err(BodyFault::Incomplete) => Err(Fault::new(
                "InvalidParameter",
                BodyFault::Incomplete.to_string(),
            )),
        };
        respond(answered)
    }

    async fn carry_out(&self, request: &Incoming) -> Result<Answer, Fault> {
        if request.method != Method::GET && request.method != Method::POST {
            let message = "Only GET and POST are supported.";
            return Err(Fault::new("UnsupportedProtocol", message));
        }
        let body_max = match request.is_form() {
            true => FORM_MAX,
            false => BODY_MAX,
        };
        if request.query().len() > QUERY_MAX || request.body.len() > body_max {
            return Err(too_large());
        }
        let now = self.clock.now();
        let (owner, key) = sign::verify(request, &self.keys, &self.public_names, now)?;
        let common = Common::of(request)?;
        if common.version != VERSION {
            let message = format!("The version is not supported; `{VERSION}` is.");
            return Err(Fault::new("NoSuchVersion", message));
        }
        let operation = self.operation(&common.action)?;
        if owner
            .limiter
            .take(&format!("{key}\n{}", operation.name), now)
            .is_err()
        {
            let message = "The request rate of this operation has been exceeded.";
            return Err(Fault::new("RequestLimitExceeded", message));
        }
        let fields = Fields::read(request, operation.members)?;
        self.check_app(owner, &fields, operation)?;
        let call = Call {
            service: self.service.clone(),
            caller: caller(owner.tenant, &key, Origin::Tencent),
            sdk_app_id: owner.sdk_app_id,
            now,
            fields,
        };
        (operation.run)(call).await
    }

    fn operation(&self, action: &str) -> Result<&Operation, Fault> {
        if routes::UNSUPPORTED.contains(&action) {
            let message = format!("`{action}` is not supported.");
            return Err(Fault::new("UnsupportedOperation", message));
        }
        self.operations.get(action).ok_or_else(|| {
            let message = format!("The action `{}` is not found.", shown(action));
            Fault::new("InvalidAction", message)
        })
    }

    fn check_app(
        &self,
        owner: &Owner,
        fields: &Fields,
        operation: &Operation,
    ) -> Result<(), Fault> {
        if !operation.members.iter().any(|m| m.name == "SdkAppId") {
            return Ok(());
        }
        let Some(given) = fields.integer("SdkAppId")? else {
            return Ok(());
        };
        let given = u64::try_from(given).ok();
        if given == Some(owner.sdk_app_id) {
            return Ok(());
        }
        let exists = given.is_some_and(|app| self.apps.contains(&app));
        Err(match exists {
            true => Fault::new(
                "UnauthorizedOperation",
                "The key may not use this `SdkAppId`.",
            ),
            false => Fault::new(operation.unknown_app, "The `SdkAppId` does not exist."),
        })
    }
}

fn too_large() -> Fault {
    Fault::new("RequestSizeLimitExceeded", "The request is too large.")
}

/// What every request says about itself, in headers or (the legacy way) among the parameters.
struct Common {
    action: String,
    version: String,
}

impl Common {
    fn of(request: &Incoming) -> Result<Self, Fault> {
        if request.headers.contains_key("authorization") {
            let header = |name: &str| {
                let value = request.header(name).filter(|value| !value.is_empty());
                value.map(str::to_owned).ok_or_else(|| Fault::missing(name))
            };
            return Ok(Self {
                version: header("X-TC-Version")?,
                action: header("X-TC-Action")?,
            });
        }
        let text: &[u8] = match request.method == Method::GET {
            true => request.query().as_bytes(),
            false => &request.body,
        };
        let pairs = decode_form(text).unwrap_or_default();
        let part = |name: &str| {
            let found = pairs
                .iter()
                .find(|(n, value)| n == name && !value.is_empty());
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| Fault::missing(name))
        };
        Ok(Self {
            version: part("Version")?,
            action: part("Action")?,
        })
    }
}

/// The envelope.
fn respond(answered: Result<Answer, Fault>) -> Response {
    let mut inner = match answered {
        Ok(answer) => answer,
        Err(fault) => {
            let mut inner = Answer::new();
            let error = json!({ "Code": fault.code, "Message": fault.message });
            inner.insert("Error".to_owned(), error);
            inner
        }
    };
    inner.insert("RequestId".to_owned(), Value::String(request_id()));
    let mut response = Response::new(json!({ "Response": inner }).to_string().into());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
