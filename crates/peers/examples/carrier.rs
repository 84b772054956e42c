//! A carrier to play with by hand: `cargo run -p outdial-peers --example carrier -- 127.0.0.1:5080`.
//!
//! Every callee answers after half a second and talks for two, with audio when a second argument
//! `audio` is given. Ctrl-C ends it and prints its account.

use outdial_peers::{Audio, CalleePlan, Carrier, CarrierOptions, MediaOptions, Planner};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:0".to_owned())
        .parse()?;
    let audio = if arguments.next().as_deref() == Some("audio") {
        Audio::Tone
    } else {
        Audio::Off
    };
    let media = MediaOptions {
        audio,
        ..MediaOptions::default()
    };
    let plan = CalleePlan::answer()
        .ring_time(Duration::from_millis(500))
        .talk(Duration::from_secs(2))
        .media(media);
    let carrier = Carrier::start(CarrierOptions {
        listen,
        ..CarrierOptions::new(Planner::same(plan))
    })
    .await?;
    println!("carrier at {}", carrier.uri());
    tokio::signal::ctrl_c().await?;
    let log = carrier.log();
    println!(
        "calls {}, answered {}, up now {}",
        log.count(),
        log.answered(),
        log.up_now()
    );
    println!(
        "most at once {}, most in a second {}",
        log.peak_open(),
        log.peak_calls_per_second()
    );
    println!("by status {:?}", log.by_status());
    println!("broken rules {:?}", carrier.violation_counts());
    carrier.shut_down().await;
    Ok(())
}
