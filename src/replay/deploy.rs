//! New versions of the flows in the middle of a talk, as `deploy:` in a fixture tells them.
//!
//! What a talk begins with and all versions it has seen are kept, so that going back puts an older one in force as
//! an operator would. An edit that changes nothing, or makes flows that are not sound, fails the turn.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::fixture::{Deploy, FileEdit};
use crate::flow::{Book, built_in};

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
