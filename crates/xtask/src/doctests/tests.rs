use super::*;

#[test]
fn an_example_is_found() {
    check("/// ```\n/// assert!(true);\n/// ```\n", true);
    check("//! ```rust,no_run\n//! main();\n//! ```\n", true);
    check("/// ```text\n/// a\n/// ```\n/// ```\n/// f();\n/// ```\n", true);
}

#[test]
fn pictures_and_other_languages_are_not_examples() {
    check("//! ```text\n//! a -> b\n//! ```\n", false);
    check("/// ```toml\n/// [pair]\n/// ```\n", false);
    check("/// ```rust,ignore\n/// f();\n/// ```\n", false);
    check("let fence = \"```\";\n// ```\n", false);
}

fn check(source: &str, expected: bool) {
    assert_eq!(exist_in(source), expected, "{source}");
}
