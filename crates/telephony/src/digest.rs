//! Digest access authentication, both sides: answering a trunk's challenge, and challenging the phones
//! that register with us.
//!
//! Source: RFC 7616 (digest), RFC 8760 (SHA-256 in SIP), RFC 3261 section 22.

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Longest challenge or credential that is read, in bytes.
const LEN_MAX: usize = 4_096;

/// Hash algorithms, the stronger one first in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `MD5`, what most phones and trunks still speak.
    Md5,
    /// `SHA-256`.
    Sha256,
}

impl Algorithm {
    /// The token on the wire.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        let mut hex = String::with_capacity(64);
        let mut push = |bytes: &[u8]| {
            for byte in bytes {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
            }
        };
        match self {
            Self::Md5 => push(&Md5::digest(text)),
            Self::Sha256 => push(&Sha256::digest(text)),
        }
        hex
    }
}

/// What a server asks for in `WWW-Authenticate` or `Proxy-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The protection space, shown to the user of a phone.
    pub realm: String,
    /// The server's one-time text.
    pub nonce: String,
    /// Text to be given back as it came.
    pub opaque: Option<String>,
    /// Algorithm, and whether it is the `-sess` form.
    pub algorithm: (Algorithm, bool),
    /// Whether `qop=auth` is offered.
    pub qop_auth: bool,
    /// The credentials were right, only the nonce was too old.
    pub stale: bool,
}

impl Challenge {
    /// Reads one header value; `None` when it is no digest challenge that can be answered.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let parameters = parameters(value)?;
        let find = |name: &str| {
            parameters
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
        };
        let token = find("algorithm")
            .unwrap_or_else(|| "MD5".to_owned())
            .to_ascii_uppercase();
        let algorithm = match token.as_str() {
            "MD5" => (Algorithm::Md5, false),
            "MD5-SESS" => (Algorithm::Md5, true),
            "SHA-256" | "SHA256" => (Algorithm::Sha256, false),
            "SHA-256-SESS" | "SHA256-SESS" => (Algorithm::Sha256, true),
            _ => return None,
        };
        let qop = find("qop");
        let qop_auth = qop.as_ref().is_some_and(|list| {
            list.split(',')
                .any(|q| q.trim().eq_ignore_ascii_case("auth"))
        });
        if qop.is_some() && !qop_auth {
            // Only auth-int is offered, which we do not speak.
            return None;
        }
        Some(Self {
            realm: find("realm")?,
            nonce: find("nonce")?,
            opaque: find("opaque"),
            algorithm,
            qop_auth,
            stale: find("stale").is_some_and(|v| v.eq_ignore_ascii_case("true")),
        })
    }
}

/// Who we are towards a server that challenges.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password in clear text.
    pub password: String,
    /// The only realm they are given to; `None` is any.
    pub realm: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// The value of `Authorization` or `Proxy-Authorization` that answers `challenge`.
    ///
    /// `count` is how often this nonce has been used, from 1; `cnonce` is fresh random text of ours.
    #[must_use]
    pub fn answer(
        &self,
        challenge: &Challenge,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> String {
        let (algorithm, session) = challenge.algorithm;
        let proof = Proof {
            algorithm,
            session,
            username: &self.username,
            realm: &challenge.realm,
            password: &self.password,
            nonce: &challenge.nonce,
            method,
            uri,
            cnonce,
            count: challenge.qop_auth.then_some(count),
        };
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{}\", algorithm={}{}",
            quoted(&self.username),
            quoted(&challenge.realm),
            quoted(&challenge.nonce),
            proof.response(),
            algorithm.token(),
            if session { "-sess" } else { "" },
        );
        if challenge.qop_auth || session {
            let _ = write!(value, ", cnonce=\"{cnonce}\"");
        }
        if challenge.qop_auth {
            let _ = write!(value, ", qop=auth, nc={count:08x}");
        }
        if let Some(opaque) = &challenge.opaque {
            let _ = write!(value, ", opaque=\"{}\"", quoted(opaque));
        }
        value
    }
}

/// What a phone answered to our challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The account it claims to be.
    pub username: String,
    /// Must be ours.
    pub realm: String,
    /// Must be one that we gave out.
    pub nonce: String,
    /// The request URI it signed.
    pub uri: String,
    response: String,
    algorithm: Algorithm,
    session: bool,
    /// Its own random text: with `qop`, and in the `-sess` forms without it, too.
    cnonce: String,
    count: Option<u32>,
}

impl Claim {
    /// Reads the value of `Authorization`; `None` when it is no digest answer.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let parameters = parameters(value)?;
        let find = |name: &str| {
            parameters
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
        };
        let token = find("algorithm")
            .unwrap_or_else(|| "MD5".to_owned())
            .to_ascii_uppercase();
        let (algorithm, session) = match token.as_str() {
            "MD5" => (Algorithm::Md5, false),
            "MD5-SESS" => (Algorithm::Md5, true),
            "SHA-256" | "SHA256" => (Algorithm::Sha256, false),
            "SHA-256-SESS" | "SHA256-SESS" => (Algorithm::Sha256, true),
            _ => return None,
        };
        let cnonce = find("cnonce");
        let count = match find("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") && cnonce.is_some() => {
                Some(u32::from_str_radix(&find("nc")?, 16).ok()?)
            }
            Some(_) => return None,
        };
        Some(Self {
            username: find("username")?,
            realm: find("realm")?,
            nonce: find("nonce")?,
            uri: find("uri")?,
            response: find("response")?.to_ascii_lowercase(),
            algorithm,
            session,
            cnonce: cnonce.unwrap_or_default(),
            count,
        })
    }

    /// How often the phone says it has used the nonce; `None` without quality of protection.
    #[must_use]
    pub const fn count(&self) -> Option<u32> {
        self.count
    }

    /// Whether the claim was made with `password`, for a request of this method.
    #[must_use]
    pub fn is_proven(&self, password: &str, method: &str) -> bool {
        let proof = Proof {
            algorithm: self.algorithm,
            session: self.session,
            username: &self.username,
            realm: &self.realm,
            password,
            nonce: &self.nonce,
            method,
            uri: &self.uri,
            cnonce: &self.cnonce,
            count: self.count,
        };
        proof
            .response()
            .as_bytes()
            .ct_eq(self.response.as_bytes())
            .into()
    }
}

