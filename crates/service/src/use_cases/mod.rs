//! The use cases, one file for each thing that they are about.

mod agents;
mod attempts;
mod campaigns;
mod contacts;
mod operations;
mod registry;
mod watching;

pub use agents::Disposition;
pub use attempts::AttemptFilter;
pub use campaigns::Edit;
pub use contacts::Import;
pub use outdial_engine::input::{HaltScope, Suspects};
pub use registry::NewKey;
pub use watching::{EventStream, Readiness};

/// The server's use cases; cheap to clone.
#[derive(Clone)]
pub struct Service {}
