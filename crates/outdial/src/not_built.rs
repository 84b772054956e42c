//! Commands that the surface promises and that are not built yet.

use crate::failure::Failure;

/// Says so.
pub(crate) fn run(command: &str) -> Result<(), Failure> {
    Err(Failure::failed(format!(
        "`outdial {command}` is not built yet\n  remedy: see `outdial --help` for what is"
    )))
}
