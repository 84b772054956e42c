//! Campaigns: make, read, run.

use std::collections::BTreeMap;

use outdial_domain::{
    Campaign, CampaignId, CampaignState, Extras, LifeCycleCommand, LifeCycleError, PhoneNumber,
    Settings, Target,
};
use outdial_engine::input::{Command, Input};
use outdial_store::{AttemptQuery, CampaignQuery, IdempotencyKey, NewCampaign};

use super::{Service, cursor_number, page_limit};
use crate::access::{Caller, Right};
use crate::error::{FieldProblem, ServiceError};
use crate::runtime::{is_over, load_campaign, reason};
use crate::views::{
    AgentCounts, CallsNow, ContactCounts, ContactExplanation, Explanation, Page, PageRequest, Stats,
};

impl Service {
    /// Makes a campaign in state draft. The same idempotency key answers the same campaign again.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] naming every field that is wrong.
    pub async fn create_campaign(
        &self,
        caller: &Caller,
        settings: Settings,
        idempotency_key: Option<&str>,
    ) -> Result<Campaign, ServiceError> {
        self.create_campaign_with(caller, settings, Extras::new(), idempotency_key)
            .await
    }

    /// The same, with what a vendor's API stores with it and shows again.
    ///
    /// # Errors
    /// As [`Service::create_campaign`].
    pub async fn create_campaign_with(
        &self,
        caller: &Caller,
        settings: Settings,
        extras: Extras,
        idempotency_key: Option<&str>,
    ) -> Result<Campaign, ServiceError> {
        caller.needs(Right::RunCampaigns)?;
        self.check_settings(caller, &settings)?;
        let fingerprint = format!("{:?}", settings_hash(&settings));
        let at = self.now().await?;
        let created = self
            .store()
            .create_campaign(NewCampaign {
                tenant: caller.tenant,
                origin: caller.origin,
                author: caller.name.clone(),
                at,
                settings,
                extras,
                idempotency: idempotency_key.map(|key| IdempotencyKey {
                    key: key.to_owned(),
                    fingerprint,
                }),
            })
            .await?;
        if created.created {
            self.load(created.campaign.clone()).await?;
        }
        Ok(created.campaign)
    }

