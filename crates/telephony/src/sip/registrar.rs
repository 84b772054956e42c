//! The registrar: which account's phone is where.
//!
//! Pure: requests and the time come in as arguments. Source: RFC 3261 section 10, RFC 8760.

use std::collections::BTreeMap;
use std::time::Duration;

use outdial_domain::Timestamp;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Request, Uri};
use sha2::{Digest as _, Sha256};

use super::address::Destination;
use super::message::{cseq, header, random_token};
use crate::Account;
use crate::digest::{Algorithm, Claim};

/// The protection space that phones are asked for.
pub(crate) const REALM: &str = "outdial";
/// How long a nonce is good for.
const NONCE_LIFE: Duration = Duration::from_secs(300);
/// Letters that tell nonces of the same millisecond apart.
const SALT_LEN: usize = 8;
/// Longest and shortest registration, in seconds.
const EXPIRES_MAX: u32 = 3_600;
const EXPIRES_MIN: u32 = 10;
/// Nonces whose use is remembered at most; older ones are forgotten first and count as stale.
const NONCES_MAX: usize = 10_000;
/// Wrong passwords of an account from one address, after which it is not listened to for a while.
const GUESSES_MAX: u32 = 10;
const GUESSER_RESTS: Duration = Duration::from_secs(60);
/// Accounts and addresses whose wrong passwords are counted at most.
const GUESSERS_MAX: usize = 10_000;

/// Where a phone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// What it calls itself: the request URI of calls to it.
    pub(crate) contact: Uri,
    /// Where its request came from: where calls to it are sent, behind whatever address translation.
    pub(crate) source: Destination,
    pub(crate) expires_at: Timestamp,
    call_id: String,
    cseq: u32,
}

/// Accounts, their bindings, and the nonces given out.
#[derive(Debug)]
pub(crate) struct Registrar {
    accounts: BTreeMap<String, String>,
    bindings: BTreeMap<String, Binding>,
    secret: String,
    /// Highest count seen of each nonce, oldest nonce first (a nonce begins with its time).
    counts: BTreeMap<String, u32>,
    /// Wrong passwords since when, by account (also those that do not exist) and address.
    guesses: BTreeMap<(String, String), (u32, Timestamp)>,
}

/// What a REGISTER is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<rsipstack::sip::Header>,
    pub(crate) change: Option<Change>,
}

/// What a REGISTER changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The account's phone is there now, or somewhere else than before.
    Registered(String),
    /// The account's phone is gone.
    Unregistered(String),
}

impl Default for Registrar {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            bindings: BTreeMap::new(),
            secret: random_token(32),
            counts: BTreeMap::new(),
            guesses: BTreeMap::new(),
        }
    }
}

impl Registrar {
    /// Takes the accounts that there are from now on; bindings of others are dropped.
    pub(crate) fn set_accounts(&mut self, accounts: Vec<Account>) {
        self.accounts = accounts
            .into_iter()
            .map(|account| (account.name, account.password))
            .collect();
        self.bindings
            .retain(|name, _| self.accounts.contains_key(name));
    }

    /// Where the account's phone is at this time.
    pub(crate) fn binding(&self, account: &str, now: Timestamp) -> Option<&Binding> {
        self.bindings
            .get(account)
            .filter(|binding| binding.expires_at > now)
    }

