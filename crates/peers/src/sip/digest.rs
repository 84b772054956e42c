//! Digest authentication on both sides (RFC 7616, RFC 8760), with and without `qop=auth`.

use super::Message;
use super::header::split_list;
use md5::{Digest, Md5};
use sha2::Sha256;

/// Hash of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// `MD5`, which every phone knows.
    Md5,
    /// `SHA-256`.
    Sha256,
}

impl DigestAlgorithm {
    fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn of(fields: &Fields) -> Option<Self> {
        let token = fields.value("algorithm").unwrap_or("MD5");
        [Self::Md5, Self::Sha256]
            .into_iter()
            .find(|a| a.token().eq_ignore_ascii_case(token))
    }

    fn hex(self, text: &str) -> String {
        let bytes = match self {
            Self::Md5 => Md5::digest(text.as_bytes()).to_vec(),
            Self::Sha256 => Sha256::digest(text.as_bytes()).to_vec(),
        };
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password in plain text.
    pub password: String,
}

impl Credentials {
    /// A name and its password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a server asks for in a 401 or 407.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Realm that the password belongs to.
    pub realm: String,
    /// The server's nonce.
    pub nonce: String,
    /// Hash to be used.
    pub algorithm: DigestAlgorithm,
    /// Whether `qop=auth` is asked for.
    pub qop_auth: bool,
    /// Text that the client hands back as it is.
    pub opaque: Option<String>,
}

impl Challenge {
    /// The challenge as the value of WWW-Authenticate or Proxy-Authenticate.
    #[must_use]
    pub fn to_header(&self) -> String {
        let (realm, nonce, algorithm) = (&self.realm, &self.nonce, self.algorithm.token());
        let mut text =
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}");
        if self.qop_auth {
            text.push_str(", qop=\"auth\"");
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque=\"{opaque}\""));
        }
        text
    }

    /// Reads a challenge; `None` where it is not a digest with a known hash.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let fields = Fields::parse(value)?;
        let qop_auth = fields
            .value("qop")
            .is_some_and(|q| q.split(',').any(|t| t.trim() == "auth"));
        Some(Self {
            realm: fields.value("realm")?.to_owned(),
            nonce: fields.value("nonce")?.to_owned(),
            algorithm: DigestAlgorithm::of(&fields)?,
            qop_auth,
            opaque: fields.value("opaque").map(str::to_owned),
        })
    }

    /// The first challenge of a 401 or 407 with a hash that the client knows: servers put the one
    /// that they like best first.
    #[must_use]
    pub fn of_response(response: &Message, known: &[DigestAlgorithm]) -> Option<Self> {
        let name = match response.code()? {
            407 => "Proxy-Authenticate",
            _ => "WWW-Authenticate",
        };
        response
            .headers(name)
            .filter_map(Self::parse)
            .find(|c| known.contains(&c.algorithm))
    }

    /// The value of the Authorization header that answers this challenge for the n-th time, from 1.
    #[must_use]
    pub fn answer(&self, who: &Credentials, method: &str, uri: &str, n: u32) -> String {
        let (cnonce, nc) = (super::unique(""), format!("{n:08x}"));
        let qop = self.qop_auth.then_some((nc.as_str(), cnonce.as_str()));
        let response = response(self, who, qop, method, uri);
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
            who.username,
            self.realm,
            self.nonce,
            self.algorithm.token()
        );
        if let Some((nc, cnonce)) = qop {
            text.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque=\"{opaque}\""));
        }
        text
    }
}

/// What a client claims in Authorization or Proxy-Authorization.
#[derive(Clone, Debug)]
pub struct Authorization {
    fields: Fields,
}

