//! A full disk pauses dialing, says so, and costs nothing.

use crate::harness::{Campaign, Config, Server, Team, Work, list, ms, secs, until};
use outdial_peers::{CalleePlan, Carrier, CarrierOptions, Planner};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system of its own.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, megabytes: u32) -> Self {
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(&at)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "cannot mount a small tmpfs at {}: run as root, or everything under `unshare -rm`",
            at.display()
        );
        Self(at)
    }

    /// Fills what is left, byte by byte at the end.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [64 * 1024, 4096, 1] {
            let piece = vec![0u8; size];
            while file.write_all(&piece).is_ok() {}
        }
        path
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server that is killed a moment later still holds its database.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_dialing_and_nothing_is_lost() {
    let work = Work::new("full-disk");
    let disk = SmallDisk::mount(work.path("disk"), 12);
    let talker = CalleePlan::answer().ring_time(ms(100)).talk(ms(300));
    let carrier = Carrier::start(CarrierOptions::new(Planner::same(talker)))
        .await
        .unwrap();
    let team = Team::start(4, |phone| phone).await;
    let mut config = Config::new().carrier(&carrier.uri()).agents(team.agents());
    config.database = Some(disk.path().join("outdial.db").display().to_string());
    let server = Server::start(&work, &config).await;
    team.ready(&server.rest).await;
    let campaign = Campaign::create(&server.rest, json!({ "name": "full disk" }));
    let numbers = list::mixed(&[(0, 400)]);
    campaign.import(&numbers);
    campaign.start();
    carrier
        .until("dialing goes on", secs(15), |log| log.count() >= 20)
        .await
        .unwrap();

    let filler = disk.fill();
    let said = until("/readyz says that the disk is full", secs(60), || {
        let answer = server.rest.get("/readyz");
        if answer.status == 503 {
            Ok(answer.json())
        } else {
            Err(answer.text)
        }
    })
    .await;
    let reasons = said["reasons"].to_string().to_lowercase();
    assert!(
        ["disk", "full", "space"]
            .iter()
            .any(|word| reasons.contains(word)),
        "{said}"
    );
    assert_eq!(server.rest.get("/healthz").status, 200, "it is alive");
    // Calls that were out end; then nothing moves.
    carrier
        .until("live calls end", secs(15), |log| log.open_now() == 0)
        .await
        .unwrap();
    let at_rest = carrier.read(|log| log.count());
    crate::harness::wait::holds_for("dialing pauses", secs(3), || {
        match carrier.read(|log| log.count()) {
            now if now == at_rest => Ok(()),
            now => Err(format!("{at_rest} calls when the disk was full, now {now}")),
        }
    })
    .await;
    campaign
        .until_not_dialing(&["stor", "disk", "database"], secs(5))
        .await;

    fs::remove_file(filler).unwrap();
    until("it is ready again", secs(30), || {
        let answer = server.rest.get("/readyz");
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text)
        }
    })
    .await;
    campaign.until_list_done(secs(120)).await;
    let attempts = campaign.attempts();
    assert_eq!(
        attempts.len(),
        carrier.read(|log| log.count()),
        "attempts and calls"
    );
    assert!(
        attempts.iter().all(|a| a.outcome() == "answered"),
        "{:?}",
        campaign.outcomes()
    );
    let twice = carrier.read(|log| log.calls().len()) - numbers.len();
    assert_eq!(twice, 0, "nobody was called twice");
}
