//! The do-not-call list: numbers are put on it, taken off it, looked up. Every change is committed,
//! then told to the engine; when the use case answers, no further call to a listed number is placed.

use outdial_domain::{
    CampaignId, CampaignState, Contact, ContactState, DoNotCallEntry, EndReason, Listing, Origin,
    PhoneNumber, TenantId, Timestamp,
};
use outdial_engine::input::Input;
use outdial_store::{IfListed, NumbersListed};

use super::{Service, page_limit};
use crate::access::{Caller, Right};
use crate::error::{FieldProblem, ServiceError};
use crate::views::{Page, PageRequest, Reason};

/// Numbers that are put on the list with one request, at most: the rest comes with further ones.
pub const NUMBERS_MAX: usize = 10_000;

/// A number that is to be put on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewListing {
    /// The number.
    pub number: PhoneNumber,
    /// Why, at most 500 characters; may be empty.
    pub reason: String,
    /// When it leaves the list by itself; `None` = never.
    pub until: Option<Timestamp>,
}

impl Service {
    /// Puts numbers on the tenant's do-not-call list. No further call to them is placed; calls in
    /// progress go on.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`], naming each wrong entry as `numbers[3]`;
    /// [`ServiceError::Conflict`] for listed numbers that are to be refused, and nothing is changed.
    pub async fn list_numbers(
        &self,
        caller: &Caller,
        numbers: Vec<NewListing>,
        if_listed: IfListed,
    ) -> Result<NumbersListed, ServiceError> {
        caller.needs(Right::RunCampaigns)?;
        let source = source_of(caller.origin);
        self.put_on_list(caller, source, numbers, if_listed).await
    }

    /// What [`Service::list_numbers`] does, for whoever may do it for another reason.
    pub(super) async fn put_on_list(
        &self,
        caller: &Caller,
        source: &str,
        numbers: Vec<NewListing>,
        if_listed: IfListed,
    ) -> Result<NumbersListed, ServiceError> {
        let now = self.now().await?;
        check(&numbers, now)?;
        let entries = numbers.into_iter().map(|new| DoNotCallEntry {
            number: new.number,
            reason: new.reason,
            source: source.to_owned(),
            author: caller.name.clone(),
            created_at: now,
            until: new.until,
        });
        let entries = entries.collect();
        let tenant = caller.tenant;
        // Two changes of one number must reach the engine in the order of their commits.
        let order = self.core.do_not_call.lock().await;
        let listed = self
            .store()
            .list_numbers(tenant, entries, if_listed)
            .await?;
        let changes = listed.listed.iter();
        let changes = changes.map(|(number, listing)| (*number, Some(*listing)));
        self.tell_changes(tenant, changes.collect()).await?;
        drop(order);
        if listed.lifted {
            self.return_contacts(tenant).await?;
        }
        Ok(listed)
    }

