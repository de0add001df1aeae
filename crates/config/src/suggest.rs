//! "did you mean": the nearest of the words that are allowed.

/// The allowed word that `text` is probably a misspelling of.
pub(crate) fn nearest<'a>(
    text: &str,
    allowed: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if text.chars().nth(LONGEST).is_some() {
        return None;
    }
    let text = text.to_lowercase();
    // One slip in three characters; swapped neighbours are one slip.
    let bound = (text.chars().count() / 3).max(1);
    allowed
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&text, &word.to_lowercase()), word))
        .filter(|(slips, _)| *slips <= bound)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// A hint: the nearest word if there is one, all of them otherwise.
pub(crate) fn did_you_mean(text: &str, allowed: &[&str]) -> String {
    match nearest(text, allowed.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known here: {}", allowed.join(", ")),
    }
}

/// Names are shorter; comparing costs the product of the lengths.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        let keys = ["vrid", "interval", "interface"];
        assert_eq!(nearest("vird", keys), Some("vrid"));
        assert_eq!(nearest("intervall", keys), Some("interval"));
        assert_eq!(nearest("Interface", keys), Some("interface"));
        assert_eq!(nearest("weight", keys), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), keys), None);
    }
}
