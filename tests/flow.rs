//! The language of flows from outside: what is refused and how it is told, what is drawn, what is depended on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use smartsalud::flow::error::CODES;
use smartsalud::flow::{Book, FlowError, built_in, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows_broken")
}

/// A broken file says in comments at its top under which name it joins the built-in flows (`# as:`), which of
/// those it leaves out (`# without:`), and the one line that must be told of it (`# says:`).
struct Broken {
    code: String,
    says: String,
    sources: BTreeMap<String, String>,
}

fn broken() -> Vec<Broken> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<Broken> = entries
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let header = |key: &str| {
                let key = format!("# {key}:");
                text.lines().find_map(|line| line.strip_prefix(&key)).map(|value| value.trim().to_owned())
            };
            let mut sources = built_in::sources();
            if let Some(without) = header("without") {
                assert!(sources.remove(&without).is_some(), "{}", path.display());
            }
            let says = header("says").unwrap_or_default();
            if let Some(name) = header("as") {
                sources.insert(name, text);
            }
            let code = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Broken { code, says, sources }
        })
        .collect();
    all.sort_by(|one, other| one.code.cmp(&other.code));
    all
}

fn first_line(error: &FlowError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_mistake_is_told_with_its_place_and_how_to_mend_it() {
    let mut differences = Vec::new();
    for Broken { code, says, sources } in broken() {
        match load::book(&sources) {
            Ok(_) => differences.push(format!("{code}: nothing was found")),
            Err(errors) => {
                let told: Vec<String> = errors.iter().map(first_line).collect();
                let expected = vec![says];
                if told != expected || errors.iter().any(|error| error.code != code) {
                    differences.push(format!(
                        "{code}: {}\n  expected {}",
                        told.join("\n      "),
                        expected[0]
                    ));
                }
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn every_code_has_a_broken_file_that_earns_it() {
    let files: BTreeSet<String> = broken().into_iter().map(|broken| broken.code).collect();
    let codes: BTreeSet<String> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(files, codes);
}

#[test]
fn every_code_in_the_source_is_listed() {
    fn visit(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                visit(&entry, found);
            } else {
                let text = std::fs::read_to_string(&entry).unwrap();
                let code = regex::Regex::new(r#""(F\d{3})""#).unwrap();
                found.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/flow"), &mut found);
    let listed: BTreeSet<String> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(found, listed);
}

#[test]
fn the_mistakes_of_all_files_are_told_together() {
    let mut sources = built_in::sources();
    for (name, text) in &mut sources {
        if name.starts_with("repair/m") {
            text.push_str("nada: 1\n");
        }
    }
    let errors = load::book(&sources).unwrap_err();
    let files: Vec<&str> = errors.iter().map(|error| error.span.file.as_str()).collect();
    assert_eq!(files, ["repair/media.yaml", "repair/menu.yaml", "repair/miss.yaml"]);
}

#[test]
fn the_hash_names_exactly_these_files() {
    let hash = |sources: &BTreeMap<String, String>| load::book(sources).unwrap().hash;
    let mut sources = built_in::sources();
    assert_eq!(hash(&sources), Book::built_in().hash);
    sources.get_mut("humano.yaml").unwrap().push_str("# otra línea\n");
    assert_ne!(hash(&sources), Book::built_in().hash);
}
