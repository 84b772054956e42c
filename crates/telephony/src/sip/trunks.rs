//! Looking after trunks: asking whether they are there, and registering with those that want it.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use outdial_domain::TrunkName;
use rsipstack::sip::Method;
use rsipstack::sip::prelude::HeadersExt as _;

use super::address::Destination;
use super::core::{Core, Purpose};
use super::directory::TrunkEntry;
use super::message::{Head, SDP_TYPE, contact, header, new_branch, random_token};
use super::outbound::Reply;
use super::plan::address_of;
use super::timers::Timer;
use crate::{Event, clock};

/// What we ask for when registering, in seconds.
const EXPIRES: u64 = 3_600;
/// How soon a registration that failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Our registrations with trunks, and which configuration they belong to.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    generation: u64,
    with: HashMap<TrunkName, Registration>,
}

#[derive(Debug)]
struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    stands: Option<bool>,
}

impl Core {
    /// The configuration of trunks has changed: their rhythms start anew.
    pub(super) fn trunks_changed(&mut self) {
        self.registrations.generation += 1;
        let generation = self.registrations.generation;
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let tasks: Vec<(TrunkName, bool, bool)> = directory
            .usable()
            .map(|entry| {
                (
                    entry.trunk.name,
                    !entry.trunk.keepalive.is_zero(),
                    entry.trunk.register,
                )
            })
            .collect();
        drop(directory);
        for (name, ask, register) in tasks {
            if register {
                self.register_with(name, generation);
            }
            if ask {
                self.probe(name, Some(generation));
            }
        }
    }

    fn trunk(&self, name: TrunkName) -> Option<TrunkEntry> {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        directory.trunk(name)?.ok().cloned()
    }

    /// Asks a trunk by OPTIONS. A question that belongs to an older configuration's rhythm is dropped.
    pub(super) fn probe(&mut self, name: TrunkName, scheduled: Option<u64>) {
        if scheduled.is_some_and(|generation| generation != self.registrations.generation) {
            return;
        }
        let Some(entry) = self.trunk(name) else {
            return;
        };
        let (sent_by, tag, call_id) = (self.sent_by(&entry), random_token(12), random_token(22));
        let ours = format!("<sip:outdial@{}>", domain(&entry, &sent_by));
        let head = Head {
            method: Method::Options,
            uri: entry.uri(None),
            sent_by: &sent_by,
            branch: new_branch(),
            from: format!("{ours};tag={tag}"),
            to: format!("<{}>", entry.uri(None)),
            call_id: &call_id,
            cseq: 1,
        };
        let request = head.request(
            vec![contact(&sent_by), header("Accept", SDP_TYPE)],
            Vec::new(),
        );
        let purpose = Purpose::Probe {
            trunk: name,
            scheduled,
        };
        self.out
            .exchange(request, entry.destination.clone(), None, None, purpose);
    }

    pub(super) fn probed(&mut self, trunk: TrunkName, scheduled: Option<u64>, reply: &Reply) {
        // Any answer is a sign of life, a refusal too.
        self.tell(Event::TrunkHealth {
            trunk,
            at: clock::now(),
            answered: reply.status().is_some(),
        });
        if let Some(generation) =
            scheduled.filter(|generation| *generation == self.registrations.generation)
            && let Some(entry) = self.trunk(trunk)
        {
            self.timers.after(
                entry.trunk.keepalive.max(Duration::from_secs(1)),
                Timer::Probe(trunk, generation),
            );
        }
    }

    pub(super) fn register_with(&mut self, name: TrunkName, generation: u64) {
        if generation != self.registrations.generation {
            return;
        }
        let Some(entry) = self.trunk(name) else {
            return;
        };
        let sent_by = self.sent_by(&entry);
        let registration = self
            .registrations
            .with
            .entry(name)
            .or_insert_with(|| Registration {
                call_id: random_token(22),
                tag: random_token(12),
                cseq: 0,
                stands: None,
            });
        // One number stays free for the answer to a challenge.
        registration.cseq += 2;
        let user = entry
            .trunk
            .username
            .clone()
            .unwrap_or_else(|| "outdial".to_owned());
        let home = entry
            .trunk
            .from_domain
            .clone()
            .unwrap_or_else(|| entry.host.to_string());
        let address = address_of(&user, &home);
        let head = Head {
            method: Method::Register,
            uri: entry.uri(None),
            sent_by: &sent_by,
            branch: new_branch(),
            from: format!("{address};tag={}", registration.tag),
            to: address,
            call_id: &registration.call_id,
            cseq: registration.cseq,
        };
        let request = head.request(
            vec![contact(&sent_by), header("Expires", EXPIRES.to_string())],
            Vec::new(),
        );
        let purpose = Purpose::Register {
            trunk: name,
            generation,
        };
        self.out.exchange(
            request,
            entry.destination.clone(),
            None,
            entry.credentials(),
            purpose,
        );
    }

    pub(super) fn registered_with(&mut self, trunk: TrunkName, generation: u64, reply: &Reply) {
        let status = reply.status();
        let registered = status.is_some_and(|status| (200..=299).contains(&status));
        let next = match reply {
            Reply::Final(response) if registered => half_of(granted(response)),
            _ => AGAIN,
        };
        let changed = self
            .registrations
            .with
            .get_mut(&trunk)
            .is_some_and(|registration| {
                registration.stands.replace(registered) != Some(registered)
            });
        if changed {
            self.tell(Event::TrunkRegistration {
                trunk,
                at: clock::now(),
                registered,
                status,
            });
        }
        self.timers.after(next, Timer::Register(trunk, generation));
    }

    fn sent_by(&self, entry: &TrunkEntry) -> String {
        let ours = self.local.seen_by(entry.destination.socket_address());
        Destination {
            transport: entry.destination.transport,
            host: ours.into(),
        }
        .to_string()
    }
}

fn domain(entry: &TrunkEntry, sent_by: &str) -> String {
    let own = || {
        sent_by
            .split_once(':')
            .map_or("", |(_, host)| host)
            .to_owned()
    };
    entry.trunk.from_domain.clone().unwrap_or_else(own)
}

/// How long a registration stands by its 200, in seconds.
fn granted(response: &rsipstack::sip::Response) -> u64 {
    let contact = response.contact_header().ok().and_then(|header| {
        let contacts = rsipstack::sip::typed::Contact::parse_header_list(header.value()).ok()?;
        contacts.first()?.expires()
    });
    let header = response
        .expires_header()
        .and_then(|header| header.value().trim().parse().ok());
    contact.map(u64::from).or(header).unwrap_or(EXPIRES)
}

fn half_of(seconds: u64) -> Duration {
    Duration::from_secs((seconds.min(EXPIRES) / 2).max(5))
}
