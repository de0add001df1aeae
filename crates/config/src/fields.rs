//! A hand-held reader of TOML tables: each read records what is wrong and goes on.
//!
//! A read gives `None` when a problem is recorded, so that nobody downstream complains of the same
//! thing again. [`Fields`] is one table with its name in messages, [`Field`] one value of it.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{At, Finding, Findings, Span, quote};
use crate::quantity::Wrong;
use crate::suggest::{did_you_mean, nearest};

/// One table.
pub(crate) struct Fields<'a> {
    /// The object in words, at the head of every message about it.
    what: String,
    span: Span,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
    missing: Vec<(&'static str, &'static str)>,
}

/// One value.
pub(crate) struct Field<'a> {
    /// The object and the key in words.
    label: String,
    key_span: Span,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Fields<'a> {
    pub(crate) fn root(table: &'a DeTable<'a>) -> Self {
        Self::new("this file".into(), 0..0, table)
    }

    fn new(what: String, span: Span, table: &'a DeTable<'a>) -> Self {
        Self { what, span, table, asked: Vec::new(), missing: Vec::new() }
    }

    /// A key that may be absent.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.asked.push(key);
        let (name, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(Field { label: format!("{}: {key}", self.what), key_span: name.span(), value })
    }

    /// A key that must be there; `example` is how it is written.
    pub(crate) fn required(
        &mut self,
        key: &'static str,
        example: &'static str,
    ) -> Option<Field<'a>> {
        let field = self.optional(key);
        if field.is_none() {
            self.missing.push((key, example));
        }
        field
    }

    /// A key of a single table whose absence is no problem: its fields, `Some(None)` if absent.
    pub(crate) fn table(
        &mut self,
        key: &'static str,
        found: &mut Findings,
    ) -> Option<Option<Self>> {
        maybe(self.optional(key), |field| field.table(found))
    }

    /// Tells of the keys nobody asked for, and of those that are missing.
    pub(crate) fn close(mut self, found: &mut Findings) {
        for name in self.table.keys().filter(|name| !self.asked.contains(&&**name.get_ref())) {
            // A misspelt key is one mistake, not an unknown one and a missing one.
            let meant = nearest(name.get_ref(), self.asked.iter().copied());
            self.missing.retain(|(key, _)| Some(*key) != meant);
            let message = format!("{}: unknown key {}", self.what, quote(name.get_ref()));
            let hint = did_you_mean(name.get_ref(), &self.asked);
            found.add(Finding::error(&name.span(), message).hint(hint));
        }
        for (key, example) in &self.missing {
            let message = format!("{}: missing key \"{key}\"", self.what);
            found.add(Finding::error(&self.span, message).hint(format!("add `{example}`")));
        }
    }

    /// As [`Self::close`], but without complaint of missing keys: the text is broken somewhere.
    pub(crate) fn close_broken(mut self, found: &mut Findings) {
        self.missing.clear();
        self.close(found);
    }

    /// Where the table begins: its header, or its brace.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The object in words.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// A string of the table, to name the object by.
    pub(crate) fn peek(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        value.get_ref().as_str()
    }

    /// Names the object in messages from now on.
    pub(crate) fn called(mut self, what: String) -> Self {
        self.what = what;
        self
    }
}

impl<'a> Field<'a> {
    pub(crate) fn span(&self) -> Span {
        let span = self.value.span();
        // A table made by dotted keys has no place of its own.
        if span.is_empty() { self.key_span.clone() } else { span }
    }

    /// The same value, to be read by another reader.
    pub(crate) fn again(&self) -> Self {
        Self { label: self.label.clone(), key_span: self.key_span.clone(), value: self.value }
    }

