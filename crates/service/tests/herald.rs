//! A herald is told of each call before its INVITE, and cannot keep one from going out.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use outdial_domain::{
    Calendar, CallerId, ComplianceProfile, Country, LifeCycleCommand, Mode, NewContact, Origin,
    PhoneNumber, Settings, Target, TenantId, Trunk, TrunkName,
};
use outdial_service::{CallNotice, Herald, Running, Setup, TenantSetup};
use outdial_store::SqliteStore;
use outdial_telephony::{
    BusyLine, Call, Command, Connector, Counters, DialogIdentity, LegUp, PlanError,
};

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Notes every INVITE.
struct NotedLine(BusyLine, Log);

#[async_trait]
impl Connector for NotedLine {
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError> {
        self.0.plan(call)
    }

    fn send(&self, command: Command) {
        if matches!(command, Command::Place { .. }) {
            self.1.lock().unwrap().push("invite");
        }
        self.0.send(command);
    }

    async fn legs_up(&self) -> Vec<LegUp> {
        self.0.legs_up().await
    }

    fn counters(&self) -> Counters {
        self.0.counters()
    }

    async fn shutdown(&self, patience: Duration) {
        self.0.shutdown(patience).await;
    }
}

/// Notes what it is told, and fails at every second call.
#[derive(Debug)]
struct Noting(Log, Mutex<Vec<CallNotice>>);

impl Herald for Noting {
    fn call_begins(&self, notice: CallNotice) {
        self.0.lock().unwrap().push("told");
        let count = {
            let mut notices = self.1.lock().unwrap();
            notices.push(notice);
            notices.len()
        };
        assert!(count % 2 == 1, "a fault of the test's");
    }
}

fn setup() -> Setup {
    let tenant = TenantSetup {
        name: "acme".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: Country::new("CN").unwrap(),
        compliance: ComplianceProfile::none(),
        max_calls: 1,
        caller_ids: vec![CallerId::unlimited(
            PhoneNumber::from_text("10085").unwrap(),
        )],
        skill_groups: Vec::new(),
        agents: Vec::new(),
        flows: Vec::new(),
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

#[tokio::test]
async fn a_herald_is_told_before_each_invite_and_keeps_none_from_going_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("outdial.db")).unwrap());
    let log = Log::default();
    let (line, events) = BusyLine::new();
    let line = Arc::new(NotedLine(line, log.clone()));
    let running = Running::start(setup(), store, line, events).await.unwrap();
    let service = running.service.clone();
    let herald = Arc::new(Noting(log.clone(), Mutex::default()));
    service.announce_calls_to(herald.clone()).await.unwrap();

    // One line: the calls go out one after the other.
    let caller = service.insider(TenantId::new(1));
    let settings = Settings::new(
        "spring",
        Mode::Concurrency,
        Target::Sip("sip:ivr@127.0.0.1:5095".to_owned()),
        vec![PhoneNumber::from_text("10085").unwrap()],
        Calendar::always("Asia/Shanghai").unwrap(),
    );
    let extras = [(Origin::Alibaba, serde_json::json!({"Flash": "1"}))].into();
    let campaign = service
        .create_campaign_with(&caller, settings, extras, None)
        .await
        .unwrap();
    let contacts = (1..=4).map(|n| {
        let number = PhoneNumber::from_text(&format!("+861300000000{n}")).unwrap();
        NewContact::with_number(number)
    });
    service
        .add_contacts(&caller, campaign.id, contacts.collect())
        .await
        .unwrap();
    service
        .command_campaign(&caller, campaign.id, LifeCycleCommand::Start)
        .await
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while log.lock().unwrap().len() < 8 {
        assert!(Instant::now() < deadline, "{:?}", log.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(*log.lock().unwrap(), ["told", "invite"].repeat(4));
    let notices = herald.1.lock().unwrap().clone();
    for notice in &notices {
        assert_eq!(notice.campaign, campaign.id);
        assert_eq!(notice.extras[&Origin::Alibaba]["Flash"], "1");
    }
    running.stop(Duration::from_secs(1)).await;
}
