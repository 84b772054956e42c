//! Agents, their phones, and the skill groups they serve.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, SkillGroupId};

/// A person who takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id in the configuration.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// The groups whose calls it takes.
    pub skill_groups: Vec<SkillGroupId>,
    /// Where its phone is.
    pub phone: PhoneAddress,
    /// Whether its phone stays connected between calls.
    pub connection: Connection,
    /// E-mail address (vendors' APIs name agents by it).
    pub email: Option<String>,
    /// Log-in name.
    pub account: Option<String>,
    /// Staff number.
    pub staff_number: Option<String>,
}

/// Where an agent's phone is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhoneAddress {
    /// At a fixed SIP address.
    Uri(String),
    /// Wherever it registers from, with its id as the account and this password.
    Registers {
        /// The password of its digest.
        password: String,
    },
}

/// How an agent's phone is reached for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// Called once when the agent goes ready, kept connected between calls.
    #[default]
    Permanent,
    /// Called for each call.
    PerCall,
}

/// What an agent wishes to be; stored and kept across a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WishedState {
    /// Not at work.
    #[default]
    Offline,
    /// Ready for calls.
    Ready,
    /// On a break.
    Break,
}

/// When a wish takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakTime {
    /// At once; a reserved call is waited for.
    #[default]
    Now,
    /// When the present call and its wrap-up are over.
    AfterCall,
}

/// What an agent is doing, as everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AgentState {
    /// Not at work.
    Offline,
    /// On a break.
    Break,
    /// Wishes to be ready; the phone is not connected yet.
    Connecting,
    /// Free for a call.
    Idle,
    /// Bound to a call that is being dialed or offered.
    Reserved,
    /// Talking.
    Talking,
    /// Busy with what follows a call.
    WrapUp,
}

impl AgentState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Offline,
        Self::Break,
        Self::Connecting,
        Self::Idle,
        Self::Reserved,
        Self::Talking,
        Self::WrapUp,
    ];

    /// The same in the words of a wish: whoever is neither on a break nor offline is ready, in a call too.
    pub fn wish_come_true(self) -> WishedState {
        match self {
            Self::Offline => WishedState::Offline,
            Self::Break => WishedState::Break,
            Self::Connecting | Self::Idle | Self::Reserved | Self::Talking | Self::WrapUp => {
                WishedState::Ready
            }
        }
    }

    /// The name in our API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Break => "break",
            Self::Connecting => "connecting",
            Self::Idle => "idle",
            Self::Reserved => "reserved",
            Self::Talking => "talking",
            Self::WrapUp => "wrap_up",
        }
    }
}

/// Agents who may take the same calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillGroup {
    /// Its id in the configuration.
    pub id: SkillGroupId,
    /// Its name.
    pub name: String,
    /// Further names by which an API may call it.
    pub aliases: Vec<String>,
}
