//! One call at the carrier, from INVITE to the end, as its plan says.

use super::Shared;
use super::log::CallRecord;
use super::plan::{
    Answer, CalleeOutcome, CalleePlan, ChallengePlan, ContactForm, Progress, Refusal,
};
use crate::conversation::{Action, CallEnd, Fact, Rules, converse};
use crate::leg::{Leg, LegEvent, never};
use crate::media::MediaPort;
use crate::sdp::Sdp;
use crate::session::{RunningTimer, TimerRefusal};
use crate::sip::{Authorization, Challenge, Message, unique};
use crate::strict::Rule;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A call and the plan that it follows.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) leg: Leg,
    pub(super) plan: CalleePlan,
    pub(super) commands: mpsc::Receiver<Action>,
    /// The media description of the callee, the same in 183 and 200.
    pub(super) body: Option<String>,
}

/// A call that is over, or goes on.
type Step = Result<(), CallEnd>;

impl Call {
    /// Plays the plan, writes the log and stays for retransmissions.
    pub(super) async fn run(mut self) {
        let end = match self.play().await {
            Ok(()) => CallEnd::NeverAnswered,
            Err(end) => end,
        };
        self.note(|record| {
            record.ended_at = Some(Instant::now());
            record.end = Some(end);
        });
        self.linger().await;
        self.shared.forget(&self.leg.dialog.call_id);
    }

    /// Stays for retransmissions, and for the other branch of a forked call, which may be ended
    /// after the call itself.
    async fn linger(&mut self) {
        let until = Instant::now() + self.leg.endpoint.timing.give_up();
        self.leg.close_media();
        loop {
            match self.leg.next(until).await {
                LegEvent::Deadline | LegEvent::Stopped => return,
                LegEvent::ForkEnded => self.note(|record| record.forks_ended += 1),
                _ => {}
            }
        }
    }

    async fn play(&mut self) -> Step {
        if matches!(self.plan.outcome, CalleeOutcome::Dead) {
            let quiet = self.leg.endpoint.timing.give_up();
            self.leg.ignore_everything(quiet).await;
            return Ok(());
        }
        if self.plan.trying {
            self.leg.respond(100, |_| {});
        }
        if let Some(challenge) = self.plan.challenge.clone() {
            self.demand_credentials(&challenge).await?;
        }
        self.pause(self.plan.post_dial_delay).await?;
        self.ring().await?;
        match self.plan.outcome.clone() {
            CalleeOutcome::Answer(answer) => self.answer(answer).await,
            CalleeOutcome::Refuse(refusal) => self.refuse(&refusal),
            CalleeOutcome::RingForEver => self.pause_until(never()).await,
            CalleeOutcome::AnswerAtCancel(answer) => self.answer_at_cancel(answer).await,
            CalleeOutcome::Dead => Ok(()),
        }
    }

    async fn ring(&mut self) -> Step {
        let begin = Instant::now();
        let mut progress = self.plan.progress.clone();
        progress.sort_by_key(|p| p.after);
        for step in progress {
            self.pause_until(begin + step.after).await?;
            self.progress(&step).await?;
        }
        self.pause_until(begin + self.plan.ring_time).await
    }

    async fn progress(&mut self, progress: &Progress) -> Step {
        let body = if progress.early_media {
            Some(self.describe().await?)
        } else {
            None
        };
        self.leg
            .respond(progress.code, |response| set_body(response, body));
        self.note(|record| {
            record.progress_at.get_or_insert_with(Instant::now);
        });
        Ok(())
    }

    /// Waits, the caller free to cancel.
    async fn pause(&mut self, time: Duration) -> Step {
        self.pause_until(Instant::now() + time).await
    }

    async fn pause_until(&mut self, until: Instant) -> Step {
        loop {
            let event = tokio::select! {
                event = self.leg.next(until) => event,
                Some(action) = self.commands.recv() => {
                    if let Action::HangUp { .. } = action {
                        return self.refuse_with(480, |_| {});
                    }
                    continue;
                }
            };
            match event {
                LegEvent::Deadline => return Ok(()),
                LegEvent::Stopped => return Err(CallEnd::ShutDown),
                LegEvent::Cancelled => {
                    let _ = self.refuse_with(487, |_| {});
                    return Err(CallEnd::Cancelled);
                }
                LegEvent::Bye(bye) => {
                    let _ = self.refuse_with(487, |_| {});
                    return Err(CallEnd::TheirBye {
                        reason: bye.header("Reason").map(str::to_owned),
                    });
                }
                _ => {}
            }
        }
    }

    fn refuse(&mut self, refusal: &Refusal) -> Step {
        self.refuse_with(refusal.code, |response| {
            if let Some(phrase) = &refusal.phrase {
                response.start = crate::sip::Start::Response {
                    code: refusal.code,
                    reason: phrase.clone(),
                };
            }
            if let Some(cause) = refusal.q850_cause {
                response.push("Reason", format!("Q.850;cause={cause}"));
            }
            if let Some(seconds) = refusal.retry_after_s {
                response.push("Retry-After", seconds.to_string());
            }
            if (300..400).contains(&refusal.code) {
                response.push("Contact", "<sip:elsewhere@127.0.0.1:9>");
            }
        })
    }

    fn refuse_with(&mut self, code: u16, finish: impl FnOnce(&mut Message)) -> Step {
        self.leg.respond(code, finish);
        self.note(|record| record.final_status = Some(code));
        Err(CallEnd::Refused(code))
    }

