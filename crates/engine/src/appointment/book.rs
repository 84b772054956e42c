//! The appointments whose time is near, and when each is looked at again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use outdial_domain::{AppointmentId, CampaignId, ContactId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agents::AgentKey;
use crate::campaign::Held;
use crate::input::{AppointmentRules, OfferId};
use crate::timer::Alarm;

/// Appointments that are over are remembered so many: the store may still show them as they were.
const OVER_MAX: usize = 10_000;

/// How far an appointment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// For its time, an agent, or a line.
    Waiting,
    /// For its contact from the store, since then.
    Asked(Timestamp),
    /// On an agent's desk.
    Offered(OfferId),
    /// An agent is bound to it: the phone is called first, or a line is waited for.
    Bound(AgentKey),
    /// It is being called.
    Calling,
}

/// An appointment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) rules: AppointmentRules,
    pub(super) stage: Stage,
    /// Its contact, from its time on, while it is neither offered nor called.
    pub(super) held: Option<Held>,
    /// Whether the contact was final: it is so again if it is not called.
    pub(super) was_final: bool,
    /// How many dials the number gate had counted when the contact was asked for.
    pub(super) dials_at_ask: u64,
    /// How often the store has said that it never takes the call.
    #[serde(default)]
    pub(super) refused: u32,
    /// When it is looked at again; `None` = when something else happens to it.
    look_at: Option<Timestamp>,
}

/// All appointments whose time is near.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    entries: BTreeMap<AppointmentId, Entry>,
    looks: BTreeSet<(Timestamp, AppointmentId)>,
    /// Due, and looked at after every fact: they wait for an agent or a line.
    eager: BTreeSet<(Timestamp, AppointmentId)>,
    /// Agents who are bound to one.
    bound: BTreeMap<AgentKey, AppointmentId>,
    over: BTreeMap<AppointmentId, u32>,
    over_order: VecDeque<AppointmentId>,
    pub(crate) alarm: Alarm,
}

impl Book {
    pub(super) fn get(&self, id: AppointmentId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: AppointmentId) -> Option<&mut Entry> {
        self.entries.get_mut(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts an appointment in, to be looked at at its time, in place of what was known of it.
    pub(super) fn put(&mut self, rules: AppointmentRules) {
        let (id, due_at) = (rules.id, rules.due_at);
        // The look at its old time would stay, always due and never answered for.
        self.look_at(id, None, false);
        let entry = Entry {
            rules,
            stage: Stage::Waiting,
            held: None,
            was_final: false,
            dials_at_ask: 0,
            refused: 0,
            look_at: None,
        };
        self.entries.insert(id, entry);
        self.look_at(id, Some(due_at), false);
    }

    /// Takes an appointment out and remembers that what the store shows up to this revision is old.
    pub(super) fn remove(&mut self, id: AppointmentId, revision: u32) -> Option<Entry> {
        self.look_at(id, None, false);
        if self.over.insert(id, revision).is_none() {
            self.over_order.push_back(id);
        }
        if self.over_order.len() > OVER_MAX
            && let Some(oldest) = self.over_order.pop_front()
        {
            self.over.remove(&oldest);
        }
        self.entries.remove(&id)
    }

    /// Whether this revision of an appointment is older than what is known, or just that.
    pub(super) fn knows(&self, id: AppointmentId, revision: u32) -> bool {
        let known = self.entries.get(&id).map(|entry| entry.rules.revision);
        let over = self.over.get(&id).copied();
        known.max(over).is_some_and(|known| revision <= known)
    }

    /// Sets when an appointment is looked at again, and whether also after every fact until then.
    pub(super) fn look_at(&mut self, id: AppointmentId, when: Option<Timestamp>, eager: bool) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut entry.look_at, when) {
            self.looks.remove(&(old, id));
        }
        if let Some(new) = when {
            self.looks.insert((new, id));
        }
        let key = (entry.rules.due_at, id);
        if eager {
            self.eager.insert(key);
        } else {
            self.eager.remove(&key);
        }
    }

    /// Who is to be looked at now, in the order of their times; at most so many.
    pub(super) fn to_look_at(&self, now: Timestamp, most: usize) -> Vec<AppointmentId> {
        let due = self.looks.iter().take_while(|(at, _)| *at <= now);
        let due = due.filter_map(|(_, id)| Some((self.entries.get(id)?.rules.due_at, *id)));
        let all: BTreeSet<_> = due.chain(self.eager.iter().take(most).copied()).collect();
        all.into_iter().take(most).map(|(_, id)| id).collect()
    }

    /// The next look after `now`.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        self.looks.first().map(|(at, _)| *at)
    }

    pub(super) fn bind(&mut self, agent: AgentKey, id: AppointmentId) {
        self.bound.insert(agent, id);
    }

    /// An agent is no longer bound; the appointment to which it was.
    pub(super) fn unbind(&mut self, agent: AgentKey) -> Option<AppointmentId> {
        self.bound.remove(&agent)
    }

    pub(crate) fn is_bound(&self, agent: AgentKey) -> bool {
        self.bound.contains_key(&agent)
    }

    /// Appointments of a campaign that are not being called.
    pub(super) fn waiting_of(&self, campaign: CampaignId) -> Vec<AppointmentId> {
        let waits =
            |entry: &&Entry| entry.rules.campaign == campaign && entry.stage != Stage::Calling;
        let own = self.entries.values().filter(waits);
        own.map(|entry| entry.rules.id).collect()
    }

    /// Contacts of a campaign that are held for their appointments, or asked for.
    pub(crate) fn holds(&self, campaign: CampaignId) -> impl Iterator<Item = ContactId> {
        let own = move |entry: &&Entry| {
            let waits = entry.held.is_some() || matches!(entry.stage, Stage::Asked(_));
            entry.rules.campaign == campaign && waits
        };
        self.entries
            .values()
            .filter(own)
            .map(|entry| entry.rules.contact)
    }

    /// The contacts that are held.
    pub(crate) fn held_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.entries.values_mut().filter_map(|e| e.held.as_mut())
    }

    /// How many contacts of a campaign are asked for and not here yet.
    pub(crate) fn asked(&self, campaign: CampaignId) -> usize {
        let asked = |entry: &&Entry| {
            entry.rules.campaign == campaign && matches!(entry.stage, Stage::Asked(_))
        };
        self.entries.values().filter(asked).count()
    }
}
