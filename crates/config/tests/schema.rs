//! The schema for editors against the golden files and the table of the manual: it accepts what is
//! accepted, and it knows the keys that the manual knows, no more and no fewer.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

#[test]
fn the_schema_accepts_every_golden_file_that_is_accepted() {
    let mut count = 0;
    for file in golden() {
        let text = fs::read_to_string(&file).unwrap();
        if config::check("f.toml", &text).settings.is_some() {
            let wrong = problems(&text);
            assert!(wrong.is_empty(), "{}: {wrong:#?}", file.display());
            count += 1;
        }
    }
    assert!(count > 10, "{count} files");
}

#[test]
fn the_schema_refuses_what_one_value_shows() {
    let good = "[pair]\nname = \"edge\"\n[[director]]\nname = \"lb1\"\n[[router]]\nname = \"web\"\n\
                interface = \"eth0\"\nvrid = 51\naddresses = [\"192.0.2.80\"]\n";
    assert_eq!(problems(good), Vec::<String>::new());
    let wrong = [
        ("vrid = 51", "vrid = 300"),
        ("vrid = 51", "vird = 51"),
        ("vrid = 51\n", ""),
        ("[\"192.0.2.80\"]", "\"192.0.2.80\""),
        ("[\"192.0.2.80\"]", "[]"),
        ("[\"192.0.2.80\"]", "[{ interface = \"eth0\" }]"),
        ("vrid = 51", "vrid = 51\npreempt = \"no\""),
        ("vrid = 51", "vrid = 51\nversion = 4"),
        ("vrid = 51", "vrid = 51\nadverts = \"unicst\""),
        ("vrid = 51", "vrid = 51\ntrack = [{ interface = \"eth1\" }]"),
        ("vrid = 51", "vrid = 51\ntrack = [{ interface = \"eth1\", weight = 1, fault = true }]"),
        ("vrid = 51", "vrid = 51\nvirtual_mac = 7"),
        ("[[router]]", "[announce]\nrate = true\n[[router]]"),
    ];
    for (old, new) in wrong {
        assert!(!problems(&good.replace(old, new)).is_empty(), "{new}");
    }
}

#[test]
fn the_schema_has_exactly_the_keys_of_the_manual() {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut section = String::new();
    let manual = include_str!("../src/lib.rs");
    for row in manual.lines().filter_map(|line| line.strip_prefix("//! | `")) {
        let (cell, _) = row.split_once(" | ").expect("a row has cells");
        for key in cell.split(", ").map(|key| key.trim_matches('`')) {
            if key.starts_with('[') {
                section = key.trim_matches(['[', ']']).to_owned();
            } else if key.contains('.') {
                told.insert(key.to_owned());
            } else {
                told.insert(format!("{section}.{key}"));
            }
        }
    }
    let schema = schema();
    let mut known = BTreeSet::new();
    for (section, shape) in shapes(&schema) {
        let keys = shape["properties"].as_object().expect("a table's keys");
        known.extend(keys.keys().map(|key| format!("{section}.{key}")));
    }
    let differ: Vec<_> = told.symmetric_difference(&known).collect();
    assert!(differ.is_empty(), "only in one of manual and schema: {differ:?}");
}

/// The tables of the file by the name that the manual has for them, except those of addresses.
fn shapes(schema: &Value) -> Vec<(&str, &Value)> {
    let defined = &schema["definitions"];
    let top = &schema["properties"];
    let mut shapes = vec![("pair", &top["pair"]), ("announce", &top["announce"])];
    for name in
        ["director", "router", "group", "script", "service", "track", "quorum", "check", "server"]
    {
        shapes.push((name, &defined[name]));
    }
    shapes
}

fn schema() -> Value {
    serde_json::from_str(config::SCHEMA).expect("the schema is JSON")
}

fn problems(text: &str) -> Vec<String> {
    let table = DeTable::parse(text).expect("sound TOML");
    let schema = schema();
    let mut wrong = Vec::new();
    validate(&schema, &schema, &table_value(table.get_ref()), "", &mut wrong);
    wrong
}

