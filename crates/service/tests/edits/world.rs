//! A server without phone lines: a line on which every callee is busy, and a store that outlives it.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;
use std::time::Duration;

use outdial_domain::{
    Agent, AgentId, Calendar, CallerId, Campaign, CampaignId, ComplianceProfile, Connection,
    Country, Flow, FlowId, FlowSource, LifeCycleCommand, Mode, NewContact, Origin, PhoneAddress,
    PhoneNumber, Settings, Target, TenantId, Timestamp, Trunk, TrunkName,
};
use outdial_service::{
    Caller, CampaignEdit, REST_EDIT, Running, Service, ServiceError, Setup, TenantSetup,
};
use outdial_store::SqliteStore;
use outdial_telephony::{BusyLine, Connector, EventReceiver};

pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_millis(since_1970.unwrap().as_millis() as i64)
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text, Country::new("CN").unwrap()).unwrap()
}

/// Contacts with numbers of their own for each index below 10^8.
pub(crate) fn contacts(indexes: impl IntoIterator<Item = u32>) -> Vec<NewContact> {
    let number = |index| PhoneNumber::from_text(&format!("+86130{index:08}")).unwrap();
    let indexes = indexes.into_iter();
    indexes
        .map(|index| NewContact::with_number(number(index)))
        .collect()
}

fn setup() -> Setup {
    let mut tied = CallerId::unlimited(number("4008013260"));
    tied.trunk = TrunkName::new("gone").ok();
    let tenant = TenantSetup {
        name: "acme".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: Country::new("CN").unwrap(),
        compliance: ComplianceProfile::none(),
        max_calls: 100,
        caller_ids: vec![CallerId::unlimited(number("10085")), tied],
        skill_groups: Vec::new(),
        agents: vec![Agent {
            id: AgentId::new("1001").unwrap(),
            name: "Agent 1001".to_owned(),
            skill_groups: Vec::new(),
            phone: PhoneAddress::Uri("sip:1001@127.0.0.1".to_owned()),
            connection: Connection::PerCall,
            email: None,
            account: None,
            staff_number: None,
        }],
        flows: vec![Flow {
            id: FlowId::new(4600),
            name: "welcome".to_owned(),
            source: FlowSource::Sip("sip:ivr@127.0.0.1:5095".to_owned()),
            aliases: Vec::new(),
        }],
        number_groups: Vec::new(),
        keys: Vec::new(),
    };
    Setup {
        trunks: vec![Trunk::at(
            TrunkName::new("carrier").unwrap(),
            "sip:127.0.0.1:5080",
        )],
        tenants: vec![tenant],
        admin_key: None,
    }
}

/// A running server.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) caller: Caller,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) running: Running,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(folder: tempfile::TempDir) -> Self {
        let (line, events) = BusyLine::new();
        Self::on(folder, Arc::new(line), events).await
    }

    /// A server with this line.
    pub(crate) async fn on(
        folder: tempfile::TempDir,
        line: Arc<dyn Connector>,
        events: EventReceiver,
    ) -> Self {
        let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
        let kept: Arc<SqliteStore> = Arc::clone(&store);
        let running = Running::start(setup(), kept, line, events).await.unwrap();
        let service = running.service.clone();
        let mut caller = service.insider(TenantId::new(1));
        caller.name = "crm".to_owned();
        Self {
            service,
            caller,
            store,
            running,
            folder,
        }
    }

    /// Stops the server; it is away for so long.
    pub(crate) async fn restart(self, away_until: Timestamp) -> Self {
        let Self {
            service,
            running,
            folder,
            ..
        } = self;
        drop(service);
        running.stop(Duration::from_secs(5)).await;
        tokio::time::sleep(away_until.since(now())).await;
        Self::start_in(folder).await
    }

    pub(crate) async fn stop(self) {
        drop(self.service);
        self.running.stop(Duration::from_secs(5)).await;
    }

    /// A vendor's key.
    pub(crate) fn vendor(&self, origin: Origin) -> Caller {
        Caller {
            name: "AKID".to_owned(),
            origin,
            ..self.caller.clone()
        }
    }

    /// A campaign of a flow, changed so.
    pub(crate) async fn campaign(&self, change: impl FnOnce(&mut Settings)) -> CampaignId {
        let mut settings = Settings::new(
            "spring",
            Mode::Concurrency,
            Target::Flow(FlowId::new(4600)),
            vec![number("10085")],
            Calendar::always("Asia/Shanghai").unwrap(),
        );
        change(&mut settings);
        let made = self.service.create_campaign(&self.caller, settings, None);
        made.await.unwrap().id
    }

    pub(crate) async fn import(&self, id: CampaignId, list: Vec<NewContact>) {
        let import = self.service.import_contacts(&self.caller, id, false).await;
        let mut import = import.unwrap();
        import.push(list).await.unwrap();
        import.finish().await.unwrap();
    }

    pub(crate) async fn command(&self, id: CampaignId, command: LifeCycleCommand) {
        let commanded = self.service.command_campaign(&self.caller, id, command);
        commanded.await.unwrap();
    }

    pub(crate) async fn show(&self, id: CampaignId) -> Campaign {
        self.service.campaign(&self.caller, id).await.unwrap()
    }

    /// Asks again until it is as wished, for at most a minute.
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut(&Self) -> Option<T>,
    ) -> T {
        let until = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = ask(self).await {
                return found;
            }
            assert!(tokio::time::Instant::now() < until, "never: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until so many attempts are over.
    pub(crate) async fn wait_for_attempts(&self, id: CampaignId, count: u64) {
        self.wait("attempts", async |world| {
            let stats = world.service.stats(&world.caller, id).await.unwrap();
            let busy = stats.outcomes.values().sum::<u64>();
            (busy >= count && stats.contacts.in_progress == 0).then_some(())
        })
        .await;
    }

    /// Waits until the first attempts are placed.
    pub(crate) async fn wait_for_some_attempts(&self, id: CampaignId) {
        self.wait("a first attempt", async |world| {
            let stats = world.service.stats(&world.caller, id).await.unwrap();
            (stats.attempts > 0).then_some(())
        })
        .await;
    }
}

/// An edit by our own rules.
pub(crate) fn edit(change: impl Fn(&mut Settings) + Send + Sync + 'static) -> CampaignEdit {
    CampaignEdit::new(REST_EDIT, wish(change))
}

/// Settings changed so.
pub(crate) fn wish(
    change: impl Fn(&mut Settings) + Send + Sync + 'static,
) -> impl Fn(&Campaign) -> Result<Settings, ServiceError> + Send + Sync + 'static {
    move |campaign| {
        let mut settings = campaign.settings.clone();
        change(&mut settings);
        Ok(settings)
    }
}