    /// Where registered phones are.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Destination> {
        self.bindings.values().map(|binding| &binding.source)
    }

    /// Drops what has run out; the accounts whose phones are gone.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<String> {
        let over: Vec<String> = self
            .bindings
            .iter()
            .filter(|(_, b)| b.expires_at <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in &over {
            self.bindings.remove(name);
        }
        over
    }

    /// Answers a REGISTER that came from `source`.
    pub(crate) fn register(
        &mut self,
        request: &Request,
        source: &Destination,
        now: Timestamp,
    ) -> Answer {
        let account = match self.authenticate(request, source, now) {
            Ok(account) => account,
            Err(Refusal::Challenge { stale }) => return self.challenge(stale, now),
            Err(Refusal::OtherAddress) => return plain(400),
            Err(Refusal::Forbidden) => return plain(403),
        };
        // An account may register itself only, whatever address it puts into To.
        let wanted = request.to_header().ok().and_then(|to| to.uri().ok());
        if wanted.as_ref().and_then(Uri::user) != Some(account.as_str()) {
            return plain(403);
        }
        self.bind(request, account, source, now)
    }

    fn bind(
        &mut self,
        request: &Request,
        account: String,
        source: &Destination,
        now: Timestamp,
    ) -> Answer {
        let Some(asked) = Asked::read(request) else {
            return plain(400);
        };
        let Some(seconds) = asked.seconds else {
            return self.listing(&account, now, None);
        };
        let before = self.bindings.get(&account);
        if before.is_some_and(|b| b.call_id == asked.call_id && b.cseq >= asked.cseq) {
            // An old request that was overtaken by a newer one must not undo it (RFC 3261, 10.3 item 7).
            return plain(500);
        }
        if seconds == 0 {
            let was_there = self.bindings.remove(&account).is_some();
            return self.listing(
                &account,
                now,
                was_there.then(|| Change::Unregistered(account.clone())),
            );
        }
        let Some(contact) = asked.contact else {
            return plain(400);
        };
        if seconds < EXPIRES_MIN {
            let headers = vec![header("Min-Expires", EXPIRES_MIN.to_string())];
            return Answer {
                status: 423,
                headers,
                change: None,
            };
        }
        let expires_at = now + Duration::from_secs(u64::from(seconds.min(EXPIRES_MAX)));
        let moved = self
            .binding(&account, now)
            .is_none_or(|before| before.contact != contact || before.source != *source);
        let binding = Binding {
            contact,
            source: source.clone(),
            expires_at,
            call_id: asked.call_id,
            cseq: asked.cseq,
        };
        self.bindings.insert(account.clone(), binding);
        self.listing(
            &account,
            now,
            moved.then(|| Change::Registered(account.clone())),
        )
    }

    /// 200, with the contact that is bound now.
    fn listing(&self, account: &str, now: Timestamp, change: Option<Change>) -> Answer {
        let bound = self.binding(account, now).map(|binding| {
            let seconds = binding.expires_at.since(now).as_secs();
            header(
                "Contact",
                format!("<{}>;expires={seconds}", binding.contact),
            )
        });
        Answer {
            status: 200,
            headers: bound.into_iter().collect(),
            change,
        }
    }

    /// The account that this is proven to come from. Nothing in a refusal tells whether an account exists.
    fn authenticate(
        &mut self,
        request: &Request,
        source: &Destination,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let claims = request
            .headers
            .iter()
            .filter(|header| header.name().eq_ignore_ascii_case("Authorization"))
            .filter_map(|header| Claim::parse(header.value()));
        let claim = claims
            .into_iter()
            .find(|claim| claim.realm == REALM && self.is_ours(&claim.nonce))
            .ok_or(Refusal::Challenge { stale: false })?;
        if !is_for(&claim, &request.uri) {
            return Err(Refusal::OtherAddress);
        }
        let guesser = (claim.username.clone(), source.host.host.to_string());
        let is_there = self
            .binding(&claim.username, now)
            .is_some_and(|binding| binding.source == *source);
        if !is_there && self.rests(&guesser, now) {
            return Err(Refusal::Forbidden);
        }
        let password = self.accounts.get(&claim.username);
        let proven = claim.is_proven(password.map_or("", String::as_str), "REGISTER");
        if !proven || password.is_none() {
            self.note_guess(guesser, now);
            return Err(Refusal::Forbidden);
        }
        if !self.is_fresh(&claim.nonce, now) || !self.counts_up(&claim) {
            return Err(Refusal::Challenge { stale: true });
        }
        self.guesses.remove(&guesser);
        Ok(claim.username)
    }

    /// Whether too many wrong passwords came from there a little while ago.
    fn rests(&self, guesser: &(String, String), now: Timestamp) -> bool {
        self.guesses.get(guesser).is_some_and(|(count, since)| {
            *count >= GUESSES_MAX && now.since(*since) < GUESSER_RESTS
        })
    }

    fn note_guess(&mut self, guesser: (String, String), now: Timestamp) {
        if self.guesses.len() >= GUESSERS_MAX {
            self.guesses
                .retain(|_, (_, since)| now.since(*since) < GUESSER_RESTS);
            if self.guesses.len() >= GUESSERS_MAX {
                return;
            }
        }
        let (count, since) = self.guesses.entry(guesser).or_insert((0, now));
        if now.since(*since) >= GUESSER_RESTS {
            (*count, *since) = (0, now);
        }
        *count += 1;
    }

    fn challenge(&self, stale: bool, now: Timestamp) -> Answer {
        let nonce = self.nonce(now.millis(), &random_token(SALT_LEN));
        let stale = if stale { ", stale=true" } else { "" };
        let line = |algorithm: Algorithm| {
            let token = algorithm.token();
            let value = format!(
                "Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm={token}, qop=\"auth\"{stale}"
            );
            header("WWW-Authenticate", value)
        };
        // The stronger one first, as RFC 8760 asks; phones that know only MD5 take the second.
        Answer {
            status: 401,
            headers: vec![line(Algorithm::Sha256), line(Algorithm::Md5)],
            change: None,
        }
    }

    /// A nonce names its time and proves that we made it, so that none needs to be remembered before its use. The
    /// salt keeps two phones that are challenged in the same millisecond apart.
    fn nonce(&self, millis: i64, salt: &str) -> String {
        let proof = Sha256::digest(format!("{millis:016x}{salt}:{}", self.secret));
        let proof: String = proof
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{millis:016x}{salt}{proof}")
    }

    fn made_at(&self, nonce: &str) -> Option<Timestamp> {
        let millis = i64::from_str_radix(nonce.get(..16)?, 16).ok()?;
        let salt = nonce.get(16..16 + SALT_LEN)?;
        (self.nonce(millis, salt) == nonce).then_some(Timestamp::from_millis(millis))
    }

    fn is_ours(&self, nonce: &str) -> bool {
        self.made_at(nonce).is_some()
    }

    fn is_fresh(&self, nonce: &str, now: Timestamp) -> bool {
        self.made_at(nonce)
            .is_some_and(|at| now.since(at) <= NONCE_LIFE)
    }

    /// Whether the phone counts its uses of the nonce up: a claim that was listened to cannot be sent again.
    fn counts_up(&mut self, claim: &Claim) -> bool {
        // What is older than the oldest that is remembered may have been used and forgotten.
        let oldest = self.counts.keys().next();
        if self.counts.len() >= NONCES_MAX && oldest.is_some_and(|oldest| claim.nonce < *oldest) {
            return false;
        }
        let count = claim.count().unwrap_or(1);
        let last = self.counts.entry(claim.nonce.clone()).or_insert(0);
        let up = count > *last;
        *last = count.max(*last);
        while self.counts.len() > NONCES_MAX {
            self.counts.pop_first();
        }
        up
    }
}

