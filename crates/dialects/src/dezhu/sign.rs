//! Who signed a request to Dezhu: RSA over `appId` and `timestamp`.
//!
//! Source: published code of a client. The rule is on no official page: everything that knows it is in
//! [`verify`]. Neither body nor path is signed, so the signature says who called and when, and no more.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use outdial_domain::Timestamp;

use super::key::{LENIENT, PublicKey};
use crate::clock::Tolerance;
use crate::incoming::Incoming;

/// How far a client's clock may be off, where nothing else is set.
pub const TOLERANCE_DEFAULT: Tolerance = Tolerance::of(Duration::from_secs(300));

/// An application, and who may sign for it.
#[derive(Clone, Debug)]
pub struct App<T> {
    /// Its active keys; more than one while they are exchanged.
    pub keys: Vec<PublicKey>,
    /// Whose it is.
    pub owner: T,
}

/// Applications by their id.
pub type Apps<T> = BTreeMap<String, App<T>>;

/// Why a request is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// A header is missing, empty, or there twice.
    #[error("{0}")]
    Missing(&'static str),
    /// No application has this id, or it has no key.
    #[error("appId")]
    NoKey,
    /// The timestamp is no number.
    #[error("timestamp")]
    Time,
    /// The client's clock is off.
    #[error("timestamp")]
    Expired,
    /// The signature is none, of other headers, or made with another key.
    #[error("sign")]
    Mismatch,
}

impl SignatureRefusal {
    /// Dezhu's result code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoKey => "10002",
            Self::Missing(_) | Self::Time | Self::Expired | Self::Mismatch => "10001",
        }
    }
}

/// The owner of the application that signed a request.
///
/// # Errors
/// [`SignatureRefusal`].
pub fn verify<'a, T>(
    request: &Incoming,
    apps: &'a Apps<T>,
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<(&'a T, String), SignatureRefusal> {
    let header = |name: &'static str| {
        let value = request.header(name).filter(|value| !value.is_empty());
        value.ok_or(SignatureRefusal::Missing(name))
    };
    let id = header("appId")?;
    let timestamp = header("timestamp")?;
    let sign = header("sign")?;
    let app = apps.get(id).filter(|app| !app.keys.is_empty());
    let app = app.ok_or(SignatureRefusal::NoKey)?;
    let digits = timestamp.len() <= 19 && timestamp.bytes().all(|c| c.is_ascii_digit());
    let millis: Option<i64> = digits.then(|| timestamp.parse().ok()).flatten();
    let signed_at = Timestamp::from_millis(millis.ok_or(SignatureRefusal::Time)?);
    if !tolerance.accepts(now, signed_at) {
        return Err(SignatureRefusal::Expired);
    }
    let signature = decode(sign).ok_or(SignatureRefusal::Mismatch)?;
    let message = format!("{id}{timestamp}");
    let signed = app
        .keys
        .iter()
        .filter(|key| key.signature_len() == signature.len())
        .any(|key| key.has_signed(message.as_bytes(), &signature));
    match signed {
        true => Ok((&app.owner, id.to_owned())),
        false => Err(SignatureRefusal::Mismatch),
    }
}

/// Base64 in the alphabets and with the blanks that clients produce.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    LENIENT.decode(plain).ok()
}

#[cfg(test)]
#[path = "sign_tests.rs"]
pub(super) mod tests;
