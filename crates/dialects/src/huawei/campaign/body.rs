//! The body of create and modify. Source: Table 3 of "Modifying an Outbound Campaign (V1)"; `initStatus`
//! is of the page about creating.

use outdial_domain::Timestamp;

use super::device::{Device, Work};
use super::schedule::Schedule;
use crate::huawei::fault::{Fault, FieldFault};
use crate::huawei::time::Zone;
use crate::huawei::wire::Fields;

/// A campaign as it is asked for: each field within its range.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::huawei) struct Body {
    /// At most [`NAME_MAX`] characters.
    pub(in crate::huawei) name: String,
    /// At most 200 characters.
    pub(in crate::huawei) description: Option<String>,
    /// Both or neither.
    pub(in crate::huawei) period: Option<(Timestamp, Timestamp)>,
    /// What answers.
    pub(in crate::huawei) device: Device,
    /// At most 24 of `0-9 * #`.
    pub(in crate::huawei) caller_no: String,
    /// Seconds.
    pub(in crate::huawei) max_alerting_time: u32,
    /// When it may call.
    pub(in crate::huawei) schedule: Schedule,
    /// What goes with the device.
    pub(in crate::huawei) work: Work,
    /// Where results go.
    pub(in crate::huawei) call_back_url: String,
    /// Whether it begins suspended; create only.
    pub(in crate::huawei) suspended: bool,
}

/// Most characters of a name. Table 3 of "Modifying an Outbound Campaign (V1)" of 2023-09-27 says 32, but
/// the example on that page sends 44, and later pages of the same operation say 100: what the vendor
/// itself sends is taken, and no client that keeps to 32 notices.
const NAME_MAX: usize = 100;

/// Whose number may be so long.
const NUMBER_MAX: usize = 24;

impl Body {
    /// Reads it in the order of the table: the first field that is wrong is the one that is told.
    ///
    /// # Errors
    /// The code of Table 14 for it.
    pub(in crate::huawei) fn read(fields: &Fields, zone: &Zone) -> Result<Self, Fault> {
        let name = fields.text_up_to("name", NAME_MAX)?;
        let name = fields.required("name", name)?;
        if name.chars().any(char::is_control) {
            return Err(fields.fault(FieldFault::Characters, "name", "has control characters"));
        }
        let description = fields.text_up_to("description", 200)?;
        let forbidden = |c: char| "\"[]=;<>".contains(c);
        if description
            .as_ref()
            .is_some_and(|text| text.contains(forbidden))
        {
            let problem = "may not have \" [ ] = ; < >";
            return Err(fields.fault(FieldFault::Characters, "description", problem));
        }
        let begin = zone.field(fields, "strBeginTime")?;
        let end = zone.field(fields, "strEndTime")?;
        let device = fields.integer("deviceType")?;
        let device = fields.required("deviceType", device)?;
        let device = Device::numbered(device).ok_or_else(|| {
            fields.fault(FieldFault::Value, "deviceType", "must be 1, 2, 3, 5 or 6")
        })?;
        let caller_no = phone_number(fields, "callerNo")?;
        let caller_no = fields.required("callerNo", caller_no)?;
        let shortest = if device == Device::Previewed { 9 } else { 5 };
        let ring = fields.integer_in("maxAlertingTime", shortest..=120)?;
        let ring = fields.required("maxAlertingTime", ring)?;
        let ring = u32::try_from(ring).map_err(|_| Fault::internal())?;
        let schedule = fields.object("scheduleParam")?;
        let schedule = Schedule::read(&fields.required("scheduleParam", schedule)?)?;
        let work = Work::read(fields, device, ring)?;
        let call_back_url = call_back_url(fields)?;
        let status = fields.integer("initStatus")?.unwrap_or(0);
        if ![0, 2, 3].contains(&status) {
            return Err(fields.fault(FieldFault::Value, "initStatus", "must be 0, 2 or 3"));
        }
        Ok(Self {
            name,
            description,
            period: period(fields, begin, end)?,
            device,
            caller_no,
            max_alerting_time: ring,
            schedule,
            work,
            call_back_url,
            suspended: status == 3,
        })
    }
}

/// A number: at most 24 of `0-9 * #`.
///
/// # Errors
/// `02000006` for another type, `02000003` for a longer one, `02000002` for other characters.
pub(in crate::huawei) fn phone_number(
    fields: &Fields,
    name: &str,
) -> Result<Option<String>, Fault> {
    let number = fields.text_up_to(name, NUMBER_MAX)?;
    let dialable = |c: char| c.is_ascii_digit() || c == '*' || c == '#';
    match number {
        Some(number) if !number.chars().all(dialable) => {
            let problem = "has other characters than 0-9 * #";
            Err(fields.fault(FieldFault::Characters, name, problem))
        }
        number => Ok(number),
    }
}

fn call_back_url(fields: &Fields) -> Result<String, Fault> {
    let url = fields.text_up_to("callBackUrl", 512)?;
    let url = fields.required("callBackUrl", url)?;
    let fault = |fault, problem| Err(fields.fault(fault, "callBackUrl", problem));
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return fault(FieldFault::Characters, "has blanks or control characters");
    }
    match url.split_once("://") {
        Some(("https" | "http", rest)) if !rest.is_empty() => Ok(url),
        _ => fault(FieldFault::Value, "must start with https:// or http://"),
    }
}

fn period(
    fields: &Fields,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<Option<(Timestamp, Timestamp)>, Fault> {
    let combined = |name, problem| Err(fields.fault(FieldFault::Combination, name, problem));
    match (begin, end) {
        (None, None) => Ok(None),
        (Some(begin), Some(end)) if begin < end => Ok(Some((begin, end))),
        (Some(_), Some(_)) => combined("strEndTime", "must be after strBeginTime"),
        (None, Some(_)) => combined("strBeginTime", "goes with strEndTime and is missing"),
        (Some(_), None) => combined("strEndTime", "goes with strBeginTime and is missing"),
    }
}
