//! A line on which every callee is busy, or answers, and whose first call does something.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outdial_domain::Evidence;
use outdial_telephony::{
    AnsweredDialog, Call, Command, Connector, Counters, DialogIdentity, Event, LegId, LegUp, Party,
    PlanError,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::world::now;

/// What is done when the first callee is called.
type Hook = Box<dyn FnOnce() + Send>;

/// A line on which every callee is busy, or answers.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) answers: AtomicBool,
    /// Calls that were to be called, and calls to callees and flows that were.
    pub(crate) planned: AtomicU32,
    pub(crate) callees: AtomicU32,
    pub(crate) flows: AtomicU32,
    pub(crate) joined: AtomicU32,
    pub(crate) hung_up: AtomicU32,
    pub(crate) at_first_callee: Mutex<Option<Hook>>,
}

pub(crate) struct TestLine {
    pub(crate) events: UnboundedSender<Event>,
    pub(crate) line: Arc<Line>,
}

impl TestLine {
    fn placed(&self, call: &Call) -> Event {
        let leg = call.leg;
        let counter = match call.party {
            Party::Callee { .. } => &self.line.callees,
            _ => &self.line.flows,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        if matches!(call.party, Party::Callee { .. })
            && let Some(hook) = self.line.at_first_callee.lock().unwrap().take()
        {
            hook();
        }
        if self.line.answers.load(Ordering::SeqCst) {
            let dialog = AnsweredDialog {
                remote_tag: "far".to_owned(),
                remote_target: "sip:far@127.0.0.1".to_owned(),
                route_set: Vec::new(),
                cseq: 1,
                destination: "udp:127.0.0.1:5080".to_owned(),
            };
            let at = now();
            return Event::Answered { leg, at, dialog };
        }
        let evidence = Evidence {
            sip_status: Some(486),
            responded: true,
            ..Evidence::default()
        };
        ended(leg, evidence)
    }
}

fn ended(leg: LegId, evidence: Evidence) -> Event {
    Event::Ended {
        leg,
        at: now(),
        evidence,
        retry_after: None,
    }
}

#[async_trait]
impl Connector for TestLine {
    fn plan(&self, call: &Call) -> Result<DialogIdentity, PlanError> {
        self.line.planned.fetch_add(1, Ordering::SeqCst);
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
            Command::Place { call, .. } => self.placed(&call),
            Command::Join { callee, other, .. } => {
                self.line.joined.fetch_add(1, Ordering::SeqCst);
                let at = now();
                Event::Joined { callee, other, at }
            }
            Command::HangUp { leg, .. } => {
                self.line.hung_up.fetch_add(1, Ordering::SeqCst);
                ended(leg, Evidence::default())
            }
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
