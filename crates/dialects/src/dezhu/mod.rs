//! Dezhu's open API (得助云呼叫中心).

mod key;
pub mod sign;

pub use key::{KeyFault, PublicKey};
