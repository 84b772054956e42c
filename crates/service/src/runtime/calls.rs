//! Legs: called once their identity is committed, and followed until they are over.

use std::sync::Arc;

use outdial_domain::{
    AgentId, AttemptId, Connection, Evidence, FlowSource, PhoneAddress, Target, TenantId,
    Timestamp, TrunkName,
};
use outdial_engine::Placing;
use outdial_engine::input::Input;
use outdial_engine::output::Dial;
use outdial_store::{
    AttemptAnswered, AttemptJoined, AttemptRerouted, Dialog, DialogOwner, NewAttempt, NewLeg,
    StoreError,
};
use outdial_telephony::{
    Address, AnsweredDialog, Call, Caller, Command, DialogIdentity, Event as LineEvent,
    HangUpReason, LegId, Party, PlanError, StoredDialog,
};

use super::legs::{Owner, Phase};
use super::writes::Write;
use super::{Done, Runtime, facts, orders};
use crate::events::Happened;
use crate::herald;

impl Runtime {
    /// Commits a new attempt, then calls.
    pub(super) fn dial(&mut self, tenant: TenantId, dial: Dial) {
        let leg = self.legs.begin(Owner::Callee(tenant, dial.attempt));
        let party = Party::Callee {
            trunk: dial.trunk,
            to: dial.number,
            caller_id: self.registry.as_configured(tenant, dial.caller_id),
        };
        let (call, identity) = self.plan(leg, party);
        let begun = orders::begun(&dial);
        let attempt = NewAttempt {
            tenant,
            id: dial.attempt,
            campaign: dial.campaign,
            contact: dial.contact,
            number: dial.number,
            caller_id: dial.caller_id,
            trunk: dial.trunk,
            agent: dial.agent,
            appointment: dial.appointment,
            revision: dial.revision,
            started_at: dial.at,
            leg: new_leg(leg, identity.as_ref()),
            events: vec![
                Happened::AttemptStarted(Box::new(begun.clone())).recorded(tenant, dial.at),
            ],
        };
        let tenant_id = tenant;
        if let Some(tenant) = self.tenants.get_mut(&tenant) {
            tenant.live.insert(dial.attempt, begun);
        }
        let store = Arc::clone(&self.store);
        let herald = self.herald.clone();
        self.work.push(Box::pin(async move {
            let result = store.place_attempt(attempt).await;
            if let Some(herald) = herald.filter(|_| result.is_ok()) {
                // The call is placed when this has come back: the herald is told before.
                herald::tell(&*herald, &*store, tenant_id, &dial).await;
            }
            Done::Planned {
                leg,
                call,
                identity,
                result,
            }
        }));
    }

    /// Commits that an attempt goes out over another trunk, then calls.
    pub(super) fn redial(&mut self, tenant: TenantId, attempt: AttemptId, trunk: TrunkName) {
        let Some(live) = self
            .tenants
            .get_mut(&tenant)
            .and_then(|t| t.live.get_mut(&attempt))
        else {
            return;
        };
        live.trunk = trunk;
        let party = Party::Callee {
            trunk,
            to: live.number,
            caller_id: self.registry.as_configured(tenant, live.caller_id),
        };
        let leg = self.legs.begin(Owner::Callee(tenant, attempt));
        let (call, identity) = self.plan(leg, party);
        let rerouted = AttemptRerouted {
            tenant,
            attempt,
            trunk,
            leg: new_leg(leg, identity.as_ref()),
        };
        let store = Arc::clone(&self.store);
        self.work.push(Box::pin(async move {
            let result = store.reroute_attempt(rerouted).await;
            Done::Planned {
                leg,
                call,
                identity,
                result,
            }
        }));
    }

