//! A server without phone lines: the dialects on a real service and store, with two tenants.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use outdial_dialects::dezhu::PublicKey;
use outdial_dialects::{
    AccessKey, Accounts, Clock, Dialects, Secret, alibaba, dezhu, huawei, tencent,
};
use outdial_domain::{
    Agent, AgentId, Calendar, CallerId, ComplianceProfile, Connection, Country, Flow, FlowId,
    FlowSource, Mode, NumberGroup, NumberGroupId, PhoneAddress, PhoneNumber, Settings, SkillGroup,
    SkillGroupId, Target, Timestamp, Trunk, TrunkName,
};
use outdial_service::{Caller, Running, Service, Setup, TenantSetup};
use outdial_store::SqliteStore;
use outdial_telephony::BusyLine;
use serde_json::Value;
use tower::ServiceExt;

/// When every test begins: 2023-11-14T22:13:20Z, for which the known signature of Dezhu is made.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const PUBLIC_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwaUF2lDkYfT9XgwfTNSMxkn9ZrDhtY3IIr4D2NtPO0aJBbMeKHm3PF8DcICqzSpx1WhZiusf78Sh6fQKrr/f7iYPsCnzy7McgYiXaOqYIIr2LMU3nNZbtXjVRgVmtF8TgPYy9otHWR40iCb+PSN3vESP/C+dTHB12QSbVMj0H/nsfBmN65conXX3mmjz35iYcb7uJfxhyXFzMbNCFtE+ikw6pCPcL20XKpg7hVGJRHfdRZdzXwMrCl1O/QuocUJioBLeuWJYaYl4FMegmtBhnzN1JHQeFQZGjYXTmg4uHFQ8PhbrTE8ihJzyxsuEJxlpj7KvX0BGx3fW0lmMep6OmwIDAQAB";

/// A running server whose clock the test moves.
pub(crate) struct Server {
    pub(crate) dialects: Dialects,
    clock: Arc<AtomicI64>,
    running: Running,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

fn tenant(name: &str) -> TenantSetup {
    let country = Country::new("CN").unwrap();
    let number = |text| PhoneNumber::parse(text, country).unwrap();
    let numbers = ["075586013388", "10085", "4008013260"].map(number);
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
            aliases: vec!["1462016331580064".to_owned(), "5".to_owned()],
        }],
        agents: vec![Agent {
            id: AgentId::new("125").unwrap(),
            name: "Li".to_owned(),
            skill_groups: vec![SkillGroupId::new(255)],
            phone: PhoneAddress::Uri("sip:125@127.0.0.1:5091".to_owned()),
            connection: Connection::PerCall,
            email: None,
            account: None,
            staff_number: None,
        }],
        flows: vec![
            Flow {
                id: FlowId::new(41),
                name: "话术".to_owned(),
                source: FlowSource::Sip("sip:bot@127.0.0.1:5095".to_owned()),
                // The scripts of Alibaba's documented example.
                aliases: vec![
                    "5a3940ce-a12f-4222-9f0f-605a9b89ea7c".to_owned(),
                    "c6a668d1-3145-4048-9101-cb3678bb8884".to_owned(),
                ],
            },
            Flow {
                id: FlowId::new(31),
                name: "greeting".to_owned(),
                source: FlowSource::Sip("sip:flow@127.0.0.1:5090".to_owned()),
                aliases: vec!["oifde-flowcode".to_owned()],
            },
            Flow {
                id: FlowId::new(4600),
                name: "welcome".to_owned(),
                source: FlowSource::Sip("sip:ivr@127.0.0.1:5095".to_owned()),
                aliases: Vec::new(),
            },
        ],
        number_groups: vec![NumberGroup {
            id: NumberGroupId::new("1070678044124225").unwrap(),
            caller_ids: numbers[..1].to_vec(),
        }],
        keys: Vec::new(),
    }
}

fn key(id: &str) -> Vec<AccessKey> {
    vec![AccessKey {
        id: id.to_owned(),
        secret: Secret::new("secret"),
    }]
}

