//! A mistake in a flow: where, what, and how to mend it.

use std::fmt;

use super::definition::Span;

/// A mistake in a flow file.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowError {
    /// A code that stays the same over versions: `F012`.
    pub code: &'static str,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty when the message says it already.
    pub fix: String,
    /// The line, with a mark under the place; empty when there is none.
    pub snippet: String,
}

impl FlowError {
    /// A mistake at a place of `source`.
    pub fn new(
        code: &'static str,
        span: Span,
        source: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let line = source.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
        let snippet = if line.trim().is_empty() {
            String::new()
        } else {
            let indent = " ".repeat((span.column as usize).saturating_sub(1));
            format!("{:>5} | {line}\n      | {indent}^", span.line)
        };
        Self { code, span, message: message.into(), fix: fix.into(), snippet }
    }
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { file, line, column } = &self.span;
        write!(f, "{file}:{line}:{column}: {} {}", self.code, self.message)?;
        if !self.fix.is_empty() {
            write!(f, " ({})", self.fix)?;
        }
        if !self.snippet.is_empty() {
            write!(f, "\n{}", self.snippet)?;
        }
        Ok(())
    }
}

impl std::error::Error for FlowError {}
