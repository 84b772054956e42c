//! Single values of the wire: how each is read, and what is said when it is wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use outdial_domain::{Country, PhoneNumber, Ratio, Share, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::fields::kind_of;

/// Longest duration that any field takes, in seconds: ten years.
const DURATION_S_MAX: f64 = 315_360_000.0;

/// A text of so many characters.
pub(crate) fn text(
    length: RangeInclusive<usize>,
) -> impl Fn(&Value) -> Result<String, String> + use<> {
    move |value| {
        let text = any_text(value)?;
        let chars = text.chars().count();
        if length.contains(&chars) {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "has {} characters; must have {} to {}",
                chars,
                length.start(),
                length.end()
            ))
        }
    }
}

/// A text.
pub(crate) fn any_text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("must be a text, not {}", kind_of(value)))
}

/// A whole number in a range.
pub(crate) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| {
        let wrong = || {
            format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            )
        };
        let number = value
            .as_u64()
            .or_else(|| {
                // `3.0` is the same number as `3` in JSON. Below 2^53 the conversion is exact.
                let float = value.as_f64()?;
                (float.fract() == 0.0 && (0.0..9e15).contains(&float)).then_some(float as u64)
            })
            .filter(|number| range.contains(number))
            .ok_or_else(wrong)?;
        T::try_from(number).map_err(|_| wrong())
    }
}

/// A duration in seconds; fractions are kept to the millisecond.
pub(crate) fn seconds(value: &Value) -> Result<Duration, String> {
    let given = number(value)?;
    if !(0.0..=DURATION_S_MAX).contains(&given) {
        return Err("must be a number of seconds, 0 or more".to_owned());
    }
    // In range by the check above, so that the conversion is exact to the millisecond.
    Ok(Duration::from_millis((given * 1000.0).round() as u64))
}

/// A share 0–1 in steps of 0.0001.
pub(crate) fn share(value: &Value) -> Result<Share, String> {
    let given = number(value)?;
    let share = Share::from_fraction(given).map_err(|_| {
        "must be a share from 0 to 1, such as 0.03 for three in a hundred".to_owned()
    })?;
    if (share.fraction() - given).abs() > 1e-9 {
        return Err("has too many digits; shares are kept in steps of 0.0001".to_owned());
    }
    Ok(share)
}

/// A ratio of calls to idle agents, 0.01–100 in steps of 0.01.
pub(crate) fn ratio(value: &Value) -> Result<Ratio, String> {
    let wrong = || "must be 0.01 to 100 in steps of 0.01".to_owned();
    let hundredths = number(value)? * 100.0;
    if !(0.5..=10_000.5).contains(&hundredths) || (hundredths - hundredths.round()).abs() > 1e-6 {
        return Err(wrong());
    }
    Ratio::from_hundredths(hundredths.round() as u32).map_err(|_| wrong())
}

/// A ratio as it is written.
pub(crate) fn ratio_json(ratio: Ratio) -> f64 {
    f64::from(ratio.hundredths()) / 100.0
}

fn number(value: &Value) -> Result<f64, String> {
    value
        .as_f64()
        .ok_or_else(|| format!("must be a number, not {}", kind_of(value)))
}

/// True or false.
pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("must be true or false, not {}", kind_of(value)))
}

/// An RFC 3339 time.
pub(crate) fn time(value: &Value) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(any_text(value)?)
        .map_err(|_| "is not an RFC 3339 time such as 2026-11-20T09:00:00Z".to_owned())
}

/// A phone number as a person of this country writes it.
pub(crate) fn phone_number(country: Country) -> impl Fn(&Value) -> Result<PhoneNumber, String> {
    move |value| {
        let text = value.as_str().ok_or_else(|| {
            format!(
                "must be a text such as \"+8613012345678\", not {}",
                kind_of(value)
            )
        })?;
        PhoneNumber::parse(text, country).map_err(|error| error.to_string())
    }
}

/// A duration in seconds; fractions of a second are kept to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, minimum = 0, example = 30)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_millis() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_millis() as f64 / 1000.0)
        }
    }
}

/// A time, RFC 3339; written in UTC, read with any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-20T09:00:00.000Z")]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A phone number: E.164 with a plus sign, or a dial string of 1 to 24 of `0-9 * #`. Read as a person
/// of the tenant's country writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = PhoneNumber, value_type = String, example = "+8613012345678")]
pub(crate) struct Number(pub(crate) PhoneNumber);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.text())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_keep_milliseconds_and_write_whole_seconds_plainly() {
        for written in [json!(30), json!(0.25), json!(0)] {
            let read = seconds(&written).unwrap();
            assert_eq!(serde_json::to_value(Seconds(read)).unwrap(), written);
        }
        assert!(seconds(&json!(-1)).is_err());
        assert!(seconds(&json!(1e300)).is_err());
        assert!(seconds(&json!("30")).is_err());
    }

    #[test]
    fn whole_numbers_are_whole_and_in_range() {
        let priority = whole::<u8>(1..=5);
        assert_eq!(priority(&json!(5)), Ok(5));
        assert_eq!(priority(&json!(5.0)), Ok(5));
        for wrong in [
            json!(0),
            json!(6),
            json!(2.5),
            json!(-1),
            json!("3"),
            json!(1e30),
        ] {
            assert_eq!(
                priority(&wrong),
                Err("must be a whole number from 1 to 5".to_owned())
            );
        }
    }

    #[test]
    fn shares_and_ratios_are_not_rounded_in_silence() {
        assert_eq!(share(&json!(0.03)).unwrap().basis_points(), 300);
        assert!(share(&json!(0.00005)).is_err());
        assert!(share(&json!(3)).is_err());
        assert_eq!(ratio(&json!(1.5)).unwrap().hundredths(), 150);
        assert_eq!(ratio(&json!(0.07)).unwrap().hundredths(), 7);
        assert!(ratio(&json!(1.555)).is_err());
        assert!(ratio(&json!(0)).is_err());
    }

    #[test]
    fn texts_are_measured_in_characters() {
        let name = text(1..=3);
        assert_eq!(name(&json!("春节好")), Ok("春节好".to_owned()));
        assert!(name(&json!("")).is_err());
        assert!(name(&json!("four")).is_err());
    }
}
