//! How files read: short, one idea, a first line that says what they are, no excuses.

use laws::Tree;

#[test]
fn files_stay_short() {
    for file in Tree::read().files.iter().filter(|file| !file.is_test()) {
        let lines = file.code().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines of code: which two ideas are in it?",
            file.path
        );
    }
}

#[test]
fn functions_stay_short() {
    for file in &Tree::read().files {
        let lines: Vec<&str> = file.text.lines().collect();
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines.iter().skip(start).position(|line| **line == *end).unwrap_or(0);
            assert!(length < 70, "{}:{}: a function of {length} lines", file.path, start + 1);
        }
    }
}

#[test]
fn every_file_begins_with_what_it_is() {
    for file in &Tree::read().files {
        let begins = file.text.starts_with("//!") || file.path.ends_with("/tests.rs");
        assert!(begins || file.is_test(), "{} must begin with //! and say what it is", file.path);
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = ["todo", "unimplemented"].map(|word| format!("{word}!"));
    let marks = ["FIX", "TO", "CONT"].into_iter().zip(["ME", "DO", "RACT"]);
    let marks = marks.map(|(head, tail)| format!("{head}{tail}")).collect::<Vec<_>>();
    let ignored = format!("#[{}", "ignore");
    for file in &Tree::read().files {
        for word in words.iter().chain(&marks).chain([&ignored]) {
            assert!(!file.text.contains(word.as_str()), "{} contains {word}", file.path);
        }
        assert!(!file.path.ends_with("/mod.rs"), "{}: foo.rs and foo/, not mod.rs", file.path);
    }
}

#[test]
fn no_result_is_thrown_away_in_silence() {
    let thrown = format!("let _ {}", "=");
    for file in Tree::read().files.iter().filter(|file| !file.is_test()) {
        for (number, line) in file.code() {
            assert!(
                !line.contains(&thrown),
                "{}:{number}: return it, retry it, or count it",
                file.path
            );
        }
    }
}

#[test]
fn the_documents_are_there_and_say_the_two_commands() {
    let root = Tree::read().root;
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect(name);
    let readme = read("README.md");
    for command in ["cargo xtask demo", "cargo xtask test"] {
        assert!(readme.contains(command), "README.md must name {command}");
    }
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 200, "ARCHITECTURE.md has {lines} lines, 200 at most");
    for name in ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "Cargo.lock"] {
        assert!(!read(name).is_empty(), "{name} is empty");
    }
}

fn begins_function(line: &str) -> bool {
    let code = line.trim_start();
    let words = [
        "fn ",
        "pub fn ",
        "pub(crate) fn ",
        "pub(super) fn ",
        "const fn ",
        "pub const fn ",
        "async fn ",
        "pub(crate) async fn ",
    ];
    words.iter().any(|word| code.starts_with(word)) && !code.ends_with(';') && !code.ends_with('}')
}
