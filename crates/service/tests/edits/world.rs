//! A server without phone lines: a line on which every callee is busy, and a store that outlives it.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outdial_domain::{
    Agent, AgentId, Calendar, CallerId, Campaign, CampaignId, ComplianceProfile, Connection,
    Country, Evidence, Flow, FlowId, FlowSource, LifeCycleCommand, Mode, NewContact, Origin,
    PhoneAddress, PhoneNumber, Settings, Target, TenantId, Timestamp, Trunk, TrunkName,
};
use outdial_service::{
    Caller, CampaignEdit, REST_EDIT, Running, Service, ServiceError, Setup, TenantSetup,
};
use outdial_store::SqliteStore;
use outdial_telephony::{
    AnsweredDialog, Call, Command, Connector, Counters, DialogIdentity, Event, LegId, LegUp, Party,
    PlanError,
};
use tokio::sync::mpsc::UnboundedSender;

/// What is done when the first callee is called.
type Hook = Box<dyn FnOnce() + Send>;

/// A line on which every callee is busy, or answers.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) answers: AtomicBool,
    /// Calls that were to be called, and calls to callees and flows that were.
    pub(crate) planned: AtomicU32,
    pub(crate) callees: AtomicU32,
    pub(crate) flows: AtomicU32,
    pub(crate) joined: AtomicU32,
    pub(crate) hung_up: AtomicU32,
    pub(crate) at_first_callee: Mutex<Option<Hook>>,
}

struct TestLine {
    events: UnboundedSender<Event>,
    line: Arc<Line>,
}

impl TestLine {
    fn placed(&self, call: &Call) -> Event {
        let leg = call.leg;
        let counter = match call.party {
            Party::Callee { .. } => &self.line.callees,
            _ => &self.line.flows,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        if matches!(call.party, Party::Callee { .. })
            && let Some(hook) = self.line.at_first_callee.lock().unwrap().take()
        {
            hook();
        }
        if self.line.answers.load(Ordering::SeqCst) {
            let dialog = AnsweredDialog {
                remote_tag: "far".to_owned(),
                remote_target: "sip:far@127.0.0.1".to_owned(),
                route_set: Vec::new(),
                cseq: 1,
                destination: "udp:127.0.0.1:5080".to_owned(),
            };
            let at = now();
            return Event::Answered { leg, at, dialog };
        }
        let evidence = Evidence {
            sip_status: Some(486),
            responded: true,
            ..Evidence::default()
        };
        ended(leg, evidence)
    }
}

fn ended(leg: LegId, evidence: Evidence) -> Event {
    Event::Ended {
        leg,
        at: now(),
        evidence,
        retry_after: None,
    }
}

pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_millis(since_1970.unwrap().as_millis() as i64)
}

#[async_trait]
impl Connector for TestLine {
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError> {
        self.line.planned.fetch_add(1, Ordering::SeqCst);
        Ok(DialogIdentity {
            call_id: format!("call-{}", call.leg),
            local_tag: "tag".to_owned(),
            branch: format!("z9hG4bK{}", call.leg),
            cseq: 1,
            request_uri: "sip:callee@127.0.0.1".to_owned(),
            from: "sip:us@127.0.0.1".to_owned(),
            to: "sip:callee@127.0.0.1".to_owned(),
            sent_by: "udp:127.0.0.1:5060".to_owned(),
            destination: "udp:127.0.0.1:5080".to_owned(),
            trunk: None,
        })
    }

    fn send(&self, command: Command) {
        let event = match command {
            Command::Place { call, .. } => self.placed(&call),
            Command::Join { callee, other, .. } => {
                self.line.joined.fetch_add(1, Ordering::SeqCst);
                let at = now();
                Event::Joined { callee, other, at }
            }
            Command::HangUp { leg, .. } => {
                self.line.hung_up.fetch_add(1, Ordering::SeqCst);
                ended(leg, Evidence::default())
            }
            Command::Clear(dialogs) => Event::Cleared {
                at: now(),
                legs: dialogs.iter().map(|dialog| dialog.leg).collect(),
                left: 0,
            },
            Command::Probe { trunk } => Event::TrunkHealth {
                trunk,
                at: now(),
                answered: true,
            },
            _ => return,
        };
        // Nobody listens any more when the server has stopped.
        let _ = self.events.send(event);
    }

    async fn legs_up(&self) -> Vec<LegUp> {
        Vec::new()
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }

    async fn shutdown(&self, _patience: Duration) {}
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
    pub(crate) line: Arc<Line>,
    pub(crate) running: Running,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    async fn start_in(folder: tempfile::TempDir) -> Self {
        let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
        let (events, lines) = tokio::sync::mpsc::unbounded_channel();
        let line = Arc::new(Line::default());
        let connector = TestLine {
            events,
            line: Arc::clone(&line),
        };
        let kept: Arc<SqliteStore> = Arc::clone(&store);
        let running = Running::start(setup(), kept, Arc::new(connector), lines)
            .await
            .unwrap();
        let service = running.service.clone();
        let mut caller = service.insider(TenantId::new(1));
        caller.name = "crm".to_owned();
        Self {
            service,
            caller,
            store,
            line,
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

    /// Asks again until it is as wished, for at most ten seconds.
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut(&Self) -> Option<T>,
    ) -> T {
        let until = tokio::time::Instant::now() + Duration::from_secs(10);
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
