//! A configuration file, from what a test needs of it.

use std::fmt::Write;

pub(crate) const ADMIN_KEY: &str = "acceptance-admin-key";
pub(crate) const CALLER_ID: &str = "075586013388";
pub(crate) const GROUP: u64 = 255;

/// A `[[trunk]]`, line by line.
#[derive(Clone, Debug)]
pub(crate) struct TrunkLines(String);

impl TrunkLines {
    /// A trunk that sends no OPTIONS unless told so.
    pub(crate) fn new(name: &str, uri: &str) -> Self {
        Self(format!("[[trunk]]\nname = \"{name}\"\nuri = \"{uri}\"\n"))
    }

    pub(crate) fn with(mut self, line: &str) -> Self {
        writeln!(self.0, "{line}").unwrap();
        self
    }
}

/// Everything a server of a test may be configured with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    trunks: Vec<TrunkLines>,
    agents: Vec<String>,
    flows: Vec<String>,
    tenant: String,
    top: String,
    pub(crate) database: Option<String>,
}

impl Config {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A trunk at this address without keep-alive, so that SIPp sees calls only.
    pub(crate) fn carrier(self, uri: &str) -> Self {
        self.trunk(TrunkLines::new("carrier", uri).with("keepalive_s = 0"))
    }

    pub(crate) fn trunk(mut self, trunk: TrunkLines) -> Self {
        self.trunks.push(trunk);
        self
    }

    /// An agent whose phone is at this address.
    pub(crate) fn agent(self, id: &str, uri: &str) -> Self {
        self.agent_with(id, &format!("uri = \"{uri}\""))
    }

    /// An agent with these lines.
    pub(crate) fn agent_with(mut self, id: &str, lines: &str) -> Self {
        self.agents.push(format!(
            "[[tenant.agent]]\nid = \"{id}\"\nname = \"Agent {id}\"\nskill_groups = [{GROUP}]\n{lines}\n"
        ));
        self
    }

    pub(crate) fn agents(mut self, agents: impl IntoIterator<Item = (String, String)>) -> Self {
        for (id, uri) in agents {
            self = self.agent(&id, &uri);
        }
        self
    }

    pub(crate) fn flow(mut self, id: u64, uri: &str) -> Self {
        self.flows.push(format!(
            "[[tenant.flow]]\nid = {id}\nname = \"flow {id}\"\nuri = \"{uri}\"\n"
        ));
        self
    }

    /// Lines of the `[[tenant]]` table.
    pub(crate) fn tenant(mut self, lines: &str) -> Self {
        self.tenant.push_str(lines);
        self.tenant.push('\n');
        self
    }

    /// The file's text, with these ports.
    pub(crate) fn to_toml(&self, http: u16, sip: u16, rtp: (u16, u16)) -> String {
        let database = self.database.as_deref().unwrap_or("outdial.db");
        let tenant = if self.tenant.contains("caller_ids") || self.tenant.contains("caller_id]]") {
            String::new()
        } else {
            format!("caller_ids = [\"{CALLER_ID}\"]\n")
        };
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:{http}\"\nadmin_key = \"{ADMIN_KEY}\"\n\
             [database]\nurl = \"sqlite://{database}\"\n\
             [telephony.sip]\nlisten = \"127.0.0.1:{sip}\"\nrtp_ports = \"{}-{}\"\n{}",
            rtp.0, rtp.1, self.top
        );
        for trunk in &self.trunks {
            text.push_str(&trunk.0);
        }
        write!(
            text,
            "[[tenant]]\nname = \"acme\"\ntime_zone = \"Asia/Shanghai\"\ndefault_country = \"CN\"\n\
             compliance = \"none\"\nmax_calls = 500\n{tenant}{}\
             [[tenant.skill_group]]\nid = {GROUP}\nname = \"sales\"\n",
            self.tenant
        )
        .unwrap();
        self.agents
            .iter()
            .chain(&self.flows)
            .for_each(|lines| text.push_str(lines));
        text
    }
}
