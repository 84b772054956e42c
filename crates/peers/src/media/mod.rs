//! Audio: what a peer sends, what it hears, and the clock that paces all of it.

mod audio;
mod heard;
mod port;
mod ticker;

pub use audio::{Audio, KnownStream};
pub use heard::{Continuity, Heard, HeardPacket, KnownHeard};
pub use port::{MediaCounts, MediaOptions, MediaPort};
pub use ticker::Ticker;
