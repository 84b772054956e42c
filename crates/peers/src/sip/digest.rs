//! Digest authentication on both sides (RFC 2617, MD5 with and without `qop=auth`).

use super::header::split_list;
use md5::{Digest, Md5};

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
    /// Whether `qop=auth` is asked for.
    pub qop_auth: bool,
    /// Text that the client hands back as it is.
    pub opaque: Option<String>,
}

impl Challenge {
    /// The challenge as the value of WWW-Authenticate or Proxy-Authenticate.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut text = format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm=MD5",
            self.realm, self.nonce
        );
        if self.qop_auth {
            text.push_str(", qop=\"auth\"");
        }
        if let Some(opaque) = &self.opaque {
            text.push_str(&format!(", opaque=\"{opaque}\""));
        }
        text
    }

    /// Reads a challenge; `None` where it is not a digest with MD5.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let fields = Fields::parse(value)?;
        let md5 = fields
            .value("algorithm")
            .is_none_or(|a| a.eq_ignore_ascii_case("MD5"));
        let qop_auth = fields
            .value("qop")
            .is_some_and(|q| q.split(',').any(|t| t.trim() == "auth"));
        let nonce = fields.value("nonce")?.to_owned();
        let realm = fields.value("realm")?.to_owned();
        md5.then(|| Self {
            realm,
            nonce,
            qop_auth,
            opaque: fields.value("opaque").map(str::to_owned),
        })
    }

    /// The value of the Authorization header that answers this challenge.
    #[must_use]
    pub fn answer(&self, who: &Credentials, method: &str, uri: &str) -> String {
        let cnonce = super::unique("");
        let qop = self.qop_auth.then_some(("00000001", cnonce.as_str()));
        let response = response(who, &self.realm, &self.nonce, qop, method, uri);
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm=MD5",
            who.username, self.realm, self.nonce
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
        let expected = response(
            who,
            &challenge.realm,
            &challenge.nonce,
            qop,
            method,
            self.uri(),
        );
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
    who: &Credentials,
    realm: &str,
    nonce: &str,
    qop: Option<(&str, &str)>,
    method: &str,
    uri: &str,
) -> String {
    let ha1 = md5_hex(&format!("{}:{realm}:{}", who.username, who.password));
    let ha2 = md5_hex(&format!("{method}:{uri}"));
    match qop {
        Some((nc, cnonce)) => md5_hex(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")),
        None => md5_hex(&format!("{ha1}:{nonce}:{ha2}")),
    }
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 2617 section 3.5.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let who = Credentials::new("Mufasa", "Circle Of Life");
        let qop = Some(("00000001", "0a4f113b"));
        let got = response(
            &who,
            "testrealm@host.com",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            qop,
            "GET",
            "/dir/index.html",
        );
        assert_eq!(got, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn an_answer_proves_itself_and_a_wrong_password_does_not() {
        for qop_auth in [false, true] {
            let challenge = Challenge {
                realm: "r".into(),
                nonce: "n".into(),
                qop_auth,
                opaque: Some("o".into()),
            };
            let again = Challenge::parse(&challenge.to_header()).unwrap();
            assert_eq!(again, challenge);
            let who = Credentials::new("1001", "secret");
            let header = again.answer(&who, "REGISTER", "sip:h");
            let claim = Authorization::parse(&header).unwrap();
            assert!(claim.proves(&who, &challenge, "REGISTER"));
            assert!(!claim.proves(&who, &challenge, "INVITE"));
            assert!(!claim.proves(&Credentials::new("1001", "other"), &challenge, "REGISTER"));
        }
    }
}
