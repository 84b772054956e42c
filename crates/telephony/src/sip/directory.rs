//! Whom we can call: the trunks as configured, and the phones that have registered.

use std::collections::BTreeMap;

use outdial_domain::{Codec, Trunk, TrunkName};
use rsipstack::sip::{HostWithPort, Scheme, Uri};

use super::address::{Destination, wire};
use super::registrar::Registrar;
use crate::digest::Credentials;
use crate::media::g711::Law;
use crate::number::NumberRules;

/// Trunks and registered phones. Shared: plans read it, the core writes it.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    trunks: BTreeMap<TrunkName, Result<TrunkEntry, String>>,
    pub(crate) registrar: Registrar,
}

/// A trunk, ready for use.
#[derive(Debug, Clone)]
pub(crate) struct TrunkEntry {
    pub(crate) trunk: Trunk,
    pub(crate) callees: NumberRules,
    pub(crate) caller_ids: NumberRules,
    pub(crate) host: HostWithPort,
    pub(crate) destination: Destination,
}

impl Directory {
    /// Takes the trunks that there are from now on.
    pub(crate) fn set_trunks(&mut self, trunks: Vec<Trunk>) {
        self.trunks = trunks
            .into_iter()
            .map(|trunk| (trunk.name, TrunkEntry::new(trunk)))
            .collect();
        for (name, entry) in &self.trunks {
            if let Err(problem) = entry {
                tracing::error!(trunk = %name, %problem, "a trunk cannot be used");
            }
        }
    }

    /// A trunk by name: absent, unusable with a reason, or ready.
    pub(crate) fn trunk(&self, name: TrunkName) -> Option<Result<&TrunkEntry, &String>> {
        self.trunks.get(&name).map(Result::as_ref)
    }

    /// Whether a trunk or a registered phone is at this address.
    pub(crate) fn knows(&self, ip: std::net::IpAddr) -> bool {
        let is_there = |destination: &Destination| {
            destination
                .socket_address()
                .is_some_and(|address| address.ip() == ip)
        };
        self.usable().any(|entry| is_there(&entry.destination))
            || self.registrar.sources().any(is_there)
    }

    /// Every trunk that can be used.
    pub(crate) fn usable(&self) -> impl Iterator<Item = &TrunkEntry> {
        self.trunks.values().filter_map(|entry| entry.as_ref().ok())
    }
}

impl TrunkEntry {
    fn new(trunk: Trunk) -> Result<Self, String> {
        let uri = sip_uri(&trunk.uri)?;
        let callees = NumberRules::new(&trunk.number_rules, trunk.number_format)
            .map_err(|e| e.to_string())?;
        let as_configured = outdial_domain::NumberFormat::AsGiven;
        let caller_ids =
            NumberRules::new(&trunk.caller_id_rules, as_configured).map_err(|e| e.to_string())?;
        let destination = Destination::of_uri(&uri, trunk.transport);
        Ok(Self {
            callees,
            caller_ids,
            host: uri.host_with_port,
            destination,
            trunk,
        })
    }

    /// What we answer the trunk's challenges with.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        Some(Credentials {
            username: self.trunk.username.clone()?,
            password: self.trunk.password.clone().unwrap_or_default(),
            realm: self.trunk.auth_realm.clone(),
        })
    }

    /// A URI at the trunk for this user part.
    pub(crate) fn uri(&self, user: Option<&str>) -> Uri {
        let params = match self.destination.transport {
            outdial_domain::Transport::Udp => Vec::new(),
            outdial_domain::Transport::Tcp => vec![rsipstack::sip::Param::Transport(wire(
                self.destination.transport,
            ))],
        };
        Uri {
            scheme: Some(Scheme::Sip),
            auth: user.map(|user| rsipstack::sip::Auth {
                user: user.to_owned(),
                password: None,
            }),
            host_with_port: self.host.clone(),
            params,
            headers: Vec::new(),
        }
    }
}

/// Reads a `sip:` URI from configuration or the API.
pub(crate) fn sip_uri(text: &str) -> Result<Uri, String> {
    let shown = text.escape_debug();
    let wrong = || format!("`{shown}` is not a SIP URI; give one such as sip:1001@192.0.2.7:5060");
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || "<>\"".contains(c))
    {
        return Err(wrong());
    }
    let uri = Uri::try_from(text).map_err(|_| wrong())?;
    match uri.scheme {
        Some(Scheme::Sip) if !Destination::can_reach(&uri) => Err(format!(
            "`{shown}`: its transport is not built yet; give transport=udp or transport=tcp, or none"
        )),
        Some(Scheme::Sip) => Ok(uri),
        Some(Scheme::Sips) => Err(format!("`{shown}`: TLS is not built yet; give a sip: URI")),
        Some(Scheme::Other(_)) | None => Err(wrong()),
    }
}

/// Our laws in the order of a configuration; both, A-law first, where it names none.
pub(crate) fn laws(codecs: &[Codec]) -> Vec<Law> {
    let law = |codec: &Codec| match codec {
        Codec::Pcma => Law::Pcma,
        Codec::Pcmu => Law::Pcmu,
    };
    if codecs.is_empty() {
        vec![Law::Pcma, Law::Pcmu]
    } else {
        codecs.iter().map(law).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_that_cannot_be_used_says_why() {
        let name = TrunkName::new("carrier").expect("a name");
        let mut directory = Directory::default();
        for (uri, word) in [
            ("carrier.example", "SIP URI"),
            ("sips:carrier.example", "TLS"),
            ("sip:a b", "SIP URI"),
            ("sip:carrier.example;transport=tls", "transport"),
        ] {
            directory.set_trunks(vec![Trunk::at(name, uri)]);
            let problem = directory.trunk(name).expect("known").expect_err("unusable");
            assert!(problem.contains(word), "{problem}");
        }
        directory.set_trunks(vec![Trunk::at(name, "sip:carrier.example;transport=tcp")]);
        let entry = directory.trunk(name).expect("known").expect("usable");
        assert_eq!(entry.destination.to_string(), "tcp:carrier.example");
        assert_eq!(
            entry.uri(Some("*123#")).to_string(),
            "sip:*123%23@carrier.example;transport=TCP"
        );
        directory.set_trunks(Vec::new());
        assert!(directory.trunk(name).is_none());
    }
}
