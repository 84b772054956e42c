//! The engine's own clippy file bans clocks and chance, so that a seed replays byte for byte.

use std::path::Path;

use crate::fault::Fault;
use crate::workspace::Workspace;

const FILE: &str = "crates/engine/clippy.toml";

/// What the file has to name, and why.
const BANS: [(&str, &str); 3] = [
    ("std::time::Instant::now", "time comes in with each input"),
    (
        "std::time::SystemTime::now",
        "time comes in with each input",
    ),
    (
        "std::collections::HashMap",
        "its order changes from run to run; use an ordered map",
    ),
];

/// # Errors
/// [`Fault::Findings`], a line for each ban that is missing.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Fault> {
    if !workspace.root.join(FILE).is_file() {
        return Err(Fault::Refused(format!(
            "{FILE} is missing; it bans clocks and chance from the engine"
        )));
    }
    let text = workspace.text(Path::new(FILE))?.unwrap_or_default();
    Fault::from_findings(missing_bans(&text))?;
    Ok(format!("{} bans", BANS.len()))
}

fn missing_bans(text: &str) -> Vec<String> {
    let rules: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect();
    let is_named =
        |ban: &str| rules.contains(&format!("\"{ban}\"")) || rules.contains(&format!("\"{ban}::"));
    BANS.iter()
        .filter(|(ban, _)| !is_named(ban))
        .map(|(ban, why)| format!("{FILE}: `{ban}` is not banned: {why}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_every_ban_is_well() {
        let text = r#"
            disallowed-methods = [
                { path = "std::time::Instant::now", reason = "…" },
                "std::time::SystemTime::now",
            ]
            disallowed-types = ["std::collections::HashMap"]
        "#;
        assert_eq!(missing_bans(text), Vec::<String>::new());
    }

    #[test]
    fn a_ban_in_a_comment_is_no_ban() {
        let text = "# \"std::time::Instant::now\"\ndisallowed-methods = []\n";
        assert_eq!(missing_bans(text).len(), BANS.len());
    }
}