    /// Commits an agent's leg, then calls the phone.
    pub(super) fn call_agent(&mut self, tenant: TenantId, id: AgentId) {
        let Some(agent) = self.registry.agent(tenant, id) else {
            self.tell(tenant, Input::AgentGone(id));
            return;
        };
        let address = match &agent.phone {
            PhoneAddress::Uri(uri) => Address::Uri(uri.clone()),
            PhoneAddress::Registers { .. } => {
                Address::Registered(self.registry.account(&agent).to_owned())
            }
        };
        let display = match agent.connection {
            Connection::Permanent => "Outdial",
            Connection::PerCall => "Outdial call",
        };
        let caller = Caller {
            user: None,
            display: Some(display.to_owned()),
        };
        let party = Party::Agent {
            address,
            caller,
            codecs: Vec::new(),
        };
        self.call_beside(
            Owner::Agent(tenant, id),
            party,
            DialogOwner::Agent(tenant, id),
        );
    }

    /// Commits a flow's leg, then calls it; the callee is joined with it once it answers.
    pub(super) fn call_flow(&mut self, tenant: TenantId, attempt: AttemptId, flow: &Target) {
        let uri = match flow {
            Target::Sip(uri) => Some(uri.clone()),
            Target::Flow(id) => self
                .registry
                .flow(tenant, *id)
                .map(|flow| match flow.source {
                    FlowSource::Sip(uri) => uri,
                }),
            Target::SkillGroup(_) => None,
        };
        let live = self.tenants.get(&tenant).and_then(|t| t.live.get(&attempt));
        let (Some(uri), Some(live)) = (uri, live) else {
            self.tell(tenant, Input::FlowFailed(attempt));
            return;
        };
        let caller = Caller {
            user: Some(live.number.text()),
            display: None,
        };
        let party = Party::Flow {
            address: Address::Uri(uri),
            caller,
            codecs: Vec::new(),
        };
        let owner = DialogOwner::Flow(tenant, attempt);
        self.call_beside(Owner::Flow(tenant, attempt), party, owner);
    }

    fn call_beside(&mut self, owner: Owner, party: Party, dialog_owner: DialogOwner) {
        if let Err((leg, problem)) = self.try_beside(owner, party, dialog_owner) {
            tracing::warn!(leg = leg.0, %problem, "a call cannot be placed");
            self.over(leg, facts::not_sent());
        }
    }

    /// Commits a leg that is no callee's, then calls.
    ///
    /// # Errors
    /// The leg that cannot be called, and why.
    pub(super) fn try_beside(
        &mut self,
        owner: Owner,
        party: Party,
        dialog_owner: DialogOwner,
    ) -> Result<(), (LegId, PlanError)> {
        let leg = self.legs.begin(owner);
        let call = Call::to(leg, party);
        let identity = self.connector.plan(&call).map_err(|error| (leg, error))?;
        let dialog = dialog(leg, dialog_owner, &identity, None);
        let store = Arc::clone(&self.store);
        self.work.push(Box::pin(async move {
            let result = store.store_dialog(dialog).await;
            Done::Planned {
                leg,
                call,
                identity: Some(identity),
                result,
            }
        }));
        Ok(())
    }

    fn plan(&self, leg: LegId, party: Party) -> (Call, Option<DialogIdentity>) {
        let call = Call::to(leg, party);
        match self.connector.plan(&call) {
            Ok(identity) => (call, Some(identity)),
            Err(error) => {
                tracing::warn!(leg = leg.0, %error, "a call cannot be placed");
                (call, None)
            }
        }
    }

    /// A leg's identity is committed, or cannot be: the call goes out, or never was.
    pub(super) fn place(
        &mut self,
        leg: LegId,
        call: Call,
        identity: Option<DialogIdentity>,
        result: Result<(), StoreError>,
    ) {
        let Some(known) = self.legs.get(leg) else {
            return;
        };
        let (owner, given_up) = (known.owner, known.ended_by_us);
        // What was said before this moment counts.
        self.settle();
        match (result, owner, &identity) {
            (Ok(()), ..) => {}
            // A callee who has answered does not wait for a disk: the flow's leg is remembered later.
            (Err(error), Owner::Flow(tenant, attempt), Some(identity)) if error.is_passing() => {
                let dialog = dialog(leg, DialogOwner::Flow(tenant, attempt), identity, None);
                self.stop_for_store(error.to_string());
                self.write(Write::Dialog(dialog));
            }
            (Err(error), ..) => return self.not_placed(leg, owner, &error),
        }
        if let Owner::Callee(tenant, attempt) = owner {
            if self.placing(tenant, attempt) == Placing::Withheld {
                self.legs.end(leg);
                self.tell(tenant, Input::Withheld(attempt));
                return;
            }
            self.tell(tenant, Input::Placed(attempt));
        }
        let given_up = given_up || self.is_cancelled(owner);
        if let Some(known) = self.legs.get_mut(leg) {
            known.phase = Phase::Calling;
        }
        match identity {
            Some(identity) if !given_up => {
                if let Some(known) = self.legs.get_mut(leg) {
                    known.identity = Some(identity.clone());
                }
                self.connector.send(Command::Place { call, identity });
            }
            Some(_) => self.over(
                leg,
                Evidence {
                    ended_by: Some(outdial_domain::EndedBy::Us),
                    ..Evidence::default()
                },
            ),
            None => self.over(leg, facts::not_sent()),
        }
    }

