//! A server in this process: the product's own stack from the socket to the store, beside handlers of
//! the bench that do less. Nothing is dialed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path as Segment;
use axum::routing::post;
use outdial_dialects::{
    AccessKey, Accounts, Clock, Dialects, Secret, alibaba, dezhu, huawei, tencent,
};
use outdial_domain::{
    CallerId, ComplianceProfile, Country, Flow, FlowId, FlowSource, NumberGroup, NumberGroupId,
    PhoneNumber, SkillGroup, SkillGroupId, Timestamp, Trunk, TrunkName,
};
use outdial_service::{Running, Service, Setup, TenantSetup};
use outdial_store::{NewEvent, SqliteStore, Store};
use outdial_telephony::{
    Call, Command, Connector, Counters, DialogIdentity, Event, LegUp, PlanError,
};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::clients::{APP_ID, INSTANCE, SDK_APP_ID, SECRET};
use crate::decoding;
use crate::support::{ADMIN_KEY, CALLER_ID, Failure, GROUP};

/// The name of the server's threads, by which their processor time is found.
pub(crate) const THREADS: &str = "bench-server";

/// A server whose API runs on one thread, so that one thread is what each kind of request shares.
pub(crate) struct Inside {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    pub(crate) store: Arc<dyn Store>,
    runtime: Runtime,
    running: Option<Running>,
    stop: CancellationToken,
}

impl Inside {
    pub(crate) fn start(folder: &Path, dezhus_key: &str) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(THREADS)
            .enable_all()
            .build()?;
        let stop = CancellationToken::new();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("outdial.db"))?);
        let serving = serve(store.clone(), dezhus_key, stop.clone());
        let (address, running) = runtime.block_on(serving)?;
        Ok(Self {
            address,
            service: running.service.clone(),
            store,
            runtime,
            running: Some(running),
            stop,
        })
    }

    /// Asks the service.
    pub(crate) fn wait<T>(&self, for_this: impl Future<Output = T>) -> T {
        self.runtime.block_on(for_this)
    }

    pub(crate) fn stop(mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            self.runtime
                .block_on(running.stop(Duration::from_millis(10)));
        }
    }
}