impl Server {
    /// A server with the tenants `acme` and `other`.
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    /// The same with no limit for requests in a second.
    pub(crate) async fn without_limits() -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), 0, 0, 0).await
    }

    async fn start_in(folder: tempfile::TempDir) -> Self {
        Self::start_with(folder, 20, 100, 1).await
    }

    async fn start_with(
        folder: tempfile::TempDir,
        tencents_rate: u32,
        alibabas_rate: u32,
        calldata_spacing_s: u32,
    ) -> Self {
        let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
        let (line, events) = BusyLine::new();
        let setup = Setup {
            trunks: vec![Trunk::at(
                TrunkName::new("carrier").unwrap(),
                "sip:127.0.0.1:5080",
            )],
            tenants: vec![tenant("acme"), tenant("other")],
            admin_key: None,
        };
        let running = Running::start(setup, store, Arc::new(line), events)
            .await
            .unwrap();
        let mut accounts = Accounts::default();
        for (name, number) in [("acme", 7), ("other", 8)] {
            let tenant = running.service.tenant_named(name).unwrap().id;
            accounts.tencent.push(tencent::Account {
                tenant,
                sdk_app_id: 1_400_000_000 + number,
                keys: key(&format!("AKID-{name}")),
                requests_per_s: tencents_rate,
            });
            accounts.alibaba.push(alibaba::Account {
                tenant,
                instance_id: format!("instance-{name}"),
                keys: key(&format!("LTAI-{name}")),
                requests_per_s: alibabas_rate,
            });
            accounts.huawei.push(huawei::Account {
                tenant,
                vdn_id: u32::try_from(number).unwrap(),
                keys: key(&format!("ak-{name}")),
                requests_per_s: 0,
                calldata_spacing_s,
                callback_hosts: vec![],
            });
        }
        accounts.dezhu.push(dezhu::Account {
            tenant: running.service.tenant_named("acme").unwrap().id,
            app_id: "0123456789abcdef0123456789abcdef".to_owned(),
            public_keys: vec![PublicKey::read(PUBLIC_KEY).unwrap()],
            requests_per_s: 0,
            paths: vec![dezhu::OwnPath {
                method: "POST".to_owned(),
                path: "/task/run".to_owned(),
                operation: "start_task".to_owned(),
            }],
        });
        let clock = Arc::new(AtomicI64::new(NOW * 1000));
        let told = clock.clone();
        let tell = move || Timestamp::from_millis(told.load(Ordering::SeqCst));
        let dialects = Dialects::new(&running.service, &Clock::new(tell), accounts);
        Self {
            dialects,
            clock,
            running,
            _folder: folder,
        }
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let nobody = Router::new().fallback(async || (StatusCode::NOT_FOUND, "nobody's"));
        let router = self.dialects.clone().router(nobody);
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    /// The second id of a new campaign of a tenant.
    pub(crate) async fn campaign_of(&self, tenant: &str) -> String {
        let service = &self.running.service;
        let caller = service.insider(service.tenant_named(tenant).unwrap().id);
        let settings = Settings::new(
            "their own",
            Mode::Progressive,
            Target::SkillGroup(SkillGroupId::new(255)),
            vec![PhoneNumber::from_text("10085").unwrap()],
            Calendar::always("Asia/Shanghai").unwrap(),
        );
        let campaign = service.create_campaign(&caller, settings, None).await;
        campaign.unwrap().uuid
    }

    /// Its use cases, and the server itself as a caller in the tenant `acme`.
    pub(crate) fn inside(&self) -> (&Service, Caller) {
        let service = &self.running.service;
        let tenant = service.tenant_named("acme").unwrap().id;
        (service, service.insider(tenant))
    }

    /// Stops it, and starts another one with its database.
    pub(crate) async fn restart(self) -> Self {
        self.running.stop(Duration::from_millis(10)).await;
        drop(self.dialects);
        Self::start_in(self._folder).await
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        self.running.stop(Duration::from_millis(10)).await;
    }
}

/// A request.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// Lower-case hex of HMAC-SHA256.
pub(crate) fn hmac_hex(key: &[u8], text: &[u8]) -> String {
    hex(&hmac(key, text))
}

/// HMAC-SHA256.
pub(crate) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Lower-case hex of SHA-256.
pub(crate) fn sha_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
