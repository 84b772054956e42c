//! A server without phone lines: the API on a real service and store, and a line on which every callee
//! is busy.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use outdial_api::{Options, router};
use outdial_domain::{
    Agent, AgentId, CallerId, ComplianceProfile, Connection, Country, Flow, FlowId, FlowSource,
    NumberGroup, NumberGroupId, PhoneAddress, PhoneNumber, SkillGroup, SkillGroupId, Trunk,
    TrunkName,
};
use outdial_service::{KeySetup, Role, Running, Setup, TenantSetup};
use outdial_store::SqliteStore;
use outdial_telephony::BusyLine;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The key with every right.
pub(crate) const ADMIN: &str = "admin-secret";

/// A running server.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) shutdown: CancellationToken,
    running: Running,
    tenants: Vec<TenantSetup>,
    folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

fn key(name: &str, role: Role, agent: Option<&str>) -> KeySetup {
    KeySetup {
        name: name.to_owned(),
        role,
        agent: agent.map(|id| AgentId::new(id).unwrap()),
        secret_sha256: Sha256::digest(format!("{name}-secret")).into(),
    }
}

fn agent(id: &str) -> Agent {
    Agent {
        id: AgentId::new(id).unwrap(),
        name: format!("Agent {id}"),
        skill_groups: vec![SkillGroupId::new(255)],
        phone: PhoneAddress::Uri(format!("sip:{id}@127.0.0.1:5090")),
        connection: Connection::Permanent,
        email: None,
        account: None,
        staff_number: None,
    }
}

/// A tenant with two agents, a group, a flow, three caller IDs, and a key of each role whose secret is
/// its name and `-secret`.
pub(crate) fn tenant(name: &str) -> TenantSetup {
    let country = Country::new("CN").unwrap();
    let number = |text| PhoneNumber::parse(text, country).unwrap();
    let numbers = ["075586013388", "10085", "4008013260"].map(number);
    let own = |role: &str| format!("{name}-{role}");
    TenantSetup {
        name: name.to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: country,
        compliance: ComplianceProfile::none(),
        max_calls: 100,
        caller_ids: numbers.map(CallerId::unlimited).to_vec(),
        skill_groups: vec![SkillGroup {
            id: SkillGroupId::new(255),
            name: "sales".to_owned(),
            aliases: Vec::new(),
        }],
        agents: vec![agent("1001"), agent("1002")],
        flows: vec![Flow {
            id: FlowId::new(4600),
            name: "welcome".to_owned(),
            source: FlowSource::Sip("sip:ivr@127.0.0.1:5095".to_owned()),
            aliases: Vec::new(),
        }],
        number_groups: vec![NumberGroup {
            id: NumberGroupId::new("1070").unwrap(),
            caller_ids: numbers[..1].to_vec(),
        }],
        keys: vec![
            key(&own("supervisor"), Role::Supervisor, None),
            key(&own("integrator"), Role::Integrator, None),
            key(&own("agent"), Role::Agent, Some("1001")),
            key(&own("auditor"), Role::Auditor, None),
        ],
    }
}

impl Server {
    /// A server with these tenants.
    pub(crate) async fn start(tenants: &[&str]) -> Self {
        Self::with(tenants.iter().map(|name| tenant(name)).collect()).await
    }

    /// A server with tenants set up like this.
    pub(crate) async fn with(tenants: Vec<TenantSetup>) -> Self {
        Self::on(tempfile::tempdir().unwrap(), tenants).await
    }

    /// The same server once more, after a stop.
    pub(crate) async fn restart(self) -> Self {
        self.shutdown.cancel();
        self.running.stop(Duration::from_secs(5)).await;
        Self::on(self.folder, self.tenants).await
    }

    async fn on(folder: tempfile::TempDir, tenants: Vec<TenantSetup>) -> Self {
        let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
        let (line, events) = BusyLine::new();
        let trunk = Trunk::at(TrunkName::new("carrier").unwrap(), "sip:127.0.0.1:5080");
        let setup = Setup {
            trunks: vec![trunk],
            tenants: tenants.clone(),
            admin_key: Some(Sha256::digest(ADMIN).into()),
        };
        let running = Running::start(setup, store, Arc::new(line), events)
            .await
            .unwrap();
        let shutdown = CancellationToken::new();
        let options = Options {
            render_metrics: Some(Arc::new(|| "up 1\n".to_owned())),
            shutdown: shutdown.clone(),
        };
        Self {
            router: router(running.service.clone(), options),
            shutdown,
            running,
            tenants,
            folder,
        }
    }

    /// A server with the tenant `acme`.
    pub(crate) async fn acme() -> Self {
        Self::start(&["acme"]).await
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.stop(Duration::from_secs(5)).await;
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 * 1024 * 1024).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Sends a request with the admin key.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.ask_as(ADMIN, method, path, body).await
    }

    /// Sends a request with this key.
    pub(crate) async fn ask_as(
        &self,
        secret: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = request(method, path).header("Authorization", format!("Bearer {secret}"));
        let request = match body {
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// Makes a campaign and says its id.
    pub(crate) async fn campaign(&self, change: Value) -> u64 {
        let mut body = serde_json::json!({
            "name": "Spring",
            "mode": "progressive",
            "target": {"skill_group": 255},
            "caller_ids": ["075586013388"],
        });
        let fields = body.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let answer = self.ask("POST", "/api/v1/campaigns", Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json["id"].as_u64().unwrap()
    }

    /// Sends contacts to a campaign.
    pub(crate) async fn contacts(
        &self,
        campaign: u64,
        query: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let path = format!("/api/v1/campaigns/{campaign}/contacts{query}");
        let request = request("POST", &path)
            .header("Authorization", format!("Bearer {ADMIN}"))
            .header("Content-Type", content_type)
            .body(body.into());
        self.send(request.unwrap()).await
    }

    /// Asks again until the answer is as wished, for at most ten seconds.
    pub(crate) async fn wait_for(&self, path: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let until = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let answer = self.ask("GET", path, None).await;
            if wish(&answer.json) {
                return answer.json;
            }
            assert!(
                tokio::time::Instant::now() < until,
                "{path}: {}",
                answer.text
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

impl Answer {
    /// Checks that it is a problem document of this kind.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, kind: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{}",
            self.text
        );
        assert_eq!(self.json["type"], format!("urn:outdial:problem:{kind}"));
        assert_eq!(self.json["status"], status);
        assert!(!self.json["detail"].as_str().unwrap().is_empty());
        self
    }

    /// The fields that a problem document names.
    pub(crate) fn wrong_fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|e| e["field"].as_str().unwrap())
            .collect()
    }
}
