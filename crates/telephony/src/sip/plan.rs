//! Making the names of a call before anything is sent, and the headers that go with them.

use std::fmt::Write as _;

use outdial_domain::{CallerIdHeader, PhoneNumber, Timestamp, Transport, TrunkName};
use rsipstack::sip::{Header, Uri};

use super::address::{Destination, Local};
use super::directory::{Directory, TrunkEntry, laws, sip_uri};
use super::message::{header, new_branch, random_token};
use crate::digest::Credentials;
use crate::media::g711::Law;
use crate::{Address, Call, Caller, DialogIdentity, Party, PlanError};

/// Headers that a caller of the interface may not set, because the dialog lives by them.
const OURS: [&str; 16] = [
    "via",
    "v",
    "from",
    "f",
    "to",
    "t",
    "call-id",
    "i",
    "cseq",
    "contact",
    "m",
    "content-length",
    "l",
    "route",
    "record-route",
    "max-forwards",
];

/// How a call is carried out, beside its names.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Where every request of the call goes, whatever the far end's contact says: the phone is behind address
    /// translation.
    pub(crate) fixed: Option<Destination>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) laws: Vec<Law>,
    /// Headers of the INVITE.
    pub(crate) headers: Vec<Header>,
}

/// Makes the names of a call.
pub(crate) fn plan(
    call: &Call,
    directory: &Directory,
    local: Local,
    now: Timestamp,
) -> Result<DialogIdentity, PlanError> {
    check_headers(&call.headers)?;
    match &call.party {
        Party::Callee {
            trunk,
            to,
            caller_id,
        } => plan_callee(directory, local, *trunk, *to, *caller_id),
        Party::Agent {
            address, caller, ..
        }
        | Party::Flow {
            address, caller, ..
        } => plan_party(directory, local, address, caller, now),
    }
}

fn plan_callee(
    directory: &Directory,
    local: Local,
    trunk: TrunkName,
    to: PhoneNumber,
    caller_id: PhoneNumber,
) -> Result<DialogIdentity, PlanError> {
    let entry = find(directory, trunk)?;
    let refuse = |problem: &str| PlanError::Trunk {
        trunk,
        problem: problem.to_owned(),
    };
    let callee = entry.callees.write(to).ok_or_else(|| {
        refuse("number_rules make a number that cannot be dialed; correct the rule that matches it")
    })?;
    let shown = shown_number(entry, caller_id).ok_or_else(|| {
        refuse(
            "caller_id_rules make a number that cannot be shown; correct the rule that matches it",
        )
    })?;
    let identity = names(&entry.uri(Some(&callee)), entry.destination.clone(), local);
    let domain = from_domain(entry, &identity.sent_by);
    let user = if entry.trunk.caller_id_in.contains(&CallerIdHeader::From) {
        shown
    } else {
        entry
            .trunk
            .username
            .clone()
            .unwrap_or_else(|| "anonymous".to_owned())
    };
    Ok(DialogIdentity {
        from: address_of(&user, &domain),
        trunk: Some(trunk),
        ..identity
    })
}

fn plan_party(
    directory: &Directory,
    local: Local,
    address: &Address,
    caller: &Caller,
    now: Timestamp,
) -> Result<DialogIdentity, PlanError> {
    let (target, destination) = match address {
        Address::Uri(text) => {
            let uri = sip_uri(text).map_err(PlanError::Address)?;
            let destination = Destination::of_uri(&uri, Transport::Udp);
            (uri, destination)
        }
        Address::Registered(account) => {
            let binding = directory.registrar.binding(account, now);
            let binding = binding.ok_or_else(|| PlanError::NotRegistered(account.clone()))?;
            (binding.contact.clone(), binding.source.clone())
        }
    };
    let identity = names(&target, destination, local);
    let host = identity
        .sent_by
        .split_once(':')
        .map_or("", |(_, host)| host)
        .to_owned();
    Ok(DialogIdentity {
        from: caller_address(caller, &host),
        ..identity
    })
}

/// How the call is to be carried out, from the configuration as it stands now.
pub(crate) fn route(
    call: &Call,
    identity: &DialogIdentity,
    directory: &Directory,
) -> Result<Route, PlanError> {
    let further = call
        .headers
        .iter()
        .map(|(name, value)| header(name, value.as_str()));
    match &call.party {
        Party::Callee {
            trunk, caller_id, ..
        } => {
            let entry = find(directory, *trunk)?;
            let mut headers =
                identity_headers(entry, *caller_id, &from_domain(entry, &identity.sent_by));
            headers.extend(further);
            Ok(Route {
                fixed: None,
                credentials: entry.credentials(),
                laws: laws(&entry.trunk.codecs),
                headers,
            })
        }
        Party::Agent {
            address, codecs, ..
        }
        | Party::Flow {
            address, codecs, ..
        } => {
            let fixed = match address {
                Address::Registered(_) => Destination::parse(&identity.destination),
                Address::Uri(_) => None,
            };
            Ok(Route {
                fixed,
                credentials: None,
                laws: laws(codecs),
                headers: further.collect(),
            })
        }
    }
}

