//! Local times as the vendor writes them. Its pages do not say whose: they are the tenant's.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use outdial_domain::{TenantId, Timestamp};
use outdial_service::Service;

use super::fault::{Fault, FieldFault};
use super::routes::Call;
use super::wire::Fields;

/// How times are written.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The zone of a tenant's wall clock.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of the tenant that calls.
    ///
    /// # Errors
    /// A fault of ours: the tenant's zone was checked when it was set up.
    pub(super) fn of(call: &Call) -> Result<Self, Fault> {
        Self::of_tenant(&call.service, call.caller.tenant).ok_or_else(Fault::internal)
    }

    /// The zone of a tenant.
    pub(super) fn of_tenant(service: &Service, tenant: TenantId) -> Option<Self> {
        let tenant = service.tenant(tenant).ok()?;
        Self::named(&tenant.time_zone)
    }

    fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        let name = name.to_owned();
        Some(Self { name, zone })
    }

    /// Reads a time, with or without the blank between date and time: one page prints it without.
    pub(super) fn parse(&self, text: &str) -> Option<Timestamp> {
        let digits_and_marks = |text: &str| {
            let marks = [4, 7, 10, 13, 16];
            let fits = |(at, c): (usize, u8)| match marks.contains(&at) {
                true => !c.is_ascii_alphanumeric(),
                false => c.is_ascii_digit(),
            };
            text.len() == 19 && text.bytes().enumerate().all(fits)
        };
        let spaced = match text.len() {
            18 if text.is_ascii() => format!("{} {}", &text[..10], &text[10..]),
            _ => text.to_owned(),
        };
        if !digits_and_marks(&spaced) {
            return None;
        }
        self.instant(DateTime::strptime(FORMAT, &spaced).ok()?)
    }

    /// Reads a field that holds a time.
    ///
    /// # Errors
    /// `02000006` for another type, `02000008` for a text that is no time.
    pub(super) fn field(&self, fields: &Fields, name: &str) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = fields.text(name)? else {
            return Ok(None);
        };
        let wrong = || {
            let problem = "is not a time such as 2026-01-15 08:30:00";
            fields.fault(FieldFault::Conversion, name, problem)
        };
        self.parse(&text).map(Some).ok_or_else(wrong)
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    fn local(&self, at: Timestamp) -> Option<DateTime> {
        let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        Some(at.to_zoned(self.zone.clone()).datetime())
    }

    /// A time as text; empty for one that no calendar has.
    pub(super) fn write(&self, at: Timestamp) -> String {
        let local = self
            .local(at)
            .map(|local| local.strftime(FORMAT).to_string());
        local.unwrap_or_default()
    }

    /// The day of a time, as `2026-01-15`.
    pub(super) fn day(&self, at: Timestamp) -> String {
        let local = self.local(at).map(|local| local.date().to_string());
        local.unwrap_or_default()
    }

    /// 00:00 of the day of a time.
    pub(super) fn midnight(&self, at: Timestamp) -> Timestamp {
        let local = self.local(at).map(|local| local.date().at(0, 0, 0, 0));
        local
            .and_then(|midnight| self.instant(midnight))
            .unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_tenants_own_with_or_without_the_blank() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let at = zone.parse("2026-01-15 08:30:00").unwrap();
        assert_eq!(
            at,
            Timestamp::parse_rfc3339("2026-01-15T00:30:00Z").unwrap()
        );
        assert_eq!(zone.parse("2026-01-1508:30:00"), Some(at));
        assert_eq!(zone.write(at), "2026-01-15 08:30:00");
        assert_eq!(zone.write(zone.midnight(at)), "2026-01-15 00:00:00");
        assert_eq!(zone.day(at), "2026-01-15");
        for wrong in [
            "",
            "2026-01-15",
            "2026-13-15 08:30:00",
            "2026-01-15 24:00:00",
            "2026-1-15 08:30:00",
            "2026-01-15 08:30:0é",
            "+026-01-15 08:30:00",
        ] {
            assert_eq!(zone.parse(wrong), None, "{wrong}");
        }
    }
}
