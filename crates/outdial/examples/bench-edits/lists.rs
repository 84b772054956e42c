//! The longest list that Tencent's edit may bring takes the place of another: for how long nothing else
//! is written.

use std::time::Instant;

use serde_json::{Value, json};

use crate::bodies;
use crate::clients::{self, Dezhu};
use crate::inside::Inside;
use crate::support::{Failure, Figures, Metric, say};
use crate::wire::Connection;

/// The most callees of a campaign.
const CALLEES: u32 = 100_000;

pub(crate) fn measure(dezhu: &Dezhu, figures: &mut Figures) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let inside = Inside::start(folder.path(), &dezhu.public_key())?;
    let mut connection = Connection::open(inside.address)?;
    let mut made = bodies::tencent(None, 0)?;
    made["Callees"] = callees(0);
    let request = clients::tencent("CreatePredictiveDialingCampaign", &made);
    let answer = connection.ask(&request)?.json();
    bodies::succeeded("Tencent", &answer)?;
    let id = answer["Response"]["CampaignId"].as_u64().ok_or("no id")?;
    let campaign = outdial_domain::CampaignId::new(u32::try_from(id)?)?;
    let mut edit = bodies::tencent(Some(id), 1)?;
    // Half of them were in the list before.
    edit["Callees"] = callees(CALLEES / 2);
    let request = clients::tencent("UpdatePredictiveDialingCampaign", &edit);
    let began = Instant::now();
    bodies::succeeded("Tencent", &connection.ask(&request)?.json())?;
    let took = began.elapsed();
    say(&format!("{CALLEES} callees are replaced in {took:?}"));
    // The old ones are set aside after the answer; what waits behind that comes after it.
    let counted = inside.store.contact_counts(campaign);
    let counted = inside.wait(counted)?.total();
    inside.wait(inside.store.drop_staged(campaign))?;
    let hold = inside.store.writer_figures().longest_hold;
    inside.stop();
    let seconds = took.as_secs_f64();
    figures.add(
        Metric::new(
            "contacts after a list was replaced",
            counted as f64,
            "contacts",
        )
        .at_least(f64::from(CALLEES), "every callee of the edit"),
    );
    figures.add(Metric::new(
        "a list replaced by another of 100,000, answered in",
        seconds,
        "s",
    ));
    figures.add(
        Metric::new(
            "longest hold of the writer meanwhile",
            hold.as_secs_f64() * 1e3,
            "ms",
        )
        .at_most(20.0, "a fixed goal; the list's coming, going and change"),
    );
    Ok(())
}

fn callees(from: u32) -> Value {
    json!(
        (from..from + CALLEES)
            .map(|n| format!("+86130{n:08}"))
            .collect::<Vec<_>>()
    )
}