struct Proof<'a> {
    algorithm: Algorithm,
    session: bool,
    username: &'a str,
    realm: &'a str,
    password: &'a str,
    nonce: &'a str,
    method: &'a str,
    uri: &'a str,
    cnonce: &'a str,
    /// With quality of protection: how often the nonce has been used.
    count: Option<u32>,
}

impl Proof<'_> {
    fn response(&self) -> String {
        let hash = |text: &str| self.algorithm.hash(text);
        let mut who = hash(&format!(
            "{}:{}:{}",
            self.username, self.realm, self.password
        ));
        if self.session {
            who = hash(&format!("{who}:{}:{}", self.nonce, self.cnonce));
        }
        let what = hash(&format!("{}:{}", self.method, self.uri));
        match self.count {
            Some(count) => hash(&format!(
                "{who}:{}:{count:08x}:{}:auth:{what}",
                self.nonce, self.cnonce
            )),
            None => hash(&format!("{who}:{}:{what}", self.nonce)),
        }
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The parameters after `Digest`, names in lower case, values without quotes.
fn parameters(value: &str) -> Option<Vec<(String, String)>> {
    if value.len() > LEN_MAX {
        return None;
    }
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = rest.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name
            .trim_matches(|c: char| c == ',' || c.is_whitespace())
            .to_ascii_lowercase();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(text) => unquote(text)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        found.push((name, value));
        rest = next;
    }
    Some(found)
}

/// Reads up to the closing quote; the value, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const RFC_CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn rfc_challenge(algorithm: &str) -> Challenge {
        Challenge::parse(&format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"{RFC_NONCE}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        ))
        .expect("challenge of RFC 7616, section 3.9.1")
    }

    fn mufasa() -> Credentials {
        Credentials {
            username: "Mufasa".into(),
            password: "Circle of Life".into(),
            realm: None,
        }
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let md5 = mufasa().answer(
            &rfc_challenge("MD5"),
            "GET",
            "/dir/index.html",
            1,
            RFC_CNONCE,
        );
        assert!(
            md5.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""),
            "{md5}"
        );
        let sha = mufasa().answer(
            &rfc_challenge("SHA-256"),
            "GET",
            "/dir/index.html",
            1,
            RFC_CNONCE,
        );
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(sha.contains(&format!("response=\"{expected}\"")), "{sha}");
        assert!(
            sha.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""),
            "{sha}"
        );
    }

    /// The value is what the digest authentication of Python's `requests` 2 answers, with this text as its cnonce.
    #[test]
    fn a_session_algorithm_without_qop_hashes_the_cnonce_that_is_sent() {
        let challenge = Challenge::parse(&format!(
            "Digest realm=\"http-auth@example.org\", nonce=\"{RFC_NONCE}\", algorithm=MD5-sess"
        ))
        .expect("a challenge");
        let cnonce = "1752de7a4b87dce0";
        let value = mufasa().answer(&challenge, "GET", "/dir/index.html", 1, cnonce);
        assert!(
            value.contains("response=\"96e516072d743963417628d8f9ffe36f\""),
            "{value}"
        );
        assert!(value.contains("cnonce=\"1752de7a4b87dce0\""), "{value}");
        let claim = Claim::parse(&value).expect("our own answer");
        assert!(claim.is_proven("Circle of Life", "GET"));
    }

    #[test]
    fn an_answer_proves_itself_and_a_wrong_password_does_not() {
        for challenge in [
            rfc_challenge("SHA-256"),
            rfc_challenge("MD5-sess"),
            Challenge::parse("Digest realm=\"a \\\"b\\\"\", nonce=\"n\"").expect("oldest form"),
        ] {
            let value = mufasa().answer(&challenge, "REGISTER", "sip:example.org", 7, "abc");
            let claim = Claim::parse(&value).expect("our own answer");
            assert_eq!(
                (claim.username.as_str(), &claim.realm),
                ("Mufasa", &challenge.realm)
            );
            assert!(claim.is_proven("Circle of Life", "REGISTER"));
            assert!(!claim.is_proven("Circle of life", "REGISTER"));
            assert!(!claim.is_proven("Circle of Life", "INVITE"));
        }
    }

    #[test]
    fn what_cannot_be_answered_is_no_challenge() {
        for value in [
            "",
            "Basic realm=\"x\"",
            "Digest",
            "Digest realm=\"x\"",
            "Digest realm=\"x, nonce=\"y\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=AKAv1-MD5",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        ] {
            assert_eq!(Challenge::parse(value), None, "{value}");
        }
        assert_eq!(
            Challenge::parse(&format!("Digest realm=\"{}\"", "x".repeat(5_000))),
            None
        );
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        assert!(!format!("{:?}", mufasa()).contains("Circle"));
    }
}