    /// Takes numbers off the list; answers those that were on it. Contacts that were left out because
    /// of them return to their lists: untried ones where they were, others as due now.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn unlist_numbers(
        &self,
        caller: &Caller,
        numbers: Vec<PhoneNumber>,
    ) -> Result<Vec<PhoneNumber>, ServiceError> {
        caller.needs(Right::RunCampaigns)?;
        let tenant = caller.tenant;
        let order = self.core.do_not_call.lock().await;
        let gone = self.store().unlist_numbers(tenant, numbers).await?;
        let changes = gone.iter().map(|number| (*number, None));
        self.tell_changes(tenant, changes.collect()).await?;
        drop(order);
        // Also where nothing was listed: a request that broke off half-way is made good by the next.
        self.return_contacts(tenant).await?;
        Ok(gone)
    }

    /// Takes every number off the list; answers how many they were.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn unlist_all(&self, caller: &Caller) -> Result<u64, ServiceError> {
        let mut count = 0;
        loop {
            let page = PageRequest {
                cursor: None,
                limit: Some(1_000),
            };
            let page = self.listed_numbers(caller, page).await?;
            let numbers: Vec<_> = page.items.iter().map(|entry| entry.number).collect();
            if numbers.is_empty() {
                return Ok(count);
            }
            count += self.unlist_numbers(caller, numbers).await?.len() as u64;
        }
    }

    /// The entry of a number that is on the list now.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub async fn listed_number(
        &self,
        caller: &Caller,
        number: PhoneNumber,
    ) -> Result<Option<DoNotCallEntry>, ServiceError> {
        caller.needs(Right::Read)?;
        let now = self.now().await?;
        let found = self.store().listed_number(caller.tenant, number, now);
        Ok(found.await?)
    }

    /// The list as it is now, in the order of the numbers.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor that is none of this list.
    pub async fn listed_numbers(
        &self,
        caller: &Caller,
        page: PageRequest,
    ) -> Result<Page<DoNotCallEntry>, ServiceError> {
        caller.needs(Right::Read)?;
        let after = page.cursor.as_deref().map(|cursor| {
            PhoneNumber::from_text(cursor).map_err(|_| {
                let problem = "is not a next_cursor of this list; leave it out to begin anew";
                ServiceError::field("cursor", problem)
            })
        });
        let now = self.now().await?;
        let found = self
            .store()
            .listed_numbers(caller.tenant, now, after.transpose()?, page_limit(&page))
            .await?;
        Ok(Page {
            items: found.items,
            next_cursor: found.next.map(|number| number.text()),
        })
    }

    async fn tell_changes(
        &self,
        tenant: TenantId,
        changes: Vec<(PhoneNumber, Option<Listing>)>,
    ) -> Result<(), ServiceError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.ask(move |runtime| {
            runtime.tell(tenant, Input::DoNotCallChanged(changes));
            runtime.settle();
        })
        .await
    }

    /// Lets contacts return that were left out and need not be any more.
    async fn return_contacts(&self, tenant: TenantId) -> Result<(), ServiceError> {
        // What the engine had left out before it was told is committed first: it returns, too.
        self.settled().await?;
        let now = self.now().await?;
        for (campaign, count) in self.store().return_contacts(tenant, now).await? {
            self.contacts_returned(tenant, campaign, count).await?;
        }
        Ok(())
    }

    async fn contacts_returned(
        &self,
        tenant: TenantId,
        id: CampaignId,
        count: u64,
    ) -> Result<(), ServiceError> {
        let known = self
            .ask(move |runtime| runtime.campaign_view(tenant, id))
            .await?;
        let mut count = count;
        if known.is_none() {
            // Only the store knows a campaign that ended in an earlier run.
            let Some(campaign) = self.store().campaign(id).await? else {
                return Ok(());
            };
            if campaign.state != CampaignState::Ended(EndReason::ListDone) {
                return Ok(());
            }
            self.load(campaign).await?;
            // They are counted in what was loaded.
            count = 0;
        }
        let fact = Input::ContactsReturned {
            campaign: id,
            count,
        };
        self.ask(move |runtime| runtime.tell(tenant, fact)).await
    }

    /// What the list has to do with a contact that was asked about by this number.
    pub(super) async fn do_not_call_reasons(
        &self,
        tenant: TenantId,
        contact: &Contact,
        number: PhoneNumber,
    ) -> Result<Vec<Reason>, ServiceError> {
        let now = self.now().await?;
        let mut listed = Vec::new();
        for number in &contact.numbers {
            let found = self.store().listed_number(tenant, *number, now);
            listed.extend(found.await?);
        }
        let open = contact.state != ContactState::InProgress;
        let first = listed.iter().min_by_key(|entry| entry.created_at);
        let own = listed.iter().find(|entry| entry.number == number);
        let entry = if listed.len() == contact.numbers.len() {
            first.filter(|_| open)
        } else {
            own
        };
        let Some(entry) = entry else {
            return Ok(Vec::new());
        };
        let mut text = format!("on the do-not-call list since {}", entry.created_at);
        if !entry.reason.is_empty() {
            text = format!("{text}: {}", entry.reason);
        }
        if listed.len() < contact.numbers.len() {
            text = format!("this number is {text}; the contact is called under its other numbers");
        }
        Ok(vec![Reason {
            code: "do_not_call".to_owned(),
            text,
            until: entry.until,
        }])
    }
}

/// # Errors
/// Everything that is wrong with the entries.
fn check(numbers: &[NewListing], now: Timestamp) -> Result<(), ServiceError> {
    if numbers.len() > NUMBERS_MAX {
        let problem = format!(
            "has {} entries; at most {NUMBERS_MAX} at once",
            numbers.len()
        );
        return Err(ServiceError::field("numbers", problem));
    }
    let mut problems = Vec::new();
    for (place, new) in numbers.iter().enumerate() {
        let mut wrong = |field: &str, problem: String| {
            problems.push(FieldProblem {
                field: format!("numbers[{place}].{field}"),
                problem,
            });
        };
        if new.reason.chars().count() > DoNotCallEntry::REASON_MAX {
            let most = DoNotCallEntry::REASON_MAX;
            wrong("reason", format!("must have at most {most} characters"));
        }
        if new.until.is_some_and(|until| until <= now) {
            wrong("until", "must be in the future".to_owned());
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        problems.truncate(100);
        Err(ServiceError::Invalid(problems))
    }
}

fn source_of(origin: Origin) -> &'static str {
    match origin {
        Origin::Rest => "rest",
        Origin::Tencent => "tencent",
        Origin::Alibaba => "alibaba",
        Origin::Huawei => "huawei",
        Origin::Dezhu => "dezhu",
    }
}
