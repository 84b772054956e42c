//! "Did you mean": the nearest of the words that would be right.

/// The candidate that a misspelt word most likely means.
pub(super) fn nearest<'c>(
    given: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Underscores are where people slip most often, so they count only between two that are as near.
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let (written, given) = (given, plain(given));
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&given, &plain(candidate)),
                candidate,
            )
        })
        // A third of the letters may be wrong; beyond that a suggestion would only mislead.
        .filter(|(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .min_by_key(|(distance, candidate)| {
            (*distance, strsim::damerau_levenshtein(written, candidate))
        })
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` where something is near, and everything that would be right.
pub(super) fn remedy(given: &str, candidates: &[&str]) -> String {
    let all = candidates.join(", ");
    match nearest(given, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`? (known: {all})"),
        None => format!("known here: {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        let keys = ["listen", "admin_key", "max_calls"];
        assert_eq!(nearest("lsiten", keys), Some("listen"));
        assert_eq!(nearest("adminkey", keys), Some("admin_key"));
        assert_eq!(nearest("max-call", keys), Some("max_calls"));
        assert_eq!(nearest("colour", keys), None);
        let alike = ["max_call_s", "max_calls"];
        assert_eq!(nearest("maxcalls", alike), Some("max_calls"));
    }
}