    /// What the engine says of an attempt that has been committed.
    fn placing(&self, tenant: TenantId, attempt: AttemptId) -> Placing {
        let runtime = self.tenants.get(&tenant);
        runtime.map_or(Placing::GoesOut, |t| t.engine.placing(attempt))
    }

    fn is_cancelled(&self, owner: Owner) -> bool {
        match owner {
            Owner::Callee(tenant, attempt) => self.placing(tenant, attempt) == Placing::Cancelled,
            _ => false,
        }
    }

    fn not_placed(&mut self, leg: LegId, owner: Owner, error: &StoreError) {
        self.legs.end(leg);
        tracing::warn!(leg = leg.0, %error, "a call is not placed: it could not be committed");
        if error.is_passing() {
            self.stop_for_store(error.to_string());
        }
        match owner {
            Owner::Callee(tenant, attempt) => {
                if let Some(runtime) = self.tenants.get_mut(&tenant) {
                    runtime.live.remove(&attempt);
                }
                if error.is_passing() {
                    self.tell(tenant, Input::NotPlaced(attempt));
                } else {
                    tracing::error!(
                        attempt = attempt.number(), %error,
                        "the store refuses a contact's attempt for good; the contact is left alone until the next start"
                    );
                    self.tell(tenant, Input::NeverPlaced(attempt));
                }
            }
            Owner::Agent(tenant, agent) => {
                let why = outdial_engine::input::LegEnd::NotReached;
                self.tell(tenant, Input::AgentLegDown { agent, why });
            }
            Owner::Flow(tenant, attempt) => self.tell(tenant, Input::FlowFailed(attempt)),
            Owner::TrunkTest(number) => self.trunks.test_over(number, facts::not_sent()),
        }
    }

    /// Gives up a call that is not answered.
    pub(super) fn cancel(&mut self, owner: Owner) {
        let Some(leg) = self.legs.of(owner) else {
            return;
        };
        let Some(known) = self.legs.get_mut(leg) else {
            return;
        };
        match known.phase {
            Phase::Committing => known.ended_by_us = true,
            Phase::Calling | Phase::Up => self.connector.send(Command::Cancel { leg }),
        }
    }

    /// Ends a leg in whatever state it is.
    pub(super) fn hang_up(&mut self, owner: Owner, reason: HangUpReason) {
        let Some(leg) = self.legs.of(owner) else {
            return;
        };
        let Some(known) = self.legs.get_mut(leg) else {
            return;
        };
        known.ended_by_us = true;
        if known.phase != Phase::Committing {
            self.connector.send(Command::HangUp { leg, reason });
        }
    }

    /// Joins a callee with an agent's leg.
    pub(super) fn join(&mut self, tenant: TenantId, attempt: AttemptId, agent: AgentId) {
        let Some((callee, other)) = self.both(tenant, attempt, agent) else {
            return;
        };
        if let Some(live) = self.live_of(Owner::Callee(tenant, attempt)) {
            live.agent = Some(agent);
        }
        self.connector.send(Command::Join {
            callee,
            other,
            tone: true,
        });
    }

    pub(super) fn listen(&mut self, tenant: TenantId, attempt: AttemptId, agent: AgentId) {
        if let Some((callee, other)) = self.both(tenant, attempt, agent) {
            self.connector.send(Command::Listen { callee, other });
        }
    }