/// What a REGISTER asks for.
struct Asked {
    contact: Option<Uri>,
    /// How long the contact is to stand; 0 takes it back, `None` only asks what stands.
    seconds: Option<u32>,
    call_id: String,
    cseq: u32,
}

impl Asked {
    /// `None` when the request is broken.
    fn read(request: &Request) -> Option<Self> {
        let (number, _) = cseq(request)?;
        let call_id = request.call_id_header().ok()?.value().to_owned();
        let overall = request
            .expires_header()
            .and_then(|header| header.value().trim().parse().ok());
        let contact = match request.contact_header() {
            Err(_) => {
                return Some(Self {
                    contact: None,
                    seconds: None,
                    call_id,
                    cseq: number,
                });
            }
            Ok(header) if header.value().trim() == "*" => None,
            Ok(header) => Some(
                rsipstack::sip::typed::Contact::parse_header_list(header.value())
                    .ok()?
                    .into_iter()
                    .next()?,
            ),
        };
        let own = contact
            .as_ref()
            .and_then(rsipstack::sip::typed::Contact::expires);
        let seconds = Some(own.or(overall).unwrap_or(EXPIRES_MAX));
        Some(Self {
            contact: contact.map(|contact| contact.uri),
            seconds,
            call_id,
            cseq: number,
        })
    }
}

enum Refusal {
    Challenge {
        stale: bool,
    },
    /// The claim was made for another request URI (RFC 7616, 3.4.6).
    OtherAddress,
    Forbidden,
}

