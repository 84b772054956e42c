//! A trunk: a carrier or gateway that takes our calls, and how it wants them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cause::CauseMap;
use crate::id::TrunkName;
use crate::phone_number::PhoneNumber;

/// How long a call lasts at most where its trunk does not say.
pub const LONGEST_CALL: Duration = Duration::from_secs(4 * 3600);

/// A carrier or gateway that takes our calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    /// Its name in the configuration.
    pub name: TrunkName,
    /// Where calls are sent, a SIP URI.
    pub uri: String,
    /// How it is reached.
    pub transport: Transport,
    /// User name of the digest; `None` = no digest.
    pub username: Option<String>,
    /// Password of the digest.
    pub password: Option<String>,
    /// Realm that the digest is given for; `None` = any.
    pub auth_realm: Option<String>,
    /// Domain in From; `None` = our own address.
    pub from_domain: Option<String>,
    /// Whether we register with it.
    pub register: bool,
    /// Most calls at once; `None` = no limit.
    pub max_calls: Option<u32>,
    /// Most new calls in a thousand seconds; `None` = no limit. (1 500 = three calls in two seconds.)
    pub calls_per_1000_s: Option<u32>,
    /// A call is ended so long after its answer: by then nobody is there any more. 1 min to 24 h, default
    /// [`LONGEST_CALL`].
    pub longest_call: Duration,
    /// Codecs in the order of preference; at least one.
    pub codecs: Vec<Codec>,
    /// Time between two OPTIONS; zero = none.
    pub keepalive: Duration,
    /// How callees' numbers are written.
    pub number_format: NumberFormat,
    /// Rewriting of callees' numbers, first match; they match the `+` form.
    pub number_rules: Vec<NumberRule>,
    /// Rewriting of the number shown, same shape; none = as configured.
    pub caller_id_rules: Vec<NumberRule>,
    /// Headers that carry the number shown.
    pub caller_id_in: Vec<CallerIdHeader>,
    /// Numbers that this trunk owns; empty = any.
    pub caller_ids: Vec<PhoneNumber>,
    /// What sends a call to another trunk, before any progress.
    pub failover_on: Vec<FailoverCause>,
    /// Share of calls among equal trunks, at least 1.
    pub weight: u32,
    /// What its causes mean.
    pub cause_map: CauseMap,
    /// Whether media before the answer is looked at.
    pub early_media: EarlyMediaRule,
}

impl Trunk {
    /// A trunk at this address, everything else as the configuration's defaults have it.
    pub fn at(name: TrunkName, uri: &str) -> Self {
        Self {
            name,
            uri: uri.to_owned(),
            transport: Transport::Udp,
            username: None,
            password: None,
            auth_realm: None,
            from_domain: None,
            register: false,
            max_calls: None,
            calls_per_1000_s: None,
            longest_call: LONGEST_CALL,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            keepalive: Duration::from_secs(30),
            number_format: NumberFormat::Plus,
            number_rules: Vec::new(),
            caller_id_rules: Vec::new(),
            caller_id_in: vec![CallerIdHeader::From],
            caller_ids: Vec::new(),
            failover_on: vec![FailoverCause::Status(503), FailoverCause::Timeout],
            weight: 1,
            cause_map: CauseMap::default(),
            early_media: EarlyMediaRule::Ignore,
        }
    }

    /// Whether a caller ID may leave by this trunk, by the trunk's own list.
    pub fn carries(&self, caller_id: PhoneNumber) -> bool {
        self.caller_ids.is_empty() || self.caller_ids.contains(&caller_id)
    }
}

/// How SIP reaches a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
}

/// A G.711 law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// A-law, RTP payload type 8.
    Pcma,
    /// µ-law, RTP payload type 0.
    Pcmu,
}

/// How callees' numbers are written in Request-URI and To.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberFormat {
    /// `+8613012345678`.
    #[default]
    Plus,
    /// `8613012345678`.
    E164,
    /// Without the country code, with the national prefix where the country has one.
    National,
    /// As it stands in our list.
    AsGiven,
}

/// Rewrites a number by regular expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRule {
    /// What the `+` form must match.
    pub matches: String,
    /// What replaces the match; `$1` names a group.
    pub replace: String,
}

/// A header that carries the number shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CallerIdHeader {
    /// `From`.
    From,
    /// `P-Asserted-Identity` (RFC 3325).
    Pai,
    /// `P-Preferred-Identity` (RFC 3325).
    Ppi,
    /// `Remote-Party-ID`.
    Rpid,
    /// `Diversion` (RFC 5806).
    Diversion,
}

/// What sends a call to another trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailoverCause {
    /// This final SIP status.
    Status(u16),
    /// No response, or a transport error.
    Timeout,
}

/// Whether media before the answer is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarlyMediaRule {
    /// Only whether there is any.
    #[default]
    Ignore,
    /// Announcements are told apart.
    Classify,
}
