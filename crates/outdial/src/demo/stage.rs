//! The stage of the demo: a world on loopback, and the product set up for it.

use std::time::Duration;

use outdial_domain::{
    Agent, AgentId, BreakTime, Calendar, CallerId, CampaignId, ComplianceProfile, Connection,
    Country, LifeCycleCommand, Mode, NewContact, Outcome, PhoneAddress, PhoneNumber, Ratio,
    RetryPolicy, Settings, SkillGroup, SkillGroupId, Target, TenantId, Trunk, TrunkName,
    WishedState,
};
use outdial_peers::{World, WorldOptions};
use outdial_service::views::Stats;
use outdial_service::{Caller, Service, Setup, TenantSetup};
use outdial_telephony::sip::SipSettings;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::DemoOptions;
use crate::wiring::{Server, Vendors};

/// The seed of the demo's world: the same callees each time.
const SEED: u64 = 7;

/// The skill group of all agents.
const GROUP: u64 = 255;

/// The key that the greeting prints.
const KEY: &str = "demo";

/// Everything that the demo consists of.
pub(super) struct Stage {
    world: World,
    server: Server,
    tenant: TenantId,
    campaign: CampaignId,
    country: Country,
    /// Goes last: the database's folder.
    _folder: Option<TempDir>,
}

impl Stage {
    /// Starts world and product, and a campaign between them.
    pub(super) async fn set(options: &DemoOptions) -> Result<Self, String> {
        let words = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
        let world = WorldOptions::compressed(SEED, options.agents)
            .start()
            .await
            .map_err(words("the simulated carrier cannot start"))?;
        let (path, folder) = database(options).map_err(words("the database's folder"))?;
        let country = Country::new("CN")?;
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let mut sip = SipSettings::at(any);
        sip.rtp_ports = 0..=0;
        let setup = setup(&world, country)?;
        let server = Server::start(&path, sip, options.listen, setup, &Vendors::new()).await?;
        let caller = server.service.insider(TenantId::new(1));
        let campaign = campaign(&server.service, &caller, country).await?;
        let tenant = caller.tenant;
        let stage = Self {
            world,
            server,
            tenant,
            campaign,
            country,
            _folder: folder,
        };
        stage.add_contacts(0, options.contacts).await?;
        stage.begin(options.agents).await?;
        Ok(stage)
    }

    pub(super) fn greeting(&self, options: &DemoOptions) -> String {
        format!(
            "Outdial demo: {} contacts, {} agents, real SIP and RTP on loopback (carrier at {}).\n\
             The world is compressed: callees ring at most 4 s and talk about 5 s, wrap-up takes 1 s.\n\
             API http://{}/api/v1/campaigns  (Authorization: Bearer {KEY})",
            options.contacts,
            options.agents,
            self.world.carrier.address(),
            self.server.address
        )
    }

    pub(super) fn service(&self) -> &Service {
        &self.server.service
    }

    pub(super) fn caller(&self) -> Caller {
        self.server.service.insider(self.tenant)
    }

    pub(super) fn campaign(&self) -> CampaignId {
        self.campaign
    }

    pub(super) async fn stats(&self) -> Result<Stats, String> {
        self.service()
            .stats(&self.caller(), self.campaign)
            .await
            .map_err(|error| error.to_string())
    }