impl Authorization {
    /// Reads the header's value; `None` where it is not a digest.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Some(Self {
            fields: Fields::parse(value)?,
        })
    }

    /// The nonce that it answers, empty where it is missing.
    #[must_use]
    pub fn nonce(&self) -> &str {
        self.fields.value("nonce").unwrap_or_default()
    }

    /// The user name that it claims, empty where it is missing.
    #[must_use]
    pub fn username(&self) -> &str {
        self.fields.value("username").unwrap_or_default()
    }

    /// The address that it was made for, empty where it is missing.
    ///
    /// It should be the Request-URI, but a server takes what is written here (RFC 2617 section
    /// 3.2.2.5), since proxies may have changed the other.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.fields.value("uri").unwrap_or_default()
    }

    /// Whether it proves knowledge of the password for this challenge and method.
    #[must_use]
    pub fn proves(&self, who: &Credentials, challenge: &Challenge, method: &str) -> bool {
        let f = |name| self.fields.value(name).unwrap_or_default();
        let qop = match (challenge.qop_auth, f("qop")) {
            (true, "auth") => Some((f("nc"), f("cnonce"))),
            (true, _) => return false,
            (false, _) => None,
        };
        let expected = response(challenge, who, qop, method, self.uri());
        f("username") == who.username
            && f("realm") == challenge.realm
            && f("nonce") == challenge.nonce
            && f("response").eq_ignore_ascii_case(&expected)
    }
}

#[derive(Clone, Debug)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let pairs = split_list(rest).filter_map(|p| p.split_once('='));
        Some(Self(
            pairs
                .map(|(n, v)| (n.trim().to_owned(), v.trim().trim_matches('"').to_owned()))
                .collect(),
        ))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}

fn response(
    challenge: &Challenge,
    who: &Credentials,
    qop: Option<(&str, &str)>,
    method: &str,
    uri: &str,
) -> String {
    let hash = |text: String| challenge.algorithm.hex(&text);
    let (realm, nonce) = (&challenge.realm, &challenge.nonce);
    let ha1 = hash(format!("{}:{realm}:{}", who.username, who.password));
    let ha2 = hash(format!("{method}:{uri}"));
    match qop {
        Some((nc, cnonce)) => hash(format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")),
        None => hash(format!("{ha1}:{nonce}:{ha2}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 7616 section 3.9.1.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        let who = Credentials::new("Mufasa", "Circle of Life");
        let qop = Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"));
        let expected = [
            (DigestAlgorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                DigestAlgorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ];
        for (algorithm, expected) in expected {
            let challenge = Challenge {
                realm: "http-auth@example.org".into(),
                nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".into(),
                algorithm,
                qop_auth: true,
                opaque: None,
            };
            assert_eq!(
                response(&challenge, &who, qop, "GET", "/dir/index.html"),
                expected
            );
        }
    }

    #[test]
    fn an_answer_proves_itself_and_a_wrong_password_does_not() {
        for (qop_auth, algorithm) in [
            (false, DigestAlgorithm::Md5),
            (true, DigestAlgorithm::Sha256),
        ] {
            let challenge = Challenge {
                realm: "r".into(),
                nonce: "n".into(),
                algorithm,
                qop_auth,
                opaque: Some("o".into()),
            };
            let again = Challenge::parse(&challenge.to_header()).unwrap();
            assert_eq!(again, challenge);
            let who = Credentials::new("1001", "secret");
            let claim = Authorization::parse(&again.answer(&who, "REGISTER", "sip:h", 1)).unwrap();
            assert!(claim.proves(&who, &challenge, "REGISTER"));
            assert!(!claim.proves(&who, &challenge, "INVITE"));
            assert!(!claim.proves(&Credentials::new("1001", "other"), &challenge, "REGISTER"));
        }
    }

    #[test]
    fn a_client_takes_the_first_challenge_that_it_understands() {
        let challenge =
            |algorithm| format!("Digest realm=\"r\", nonce=\"n\", algorithm={algorithm}");
        let response = Message::response(401, "Unauthorized")
            .with("WWW-Authenticate", challenge("SHA-512-256"))
            .with("WWW-Authenticate", challenge("SHA-256"))
            .with("WWW-Authenticate", challenge("MD5"));
        let taken = |known: &[_]| Challenge::of_response(&response, known).map(|c| c.algorithm);
        assert_eq!(
            taken(&[DigestAlgorithm::Md5, DigestAlgorithm::Sha256]),
            Some(DigestAlgorithm::Sha256)
        );
        assert_eq!(taken(&[DigestAlgorithm::Md5]), Some(DigestAlgorithm::Md5));
    }
}
