//! Public keys as a tenant of Dezhu uploads them.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pkcs1::RsaPublicKeyRef;
use pkcs1::der::Decode as _;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use spki::SubjectPublicKeyInfoRef;

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA: spki::ObjectIdentifier = spki::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Standard base64 with or without its padding.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is no public key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Neither base64 nor PEM.
    #[error("is neither base64 nor PEM")]
    Encoding,
    /// Not the form of a public key, or not of an RSA one.
    #[error("is no RSA public key in SPKI or PKCS#1 form")]
    Form,
    /// Too short to be safe, or so long that checking it would be a burden.
    #[error("has {0} bits; 2048 to 4096 are taken")]
    Length(usize),
}

/// An RSA public key of 2048 to 4096 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads base64 of SPKI, PEM `PUBLIC KEY`, or PEM `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn read(text: &str) -> Result<Self, KeyFault> {
        let body: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("-----"))
            .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
            .collect();
        let der = LENIENT.decode(&body).map_err(|_| KeyFault::Encoding)?;
        let inner = match SubjectPublicKeyInfoRef::from_der(&der) {
            Ok(info) if info.algorithm.oid == RSA => info.subject_public_key.raw_bytes(),
            Ok(_) => return Err(KeyFault::Form),
            Err(_) => &der,
        };
        let key = RsaPublicKeyRef::from_der(inner).map_err(|_| KeyFault::Form)?;
        let modulus = key.modulus.as_bytes();
        let unused = modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = (modulus.len() * 8).saturating_sub(unused);
        if !(2048..=4096).contains(&bits) {
            return Err(KeyFault::Length(bits));
        }
        Ok(Self {
            modulus: modulus.to_vec(),
            exponent: key.public_exponent.as_bytes().to_vec(),
        })
    }

    /// Bytes of a signature by this key.
    pub(super) fn signature_len(&self) -> usize {
        self.modulus.len()
    }

    /// Whether this key's owner signed the message: RSA PKCS#1 v1.5 with SHA-256.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dezhu::sign::tests::PUBLIC_KEY;

    #[test]
    fn a_key_is_read_in_each_of_its_forms() {
        let key = PublicKey::read(PUBLIC_KEY).unwrap();
        assert_eq!(key.signature_len(), 256);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{PUBLIC_KEY}\n-----END PUBLIC KEY-----\n");
        assert_eq!(PublicKey::read(&pem), Ok(key.clone()));
        // Without the 24 bytes that make SPKI of PKCS#1.
        let der = LENIENT.decode(PUBLIC_KEY).unwrap();
        let inner = LENIENT.encode(&der[24..]);
        let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{inner}\n-----END RSA PUBLIC KEY-----");
        assert_eq!(PublicKey::read(&pem), Ok(key));
    }

    #[test]
    fn what_is_no_key_says_so() {
        assert_eq!(PublicKey::read("no key!"), Err(KeyFault::Encoding));
        assert_eq!(PublicKey::read(""), Err(KeyFault::Form));
        let elliptic = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaQ==";
        assert_eq!(PublicKey::read(elliptic), Err(KeyFault::Form));
        // PKCS#1 with a modulus of 16 bits.
        assert_eq!(
            PublicKey::read("MAgCAwDFRwIBAw=="),
            Err(KeyFault::Length(16))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = PublicKey::read(&text);
            prop_assert!(PublicKey::read(&LENIENT.encode(bytes)).is_err());
        }
    }
}
