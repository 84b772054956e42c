//! `[[trunk]]`: carriers and gateways, and how they want their calls.

use std::path::Path;
use std::time::Duration;

use outdial_domain::{
    CallerIdHeader, CauseMap, Codec, Country, EarlyMediaRule, FailoverCause, NumberFormat,
    NumberRule, PhoneNumber, Transport, Trunk, TrunkName,
};
use regex::Regex;

use super::cause_map;
use super::number::{country, phone_number};
use super::place::{At, Found};
use super::problem::Fault;
use super::secret::secret;
use super::section::{Section, boolean, count, integer, name, one_of, parsed, text};
use super::sip_uri::{host, sip_uri};
use super::tree::Value;

/// Most calls that a limit may name; beyond it a limit is a slip.
const CALLS_MAX: u32 = 1_000_000;

/// What the reading of a trunk needs beside its table.
pub(super) struct Surroundings<'s> {
    /// Where relative paths begin.
    pub(super) directory: &'s Path,
    /// The country of a trunk that names none.
    pub(super) country: Country,
}

/// Reads a `[[trunk]]`; `None` when it has no usable name, which is reported. Where anything else is
/// wrong the trunk is known all the same, so that those who refer to it are not told that it is missing.
pub(super) fn trunk(section: &mut Section<'_>, around: &Surroundings<'_>) -> Option<Found<Trunk>> {
    let name = section.required("name", "\"carrier\"", parsed(trunk_name));
    let uri = section.required("uri", "\"sip:203.0.113.20:5060\"", parsed(sip_uri));
    let at = section.at().clone();
    // Everything is read even if the name is wrong, so that all complaints come at once.
    let known_as = name.as_ref().map(|found| found.value);
    let stand_in = TrunkName::new("unnamed").ok();
    let uri = uri.map(|found| found.value).unwrap_or_default();
    let mut trunk = Trunk::at(known_as.or(stand_in)?, &uri);
    account(section, &mut trunk);
    limits(section, &mut trunk);
    numbers(section, &mut trunk, around.country);
    media_and_causes(section, &mut trunk, around.directory);
    name.map(|_| Found { value: trunk, at })
}

/// Reads the name of a trunk, where it is defined and where it is referred to.
pub(super) fn trunk_name(text: &str) -> Result<TrunkName, Fault> {
    TrunkName::new(text).map_err(|error| Fault::from_message(&error.to_string()))
}

fn account(section: &mut Section<'_>, trunk: &mut Trunk) {
    let transports = [
        ("udp", Some(Transport::Udp)),
        ("tcp", Some(Transport::Tcp)),
        ("tls", None),
    ];
    if let Some(transport) = section.optional("transport", one_of(&transports)) {
        match transport.value {
            Some(transport) => trunk.transport = transport,
            None => section.error(
                "transport",
                Fault::new("SIP over TLS is not built yet", "use \"udp\" or \"tcp\""),
            ),
        }
    }
    trunk.username = section.optional("username", name).map(|f| f.value);
    let password = section.optional("password", secret);
    trunk.password = password.map(|f| f.value.text().to_owned());
    trunk.auth_realm = section.optional("auth_realm", name).map(|f| f.value);
    trunk.from_domain = section
        .optional("from_domain", parsed(host))
        .map(|f| f.value);
    let register = section.optional("register", boolean);
    trunk.register = register.is_some_and(|f| f.value);
    let needs_username = [
        ("password", section.has("password")),
        ("auth_realm", section.has("auth_realm")),
        ("register", trunk.register),
    ];
    for (key, given) in needs_username {
        if given && !section.has("username") {
            section.error(
                key,
                Fault::new(
                    "says nothing without a username",
                    "add username = \"…\" to this trunk",
                ),
            );
        }
    }
    if trunk.username.is_some() && !section.has("password") {
        section.error(
            "username",
            Fault::new(
                "has no password",
                "add password = \"…\", or take the username out",
            ),
        );
    }
}

