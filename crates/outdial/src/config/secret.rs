//! Secrets: kept out of every message, and hashed where only their equality matters.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::problem::Fault;
use super::section::text;
use super::tree::Value;

/// A secret in the clear. `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(String);

impl Secret {
    /// The secret in the clear, for signatures.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the secret, by which bearer keys are known.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Reads a secret; its value stands in no complaint.
pub(super) fn secret(value: &Value) -> Result<Secret, Fault> {
    let text = text(value)?;
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(Fault::new(
            "begins or ends with a space, or has a line break",
            "no client could send it so; take the space out",
        ));
    }
    Ok(Secret(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let secret = secret(&Value::Text("hunter2".into())).unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.sha256()[..2], [0xf5, 0x2f]);
    }
}
