//! What `bench-import` needs around what it measures. One line of JSON on standard output is the result.
#![allow(unreachable_pub)] // A module of each bench, not of a crate.

use std::error::Error;

use outdial_domain::{
    AttemptId, Calendar, CampaignId, ComplianceProfile, ContactId, Country, Mode, Origin,
    PhoneNumber, RevisionNumber, Settings, SkillGroupId, Target, TenantId, Timestamp, TrunkName,
};
use outdial_store::{NewAttempt, NewCampaign, NewLeg, NewTenant, Store};
use serde_json::{Value, json};

type Failure = Box<dyn Error + Send + Sync>;

/// A figure, and what it must not exceed.
pub struct Metric(Value);

impl Metric {
    pub fn new(name: &str, value: f64, unit: &str) -> Self {
        // More digits after the point would only pretend precision.
        let value = (value * 1e4).round() / 1e4;
        Self(json!({ "name": name, "value": value, "unit": unit }))
    }

    pub fn at_most(mut self, limit: f64, reference: impl Into<String>) -> Self {
        self.0["limit"] = limit.into();
        self.0["limit_kind"] = "max".into();
        self.0["reference"] = reference.into().into();
        self
    }
}

/// Prints the result. That a limit is exceeded is a result, too: `cargo xtask bench` judges.
pub fn report(bench: &str, metrics: impl IntoIterator<Item = Metric>) {
    let metrics: Vec<Value> = metrics.into_iter().map(|metric| metric.0).collect();
    println!(
        "{{\"bench\":{},\"metrics\":{}}}",
        json!(bench),
        json!(metrics)
    );
}

/// A number of its own for each index below 99,999,989, in no order.
pub fn number(index: u32) -> String {
    // Multiplication modulo a prime is a bijection.
    format!("+86130{:08}", u64::from(index) * 48_271 % 99_999_989)
}

/// The most memory this process has had, in MB of 10⁶ bytes.
pub fn peak_memory_mb() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("no VmHWM")?;
    Ok(kib.trim().parse::<f64>()? * 1024.0 / 1e6)
}

/// A campaign of the one tenant.
pub async fn new_campaign(store: &dyn Store, name: &str) -> Result<CampaignId, Failure> {
    let tenant = store
        .put_tenant(NewTenant {
            name: "acme".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            default_country: Country::new("CN")?,
            compliance: ComplianceProfile::none(),
            max_calls: 500,
        })
        .await?;
    let settings = Settings::new(
        name,
        Mode::Progressive,
        Target::SkillGroup(SkillGroupId::new(255)),
        vec![PhoneNumber::from_text("10085")?],
        Calendar::always("Asia/Shanghai")?,
    );
    let campaign = NewCampaign {
        tenant: tenant.id,
        origin: Origin::Rest,
        author: "bench".to_owned(),
        at: Timestamp::from_secs(1_795_165_200),
        settings,
        extras: Default::default(),
        idempotency: None,
    };
    Ok(store.create_campaign(campaign).await?.campaign.id)
}

/// The attempt with this id, to the contact at the same place in the list.
pub fn place(campaign: CampaignId, id: u64) -> NewAttempt {
    let short = PhoneNumber::from_text("10085").expect("10085 is a dial string");
    NewAttempt {
        tenant: TenantId::new(1),
        id: AttemptId::new(id),
        campaign,
        contact: ContactId::new(u64::from(campaign.number()) * 1_000_000_000 + id),
        number: PhoneNumber::from_text(&number(90_000_000 + id as u32))
            .expect("the list is made of E.164 numbers"),
        caller_id: short,
        trunk: TrunkName::new("carrier").expect("carrier is a short text"),
        agent: None,
        revision: RevisionNumber::new(1),
        started_at: Timestamp::from_secs(1_795_165_200),
        leg: NewLeg {
            leg: id,
            identity: format!("{{\"call_id\":\"{id:032x}@127.0.0.1\",\"cseq\":1}}"),
        },
        events: Vec::new(),
    }
}
