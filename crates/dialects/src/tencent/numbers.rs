//! Phone numbers as Tencent writes them, and the operation that lists the tenant's own.

use std::collections::BTreeSet;

use outdial_domain::{Country, PhoneNumber};
use serde_json::{Value, json};

use super::fault::Fault;
use super::paging::{Paging, listed};
use super::routes::{Answer, Call, Operation};
use super::wire::{optional, required};

/// The operations of this file. Source: the page of each, CCC 2020-02-10.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "DescribeNumbers",
    members: &[
        required("SdkAppId").honoured("names the tenant"),
        optional("PageNumber").honoured("from 0; default 0"),
        optional("PageSize").honoured("1–100; default 20"),
    ],
    unknown_app: "InvalidParameterValue",
    run: |call| Box::pin(list(call)),
}];

/// Reads a number: digits with an optional `+`, 3 to 20 of them, with or without country code.
///
/// # Errors
/// `InvalidParameterValue` naming `path`.
pub(super) fn read(text: &str, path: &str, country: Country) -> Result<PhoneNumber, Fault> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let sound = (3..=20).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    let number = sound
        .then(|| PhoneNumber::parse(text, country).ok())
        .flatten();
    number.ok_or_else(|| {
        let problem =
            "must be 3 to 20 digits, with or without country code, such as `+8613012345678`";
        Fault::value(path, problem)
    })
}

/// A number as CDRs and lists write it: `008613012345678`, `0086075586013388`; a short code as it is.
pub(super) fn written(number: &PhoneNumber) -> String {
    if number.is_dial_string() {
        return number.digits().to_owned();
    }
    let national = number.national();
    // The trunk prefix stands between country code and number.
    let bare = national.trim_start_matches('0');
    match number.digits().strip_suffix(bare) {
        Some(country) if !bare.is_empty() => format!("00{country}{national}"),
        _ => format!("00{}", number.digits()),
    }
}

/// `DescribeNumbers`.
async fn list(call: Call) -> Result<Answer, Fault> {
    let paging = Paging::read(&call.fields, 100, Some(20))?;
    let own = call.service.caller_ids(&call.caller).await?;
    let groups = call.service.skill_groups(&call.caller).await?;
    // Every group of a tenant may show every number of its own.
    let groups: BTreeSet<u64> = groups.iter().map(|group| group.id.number()).collect();
    let numbers: Vec<Value> = own
        .iter()
        .map(|own| {
            json!({
                "Number": written(&own.number),
                "CallOutSkillGroupIds": groups,
                "State": 1,
                "CostType": 1,
            })
        })
        .collect();
    Ok(listed("Numbers", paging, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_clients_send_them_and_written_as_the_vendor_does() {
        let china = Country::new("CN").unwrap();
        for (given, then) in [
            ("+8613012345678", "008613012345678"),
            ("008613012345678", "008613012345678"),
            ("13012345678", "008613012345678"),
            ("0086075586013388", "0086075586013388"),
            ("075586013388", "0086075586013388"),
            ("10085", "10085"),
        ] {
            assert_eq!(written(&read(given, "Callers.0", china).unwrap()), then);
        }
        for wrong in ["", "12", "+86 130", "abc", "130-1234-5678", "*123#", "+"] {
            let fault = read(wrong, "Callees.3", china).unwrap_err();
            assert_eq!(fault.code, "InvalidParameterValue");
            assert!(fault.message.contains("`Callees.3`"), "{fault}");
        }
        assert!(read(&"1".repeat(21), "Callees.0", china).is_err());
    }
}
