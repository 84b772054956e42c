//! Audio: what a peer sends, what it hears, and the clock that paces all of it.

mod audio;
mod heard;
mod options;
mod port;
mod stream;
mod ticker;

pub use audio::{Audio, KnownStream};
pub use heard::{Continuity, Heard, HeardPacket, KnownHeard};
pub use options::{MediaCounts, MediaOptions};
pub use port::MediaPort;
pub use ticker::Ticker;
