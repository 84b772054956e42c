//! What one callee, and the network on the way to it, is going to do.

use crate::conversation::{Action, Step};
use crate::media::MediaOptions;
use crate::session::SessionTimer;
use crate::sip::{Credentials, DigestAlgorithm};
use std::time::Duration;

/// The plan for one call.
///
/// ```
/// use outdial_peers::CalleePlan;
/// use std::time::Duration;
/// let busy = CalleePlan::refuse(486).post_dial_delay(Duration::from_millis(300));
/// let talker = CalleePlan::answer().ring_time(Duration::from_secs(2)).talk(Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
pub struct CalleePlan {
    /// Answers the INVITE with 100 at once. Default: yes.
    pub trying: bool,
    /// Credentials that the carrier asks for first.
    pub challenge: Option<ChallengePlan>,
    /// From the INVITE to the first progress. Default: none.
    pub post_dial_delay: Duration,
    /// What is sent then, each at its time. Default: one 180 without media.
    pub progress: Vec<Progress>,
    /// From the first progress to the outcome. Default: none.
    pub ring_time: Duration,
    /// How it comes out.
    pub outcome: CalleeOutcome,
    /// Audio of this callee. Default: no packets at all.
    pub media: MediaOptions,
}

/// A provisional response.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Time since the post-dial delay was over.
    pub after: Duration,
    /// 180, 181, 182 or 183.
    pub code: u16,
    /// With a media description; audio flows from then on (early media).
    pub early_media: bool,
}

impl Progress {
    /// 180 at once, without media.
    #[must_use]
    pub fn ringing() -> Self {
        Self {
            after: Duration::ZERO,
            code: 180,
            early_media: false,
        }
    }

    /// 183 at once, with early media.
    #[must_use]
    pub fn early_media() -> Self {
        Self {
            after: Duration::ZERO,
            code: 183,
            early_media: true,
        }
    }
}

/// A demand for credentials.
#[derive(Clone, Debug)]
pub struct ChallengePlan {
    /// 401 or 407.
    pub code: u16,
    /// Realm of the challenge.
    pub realm: String,
    /// What the carrier expects; wrong credentials get 403.
    pub credentials: Credentials,
    /// Hash of the digest.
    pub algorithm: DigestAlgorithm,
    /// Asks for `qop=auth`.
    pub qop_auth: bool,
}

/// How a call comes out.
#[derive(Clone, Debug)]
pub enum CalleeOutcome {
    /// The callee answers.
    Answer(Answer),
    /// A final refusal.
    Refuse(Refusal),
    /// Rings until CANCEL, however long.
    RingForEver,
    /// Rings until CANCEL and answers at that very moment: the 200 crosses the CANCEL.
    AnswerAtCancel(Answer),
    /// Never responds to anything: a dead port, but one that counts.
    Dead,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status, 300 to 699.
    pub code: u16,
    /// Reason phrase in place of the customary one.
    pub phrase: Option<String>,
    /// Q.850 cause, sent as a Reason header.
    pub q850_cause: Option<u8>,
    /// Retry-After in seconds.
    pub retry_after_s: Option<u32>,
}

/// How the 200 names the callee's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ContactForm {
    /// As it should.
    #[default]
    Right,
    /// Not at all.
    Missing,
    /// In a way that nobody can read.
    Unreadable,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status, 200 to 299. Default: 200.
    pub code: u16,
    /// Contact of the response.
    pub contact: ContactForm,
    /// How many more copies of the response are sent at once, whether or not an ACK comes.
    pub copies: u8,
    /// Another branch of the call answers as well, with a To tag of its own. The carrier waits for
    /// its ACK and BYE.
    pub forked: bool,
    /// What happens then; without a hang-up in it the callee waits for our BYE.
    pub steps: Vec<Step>,
    /// Session timer of the callee.
    pub session_timer: Option<SessionTimer>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            code: 200,
            contact: ContactForm::Right,
            copies: 0,
            forked: false,
            steps: Vec::new(),
            session_timer: None,
        }
    }
}

impl CalleePlan {
    /// A callee with this outcome, ringing by one 180.
    #[must_use]
    pub fn with_outcome(outcome: CalleeOutcome) -> Self {
        Self {
            trying: true,
            challenge: None,
            post_dial_delay: Duration::ZERO,
            progress: vec![Progress::ringing()],
            ring_time: Duration::ZERO,
            outcome,
            media: MediaOptions::mute(),
        }
    }

    /// Answers at once and waits for our BYE.
    #[must_use]
    pub fn answer() -> Self {
        Self::with_outcome(CalleeOutcome::Answer(Answer::default()))
    }

    /// Refuses without ringing.
    #[must_use]
    pub fn refuse(code: u16) -> Self {
        let refusal = Refusal {
            code,
            phrase: None,
            q850_cause: None,
            retry_after_s: None,
        };
        Self {
            progress: Vec::new(),
            ..Self::with_outcome(CalleeOutcome::Refuse(refusal))
        }
    }

    /// Rings until CANCEL.
    #[must_use]
    pub fn ring_for_ever() -> Self {
        Self::with_outcome(CalleeOutcome::RingForEver)
    }

    /// Never responds to anything.
    #[must_use]
    pub fn dead() -> Self {
        Self::with_outcome(CalleeOutcome::Dead)
    }

    /// Sets the time from INVITE to the first progress.
    #[must_use]
    pub fn post_dial_delay(mut self, delay: Duration) -> Self {
        self.post_dial_delay = delay;
        self
    }

    /// Sets the time from the first progress to the outcome; a refusal rings first, too.
    #[must_use]
    pub fn ring_time(mut self, time: Duration) -> Self {
        self.ring_time = time;
        if self.progress.is_empty() {
            self.progress.push(Progress::ringing());
        }
        self
    }

    /// Replaces the provisional responses.
    #[must_use]
    pub fn progress(mut self, progress: Vec<Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Sets the callee's audio.
    #[must_use]
    pub fn media(mut self, media: MediaOptions) -> Self {
        self.media = media;
        self
    }

    /// Asks for credentials first, with 401 or 407.
    #[must_use]
    pub fn challenge(mut self, code: u16, realm: &str, credentials: Credentials) -> Self {
        self.challenge = Some(ChallengePlan {
            code,
            realm: realm.to_owned(),
            credentials,
            algorithm: DigestAlgorithm::Md5,
            qop_auth: true,
        });
        self
    }

    /// An answering callee says BYE after so long.
    #[must_use]
    pub fn talk(self, time: Duration) -> Self {
        self.step(time, Action::hang_up())
    }

    /// Adds something that an answering callee does so long after the answer.
    #[must_use]
    pub fn step(self, after: Duration, action: Action) -> Self {
        self.answering(|answer| answer.steps.push(Step { after, action }))
    }

    /// Changes the answer of an answering callee; other plans stay as they are.
    #[must_use]
    pub fn answering(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let CalleeOutcome::Answer(answer) | CalleeOutcome::AnswerAtCancel(answer) =
            &mut self.outcome
        {
            change(answer);
        }
        self
    }

    /// Adds a Q.850 cause to a refusal; other plans stay as they are.
    #[must_use]
    pub fn q850(mut self, cause: u8) -> Self {
        if let CalleeOutcome::Refuse(refusal) = &mut self.outcome {
            refusal.q850_cause = Some(cause);
        }
        self
    }
}