    /// The legs of a callee and an agent. One of them may have just gone: then the fact is on its way to
    /// the engine.
    fn both(&self, tenant: TenantId, attempt: AttemptId, agent: AgentId) -> Option<(LegId, LegId)> {
        let callee = self.legs.of(Owner::Callee(tenant, attempt))?;
        let other = self.legs.of(Owner::Agent(tenant, agent))?;
        Some((callee, other))
    }

    /// An event on a leg.
    pub(super) fn hear_leg(&mut self, event: LineEvent) {
        let Some(leg) = event.leg() else { return };
        let Some(known) = self.legs.get(leg) else {
            return;
        };
        let owner = known.owner;
        match event {
            LineEvent::Trying { .. } => {
                if let Owner::Callee(tenant, attempt) = owner {
                    self.tell(tenant, Input::Responded(attempt));
                }
            }
            LineEvent::Progress {
                progress,
                media,
                at,
                ..
            } => {
                if let (Some(live), true) = (
                    self.live_of(owner),
                    media || progress == outdial_domain::Progress::Ringing,
                ) {
                    live.progress_at.get_or_insert(at);
                }
                self.tell_of(owner, facts::progress(owner, progress, media));
            }
            LineEvent::EarlyMedia { .. } => {
                if let Owner::Callee(tenant, attempt) = owner {
                    self.tell(tenant, Input::EarlyMediaHeard(attempt));
                }
            }
            LineEvent::Answered { at, dialog, .. } => self.answered(leg, owner, at, &dialog),
            LineEvent::Moved { dialog, .. } => self.moved(leg, owner, &dialog),
            LineEvent::Joined { at, .. } => self.joined(owner, at),
            LineEvent::HandedBack { .. } => {
                if let Some(known) = self.legs.get_mut(leg) {
                    known.handed_back = true;
                }
            }
            LineEvent::Ended { evidence, .. } => self.over(leg, evidence),
            _ => {}
        }
    }

    /// The far end picked up: the engine hears it before anything is committed, and the answer is
    /// acknowledged once the dialog is.
    fn answered(&mut self, leg: LegId, owner: Owner, at: Timestamp, answered: &AnsweredDialog) {
        let Some(known) = self.legs.get_mut(leg) else {
            return;
        };
        known.phase = Phase::Up;
        let identity = known.identity.clone();
        self.tell_of(owner, facts::answered(owner));
        // Orders first (the join), then what is to be remembered.
        self.settle();
        let dialog = |owner| {
            identity
                .as_ref()
                .map(|i| dialog(leg, owner, i, Some(answered)))
        };
        let write = match owner {
            Owner::Callee(tenant, attempt) => {
                let dialog = dialog(DialogOwner::Callee(tenant, attempt));
                self.attempt_answered(tenant, attempt, at, dialog)
            }
            Owner::Agent(tenant, agent) => {
                dialog(DialogOwner::Agent(tenant, agent)).map(Write::Dialog)
            }
            Owner::Flow(tenant, attempt) => {
                self.join_flow(tenant, attempt, leg);
                dialog(DialogOwner::Flow(tenant, attempt)).map(Write::Dialog)
            }
            Owner::TrunkTest(_) => {
                self.hang_up(owner, HangUpReason::Normal);
                None
            }
        };
        match write {
            Some(write) => self.write_and_confirm(write, Some(leg)),
            None => self.confirm(Some(leg)),
        }
    }

    /// The far end is elsewhere now, and has to be ended there after a crash.
    fn moved(&mut self, leg: LegId, owner: Owner, answered: &AnsweredDialog) {
        let owner = match owner {
            Owner::Callee(tenant, attempt) => DialogOwner::Callee(tenant, attempt),
            Owner::Agent(tenant, agent) => DialogOwner::Agent(tenant, agent),
            Owner::Flow(tenant, attempt) => DialogOwner::Flow(tenant, attempt),
            Owner::TrunkTest(_) => return,
        };
        let known = self.legs.get_mut(leg);
        let identity = known.and_then(|known| known.identity.clone());
        if let Some(identity) = identity {
            self.write(Write::Dialog(dialog(leg, owner, &identity, Some(answered))));
        }
    }