fn limits(section: &mut Section<'_>, trunk: &mut Trunk) {
    trunk.max_calls = section
        .optional("max_calls", count(1..=CALLS_MAX))
        .map(|f| f.value);
    let rate = section.optional("calls_per_second", calls_per_1000_s);
    trunk.calls_per_1000_s = rate.map(|f| f.value);
    if let Some(seconds) = section.optional("keepalive_s", count(0..=3600)) {
        trunk.keepalive = Duration::from_secs(seconds.value.into());
    }
    if let Some(seconds) = section.optional("max_call_s", count(60..=86_400)) {
        trunk.longest_call = Duration::from_secs(seconds.value.into());
    }
    if let Some(weight) = section.optional("weight", count(1..=1000)) {
        trunk.weight = weight.value;
    }
    if let Some(causes) = section.list("failover_on", failover_cause) {
        trunk.failover_on = causes.into_iter().map(|f| f.value).collect();
    }
}

fn numbers(section: &mut Section<'_>, trunk: &mut Trunk, fallback: Country) {
    const FORMATS: [(&str, NumberFormat); 4] = [
        ("plus", NumberFormat::Plus),
        ("e164", NumberFormat::E164),
        ("national", NumberFormat::National),
        ("as_given", NumberFormat::AsGiven),
    ];
    const HEADERS: [(&str, CallerIdHeader); 5] = [
        ("from", CallerIdHeader::From),
        ("pai", CallerIdHeader::Pai),
        ("ppi", CallerIdHeader::Ppi),
        ("rpid", CallerIdHeader::Rpid),
        ("diversion", CallerIdHeader::Diversion),
    ];
    let country = section
        .optional("default_country", parsed(country))
        .map_or(fallback, |found| found.value);
    if let Some(format) = section.optional("number_format", one_of(&FORMATS)) {
        trunk.number_format = format.value;
    }
    trunk.number_rules = section
        .sections("number_rules", number_rule)
        .into_iter()
        .flatten()
        .collect();
    trunk.caller_id_rules = section
        .sections("caller_id_rules", number_rule)
        .into_iter()
        .flatten()
        .collect();
    if let Some(headers) = section.list("caller_id_in", one_of(&HEADERS)) {
        trunk.caller_id_in = distinct(section, "caller_id_in", headers);
    }
    let owned = section.list(
        "caller_ids",
        parsed(move |text| phone_number(text, country)),
    );
    if let Some(owned) = owned {
        trunk.caller_ids = owned
            .into_iter()
            .map(|f| f.value)
            .collect::<Vec<PhoneNumber>>();
    }
}

fn media_and_causes(section: &mut Section<'_>, trunk: &mut Trunk, directory: &Path) {
    const CODECS: [(&str, Codec); 2] = [("pcma", Codec::Pcma), ("pcmu", Codec::Pcmu)];
    const EARLY_MEDIA: [(&str, EarlyMediaRule); 2] = [
        ("ignore", EarlyMediaRule::Ignore),
        ("classify", EarlyMediaRule::Classify),
    ];
    if let Some(codecs) = section.list("codecs", one_of(&CODECS)) {
        trunk.codecs = distinct(section, "codecs", codecs);
    }
    if let Some(rule) = section.optional("early_media", one_of(&EARLY_MEDIA)) {
        trunk.early_media = rule.value;
        if rule.value == EarlyMediaRule::Classify {
            let fault = Fault::new(
                "announcements are not told apart yet; only whether there is early media is noticed",
                "use \"ignore\" until they are",
            );
            section.report().warning(&rule.at, fault);
        }
    }
    if let Some(file) = section.optional("cause_map", text) {
        let rules = cause_map::read(&directory.join(&file.value), &file.at, section.report());
        trunk.cause_map = CauseMap { rules };
    }
}

/// The values of a list that must have some and none twice.
fn distinct<T: PartialEq + Copy>(
    section: &Section<'_>,
    key: &'static str,
    found: Vec<Found<T>>,
) -> Vec<T> {
    let mut values = Vec::new();
    let mut ats: Vec<At> = Vec::new();
    for Found { value, at } in found {
        if values.contains(&value) {
            section
                .report()
                .error(&at, Fault::new("stands here twice", "name it once"));
        } else {
            values.push(value);
            ats.push(at);
        }
    }
    if values.is_empty() {
        section.error(
            key,
            Fault::new("names none", "name at least one, or take the key out"),
        );
    }
    values
}

fn calls_per_1000_s(value: &Value) -> Result<u32, Fault> {
    let remedy = "give a number above 0 and up to 10000, such as 20 or 0.5";
    let per_second = match value {
        Value::Integer(integer) => *integer as f64,
        Value::Float(float) => *float,
        Value::Variable(text) => text
            .parse()
            .map_err(|_| Fault::new("is no number", remedy))?,
        other => return Err(Fault::new(format!("is {}", other.kind()), remedy)),
    };
    if !(0.001..=10_000.0).contains(&per_second) {
        return Err(Fault::new(format!("{per_second} is out of range"), remedy));
    }
    // At most ten million, which fits.
    Ok((per_second * 1000.0).round() as u32)
}