async fn serve(
    store: Arc<dyn Store>,
    dezhus_key: &str,
    stop: CancellationToken,
) -> Result<(SocketAddr, Running), Failure> {
    let (events, lines) = tokio::sync::mpsc::unbounded_channel();
    let line = Arc::new(NoLine { events });
    let running = Running::start(setup()?, store.clone(), line, lines).await?;
    let service = running.service.clone();
    let tenant = service
        .tenant_named("acme")
        .ok_or("the tenant is not there")?;
    let clock = Clock::system();
    let key = AccessKey {
        id: "bench".to_owned(),
        secret: Secret::new(SECRET),
    };
    let mut accounts = Accounts::default();
    accounts.tencent.push(tencent::Account {
        tenant: tenant.id,
        sdk_app_id: SDK_APP_ID,
        keys: vec![key.clone()],
        requests_per_s: 0,
    });
    accounts.alibaba.push(alibaba::Account {
        tenant: tenant.id,
        instance_id: INSTANCE.to_owned(),
        keys: vec![key.clone()],
        requests_per_s: 0,
    });
    accounts.huawei.push(huawei::Account {
        tenant: tenant.id,
        vdn_id: 7,
        keys: vec![key],
        requests_per_s: 0,
        calldata_spacing_s: 0,
        callback_hosts: Vec::new(),
    });
    accounts.dezhu.push(dezhu::Account {
        tenant: tenant.id,
        app_id: APP_ID.to_owned(),
        public_keys: vec![dezhu::PublicKey::read(dezhus_key)?],
        requests_per_s: 0,
        paths: Vec::new(),
        callback_url: None,
    });
    let Accounts {
        tencent: tencents,
        alibaba: alibabas,
        huawei: huaweis,
        dezhu: dezhus,
        ..
    } = accounts;
    let (own, told) = (|| service.clone(), || clock.clone());
    let dialects = Dialects {
        tencent: Arc::new(tencent::Tencent::new(own(), told(), tencents).with(decoding::TENCENT)),
        alibaba: Arc::new(alibaba::Alibaba::new(own(), told(), alibabas).with(decoding::ALIBABA)),
        huawei: Arc::new(huawei::Huawei::new(own(), told(), huaweis).with(decoding::HUAWEI)),
        dezhu: Arc::new(
            dezhu::Dezhu::new(own(), told(), dezhus)
                .with_path("POST", decoding::DEZHU_PATH, decoding::DEZHU.name)
                .with(decoding::DEZHU),
        ),
    };
    let tenant = tenant.id;
    // What an unsigned handler is: the body is read, and an answer of the same size goes back.
    let plain = post(async |_body: Bytes| decoding::answer());
    let commit = post(async move |Segment(size): Segment<usize>, _body: Bytes| {
        let event = NewEvent {
            tenant,
            at: Timestamp::from_millis(0),
            kind: "bench".into(),
            campaign: None,
            data: format!("\"{}\"", "x".repeat(size)),
        };
        match store.append_events(vec![event]).await {
            Ok(()) => decoding::answer(),
            Err(error) => error.to_string(),
        }
    });
    let nobody = Router::new().fallback(outdial_api::route_not_found);
    let options = outdial_api::Options {
        render_metrics: None,
        shutdown: stop.clone(),
    };
    let router = outdial_api::router(service, options)
        .route("/bench/plain", plain)
        .route("/bench/commit/{size}", commit)
        .fallback_service(dialects.router(nobody));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(outdial_api::serve(listener, router, stop));
    Ok((address, running))
}

fn setup() -> Result<Setup, Failure> {
    let country = Country::new("CN")?;
    let number = PhoneNumber::parse(CALLER_ID, country)?;
    let flow = Flow {
        id: FlowId::new(41),
        name: "script".to_owned(),
        source: FlowSource::Sip("sip:bot@127.0.0.1:5095".to_owned()),
        aliases: Vec::new(),
    };
    let tenant = TenantSetup {
        name: "acme".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: country,
        compliance: ComplianceProfile::none(),
        max_calls: 100,
        caller_ids: vec![CallerId::unlimited(number)],
        skill_groups: vec![SkillGroup {
            id: SkillGroupId::new(GROUP),
            name: "sales".to_owned(),
            aliases: Vec::new(),
        }],
        agents: Vec::new(),
        flows: vec![flow],
        number_groups: vec![NumberGroup {
            id: NumberGroupId::new("1")?,
            caller_ids: vec![number],
        }],
        keys: Vec::new(),
    };
    Ok(Setup {
        trunks: vec![Trunk::at(TrunkName::new("carrier")?, "sip:127.0.0.1:5080")],
        tenants: vec![tenant],
        admin_key: Some(Sha256::digest(ADMIN_KEY).into()),
    })
}

/// No line is there, and none is wanted: nothing is started.
struct NoLine {
    events: UnboundedSender<Event>,
}

#[async_trait]
impl Connector for NoLine {
    fn plan(&self, _call: &Call) -> Result<DialogIdentity, PlanError> {
        Err(PlanError::Address("there is no line".to_owned()))
    }

    fn send(&self, command: Command) {
        if let Command::Clear(dialogs) = command {
            let event = Event::Cleared {
                at: Timestamp::from_millis(0),
                legs: dialogs.iter().map(|dialog| dialog.leg).collect(),
                left: 0,
            };
            // Nobody listens any more when the server has stopped.
            let _ = self.events.send(event);
        }
    }

    async fn legs_up(&self) -> Vec<LegUp> {
        Vec::new()
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }

    async fn shutdown(&self, _patience: Duration) {}
}