    async fn demand_credentials(&mut self, plan: &ChallengePlan) -> Step {
        let challenge = Challenge {
            realm: plan.realm.clone(),
            nonce: unique("n"),
            algorithm: plan.algorithm,
            qop_auth: plan.qop_auth,
            opaque: None,
        };
        let (asks, answers) = match plan.code {
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => ("WWW-Authenticate", "Authorization"),
        };
        loop {
            let Some(invite) = self.leg.invite() else {
                return Ok(());
            };
            let claim = invite.header(answers).and_then(Authorization::parse);
            // Credentials for an older nonce are not wrong, only stale: ask again.
            if let Some(claim) = claim.filter(|c| c.nonce() == challenge.nonce) {
                if claim.uri() != invite.uri() {
                    self.shared
                        .violations
                        .add(Rule::DigestUri, invite, "made for another address");
                }
                let proven = claim.proves(&plan.credentials, &challenge, "INVITE");
                return if proven {
                    Ok(())
                } else {
                    self.refuse_with(403, |_| {})
                };
            }
            let _ = self.refuse_with(plan.code, |response| {
                response.push(asks, challenge.to_header())
            });
            self.note(|record| {
                record.ended_at = Some(Instant::now());
                record.end = Some(CallEnd::Refused(plan.code));
            });
            self.await_second_invite(plan.code).await?;
            self.note(|record| {
                (record.ended_at, record.end, record.final_status) = (None, None, None)
            });
        }
    }

    /// Between the challenge and the INVITE with credentials the call counts as over.
    async fn await_second_invite(&mut self, code: u16) -> Step {
        let until = Instant::now() + self.leg.endpoint.timing.give_up();
        loop {
            match self.leg.next(until).await {
                LegEvent::Invited => return Ok(()),
                LegEvent::Deadline => return Err(CallEnd::Refused(code)),
                LegEvent::Stopped => return Err(CallEnd::ShutDown),
                _ => {}
            }
        }
    }

    async fn answer_at_cancel(&mut self, answer: Answer) -> Step {
        loop {
            match self.leg.next(never()).await {
                LegEvent::Cancelled => return self.answer(answer).await,
                LegEvent::Stopped => return Err(CallEnd::ShutDown),
                _ => {}
            }
        }
    }

    async fn answer(&mut self, answer: Answer) -> Step {
        let timer = match (&answer.session_timer, self.leg.invite()) {
            (Some(wanted), Some(invite)) => match RunningTimer::agree(wanted, invite) {
                Ok(timer) => Some(timer),
                Err(TimerRefusal::ExtensionRequired) => {
                    return self.refuse_with(421, |r| r.push("Require", "timer"));
                }
                Err(TimerRefusal::TooSmall(min)) => {
                    return self.refuse_with(422, |r| r.push("Min-SE", min.to_string()));
                }
            },
            _ => None,
        };
        let body = self.describe().await?;
        self.leg.accept_headers = timer
            .as_ref()
            .map(RunningTimer::accept_headers)
            .unwrap_or_default();
        self.leg.respond(answer.code, |response| {
            set_body(response, Some(body));
            match answer.contact {
                ContactForm::Right => {}
                ContactForm::Missing => response.remove("Contact"),
                ContactForm::Unreadable => response.set("Contact", "<sip:@:nowhere"),
            }
        });
        (0..answer.copies).for_each(|_| self.leg.repeat_response());
        if answer.forked {
            self.leg.answer_forked();
        }
        self.note(|record| {
            record.answered_at = Some(Instant::now());
            record.final_status = Some(answer.code);
        });
        let (shared, call_id) = (Arc::clone(&self.shared), self.leg.dialog.call_id.clone());
        let tell = move |fact| {
            shared.note(&call_id, |record| match fact {
                Fact::Acked => {
                    record.acked_at.get_or_insert_with(Instant::now);
                }
                Fact::ForkEnded => record.forks_ended += 1,
                Fact::Refreshed | Fact::Changed | Fact::ReferredTo(_) => {}
            });
        };
        let rules = Rules {
            steps: answer.steps,
            timer,
            tell: Some(Box::new(tell)),
            audio_watchdog: None,
        };
        Err(converse(&mut self.leg, rules, &mut self.commands).await)
    }

    /// Opens the callee's media port and describes it; without a common law the call ends by 488.
    async fn describe(&mut self) -> Result<String, CallEnd> {
        if let Some(body) = &self.body {
            return Ok(body.clone());
        }
        let ip = self.leg.endpoint.local().ip();
        let opened = MediaPort::open(
            ip,
            self.plan.media.clone(),
            &self.shared.ticker,
            &self.leg.line,
        )
        .await;
        let Ok(media) = opened else {
            return Err(self.give_up(500));
        };
        self.leg.endpoint.spawn(Arc::clone(&media).receive());
        self.leg.media = Some(Arc::clone(&media));
        let Some(body) = self.leg.describe_media() else {
            return Err(self.give_up(488));
        };
        self.body = Some(body.clone());
        self.note(|record| record.media = Some(media));
        Ok(body)
    }

    fn give_up(&mut self, code: u16) -> CallEnd {
        let _ = self.refuse_with(code, |_| {});
        CallEnd::Refused(code)
    }

    /// Changes this call's line in the log.
    fn note(&self, change: impl FnOnce(&mut CallRecord)) {
        let invites = self.leg.invites;
        self.shared.note(&self.leg.dialog.call_id, |record| {
            record.invites = invites;
            change(record);
        });
    }
}

fn set_body(response: &mut Message, body: Option<String>) {
    if let Some(body) = body {
        response.set("Content-Type", Sdp::CONTENT_TYPE);
        response.body = body.into_bytes();
    }
}
