//! What edits cost: their signatures, their transactions, and what they take from a busy call centre.
//!
//! `cargo xtask bench edits`, or `cargo build --release -p outdial --bin outdial` and then
//! `cargo run --release -p outdial --example bench-edits [decoding|editing|lists|busy]`.
//!
//! Parts one and two run the product's HTTP stack, dialects, service and store in this process, beside
//! handlers that do less on the same stack and store. Part three is the binary as its users run it, with
//! SIPp as the carrier, as in the bench of calls; edits come from a client with a connection for each
//! API. Vendors' limits of requests in a second are off.

#[path = "../support/mod.rs"]
mod support;

#[path = "../bench-calls/phones.rs"]
#[allow(dead_code, reason = "the bench of calls asks more of it")]
mod phones;
#[path = "../bench-calls/sipp.rs"]
#[allow(dead_code, reason = "the bench of calls asks more of it")]
mod sipp;

mod bodies;
mod busy;
mod clients;
mod decoding;
mod disk;
mod editing;
mod inside;
mod lists;
mod wire;

use clients::Dezhu;
use inside::Inside;
use support::{Failure, Figures};

fn main() -> Result<(), Failure> {
    let part = std::env::args().nth(1);
    let is_wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let dezhu = Dezhu::new()?;
    let mut figures = Figures::of("edits");
    if is_wanted("decoding") || is_wanted("editing") {
        let folder = tempfile::tempdir()?;
        let inside = Inside::start(folder.path(), &dezhu.public_key())?;
        if is_wanted("decoding") {
            decoding::measure(&inside, &dezhu, &mut figures)?;
        }
        if is_wanted("editing") {
            editing::measure(&inside, &dezhu, &mut figures)?;
        }
        inside.stop();
    }
    if is_wanted("lists") {
        lists::measure(&dezhu, &mut figures)?;
    }
    if is_wanted("busy") {
        busy::measure(&dezhu, &mut figures)?;
    }
    figures.print();
    Ok(())
}