    fn attempt_answered(
        &mut self,
        tenant: TenantId,
        attempt: AttemptId,
        at: Timestamp,
        dialog: Option<Dialog>,
    ) -> Option<Write> {
        let live = self.tenants.get_mut(&tenant)?.live.get_mut(&attempt)?;
        live.answered_at = Some(at);
        let progress_at = live.progress_at;
        let events = vec![Happened::AttemptAnswered(Box::new(live.clone())).recorded(tenant, at)];
        Some(Write::Answered(AttemptAnswered {
            tenant,
            attempt,
            progress_at,
            at,
            dialog,
            events,
        }))
    }

    fn join_flow(&mut self, tenant: TenantId, attempt: AttemptId, flow: LegId) {
        match self.legs.of(Owner::Callee(tenant, attempt)) {
            Some(callee) => self.connector.send(Command::Join {
                callee,
                other: flow,
                tone: false,
            }),
            None => self.hang_up(Owner::Flow(tenant, attempt), HangUpReason::Normal),
        }
    }

    fn joined(&mut self, owner: Owner, at: Timestamp) {
        let Owner::Callee(tenant, attempt) = owner else {
            return;
        };
        if let Some(live) = self.live_of(owner) {
            live.joined_at.get_or_insert(at);
            let agent = live.agent;
            self.write(Write::Joined(AttemptJoined {
                tenant,
                attempt,
                at,
                agent,
            }));
        }
        self.tell(tenant, Input::Joined(attempt));
    }

    /// A leg is over: the engine hears it, and what hung on it goes too.
    pub(super) fn over(&mut self, leg: LegId, evidence: Evidence) {
        let Some(known) = self.legs.end(leg) else {
            return;
        };
        match known.owner {
            Owner::Callee(tenant, attempt) => {
                self.hang_up(Owner::Flow(tenant, attempt), HangUpReason::Normal);
            }
            Owner::Agent(..) | Owner::Flow(..) => self.write(Write::ForgetDialogs(vec![leg.0])),
            Owner::TrunkTest(number) => {
                self.write(Write::ForgetDialogs(vec![leg.0]));
                self.trunks.test_over(number, evidence);
            }
        }
        self.tell_of(known.owner, facts::ended(&known, evidence));
    }

    fn tell_of(&mut self, owner: Owner, fact: Option<Input>) {
        let tenant = match owner {
            Owner::Callee(tenant, _) | Owner::Flow(tenant, _) | Owner::Agent(tenant, _) => tenant,
            Owner::TrunkTest(_) => return,
        };
        if let Some(fact) = fact {
            self.tell(tenant, fact);
        }
    }

    fn live_of(&mut self, owner: Owner) -> Option<&mut outdial_domain::Attempt> {
        match owner {
            Owner::Callee(tenant, attempt) => self.tenants.get_mut(&tenant)?.live.get_mut(&attempt),
            _ => None,
        }
    }
}

fn new_leg(leg: LegId, identity: Option<&DialogIdentity>) -> NewLeg {
    // A dialog's identity is plain data: it always becomes JSON.
    let identity = identity.and_then(|i| serde_json::to_string(&(i, None::<AnsweredDialog>)).ok());
    NewLeg {
        leg: leg.0,
        identity: identity.unwrap_or_default(),
    }
}

fn dialog(
    leg: LegId,
    owner: DialogOwner,
    identity: &DialogIdentity,
    answered: Option<&AnsweredDialog>,
) -> Dialog {
    let text = serde_json::to_string(&(identity, answered)).unwrap_or_default();
    Dialog {
        leg: leg.0,
        owner,
        identity: text,
        answered: answered.is_some(),
    }
}

/// A dialog of an earlier run as telephony needs it to end it; `None` where nothing was ever sent.
pub(super) fn stored_dialog(dialog: &Dialog) -> Option<StoredDialog> {
    let (identity, answered): (DialogIdentity, Option<AnsweredDialog>) =
        serde_json::from_str(&dialog.identity).ok()?;
    Some(StoredDialog {
        leg: LegId(dialog.leg),
        identity,
        answered,
    })
}
