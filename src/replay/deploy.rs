//! New versions of the flows in the middle of a talk, as `deploy:` in a fixture tells them.
//!
//! What a talk begins with and all versions it has seen are kept, so that going back puts an older one in force as
//! an operator would. An edit that changes nothing, or makes flows that are not sound, fails the turn.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::fixture::{Deploy, FileEdit};
use crate::flow::{Book, FlowError, built_in, load};

/// Sources of flows by file name.
pub type Sources = BTreeMap<String, String>;

/// What a talk is played with.
#[derive(Debug, Clone, Copy)]
pub struct Flows<'a> {
    /// The flows in force at its start.
    pub book: &'a Book,
    /// What they were read from.
    pub sources: &'a Sources,
}

impl Flows<'static> {
    /// The flows that come with the program.
    pub fn built_in() -> Self {
        static SOURCES: LazyLock<Sources> = LazyLock::new(built_in::sources);
        Self { book: Book::built_in(), sources: &SOURCES }
    }
}

/// A book on a core stage: the one it began with, or one that was put in force in the talk.
#[derive(Debug, Clone)]
pub(super) enum InForce<'a> {
    /// The one it began with.
    First(&'a Book),
    /// A later one.
    Later(Arc<Book>),
}

impl Deref for InForce<'_> {
    type Target = Book;

    fn deref(&self) -> &Book {
        match self {
            Self::First(book) => book,
            Self::Later(book) => book,
        }
    }
}

/// Reads a version, or takes it from those read before: every case of a table plays its deploys again.
pub(super) fn read(sources: &Sources) -> Result<Arc<Book>, Vec<FlowError>> {
    static READ: LazyLock<Mutex<BTreeMap<String, Arc<Book>>>> = LazyLock::new(Mutex::default);
    let hash = load::hash(sources);
    if let Some(book) = READ.lock().unwrap_or_else(PoisonError::into_inner).get(&hash) {
        return Ok(Arc::clone(book));
    }
    let book = Arc::new(load::book(sources)?);
    READ.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, Arc::clone(&book));
    Ok(book)
}

/// The versions a talk has seen, the one in force last.
#[derive(Debug, Clone)]
pub struct Versions<'a> {
    older: Vec<Cow<'a, Sources>>,
    current: Cow<'a, Sources>,
}

impl<'a> Versions<'a> {
    /// A talk that begins.
    pub fn new(sources: Cow<'a, Sources>) -> Self {
        Self { older: Vec::new(), current: sources }
    }

    /// The sources of the version that a deploy puts in force, which they are from here on.
    ///
    /// # Errors
    /// When there is none before, or a text to be replaced does not occur.
    pub fn deploy(&mut self, deploy: &Deploy) -> Result<&Sources, String> {
        match deploy {
            Deploy::Previous => {
                let before = self.older.pop();
                self.current = before.ok_or("no version was in force before this one")?;
            }
            Deploy::Edits(edits) => {
                let mut next = self.current.clone().into_owned();
                for (file, edit) in edits {
                    change(&mut next, file, edit)?;
                }
                self.older.push(std::mem::replace(&mut self.current, Cow::Owned(next)));
            }
        }
        Ok(&self.current)
    }
}

fn change(sources: &mut Sources, file: &str, edit: &FileEdit) -> Result<(), String> {
    match edit {
        FileEdit::Whole(text) => {
            sources.insert(file.to_owned(), text.clone());
        }
        FileEdit::Gone => {
            sources.remove(file).ok_or_else(|| format!("the flows have no file `{file}`"))?;
        }
        FileEdit::Replaced(texts) => {
            let source = sources.get_mut(file).ok_or_else(|| format!("the flows have no file `{file}`"))?;
            for (old, new) in texts {
                if !source.contains(old.as_str()) {
                    return Err(format!("`{file}` has no text «{old}»"));
                }
                *source = source.replace(old.as_str(), new);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    /// What becomes of the built-in flows when a fixture deploys this.
    fn deployed(yaml: &str) -> Result<Sources, String> {
        let head =
            "fixture: x\nclock: 2026-11-25T09:00\ncenter: demo\npatient: { phone: \"+56911112222\" }\n";
        let fixture = fixture::parse("x.yaml", &format!("{head}talk:\n  - deploy: {yaml}\n")).unwrap();
        let mut versions = Versions::new(Cow::Borrowed(Flows::built_in().sources));
        versions.deploy(fixture.talk[0].value.deploy.as_ref().unwrap()).cloned()
    }

    #[test]
    fn a_file_is_changed_written_or_taken_away() {
        let sources = deployed(
            "{ agendar.yaml: gone, nuevo.yaml: \"flow: nuevo\\n\", humano.yaml: { humano: persona } }",
        );
        let sources = sources.unwrap();
        assert!(!sources.contains_key("agendar.yaml") && sources["humano.yaml"].contains("flow: persona"));
        assert_eq!(sources["nuevo.yaml"], "flow: nuevo\n");
    }

    #[test]
    fn an_edit_that_changes_nothing_is_told() {
        assert_eq!(
            deployed("{ humano.yaml: { nunca: x } }").unwrap_err(),
            "`humano.yaml` has no text «nunca»"
        );
        assert_eq!(deployed("{ nada.yaml: gone }").unwrap_err(), "the flows have no file `nada.yaml`");
        assert_eq!(deployed("previous").unwrap_err(), "no version was in force before this one");
    }
}