fn table_value(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), json_value(value.get_ref()))
    };
    Value::Object(table.iter().map(entry).collect::<Map<_, _>>())
}

fn json_value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => {
            json!(i64::from_str_radix(number.as_str(), number.radix()).expect("small"))
        }
        DeValue::Boolean(value) => json!(value),
        DeValue::Array(items) => items.iter().map(|item| json_value(item.get_ref())).collect(),
        DeValue::Table(table) => table_value(table),
        DeValue::Float(_) | DeValue::Datetime(_) => panic!("no golden file has one"),
    }
}

/// The part of JSON Schema that the schema uses; another keyword is a failure. A pattern is not
/// looked at.
fn validate(root: &Value, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let mut say = |text: String| wrong.push(format!("{place}: {text}"));
    let number = |name: &str| schema[name].as_i64();
    let length = value.as_str().map(|text| text.chars().count() as i64);
    for (keyword, rule) in schema.as_object().expect("a schema") {
        match keyword.as_str() {
            "type" => {
                let right = match rule.as_str().expect("a type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("type {other}"),
                };
                if !right {
                    say(format!("{value} is no {rule}"));
                    return;
                }
            }
            "enum" if !rule.as_array().expect("a list").contains(value) => {
                say(format!("{value}: {rule}"))
            }
            "const" if rule != value => say(format!("{value} is not {rule}")),
            "minimum" if value.as_i64() < number("minimum") => say(format!("{value} < {rule}")),
            "maximum" if value.as_i64() > number("maximum") => say(format!("{value} > {rule}")),
            "minLength" if length < number("minLength") => say("too short".into()),
            "maxLength" if length > number("maxLength") => say("too long".into()),
            "minItems" if items(value) < number("minItems") => say("too few".into()),
            "maxItems" if items(value) > number("maxItems") => say("too many".into()),
            "required" => {
                for key in rule.as_array().expect("a list").iter().filter_map(Value::as_str) {
                    if value.get(key).is_none() {
                        say(format!("lacks {key}"));
                    }
                }
            }
            "oneOf" => {
                let fits = |one: &&Value| {
                    let mut inner = Vec::new();
                    validate(root, one, value, place, &mut inner);
                    inner.is_empty()
                };
                let count = rule.as_array().expect("a list").iter().filter(fits).count();
                if count != 1 {
                    say(format!("{value} fits {count} of {rule}"));
                }
            }
            "enum"
            | "const"
            | "minimum"
            | "maximum"
            | "minLength"
            | "maxLength"
            | "minItems"
            | "maxItems"
            | "$schema"
            | "title"
            | "description"
            | "default"
            | "definitions"
            | "pattern"
            | "properties"
            | "additionalProperties"
            | "items"
            | "$ref"
            | "allOf" => {}
            other => panic!("keyword {other}"),
        }
    }
    inside(root, schema, value, place, wrong);
}

/// Keywords that lead to other schemas.
fn inside(root: &Value, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/definitions/").expect("a definition");
        validate(root, &root["definitions"][name], value, place, wrong);
    }
    for one in schema["allOf"].as_array().into_iter().flatten() {
        validate(root, one, value, place, wrong);
    }
    if let (Some(list), Value::Object(_)) = (value.as_array(), &schema["items"]) {
        for (at, item) in list.iter().enumerate() {
            validate(root, &schema["items"], item, &format!("{place}[{at}]"), wrong);
        }
    }
    for (key, item) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => wrong.push(format!("{place}: unknown")),
            (Value::Null, Value::Null) => {}
            (Value::Null, other) => validate(root, other, item, &place, wrong),
            (known, _) => validate(root, known, item, &place, wrong),
        }
    }
}

fn items(value: &Value) -> Option<i64> {
    value.as_array().map(|list| list.len() as i64)
}

fn golden() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "toml")).collect()
}