fn failover_cause(value: &Value) -> Result<FailoverCause, Fault> {
    let remedy = "give final SIP statuses from 300 to 699, and \"timeout\" for no response";
    let status = match value {
        Value::Text(text) if text == "timeout" => return Ok(FailoverCause::Timeout),
        Value::Integer(_) => integer(300..=699)(value),
        Value::Variable(text) if text == "timeout" => return Ok(FailoverCause::Timeout),
        Value::Variable(_) => integer(300..=699)(value),
        other => {
            return Err(Fault::new(
                format!("is {}, and no SIP status", other.kind()),
                remedy,
            ));
        }
    };
    let status = status.map_err(|fault| Fault::new(fault.problem, remedy))?;
    // 300–699 fits.
    Ok(FailoverCause::Status(
        u16::try_from(status).unwrap_or_default(),
    ))
}

fn number_rule(section: &mut Section<'_>) -> Option<NumberRule> {
    let matches = section.required("match", r#""^\\+86(1\\d{10})$""#, parsed(regex));
    let replace = section.required("replace", "\"0$1\"", |value| match value {
        // Nothing may be left of a prefix that is cut off.
        Value::Text(text) | Value::Variable(text) => Ok(text.clone()),
        other => Err(Fault::new(
            format!("is {}", other.kind()),
            "give a text in quotes",
        )),
    })?;
    let (matches, regex) = matches?.value;
    if let Err(fault) = groups_exist(&regex, &replace.value) {
        section.report().error(&replace.at, fault);
        return None;
    }
    Some(NumberRule {
        matches,
        replace: replace.value,
    })
}

fn regex(text: &str) -> Result<(String, Regex), Fault> {
    match Regex::new(text) {
        Ok(regex) => Ok((text.to_owned(), regex)),
        Err(error) => {
            // The library draws a picture over several lines; its last line says what is wrong.
            let why = error.to_string();
            let why = why
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            Err(Fault::new(
                format!("`{}` is no regular expression: {why}", text.escape_debug()),
                "correct it; in TOML a backslash in double quotes is written twice, in single quotes once",
            ))
        }
    }
}

/// Checks that every `$1` or `$name` of a replacement is a group of the expression: the library would
/// put nothing in its place, and every call would go to a wrong number.
fn groups_exist(regex: &Regex, replace: &str) -> Result<(), Fault> {
    let mut rest = replace;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let group = match after.strip_prefix('{') {
            Some(braced) => braced.split('}').next().unwrap_or_default(),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                &after[..end.unwrap_or(after.len())]
            }
        };
        let exists = match group.parse::<usize>() {
            Ok(index) => index < regex.captures_len(),
            Err(_) => regex.capture_names().flatten().any(|name| name == group),
        };
        if !exists {
            let problem = format!(
                "`${}` names no group of the expression",
                group.escape_debug()
            );
            let remedy =
                "write $1 for the first group in parentheses, ${1} where letters or digits follow";
            return Err(Fault::new(problem, remedy));
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_must_name_groups_that_exist() {
        let regex = Regex::new(r"^\+86(1\d{10})(?<rest>x)?$").unwrap();
        for right in ["0$1", "${1}0", "$0", "$rest", "0", "", "$$"] {
            assert_eq!(groups_exist(&regex, right), Ok(()), "{right}");
        }
        for wrong in ["$3", "$10x", "$1a", "${x}", "$"] {
            assert!(groups_exist(&regex, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn calls_per_second_may_be_fractions() {
        assert_eq!(calls_per_1000_s(&Value::Integer(20)), Ok(20_000));
        assert_eq!(calls_per_1000_s(&Value::Float(0.5)), Ok(500));
        assert_eq!(calls_per_1000_s(&Value::Variable("1.5".into())), Ok(1_500));
        for value in [
            Value::Integer(0),
            Value::Float(f64::NAN),
            Value::Float(-1.0),
            Value::Boolean(true),
        ] {
            assert!(calls_per_1000_s(&value).is_err(), "{value:?}");
        }
    }
}
