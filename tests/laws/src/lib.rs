//! The laws of the house (ARCHITECTURE.md), asserted by reading the tree and `cargo metadata`.
//!
//! [`Tree`] is what the laws in `tests/` look at: every Rust file of the workspace, and every package.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The workspace as the laws see it.
#[derive(Debug)]
pub struct Tree {
    /// Its folder.
    pub root: PathBuf,
    /// Every Rust file of the workspace, generated ones left out.
    pub files: Vec<File>,
}

/// One Rust file.
#[derive(Debug)]
pub struct File {
    /// From the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Tree {
    /// Reads the workspace this crate belongs to.
    ///
    /// # Panics
    /// When the tree or cargo cannot be read: then no law can be asserted.
    #[must_use]
    pub fn read() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root =
            here.ancestors().nth(2).expect("tests/laws lies two below the root").to_path_buf();
        let mut files = Vec::new();
        for folder in ["crates", "tests"] {
            collect(&root, &root.join(folder), &mut files);
        }
        assert!(files.len() > 30, "only {} Rust files found in {}", files.len(), root.display());
        Self { root, files }
    }
}

/// Every package of the build, ours and foreign ones.
#[derive(Debug)]
pub struct Packages(Value);

impl Packages {
    /// Asks cargo, for this platform and the locked versions.
    ///
    /// # Panics
    /// When cargo cannot be asked: then no law can be asserted.
    #[must_use]
    pub fn read() -> Self {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &platform])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON"))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        self.0["packages"].as_array().into_iter().flatten()
    }

    /// Those of the workspace: name and manifest.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.0["workspace_members"].as_array().into_iter().flatten();
        let members: Vec<_> = members.filter_map(Value::as_str).collect();
        self.all()
            .filter(move |package| members.contains(&text(&package["id"])))
            .map(|package| (text(&package["name"]), package))
    }

    /// The names of a package's dependencies of one kind: `None` for normal ones, else `dev` or
    /// `build`; optional ones left out.
    pub fn dependencies<'a>(package: &'a Value, kind: Option<&str>) -> Vec<&'a str> {
        let all = package["dependencies"].as_array().into_iter().flatten();
        all.filter(|dependency| dependency["kind"].as_str() == kind)
            .filter(|dependency| dependency["optional"] != Value::Bool(true))
            .map(|dependency| text(&dependency["name"]))
            .collect()
    }
}

impl File {
    /// Whether it is test code: a file of its own for tests, or of a crate that only tests.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines before the tests, without comments and blanks: number and text.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| *line != "#[cfg(test)]")
            .map(|(number, line)| (number + 1, line))
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
    }
}

/// A JSON string, or nothing.
#[must_use]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the workspace can be read")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("bindings.rs")
        {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let path = path.strip_prefix(root).expect("below the root").display().to_string();
            files.push(File { path, text });
        }
    }
}
