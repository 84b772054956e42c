//! A connector without phone lines, for tests of what stands above telephony.

use std::time::Duration;

use async_trait::async_trait;
use outdial_domain::Evidence;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::clock::now;
use crate::{
    Call, Command, Connector, Counters, DialogIdentity, Event, EventReceiver, LegUp, PlanError,
};

/// A line on which every callee is busy at once, and every trunk answers.
#[derive(Debug)]
pub struct BusyLine {
    events: UnboundedSender<Event>,
}

impl BusyLine {
    /// The line, and what happens on it.
    #[must_use]
    pub fn new() -> (Self, EventReceiver) {
        let (events, receiver) = unbounded_channel();
        (Self { events }, receiver)
    }
}

#[async_trait]
impl Connector for BusyLine {
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError> {
        Ok(DialogIdentity {
            call_id: format!("call-{}", call.leg),
            local_tag: "tag".to_owned(),
            branch: format!("z9hG4bK{}", call.leg),
            cseq: 1,
            request_uri: "sip:callee@127.0.0.1".to_owned(),
            from: "sip:us@127.0.0.1".to_owned(),
            to: "sip:callee@127.0.0.1".to_owned(),
            sent_by: "udp:127.0.0.1:5060".to_owned(),
            destination: "udp:127.0.0.1:5080".to_owned(),
            trunk: None,
        })
    }

    fn send(&self, command: Command) {
        let event = match command {
            Command::Place { call, .. } => Event::Ended {
                leg: call.leg,
                at: now(),
                evidence: Evidence {
                    sip_status: Some(486),
                    responded: true,
                    ..Evidence::default()
                },
                retry_after: None,
            },
            Command::Clear(dialogs) => Event::Cleared {
                at: now(),
                legs: dialogs.iter().map(|dialog| dialog.leg).collect(),
                left: 0,
            },
            Command::Probe { trunk } => Event::TrunkHealth {
                trunk,
                at: now(),
                answered: true,
            },
            _ => return,
        };
        // Nobody listens any more when the server has stopped.
        let _ = self.events.send(event);
    }

    async fn legs_up(&self) -> Vec<LegUp> {
        Vec::new()
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }

    async fn shutdown(&self, _patience: Duration) {}
}
