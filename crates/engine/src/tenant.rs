//! Facts about the tenant as a whole: its rules, its caller IDs, halts, the store.

use outdial_domain::{Calendar, CallerId, CampaignId, Timestamp};

use crate::engine::Engine;
use crate::gate::hours::HoursGate;
use crate::gate::store::StoreGate;
use crate::input::{HaltScope, TenantRules};
use crate::mutant::Mutant;
use crate::timer::{TimerKey, Timers};
use crate::waiters::Need;

impl Engine {
    pub(crate) fn tenant_set(&mut self, rules: TenantRules) {
        self.lines.set_max(rules.max_calls);
        if rules.compliance.hours != self.tenant.compliance.hours {
            self.hours = HoursGate::new(rules.compliance.hours.clone());
        }
        let cap = rules.compliance.calls_per_number_per_day;
        if cap != self.tenant.compliance.calls_per_number_per_day {
            self.numbers.set_cap(cap);
            self.give_back_windows();
        }
        self.tenant = rules;
        self.new_day();
        self.lines_changed();
    }

    pub(crate) fn caller_ids_set(&mut self, caller_ids: Vec<CallerId>) {
        self.caller_ids.set(caller_ids, self.now);
        self.routes_changed();
    }

    /// The tenant's local day has changed, or its zone has.
    pub(crate) fn new_day(&mut self) {
        let Ok(calendar) = Calendar::always(&self.tenant.time_zone) else {
            // Nobody can say when such a zone's day ends; one day from now is as good as any.
            self.day = (self.now, self.now + std::time::Duration::from_secs(86_400));
            return;
        };
        let day = calendar.local_day(self.now);
        if day.0 != self.day.0 && self.day.0 != Timestamp::MIN {
            self.caller_ids.new_day(self.now);
            if self.tenant.compliance.calls_per_number_per_day.is_some() {
                self.numbers.forget();
                self.give_back_windows();
            }
        }
        self.day = day;
    }

    pub(crate) fn halted(&mut self, scope: HaltScope, reason: String) {
        self.halts.halt(scope, reason);
        // Agents who wait for a line are free again; what rings rings on.
        for id in self.in_scope(scope) {
            self.release_ready_agents(id);
        }
    }

    pub(crate) fn halt_released(&mut self, scope: HaltScope) {
        if !self.halts.release(scope) {
            self.counters.late += 1;
            return;
        }
        if let HaltScope::Trunk(trunk) = scope {
            self.waiters.wake(Need::Trunk(trunk));
        }
        for id in self.in_scope(scope) {
            self.wake_campaign(id);
        }
    }

    fn in_scope(&self, scope: HaltScope) -> Vec<CampaignId> {
        match scope {
            HaltScope::Tenant => self.campaigns.keys().copied().collect(),
            HaltScope::Campaign(id) => vec![id],
            HaltScope::Trunk(_) => Vec::new(),
        }
    }

    pub(crate) fn store_failing(&mut self, reason: Option<String>) {
        let works = reason.is_none();
        self.store.set(reason);
        if works {
            self.timers
                .set(&mut self.store.alarm, TimerKey::Store, None);
            self.wake_all();
        }
    }

    /// A commit was refused: dialing rests for a moment.
    pub(crate) fn store_refused(&mut self) {
        let until = StoreGate::rest(self.now);
        self.timers
            .set(&mut self.store.alarm, TimerKey::Store, Some(until));
    }

    pub(crate) fn store_due(&mut self) {
        Timers::fired(&mut self.store.alarm);
        self.wake_all();
    }

    pub(crate) fn wake_all(&mut self) {
        let ids: Vec<_> = self.campaigns.keys().copied().collect();
        for id in ids {
            self.wake_campaign(id);
        }
    }

    /// The tenant has more or fewer lines than before.
    pub(crate) fn lines_changed(&mut self) {
        self.lines.set_permits(self.trunks.permits());
        let ids: Vec<_> = self.campaigns.keys().copied().collect();
        for id in ids {
            let lines = self.lines_of(id);
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                campaign.window.resize(lines);
            }
            self.wake_campaign(id);
            self.load_contacts(id);
        }
    }

    /// Most calls at once that a campaign may come to.
    pub(crate) fn lines_of(&self, id: CampaignId) -> u32 {
        let own = self.campaigns.get(&id).and_then(|c| c.settings.max_calls);
        own.unwrap_or(u32::MAX).min(self.lines.capacity())
    }

    /// What the windows hold is out of date: all is loaded afresh.
    pub(crate) fn give_back_windows(&mut self) {
        let closed_counts = !self.is_off(Mutant::Calendar);
        let ids: Vec<_> = self.campaigns.keys().copied().collect();
        for id in ids {
            self.give_back_window(id);
            if let Some(campaign) = self.campaigns.get_mut(&id)
                && campaign.may_hold(closed_counts)
            {
                campaign.window.drop_answer();
            }
            self.load_contacts(id);
        }
    }
}
