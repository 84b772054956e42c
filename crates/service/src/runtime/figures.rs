//! Figures for `/metrics`, taken once a second.

use outdial_domain::AgentState;

use super::Runtime;

impl Runtime {
    pub(super) fn show_figures(&self) {
        let lines = self.connector.counters();
        metrics::counter!("outdial_sip_garbage_total").absolute(lines.signalling_garbage);
        metrics::counter!("outdial_sip_unknown_dialogs_total").absolute(lines.unknown_dialogs);
        metrics::counter!("outdial_rtp_garbage_total").absolute(lines.media_garbage);
        metrics::counter!("outdial_registrations_refused_total")
            .absolute(lines.registrations_refused);
        metrics::counter!("outdial_sip_strangers_refused_total").absolute(lines.strangers_refused);
        let writer = self.store.writer_figures();
        metrics::counter!("outdial_store_transactions_total").absolute(writer.transactions);
        metrics::counter!("outdial_store_failed_transactions_total")
            .absolute(writer.failed_transactions);
        metrics::gauge!("outdial_store_queue").set(writer.queued as f64);
        metrics::gauge!("outdial_store_longest_hold_seconds")
            .set(writer.longest_hold.as_secs_f64());
        for (id, runtime) in &self.tenants {
            let Some(entry) = self.registry.tenant(*id) else {
                continue;
            };
            let tenant = entry.tenant.name.clone();
            metrics::gauge!("outdial_calls", "tenant" => tenant.clone())
                .set(runtime.live.len() as f64);
            let agents = runtime.engine.agents();
            for state in AgentState::ALL {
                let count = agents.iter().filter(|agent| agent.state == state).count();
                let labels = [
                    ("tenant", tenant.clone()),
                    ("state", state.as_str().to_owned()),
                ];
                metrics::gauge!("outdial_agents", &labels).set(count as f64);
            }
        }
    }
}

/// Says what the figures mean, for whoever reads `/metrics`.
pub(super) fn describe() {
    metrics::describe_counter!(
        "outdial_attempts_ended_total",
        "Attempts that ended, by outcome."
    );
    metrics::describe_counter!(
        "outdial_sip_garbage_total",
        "Messages on the SIP port that were no SIP, or broken beyond use."
    );
    metrics::describe_counter!(
        "outdial_sip_unknown_dialogs_total",
        "SIP requests for dialogs that do not exist."
    );
    metrics::describe_counter!(
        "outdial_rtp_garbage_total",
        "Datagrams on media ports that belonged to no call."
    );
    metrics::describe_counter!(
        "outdial_registrations_refused_total",
        "REGISTER requests of phones that were refused."
    );
    metrics::describe_counter!(
        "outdial_sip_strangers_refused_total",
        "SIP requests that were ignored because strangers sent too many."
    );
    metrics::describe_counter!(
        "outdial_store_transactions_total",
        "Transactions committed."
    );
    metrics::describe_counter!(
        "outdial_store_failed_transactions_total",
        "Transactions that failed as a whole (a full disk)."
    );
    metrics::describe_gauge!(
        "outdial_store_queue",
        "Requests that wait for the store's writer."
    );
    metrics::describe_gauge!(
        "outdial_store_longest_hold_seconds",
        "Longest time that one transaction has held the store's writer."
    );
    metrics::describe_gauge!("outdial_calls", "Calls under way, by tenant.");
    metrics::describe_gauge!("outdial_agents", "Agents by state, by tenant.");
}
