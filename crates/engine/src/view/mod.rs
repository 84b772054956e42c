//! What can be read from an engine: campaigns, agents, trunks, and why something is not dialed.

mod agent;
mod campaign;
mod explain;
mod trunk;
mod words;

pub use agent::{AgentView, LegView};
pub use campaign::{AgentCounts, CallsNow, CampaignView};
pub use explain::{ContactStanding, Explanation};
pub use trunk::{BreakerView, TrunkView};
pub use words::Refusal;