    /// A campaign.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
    ) -> Result<Campaign, ServiceError> {
        self.own_campaign(caller, Right::Read, id).await
    }

    /// A campaign by its second id, in letters of any case.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn campaign_by_uuid(
        &self,
        caller: &Caller,
        uuid: &str,
    ) -> Result<Campaign, ServiceError> {
        caller.needs(Right::Read)?;
        match self.store().campaign_by_uuid(uuid).await? {
            Some(campaign) if campaign.tenant == caller.tenant => Ok(campaign),
            _ => Err(ServiceError::NotFound {
                what: "campaign",
                id: uuid.to_owned(),
            }),
        }
    }

    /// The tenant's campaigns, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor that is none of ours.
    pub async fn campaigns(
        &self,
        caller: &Caller,
        page: PageRequest,
    ) -> Result<Page<Campaign>, ServiceError> {
        caller.needs(Right::Read)?;
        let after = cursor_number(&page)?
            .map(|n| CampaignId::new(u32::try_from(n).unwrap_or(0)))
            .transpose()
            .map_err(|_| ServiceError::field("cursor", "is not a next_cursor of this list"))?;
        let query = CampaignQuery {
            tenant: Some(caller.tenant),
            after,
            newest_first: true,
            limit: page_limit(&page),
            ..CampaignQuery::default()
        };
        let found = self.store().campaigns(query).await?;
        Ok(Page {
            items: found.items,
            next_cursor: found.next.map(|id| id.to_string()),
        })
    }

    /// Starts, pauses, resumes or aborts a campaign; answers once the new state is committed.
    ///
    /// # Errors
    /// [`ServiceError::State`] when its state does not allow it; [`ServiceError::Unstored`] when it is
    /// done and the store cannot commit it.
    pub async fn command_campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
        command: LifeCycleCommand,
    ) -> Result<Campaign, ServiceError> {
        let campaign = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        if is_over(campaign.state) {
            return Err(LifeCycleError {
                state: "ended",
                command: command.name(),
            }
            .into());
        }
        let tenant = caller.tenant;
        let command = Command {
            campaign: id,
            command,
        };
        let result = self
            .ask(move |runtime| runtime.command(tenant, command))
            .await?;
        let stored = self.stored().await;
        let after = self.own_campaign(caller, Right::RunCampaigns, id).await?;
        match result {
            // Its engine has forgotten it, because it has ended since it was read.
            Err(ServiceError::CampaignNotFound(_)) if is_over(after.state) => Err(LifeCycleError {
                state: "ended",
                command: command.command.name(),
            }
            .into()),
            Err(error) => Err(error),
            Ok(_) => stored.map(|()| after),
        }
    }

    /// Takes a campaign that does not dial out of every list for good: a draft, one that waits for
    /// its period, or one that has ended. Its attempts stay.
    ///
    /// # Errors
    /// [`ServiceError::State`] while it runs or is paused.
    pub async fn remove_campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
    ) -> Result<(), ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        // An edit of the tenant must not find it half gone.
        let turn = service.turn_of(caller.tenant);
        let _ours = turn.lock().await;
        let campaign = service
            .own_campaign(&caller, Right::RunCampaigns, id)
            .await?;
        if !is_over(campaign.state) {
            let tenant = caller.tenant;
            // State and command in one question: it cannot start in between.
            let ended = service.ask(move |runtime| {
                let state = runtime.campaign_view(tenant, id).map(|view| view.state);
                let state = state.unwrap_or(campaign.state);
                if matches!(state, CampaignState::Running | CampaignState::Paused) {
                    return Err(ServiceError::State(LifeCycleError {
                        state: state.name(),
                        command: "be removed",
                    }));
                }
                if state.end_reason().is_none() {
                    let command = LifeCycleCommand::Abort;
                    let command = Command {
                        campaign: id,
                        command,
                    };
                    runtime.command(tenant, command)?;
                }
                Ok(())
            });
            ended.await??;
            service.settled().await?;
        }
        service.store().remove_campaign(id, Vec::new()).await?;
        Ok(())
    }

    /// How a campaign is doing.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn stats(&self, caller: &Caller, id: CampaignId) -> Result<Stats, ServiceError> {
        let campaign = self.own_campaign(caller, Right::Read, id).await?;
        let stored = self.store().campaign_stats(id).await?;
        let tenant = caller.tenant;
        let view = self
            .ask(move |runtime| runtime.campaign_view(tenant, id))
            .await?;
        let outcomes: BTreeMap<_, _> = stored.outcomes;
        let share = |part: u64, whole: u64| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let mut stats = Stats {
            state: campaign.state,
            contacts: ContactCounts {
                waiting: stored.contacts.fresh + stored.contacts.resting,
                in_progress: stored.contacts.in_progress,
                done: stored.contacts.done,
            },
            attempts: stored.attempts,
            answered: stored.answered,
            abandoned: stored.abandoned,
            abandonment: share(stored.abandoned, stored.live),
            occupancy: 0.0,
            calls_now: CallsNow::default(),
            agents: AgentCounts::default(),
            outcomes,
            not_dialing_because: Vec::new(),
        };
        if let Some(view) = view {
            stats.abandonment = share(view.ledger.abandoned, view.ledger.live);
            stats.occupancy = view.occupancy;
            stats.calls_now = CallsNow {
                ringing: view.calls.ringing,
                talking: view.calls.talking,
                waiting: view.calls.waiting,
            };
            stats.agents = AgentCounts {
                idle: view.agents.idle,
                busy: view.agents.busy,
                wrap_up: view.agents.wrap_up,
                away: view.agents.away,
            };
            stats.not_dialing_because = view.not_dialing_because.iter().map(reason).collect();
        } else {
            stats.not_dialing_because = vec![ended_reason(campaign.state)];
        }
        Ok(stats)
    }

    /// Why a campaign, or a number in it, is (not) dialed.
    ///
    /// # Errors
    /// [`ServiceError::CampaignNotFound`].
    pub async fn explain(
        &self,
        caller: &Caller,
        id: CampaignId,
        number: Option<PhoneNumber>,
    ) -> Result<Explanation, ServiceError> {
        let campaign = self.own_campaign(caller, Right::Read, id).await?;
        let tenant = caller.tenant;
        let found = match number {
            Some(number) => {
                self.store()
                    .contacts_with_number(tenant, Some(id), number)
                    .await?
            }
            None => Vec::new(),
        };
        let mut contacts = Vec::new();
        for contact in found {
            let asked = contact.clone();
            let mut reasons = match number {
                Some(number) => self.do_not_call_reasons(tenant, &contact, number).await?,
                None => Vec::new(),
            };
            let of_engine = self
                .ask(move |runtime| runtime.explain_contact(tenant, id, &asked))
                .await?;
            let known = !reasons.is_empty();
            reasons.extend(
                of_engine
                    .into_iter()
                    .filter(|r| !known || r.code != "do_not_call"),
            );
            let query = AttemptQuery {
                contact: Some(contact.id),
                newest_first: true,
                ..AttemptQuery::of(tenant)
            };
            let attempts = self.store().attempts(query).await?.items;
            contacts.push(ContactExplanation {
                contact: contact.id,
                reasons,
                attempts: attempts.into_iter().map(|stored| stored.attempt).collect(),
            });
        }
        let view = self
            .ask(move |runtime| runtime.campaign_view(tenant, id))
            .await?;
        let campaign = match view {
            Some(view) => view.not_dialing_because.iter().map(reason).collect(),
            None => vec![ended_reason(campaign.state)],
        };
        Ok(Explanation { campaign, contacts })
    }

    /// Lets the engine know a campaign that only the store knows so far.
    pub(super) async fn load(&self, campaign: Campaign) -> Result<(), ServiceError> {
        let tenant = campaign.tenant;
        let now = self.now().await?;
        let loaded = Box::new(load_campaign(self.store(), campaign, now).await?);
        self.ask(move |runtime| runtime.tell(tenant, Input::CampaignLoaded(loaded)))
            .await
    }

    pub(super) async fn now(&self) -> Result<outdial_domain::Timestamp, ServiceError> {
        self.ask(crate::runtime::Runtime::now).await
    }

    /// Checks settings by themselves, and against what the tenant has.
    pub(super) fn check_settings(
        &self,
        caller: &Caller,
        settings: &Settings,
    ) -> Result<(), ServiceError> {
        let tenant = self.entry(caller)?;
        let mut problems: Vec<FieldProblem> = settings
            .problems()
            .into_iter()
            .map(|p| FieldProblem {
                field: p.field.to_owned(),
                problem: p.problem,
            })
            .collect();
        let mut check = |sound: bool, field: &str, problem: &str| {
            if !sound {
                problems.push(FieldProblem {
                    field: field.to_owned(),
                    problem: problem.to_owned(),
                });
            }
        };
        check(
            settings.mode.name() != outdial_domain::ModeName::Predictive,
            "mode",
            "predictive is not built yet; use progressive or ratio",
        );
        let known = |target: &Target| match target {
            Target::SkillGroup(id) => tenant.skill_groups.iter().any(|group| group.id == *id),
            Target::Flow(id) => tenant.flows.contains_key(id),
            Target::Sip(uri) => uri.starts_with("sip:") || uri.starts_with("sips:"),
        };
        check(
            known(&settings.target),
            "target",
            "names no skill group or flow of this tenant, or no sip: address",
        );
        check(
            settings.flow_first.as_ref().is_none_or(known),
            "flow_first",
            "names no flow of this tenant, or no sip: address",
        );
        let owned = |numbers: &[PhoneNumber]| {
            numbers
                .iter()
                .all(|number| tenant.caller_ids.iter().any(|own| own.number == *number))
        };
        check(
            owned(&settings.caller_ids),
            "caller_ids",
            "names a number that is not one of the tenant's caller_ids",
        );
        check(
            owned(&settings.recall_caller_ids),
            "recall_caller_ids",
            "names a number that is not one of the tenant's caller_ids",
        );
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ServiceError::Invalid(problems))
        }
    }
}

fn ended_reason(state: CampaignState) -> crate::views::Reason {
    let why = match state.end_reason() {
        Some(outdial_domain::EndReason::ListDone) => "every contact is final",
        Some(outdial_domain::EndReason::PeriodOver) => "its period is over",
        Some(outdial_domain::EndReason::ByHand) => "someone ended it",
        Some(outdial_domain::EndReason::Fault) => "it could not go on",
        None => "it is not loaded",
    };
    crate::views::Reason {
        code: state.name().to_owned(),
        text: format!("the campaign is {}: {why}", state.name()),
        until: None,
    }
}

/// Tells two requests with one idempotency key apart.
fn settings_hash(settings: &Settings) -> [u8; 32] {
    use sha2::Digest;
    // Settings are plain data: they always become JSON.
    sha2::Sha256::digest(serde_json::to_vec(settings).unwrap_or_default()).into()
}