/// Whether a claim was made for this request URI. Parameters do not count, because proxies change them.
fn is_for(claim: &Claim, uri: &Uri) -> bool {
    Uri::try_from(claim.uri.as_str()).is_ok_and(|claimed| {
        claimed.auth == uri.auth && claimed.host_with_port == uri.host_with_port
    })
}

fn plain(status: u16) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        change: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Challenge, Credentials};

    struct Phone {
        registrar: Registrar,
        challenge: Option<Challenge>,
        count: u32,
        cseq: u32,
        now: Timestamp,
        ip: &'static str,
        claimed_uri: &'static str,
    }

    impl Phone {
        fn new() -> Self {
            let mut registrar = Registrar::default();
            registrar.set_accounts(vec![Account {
                name: "1001".into(),
                password: "secret".into(),
            }]);
            Self {
                registrar,
                challenge: None,
                count: 0,
                cseq: 0,
                now: Timestamp::from_secs(1_000),
                ip: "192.0.2.1",
                claimed_uri: "sip:127.0.0.1",
            }
        }

        fn send(&mut self, user: &str, password: &str, port: u16, lines: &str) -> Answer {
            self.cseq += 1;
            let mut headers = lines.to_owned();
            if let Some(challenge) = &self.challenge {
                self.count += 1;
                let credentials = Credentials {
                    username: user.into(),
                    password: password.into(),
                    realm: None,
                };
                let value =
                    credentials.answer(challenge, "REGISTER", self.claimed_uri, self.count, "cn");
                headers += &format!("Authorization: {value}\r\n");
            }
            let text = format!(
                "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:1001@a>;tag=1\r\n\
                 To: <sip:1001@a>\r\nCall-ID: c\r\nCSeq: {} REGISTER\r\n{headers}Content-Length: 0\r\n\r\n",
                self.cseq
            );
            let request = Request::try_from(text).expect("a request");
            let source =
                Destination::parse(&format!("udp:{}:{port}", self.ip)).expect("an address");
            let answer = self.registrar.register(&request, &source, self.now);
            if answer.status == 401 {
                let value = answer.headers.iter().map(|h| h.value().to_owned());
                self.challenge = value
                    .filter_map(|v| Challenge::parse(&v))
                    .max_by_key(|c| c.algorithm);
                self.count = 0;
            }
            answer
        }

        fn send_from(&mut self, ip: &'static str, user: &str, password: &str) -> Answer {
            let before = std::mem::replace(&mut self.ip, ip);
            let answer = self.send(user, password, 5090, CONTACT);
            self.ip = before;
            answer
        }

        fn registered(&mut self) -> Answer {
            self.send("1001", "secret", 5090, CONTACT);
            self.send("1001", "secret", 5090, CONTACT)
        }
    }

    const CONTACT: &str = "Contact: <sip:1001@10.0.0.9:5090>;expires=60\r\n";

    #[test]
    fn a_phone_registers_refreshes_moves_and_leaves() {
        let mut phone = Phone::new();
        let answer = phone.registered();
        assert_eq!(
            (answer.status, answer.change),
            (200, Some(Change::Registered("1001".into())))
        );
        let refreshed = phone.send("1001", "secret", 5090, CONTACT);
        assert_eq!((refreshed.status, refreshed.change), (200, None));
        let moved = phone.send("1001", "secret", 6000, CONTACT);
        assert_eq!(moved.change, Some(Change::Registered("1001".into())));
        let binding = phone.registrar.binding("1001", phone.now).expect("bound");
        assert_eq!(binding.source.to_string(), "udp:192.0.2.1:6000");
        let left = phone.send("1001", "secret", 6000, "Contact: *\r\nExpires: 0\r\n");
        assert_eq!(
            (left.status, left.change),
            (200, Some(Change::Unregistered("1001".into())))
        );
        assert_eq!(phone.registrar.binding("1001", phone.now), None);
    }

    #[test]
    fn a_registration_runs_out() {
        let mut phone = Phone::new();
        phone.registered();
        assert!(
            phone
                .registrar
                .expire(phone.now + Duration::from_secs(59))
                .is_empty()
        );
        assert_eq!(
            phone.registrar.expire(phone.now + Duration::from_secs(60)),
            ["1001"]
        );
    }

    #[test]
    fn both_algorithms_are_offered_and_the_stronger_is_taken() {
        let mut phone = Phone::new();
        let answer = phone.send("1001", "secret", 5090, CONTACT);
        let offered: Vec<_> = answer
            .headers
            .iter()
            .filter_map(|h| Challenge::parse(h.value()))
            .map(|c| c.algorithm.0)
            .collect();
        assert_eq!(offered, [Algorithm::Sha256, Algorithm::Md5]);
        phone.challenge.as_mut().expect("challenged").algorithm = (Algorithm::Md5, false);
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 200);
    }

    #[test]
    fn wrong_passwords_foreign_accounts_and_repeated_claims_are_refused() {
        let mut phone = Phone::new();
        phone.send("1001", "secret", 5090, CONTACT);
        assert_eq!(phone.send("1001", "guess", 5090, CONTACT).status, 403);
        assert_eq!(phone.send("1002", "secret", 5090, CONTACT).status, 403);
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 200);
        // The same count again: somebody listened.
        phone.count -= 1;
        let again = phone.send("1001", "secret", 5090, CONTACT);
        assert_eq!(again.status, 401);
        assert!(again.headers[0].value().contains("stale=true"));
        // A nonce that is too old: the phone asks again without troubling its user.
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 200);
        phone.now = phone.now + Duration::from_secs(301);
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 401);
        phone.challenge.as_mut().expect("challenged").nonce = "ffffffffffffffff00".into();
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 401);
    }

    #[test]
    fn nobody_is_told_which_accounts_exist() {
        let mut phone = Phone::new();
        phone.send("1001", "secret", 5090, CONTACT);
        for user in ["1001", "1002"] {
            assert_eq!(phone.send(user, "guess", 5090, CONTACT).status, 403);
            let ours = phone.challenge.clone();
            phone.challenge.as_mut().expect("challenged").nonce = "ffffffffffffffff00".into();
            assert_eq!(phone.send(user, "guess", 5090, CONTACT).status, 401);
            phone.challenge = ours;
        }
    }

    #[test]
    fn guessing_is_slowed_where_the_guesses_come_from() {
        let mut phone = Phone::new();
        phone.registered();
        for _ in 0..10 {
            let answer = phone.send_from("192.0.2.66", "1001", "guess");
            assert_eq!(answer.status, 403);
        }
        // The right one comes too late, but not for the phone itself.
        assert_eq!(phone.send_from("192.0.2.66", "1001", "secret").status, 403);
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 200);
        phone.now = phone.now + GUESSER_RESTS;
        assert_eq!(phone.send_from("192.0.2.66", "1001", "secret").status, 200);
    }

    #[test]
    fn a_claim_is_good_for_one_address_and_never_after_its_nonce_was_forgotten() {
        let mut phone = Phone::new();
        phone.registered();
        phone.claimed_uri = "sip:198.51.100.9";
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 400);
        phone.claimed_uri = "sip:127.0.0.1;transport=udp";
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 200);
        // Somebody listened, and then has so many nonces used that this one is forgotten.
        for number in 0..NONCES_MAX as i64 {
            let later = phone
                .registrar
                .nonce(phone.now.millis() + 1 + number, "saltsalt");
            phone.registrar.counts.insert(later, 1);
        }
        phone.registrar.counts.pop_first();
        phone.count -= 1;
        assert_eq!(phone.send("1001", "secret", 5090, CONTACT).status, 401);
    }

    #[test]
    fn too_short_and_broken_requests_get_their_own_answers() {
        let mut phone = Phone::new();
        phone.registered();
        assert_eq!(
            phone
                .send(
                    "1001",
                    "secret",
                    5090,
                    "Contact: <sip:1001@a>;expires=3\r\n"
                )
                .status,
            423
        );
        assert_eq!(
            phone
                .send("1001", "secret", 5090, "Contact: <sip:\r\n")
                .status,
            400
        );
        let query = phone.send("1001", "secret", 5090, "");
        assert_eq!(query.status, 200);
        assert!(
            query.headers[0]
                .value()
                .starts_with("<sip:1001@10.0.0.9:5090>;expires=")
        );
    }
}
