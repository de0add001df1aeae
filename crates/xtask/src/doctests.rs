//! Whether there are doc tests at all: `cargo test --doc` reads every library again with rustdoc,
//! which is a minute of nothing where none is written.

use std::fs;
use std::path::Path;

use crate::stop::{Doing, Result};

/// Whether any source file below these folders holds a Rust example in its documentation.
pub(crate) fn exist(folders: &[&str]) -> Result<bool> {
    for folder in folders {
        if exist_below(Path::new(folder))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn exist_below(folder: &Path) -> Result<bool> {
    for entry in fs::read_dir(folder).doing(format_args!("list {}", folder.display()))? {
        let path = entry.doing(format_args!("list {}", folder.display()))?.path();
        let found = if path.is_dir() {
            exist_below(&path)?
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            exist_in(&fs::read_to_string(&path).doing(format_args!("read {}", path.display()))?)
        } else {
            false
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Fences alternate between opening and closing; an opening one whose words are all rustdoc's
/// opens an example.
fn exist_in(source: &str) -> bool {
    let comments = source.lines().map(str::trim_start);
    let texts =
        comments.filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")));
    let fences = texts.filter_map(|text| text.trim().strip_prefix("```"));
    fences.step_by(2).any(|words| words.split([',', ' ']).all(|word| RUST.contains(&word)))
}

/// What rustdoc takes for Rust; `ignore` is not run.
const RUST: [&str; 5] = ["", "rust", "no_run", "should_panic", "compile_fail"];

#[cfg(test)]
mod tests;