    pub(crate) fn text(&self, example: &str, found: &mut Findings) -> Option<At<&'a str>> {
        match self.value.get_ref().as_str() {
            Some(text) => Some(At::new(text, self.span())),
            None => self.wrong_type(&format!("a string, such as {example}"), found),
        }
    }

    /// A string that says a quantity.
    pub(crate) fn parse<T>(
        &self,
        example: &str,
        parser: impl FnOnce(&str) -> Result<T, Wrong>,
        found: &mut Findings,
    ) -> Option<At<T>> {
        let text = self.text(example, found)?;
        match parser(text.value) {
            Ok(value) => Some(At::new(value, text.span)),
            Err(wrong) => {
                let message = format!("{} {} {}", self.label, quote(text.value), wrong.message);
                found.add(Finding::error(&text.span, message).maybe_hint(wrong.hint));
                None
            }
        }
    }

    /// A string that is one of these words.
    pub(crate) fn one_of<T: Clone>(
        &self,
        words: &[(&str, T)],
        found: &mut Findings,
    ) -> Option<At<T>> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let parser = |text: &str| match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(Wrong::new("is not known").hint(did_you_mean(text, &known))),
        };
        self.parse(&quote(known.first().copied().unwrap_or_default()), parser, found)
    }

    pub(crate) fn integer(
        &self,
        range: RangeInclusive<i32>,
        found: &mut Findings,
    ) -> Option<At<i32>> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return self.wrong_type("an integer", found);
        };
        let value = i32::from_str_radix(integer.as_str(), integer.radix());
        match value.ok().filter(|value| range.contains(value)) {
            Some(value) => Some(At::new(value, self.span())),
            None => {
                let (first, last) = (range.start(), range.end());
                let message = format!("{} must be {first} to {last}", self.label);
                found.add(Finding::error(&self.span(), message));
                None
            }
        }
    }

    pub(crate) fn boolean(&self, found: &mut Findings) -> Option<At<bool>> {
        match self.value.get_ref().as_bool() {
            Some(value) => Some(At::new(value, self.span())),
            None => self.wrong_type("true or false", found),
        }
    }

    pub(crate) fn is_boolean(&self) -> bool {
        self.value.get_ref().is_bool()
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    pub(crate) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    pub(crate) fn table(&self, found: &mut Findings) -> Option<Fields<'a>> {
        match self.value.get_ref().as_table() {
            Some(table) => Some(Fields::new(self.label.clone(), self.span(), table)),
            None => self.wrong_type("a table", found),
        }
    }

    /// The items of a list, each with the label of the list.
    pub(crate) fn list(&self, example: &str, found: &mut Findings) -> Option<Vec<Self>> {
        let Some(items) = self.value.get_ref().as_array() else {
            return self.wrong_type(&format!("a list, such as {example}"), found);
        };
        let item = |value| Self { label: self.label.clone(), key_span: self.span(), value };
        Some(items.iter().map(item).collect())
    }

    /// The items of a list of tables; `None` for those that are no table.
    pub(crate) fn tables(
        &self,
        example: &str,
        found: &mut Findings,
    ) -> Option<Vec<Option<Fields<'a>>>> {
        let items = self.list(example, found)?;
        Some(items.iter().map(|item| item.table(found)).collect())
    }

    /// The entries of a table whose keys are names.
    pub(crate) fn entries(&self, found: &mut Findings) -> Option<Vec<(At<&'a str>, Self)>> {
        let Some(table) = self.value.get_ref().as_table() else {
            return self.wrong_type("a table with a value for each director", found);
        };
        let entry = |(name, value): (&'a Spanned<_>, &'a Spanned<_>)| {
            let name = At::new(&**(name.get_ref() as &std::borrow::Cow<'_, str>), name.span());
            let label = format!("{} of {}", self.label, quote(name.value));
            let key_span = name.span.clone();
            (name, Self { label, key_span, value })
        };
        Some(table.iter().map(entry).collect())
    }

    /// Records a mistake of this value.
    pub(crate) fn complain(&self, message: &str, hint: Option<&str>, found: &mut Findings) {
        let message = format!("{} {message}", self.label);
        found.add(Finding::error(&self.span(), message).maybe_hint(hint.map(Into::into)));
    }

    /// Records a mistake of this value, which is unusable.
    pub(crate) fn refuse<T>(
        &self,
        message: &str,
        hint: Option<&str>,
        found: &mut Findings,
    ) -> Option<T> {
        self.complain(message, hint, found);
        None
    }

    fn wrong_type<T>(&self, wanted: &str, found: &mut Findings) -> Option<T> {
        let given = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.refuse(&format!("must be {wanted}, not {given}"), None, found)
    }
}

/// A key that may be absent: `Some(None)` if it is.
pub(crate) fn maybe<'a, T>(
    field: Option<Field<'a>>,
    read: impl FnOnce(&Field<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match field {
        Some(field) => read(&field).map(Some),
        None => Some(None),
    }
}

/// A key with a default, which stands where its table begins.
pub(crate) fn or<'a, T>(
    field: Option<Field<'a>>,
    default: T,
    place: &Span,
    read: impl FnOnce(&Field<'a>) -> Option<At<T>>,
) -> Option<At<T>> {
    match field {
        Some(field) => read(&field),
        None => Some(At::new(default, place.clone())),
    }
}
