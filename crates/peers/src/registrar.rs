//! A small registrar: takes REGISTER, asks for credentials, remembers where phones are.

use crate::sip::{
    Authorization, Challenge, Credentials, DigestAlgorithm, Message, NameAddr, response_to, unique,
};
use crate::wait::Bell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a phone said it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Contact address as written.
    pub contact: String,
    /// Where the REGISTER came from.
    pub source: SocketAddr,
    /// Granted lifetime in seconds.
    pub expires_s: u32,
    /// How many REGISTERs made or refreshed it.
    pub refreshes: u32,
}

/// Takes registrations, with digest where an account has a password.
#[derive(Debug)]
pub(crate) struct Registrar {
    accounts: BTreeMap<String, String>,
    nonce: String,
    bindings: Mutex<BTreeMap<String, Binding>>,
    pub(crate) bell: Bell,
}

const REALM: &str = "peers";
/// Longest registration that is granted.
const LONGEST_S: u32 = 3600;

impl Registrar {
    pub(crate) fn new(accounts: &[Credentials]) -> Self {
        let accounts = accounts
            .iter()
            .map(|c| (c.username.clone(), c.password.clone()))
            .collect();
        Self {
            accounts,
            nonce: unique("n"),
            bindings: Mutex::default(),
            bell: Bell::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Binding>> {
        self.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn binding(&self, user: &str) -> Option<Binding> {
        self.lock().get(user).cloned()
    }

    /// The response to a REGISTER.
    pub(crate) fn answer(&self, register: &Message, from: SocketAddr) -> Message {
        let respond = |code| response_to(register, from, code, Some(&self.nonce));
        let user = register
            .header("To")
            .and_then(NameAddr::parse)
            .and_then(|to| to.address())
            .map(|uri| uri.user);
        let Some(user) = user else {
            return respond(400);
        };
        if let Some(password) = self.accounts.get(&user) {
            let challenge = Challenge {
                realm: REALM.into(),
                nonce: self.nonce.clone(),
                algorithm: DigestAlgorithm::Md5,
                qop_auth: true,
                opaque: None,
            };
            let who = Credentials::new(user.clone(), password.clone());
            match register
                .header("Authorization")
                .and_then(Authorization::parse)
            {
                None => return respond(401).with("WWW-Authenticate", challenge.to_header()),
                Some(claim) if !claim.proves(&who, &challenge, "REGISTER") => {
                    return respond(403);
                }
                Some(_) => {}
            }
        } else if !self.accounts.is_empty() {
            return respond(404);
        }
        self.bind(user, register, from, respond(200))
    }

    fn bind(
        &self,
        user: String,
        register: &Message,
        from: SocketAddr,
        response: Message,
    ) -> Message {
        let Some(contact) = register.header("Contact").and_then(NameAddr::parse) else {
            return response;
        };
        let asked = contact
            .params
            .value("expires")
            .or(register.header("Expires"));
        let expires_s = asked
            .and_then(|e| e.parse().ok())
            .unwrap_or(LONGEST_S)
            .min(LONGEST_S);
        let mut bindings = self.lock();
        if expires_s == 0 {
            bindings.remove(&user);
        } else {
            let refreshes = bindings.get(&user).map_or(0, |b| b.refreshes) + 1;
            bindings.insert(
                user,
                Binding {
                    contact: contact.uri.clone(),
                    source: from,
                    expires_s,
                    refreshes,
                },
            );
        }
        drop(bindings);
        self.bell.ring();
        match expires_s {
            0 => response,
            _ => response.with("Contact", format!("<{}>;expires={expires_s}", contact.uri)),
        }
    }
}