fn find(directory: &Directory, name: outdial_domain::TrunkName) -> Result<&TrunkEntry, PlanError> {
    match directory.trunk(name) {
        None => Err(PlanError::UnknownTrunk(name)),
        Some(Err(problem)) => Err(PlanError::Trunk {
            trunk: name,
            problem: problem.clone(),
        }),
        Some(Ok(entry)) => Ok(entry),
    }
}

fn names(target: &Uri, destination: Destination, local: Local) -> DialogIdentity {
    let ours = local.seen_by(destination.socket_address());
    let sent_by = Destination {
        transport: destination.transport,
        host: ours.into(),
    }
    .to_string();
    let mut to = target.clone();
    to.params.clear();
    to.headers.clear();
    DialogIdentity {
        call_id: format!("{}@{}", random_token(22), ours.ip()),
        local_tag: random_token(12),
        branch: new_branch(),
        cseq: 1,
        request_uri: target.to_string(),
        from: String::new(),
        to: format!("<{to}>"),
        sent_by,
        destination: destination.to_string(),
        trunk: None,
    }
}

fn shown_number(entry: &TrunkEntry, caller_id: PhoneNumber) -> Option<String> {
    entry.caller_ids.write(caller_id)
}

fn from_domain(entry: &TrunkEntry, sent_by: &str) -> String {
    let own = || {
        sent_by
            .split_once(':')
            .map_or("", |(_, host)| host)
            .to_owned()
    };
    entry.trunk.from_domain.clone().unwrap_or_else(own)
}

/// The headers beside From that show the caller's number, as the trunk wants it.
fn identity_headers(entry: &TrunkEntry, caller_id: PhoneNumber, domain: &str) -> Vec<Header> {
    let Some(number) = shown_number(entry, caller_id) else {
        return Vec::new();
    };
    let address = address_of(&number, domain);
    let line = |kind: &CallerIdHeader| match kind {
        CallerIdHeader::From => None,
        CallerIdHeader::Pai => Some(header("P-Asserted-Identity", address.as_str())),
        CallerIdHeader::Ppi => Some(header("P-Preferred-Identity", address.as_str())),
        CallerIdHeader::Rpid => Some(header(
            "Remote-Party-ID",
            format!("{address};party=calling;screen=yes;privacy=off"),
        )),
        CallerIdHeader::Diversion => Some(header(
            "Diversion",
            format!("{address};reason=unconditional"),
        )),
    };
    entry.trunk.caller_id_in.iter().filter_map(line).collect()
}

/// The address of a user, as it stands in From and To.
pub(crate) fn address_of(user: &str, domain: &str) -> String {
    format!("<sip:{}@{domain}>", escaped(user))
}

/// The user part of a SIP URI, what may not stand there as it is escaped (RFC 3261, 25.1).
fn escaped(user: &str) -> String {
    let mut text = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn caller_address(caller: &Caller, host: &str) -> String {
    let printable = |c: &char| !c.is_control() && *c != '"' && *c != '\\';
    let user: String = match &caller.user {
        Some(user) => user
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "+*#-_.".contains(*c))
            .collect(),
        None => "outdial".to_owned(),
    };
    let user = if user.is_empty() { "anonymous" } else { &user };
    let address = address_of(user, host);
    match &caller.display {
        Some(display) => format!(
            "\"{}\" {address}",
            display
                .chars()
                .filter(printable)
                .take(64)
                .collect::<String>()
        ),
        None => address,
    }
}