    /// Adds contacts number `from` and following.
    pub(super) async fn add_contacts(&self, from: u32, count: u32) -> Result<(), String> {
        let numbers =
            (from..from + count).map(|n| PhoneNumber::parse(&World::number(n), self.country));
        let contacts: Result<Vec<NewContact>, _> = numbers
            .map(|number| number.map(NewContact::with_number))
            .collect();
        let contacts = contacts.map_err(|error| error.to_string())?;
        let import = self
            .service()
            .import_contacts(&self.caller(), self.campaign, false)
            .await;
        let mut import = import.map_err(|error| error.to_string())?;
        import
            .push(contacts)
            .await
            .map_err(|error| error.to_string())?;
        import
            .finish()
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    async fn begin(&self, agents: usize) -> Result<(), String> {
        let caller = self.caller();
        for n in 0..agents {
            let agent = agent_id(n)?;
            self.service()
                .set_agent_state(&caller, agent, WishedState::Ready, BreakTime::Now, "")
                .await
                .map_err(|error| error.to_string())?;
        }
        let start = LifeCycleCommand::Start;
        let started = self
            .service()
            .command_campaign(&caller, self.campaign, start)
            .await;
        started.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Waits a little until the carrier has no call up any more.
    pub(super) async fn until_quiet(&self) {
        let quiet = self.world.carrier.until(
            "no call is up",
            Duration::from_secs(5),
            |log: &outdial_peers::CallLog| log.open_now() == 0,
        );
        // What is up after that is counted as lost.
        let _ = quiet.await;
    }

    /// The carrier's own count of calls, and of those that are up.
    pub(super) fn carrier_counts(&self) -> (u64, u64) {
        self.world
            .carrier
            .read(|log| (log.count() as u64, log.up_now() as u64))
    }

    /// Requests by which the product broke a rule, as carrier and phones saw them.
    pub(super) fn violations(&self) -> usize {
        self.world.carrier.violations().len() + self.world.host.violations().len()
    }

    /// Ends everything, the product first.
    pub(super) async fn strike(self) {
        self.server.stop(Duration::from_secs(10)).await;
        self.world.shut_down().await;
    }
}

fn database(options: &DemoOptions) -> std::io::Result<(std::path::PathBuf, Option<TempDir>)> {
    match &options.data {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            Ok((folder.join("outdial.db"), None))
        }
        None => {
            let folder = tempfile::Builder::new().prefix("outdial-demo-").tempdir()?;
            Ok((folder.path().join("outdial.db"), Some(folder)))
        }
    }
}

fn agent_id(n: usize) -> Result<AgentId, String> {
    AgentId::new(&(1001 + n).to_string()).map_err(|error| error.to_string())
}

fn setup(world: &World, country: Country) -> Result<Setup, String> {
    let group = SkillGroupId::new(GROUP);
    let agents = world.phones.iter().enumerate().map(|(n, phone)| {
        let id = agent_id(n)?;
        Ok(Agent {
            id,
            name: format!("Agent {id}"),
            skill_groups: vec![group],
            phone: PhoneAddress::Uri(phone.uri()),
            connection: Connection::Permanent,
            email: None,
            account: None,
            staff_number: None,
        })
    });
    let name = TrunkName::new("carrier").map_err(|error| error.to_string())?;
    let tenant = TenantSetup {
        name: "demo".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        default_country: country,
        compliance: ComplianceProfile::none(),
        max_calls: 500,
        caller_ids: vec![CallerId::unlimited(caller_id(country)?)],
        skill_groups: vec![SkillGroup {
            id: group,
            name: "sales".to_owned(),
            aliases: Vec::new(),
        }],
        agents: agents.collect::<Result<_, String>>()?,
        flows: Vec::new(),
        number_groups: Vec::new(),
        keys: Vec::new(),
    };
    Ok(Setup {
        trunks: vec![Trunk::at(name, &world.carrier.uri())],
        tenants: vec![tenant],
        admin_key: Some(Sha256::digest(KEY).into()),
    })
}

fn caller_id(country: Country) -> Result<PhoneNumber, String> {
    PhoneNumber::parse("075586013388", country).map_err(|error| error.to_string())
}

async fn campaign(
    service: &Service,
    caller: &Caller,
    country: Country,
) -> Result<CampaignId, String> {
    let calendar = Calendar::always("Asia/Shanghai").map_err(|error| error.to_string())?;
    let ratio = Ratio::from_hundredths(150).map_err(|error| error.to_string())?;
    let target = Target::SkillGroup(SkillGroupId::new(GROUP));
    let mut settings = Settings::new(
        "demo",
        Mode::Ratio(ratio),
        target,
        vec![caller_id(country)?],
        calendar,
    );
    settings.wrap_up = Duration::from_secs(1);
    settings.ring_timeout = Duration::from_secs(4);
    settings.retry = RetryPolicy {
        attempts_total: 2,
        interval: Duration::from_secs(10),
        never: [Outcome::Invalid, Outcome::Rejected].into(),
        ..RetryPolicy::default()
    };
    let created = service.create_campaign(caller, settings, None).await;
    created
        .map(|campaign| campaign.id)
        .map_err(|error| error.to_string())
}
