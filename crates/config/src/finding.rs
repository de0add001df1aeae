//! What the reader and the cross checks find, before it is rendered.
//!
//! A [`Finding`] knows its place as a range of bytes; `render` turns it into a
//! [`Problem`](crate::Problem) with line and column. Nothing here knows what is being read.

use std::ops::Range;

use crate::Severity;

/// A range of bytes in the text.
pub(crate) type Span = Range<usize>;

/// A value and where it stands; a default stands at the header of its table.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One thing wrong, and where.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The other place that is part of it, and what it is.
    pub(crate) other: Option<(Span, &'static str)>,
}

impl Finding {
    pub(crate) fn error(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, span, message.into())
    }

    pub(crate) fn warning(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, span, message.into())
    }

    fn new(severity: Severity, span: &Span, message: String) -> Self {
        Self { severity, span: span.clone(), message, hint: None, other: None }
    }

    /// The way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    /// The way out, if one is known.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The other place that is part of it.
    pub(crate) fn other(mut self, span: &Span, label: &'static str) -> Self {
        self.other = Some((span.clone(), label));
        self
    }
}

/// Everything found so far, in no order.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Everything, in the order of the file.
    pub(crate) fn in_order(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| (finding.span.start, finding.span.end));
        self.list
    }
}

/// Text of the file inside a message: quoted, on one line, not endless.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_CHARS).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

const QUOTED_CHARS: usize = 60;
