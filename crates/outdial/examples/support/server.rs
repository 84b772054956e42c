//! The server as its users run it: the binary, a configuration file, a database on the disk.

use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Account, Failure, Rest, signal, until};

/// The skill group that campaigns call for.
pub const GROUP: u64 = 255;

/// The key of the API.
pub const ADMIN_KEY: &str = "bench-admin-key";
/// The number that callees see.
pub const CALLER_ID: &str = "075586013388";

/// What the server of a bench is configured with.
#[derive(Default)]
pub struct Config {
    /// Lines of the one trunk beside its name.
    pub trunk: String,
    /// Id, skill group and address of each agent's phone.
    pub agents: Vec<(String, u64, String)>,
    /// Further sections of the tenant.
    pub tenant: String,
}

impl Config {
    fn to_toml(&self, http: u16, sip: u16) -> String {
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:{http}\"\nadmin_key = \"{ADMIN_KEY}\"\n\
             [database]\nurl = \"sqlite://outdial.db\"\n\
             [telephony.sip]\nlisten = \"127.0.0.1:{sip}\"\nrtp_ports = \"20000-27999\"\n\
             [[trunk]]\nname = \"carrier\"\nkeepalive_s = 0\n{}\n\
             [[tenant]]\nname = \"acme\"\ntime_zone = \"Asia/Shanghai\"\ndefault_country = \"CN\"\n\
             compliance = \"none\"\nmax_calls = 2000\ncaller_ids = [\"{CALLER_ID}\"]\n",
            self.trunk
        );
        let groups: std::collections::BTreeSet<u64> =
            self.agents.iter().map(|(_, group, _)| *group).collect();
        for group in groups {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "[[tenant.skill_group]]\nid = {group}\nname = \"group {group}\""
            );
        }
        for (id, group, uri) in &self.agents {
            let _ = writeln!(
                text,
                "[[tenant.agent]]\nid = \"{id}\"\nname = \"Agent {id}\"\nskill_groups = [{group}]\nuri = \"{uri}\""
            );
        }
        text.push('\n');
        text.push_str(&self.tenant);
        text
    }
}

/// A server that runs; killed when dropped.
pub struct Server {
    child: Child,
    /// Where its API listens on this machine.
    pub port: u16,
    pub rest: Rest,
    pub account: Account,
}

impl Server {
    /// The database of the servers in this folder.
    pub fn database(folder: &Path) -> PathBuf {
        folder.join("outdial.db")
    }

    /// Starts it in this folder and waits until it takes requests.
    pub fn start(folder: &Path, config: &Config) -> Result<Self, Failure> {
        let (http, sip) = (free_port()?, free_port()?);
        let file = folder.join("outdial.toml");
        std::fs::write(&file, config.to_toml(http, sip))?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("server.log"))?;
        let child = Command::new(binary()?)
            .args(["serve", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let account = Account::of(&child);
        let mut server = Self {
            child,
            port: http,
            rest: Rest::new(http, ADMIN_KEY),
            account,
        };
        let limit = Duration::from_secs(60);
        until("the server takes requests", limit, || {
            if let Some(status) = server.child.try_wait()? {
                let log = std::fs::read_to_string(folder.join("server.log"))?;
                return Err(format!("the server ended at its start, {status}:\n{log}").into());
            }
            Ok(server.rest.is_ready().then_some(()))
        })?;
        Ok(server)
    }

    /// A campaign of the agents in [`GROUP`]: progressive, everything else as by default.
    pub fn new_campaign(&self) -> Result<u64, Failure> {
        let campaign = self.rest.post(
            "campaigns",
            &serde_json::json!({
                "name": "bench", "mode": "progressive", "target": { "skill_group": GROUP },
                "caller_ids": [CALLER_ID],
            }),
        )?;
        Ok(campaign["id"].as_u64().ok_or("a campaign without id")?)
    }

    /// Sets every agent ready.
    pub fn ready(&self, config: &Config) -> Result<(), Failure> {
        for (id, ..) in &config.agents {
            let wish = serde_json::json!({ "state": "ready" });
            self.rest.put(&format!("agents/{id}/state"), &wish)?;
        }
        Ok(())
    }

    /// Ends it in the friendly way.
    pub fn stop(mut self) -> Result<(), Failure> {
        signal(&self.child, "TERM")?;
        until("the server ends", Duration::from_secs(60), || {
            Ok(self.child.try_wait()?)
        })?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo xtask bench` builds the binary before the bench, two folders up from it: examples have a
/// folder of their own.
fn binary() -> Result<PathBuf, Failure> {
    let bench = std::env::current_exe()?;
    let folder = bench.ancestors().nth(2).ok_or("a bench without a folder")?;
    let binary = folder.join("outdial");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err("the server is not built: cargo build --release -p outdial --bin outdial".into())
    }
}

/// A port for UDP and TCP, outside of what the system hands out by itself.
pub fn free_port() -> Result<u16, Failure> {
    use std::sync::atomic::{AtomicU16, Ordering};
    // Each process begins somewhere else.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 1_900)?;
    for _ in 0..2_000 {
        let port = 28_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 2_000;
        let at = (Ipv4Addr::LOCALHOST, port);
        if UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port from 28000 to 29999".into())
}
