use crate::Severity;
use crate::finding::{Finding, Span};

#[test]
fn columns_count_characters_not_bytes() {
    let text = "a = 1\nnäme = \"ö\" # x\n";
    let start = text.find("\"ö\"").unwrap();
    check(text, start..start + 4, 2, 8);
}

#[test]
fn a_span_over_lines_is_shown_on_its_first_line() {
    check("a = [\n1,\n2]\n", 4..10, 1, 5);
}

#[test]
fn the_end_of_the_file_is_a_place() {
    check("a = ", 4..4, 1, 5);
    check("a = 1\n", 6..6, 2, 1);
    check("", 0..0, 1, 1);
}

#[test]
fn a_span_inside_a_character_or_past_the_end_is_harmless() {
    check("ö", 1..9, 1, 1);
    check("a\r\n", 2..2, 1, 2);
    check("ab", 7..9, 1, 3);
}

#[test]
fn the_other_place_and_the_hint_are_in_the_text() {
    let text = "a = 1\n\nb = 1\n";
    let finding = Finding::error(&(11..12), "twice").hint("once").other(&(4..5), "first here");
    let problem = super::problem("f.toml", text, finding);
    for part in ["error: twice", "f.toml:3:5", "f.toml:1:5", "first here", "help: once"] {
        assert!(problem.text.contains(part), "{part} is not in\n{}", problem.text);
    }
}

fn check(text: &str, span: Span, line: usize, column: usize) {
    let problem = super::problem("f.toml", text, Finding::warning(&span, "odd"));
    assert_eq!((problem.line, problem.column), (line, column));
    assert_eq!(problem.severity, Severity::Warning);
    let place = format!("f.toml:{line}:{column}");
    assert!(problem.text.contains(&place), "{place} is not in\n{}", problem.text);
    assert!(!problem.text.contains('\u{1b}'), "colours in\n{}", problem.text);
}
