//! What the bench found: rows of figure, gemel, keepalived, what is asked, met or not; printed as
//! they come and kept as text and JSON.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::sample::{Sample, number, short};

/// One measured value of one product.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    json: Value,
}

/// Whether a figure is as asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Met {
    Yes,
    No,
    /// For comparison only.
    NotAsked,
}

/// One figure of both products.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) gemel: Cell,
    pub(crate) keepalived: Cell,
    pub(crate) asked: String,
    pub(crate) met: Met,
}

/// All parts so far.
#[derive(Default)]
pub(crate) struct Report {
    text: String,
    parts: Vec<Value>,
    rows: Vec<Row>,
    missed: usize,
    asked: usize,
}

impl Cell {
    pub(crate) fn new(text: String, json: Value) -> Self {
        Self { text, json }
    }

    pub(crate) fn count(count: usize) -> Self {
        Self { text: count.to_string(), json: json!(count) }
    }

    pub(crate) fn value(value: f64) -> Self {
        Self { text: short(value), json: number(value) }
    }

    pub(crate) fn words(words: impl Into<String>) -> Self {
        let text = words.into();
        Self { json: json!(text), text }
    }
}

impl From<&Sample> for Cell {
    fn from(sample: &Sample) -> Self {
        Self { text: sample.text(), json: sample.json() }
    }
}

impl From<bool> for Met {
    fn from(met: bool) -> Self {
        if met { Self::Yes } else { Self::No }
    }
}

impl Row {
    /// A figure with a demand.
    pub(crate) fn asked(
        figure: impl Into<String>,
        [gemel, keepalived]: [Cell; 2],
        asked: impl Into<String>,
        met: impl Into<Met>,
    ) -> Self {
        let (figure, asked, met) = (figure.into(), asked.into(), met.into());
        Self { figure, gemel, keepalived, asked, met }
    }

    /// A figure that nobody asked for, to judge the others by.
    pub(crate) fn told(figure: impl Into<String>, cells: [Cell; 2]) -> Self {
        Self::asked(figure, cells, "", Met::NotAsked)
    }
}

impl Report {
    /// The heading of a part.
    pub(crate) fn title(&mut self, title: &str) {
        self.line(&format!("\n{title}"));
        self.line(&format!("{:<58} | {:<44} | {:<44} | asked", "", "gemel", "keepalived"));
    }

    /// A row, at once on the screen.
    pub(crate) fn row(&mut self, row: Row) {
        let verdict = match row.met {
            Met::Yes => "met: ",
            Met::No => "MISSED: ",
            Met::NotAsked => "",
        };
        self.line(&format!(
            "{:<58} | {:<44} | {:<44} | {verdict}{}",
            row.figure, row.gemel.text, row.keepalived.text, row.asked
        ));
        self.rows.push(row);
    }

    /// A sentence about how it was measured.
    pub(crate) fn note(&mut self, note: &str) {
        self.line(&format!("  {note}"));
    }

    /// Ends a part: its rows go to the JSON, and both files are written anew.
    pub(crate) fn end(&mut self, part: &str, seconds: f64) -> Result<()> {
        self.line(&format!("  {part}: {seconds:.0} s"));
        self.asked += self.rows.iter().filter(|row| row.met != Met::NotAsked).count();
        self.missed += self.rows.iter().filter(|row| row.met == Met::No).count();
        let rows: Vec<Value> = self.rows.drain(..).map(|row| row.json()).collect();
        self.parts.push(json!({ "part": part, "seconds": number(seconds), "rows": rows }));
        self.write()
    }

    /// The last line.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let met = self.asked - self.missed;
        self.line(&format!("\n{met} of {} figures met; kept in {FOLDER}/{NAME}.*", self.asked));
        self.write()
    }

    fn line(&mut self, line: &str) {
        let line = line.trim_end();
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn write(&self) -> Result<()> {
        let folder = PathBuf::from(FOLDER);
        fs::create_dir_all(&folder).with_context(|| format!("create {FOLDER}"))?;
        let json = serde_json::to_string_pretty(&json!({ "parts": self.parts }))?;
        for (extension, text) in [("txt", &self.text), ("json", &json)] {
            let path = folder.join(NAME).with_extension(extension);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }
}

impl Row {
    fn json(self) -> Value {
        let met = match self.met {
            Met::Yes => json!(true),
            Met::No => json!(false),
            Met::NotAsked => Value::Null,
        };
        json!({
            "figure": self.figure, "gemel": self.gemel.json, "keepalived": self.keepalived.json,
            "asked": self.asked, "met": met,
        })
    }
}

/// `cargo xtask` runs everything from the root of the repository.
const FOLDER: &str = "target/bench";

const NAME: &str = "vrrp";
