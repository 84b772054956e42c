//! Values with a range, and the one error that says a value lies outside of its range.

use serde::{Deserialize, Serialize};

/// A value lies outside of the range that its field allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {given} is outside of {min} to {max}")]
pub struct OutOfRange {
    /// The field's name as the caller knows it.
    pub field: &'static str,
    /// The value that was given.
    pub given: i64,
    /// The smallest value allowed.
    pub min: i64,
    /// The largest value allowed.
    pub max: i64,
}

/// Checks `given` against `min..=max`.
///
/// # Errors
/// [`OutOfRange`] naming `field`.
pub fn within(field: &'static str, given: i64, min: i64, max: i64) -> Result<i64, OutOfRange> {
    if (min..=max).contains(&given) {
        Ok(given)
    } else {
        Err(OutOfRange {
            field,
            given,
            min,
            max,
        })
    }
}

/// A part of a whole in basis points: an abandonment ceiling, an occupancy.
///
/// Range 0..=10 000. Vendors' narrower ranges are checked by their dialects first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    /// A share from basis points (1/100 of a percent).
    ///
    /// # Errors
    /// [`OutOfRange`] above 10 000.
    pub fn from_basis_points(points: u16) -> Result<Self, OutOfRange> {
        within("share", i64::from(points), 0, 10_000).map(|_| Self(points))
    }

    /// A share from a fraction 0–1, rounded to a basis point.
    ///
    /// # Errors
    /// [`OutOfRange`] outside of 0–1, and for values that are not numbers.
    pub fn from_fraction(fraction: f64) -> Result<Self, OutOfRange> {
        if (0.0..=1.0).contains(&fraction) {
            // The product lies in 0..=10 000, so the conversion is exact.
            Ok(Self((fraction * 10_000.0).round() as u16))
        } else {
            Err(OutOfRange {
                field: "share",
                given: (fraction * 10_000.0) as i64,
                min: 0,
                max: 10_000,
            })
        }
    }

    /// The share in basis points.
    pub fn basis_points(self) -> u16 {
        self.0
    }

    /// The share as a fraction 0–1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

impl TryFrom<u16> for Share {
    type Error = OutOfRange;
    fn try_from(points: u16) -> Result<Self, OutOfRange> {
        Self::from_basis_points(points)
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        assert_eq!(Share::from_fraction(0.03).map(Share::basis_points), Ok(300));
        assert!(Share::from_fraction(1.01).is_err());
        assert!(Share::from_fraction(f64::NAN).is_err());
        assert!(Share::from_basis_points(10_001).is_err());
    }
}