fn check_headers(headers: &[(String, String)]) -> Result<(), PlanError> {
    for (name, value) in headers {
        let refuse = |problem| {
            Err(PlanError::Header {
                name: name.escape_debug().to_string(),
                problem,
            })
        };
        let token = |c: char| c.is_ascii_alphanumeric() || "-_.!%*+~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            return refuse("is not a header name; use letters, digits and hyphens");
        }
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            return refuse("belongs to the call itself; choose another name");
        }
        if value.chars().any(char::is_control) {
            return refuse("has a control character in its value; leave it out");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LegId;
    use outdial_domain::{NumberFormat, NumberRule, Trunk};

    fn local() -> Local {
        Local {
            bound: "127.0.0.1:5060".parse().expect("address"),
            external: None,
        }
    }

    fn name() -> TrunkName {
        TrunkName::new("carrier").expect("a name")
    }

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_text(text).expect("a number")
    }

    fn call() -> Call {
        let (to, caller_id) = (number("+8613012345678"), number("10085"));
        Call::to(
            LegId(1),
            Party::Callee {
                trunk: name(),
                to,
                caller_id,
            },
        )
    }

    fn directory(change: impl FnOnce(&mut Trunk)) -> Directory {
        let mut trunk = Trunk::at(name(), "sip:127.0.0.1:5080");
        change(&mut trunk);
        let mut directory = Directory::default();
        directory.set_trunks(vec![trunk]);
        directory
    }

    #[test]
    fn numbers_and_headers_are_written_as_the_trunk_wants_them() {
        let directory = directory(|trunk| {
            trunk.number_format = NumberFormat::E164;
            trunk.caller_id_rules = vec![NumberRule {
                matches: "^10085$".into(),
                replace: "075510085".into(),
            }];
            trunk.caller_id_in = vec![
                CallerIdHeader::From,
                CallerIdHeader::Pai,
                CallerIdHeader::Rpid,
                CallerIdHeader::Diversion,
            ];
            trunk.from_domain = Some("acme.example".into());
        });
        let identity = plan(&call(), &directory, local(), Timestamp::MIN).expect("a plan");
        assert_eq!(identity.request_uri, "sip:8613012345678@127.0.0.1:5080");
        assert_eq!(identity.to, "<sip:8613012345678@127.0.0.1:5080>");
        assert_eq!(identity.from, "<sip:075510085@acme.example>");
        assert_eq!(identity.destination, "udp:127.0.0.1:5080");
        assert_eq!(identity.sent_by, "udp:127.0.0.1:5060");
        let headers: Vec<String> = route(&call(), &identity, &directory)
            .expect("a route")
            .headers
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            headers,
            [
                "P-Asserted-Identity: <sip:075510085@acme.example>",
                "Remote-Party-ID: <sip:075510085@acme.example>;party=calling;screen=yes;privacy=off",
                "Diversion: <sip:075510085@acme.example>;reason=unconditional",
            ]
        );
    }

    #[test]
    fn every_plan_has_names_of_its_own() {
        let directory = directory(|_| ());
        let plan = || plan(&call(), &directory, local(), Timestamp::MIN).expect("a plan");
        let (one, two) = (plan(), plan());
        assert_ne!(one.call_id, two.call_id);
        assert_ne!(one.branch, two.branch);
        assert_ne!(one.local_tag, two.local_tag);
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_a_reason() {
        let directory = directory(|trunk| {
            trunk.number_rules = vec![NumberRule {
                matches: "^\\+86".into(),
                replace: "@".into(),
            }];
        });
        let plan = |call: &Call| {
            plan(call, &directory, local(), Timestamp::MIN)
                .expect_err("refused")
                .to_string()
        };
        assert!(plan(&call()).contains("number_rules"));
        let party = |address| Party::Agent {
            address,
            caller: Caller::default(),
            codecs: Vec::new(),
        };
        let agent = |address| Call::to(LegId(1), party(address));
        assert!(plan(&agent(Address::Uri("1001".into()))).contains("not a SIP URI"));
        assert!(plan(&agent(Address::Registered("1001".into()))).contains("not registered"));
        let mut with_header = agent(Address::Uri("sip:1001@127.0.0.1".into()));
        for (name, value) in [
            ("Call-ID", "x"),
            ("X-A", "a\r\nVia: b"),
            ("X A", "a"),
            ("", "a"),
        ] {
            with_header.headers = vec![(name.into(), value.into())];
            assert!(plan(&with_header).starts_with("header "), "{name}");
        }
    }

    #[test]
    fn a_user_name_of_any_kind_is_one_address() {
        let directory = directory(|trunk| {
            trunk.username = Some("user@provider>;x \"%".into());
            trunk.from_domain = Some("acme.example".into());
            trunk.caller_id_in = vec![CallerIdHeader::Pai];
        });
        let identity = plan(&call(), &directory, local(), Timestamp::MIN).expect("a plan");
        assert_eq!(
            identity.from,
            "<sip:user%40provider%3E;x%20%22%25@acme.example>"
        );
        assert_eq!(address_of("*12#", "h"), "<sip:*12%23@h>");
    }

    #[test]
    fn a_caller_s_name_cannot_break_out_of_its_quotes() {
        let caller = Caller {
            user: Some("1;2\r\n>3".into()),
            display: Some("A\"\r\nX: \\y".into()),
        };
        assert_eq!(
            caller_address(&caller, "h:5060"),
            "\"AX: y\" <sip:123@h:5060>"
        );
    }
}
