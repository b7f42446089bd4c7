//! `smartsalud flows …` as an author types it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::{Command, Output};

use smartsalud::flow::built_in;

/// A folder with the built-in flows and one more, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smartsalud-flows-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("repair")).unwrap();
        for (file, text) in built_in::sources() {
            std::fs::write(path.join(file), text).unwrap();
        }
        std::fs::write(path.join("prueba.yaml"), text).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn flows(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_smartsalud");
    Command::new(program).arg("flows").args(arguments).env_remove("SMARTSALUD_FLOWS").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn sound_flows_pass_with_what_they_are() {
    let output = flows(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("15 flows, 23 repairs"), "{told}");
}

#[test]
fn a_mistake_fails_the_check_and_can_be_jumped_to() {
    let folder = Folder::with("mistake", "flow: prueba\ntitle: probar\nsteps:\n  - call: agendr\n");
    let output = flows(&["check", folder.0.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let place = format!("{}:4:11: F041", folder.0.join("prueba.yaml").display());
    let told = text(&output.stdout);
    assert!(told.contains(&place) && told.contains("did you mean `agendar`?"), "{told}");
    assert!(text(&output.stderr).contains("in 1 of"), "{}", text(&output.stderr));
}

#[test]
fn advice_is_given_and_fails_nothing() {
    let folder = Folder::with("advice", "flow: prueba\ntitle: probar\nsteps:\n  - say: \"Hola.\"\n");
    let output = flows(&["check", folder.0.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("W002"), "{}", text(&output.stdout));
}

#[test]
fn advice_fails_a_strict_check() {
    let folder = Folder::with("strict", "flow: prueba\ntitle: probar\nsteps:\n  - say: \"Hola.\"\n");
    let output = flows(&["check", "--strict", folder.0.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("W002"), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr), "sound, but 1 piece of advice\n");
    assert_eq!(
        flows(&["check", "--strict"]).status.code(),
        Some(0),
        "the built-in flows leave nothing to advise"
    );
}

#[test]
fn the_guide_is_printed_as_it_stands() {
    let output = flows(&["doc"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/LENGUAJE.md");
    assert!(
        text(&output.stdout) == std::fs::read_to_string(file).unwrap(),
        "renew it with `smartsalud flows doc`"
    );
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let output = flows(&["check", "/nowhere/flows"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("/nowhere/flows") && !told.contains("panicked"), "{told}");
}

#[test]
fn a_flow_is_drawn_and_an_unknown_one_is_told_apart() {
    for (arguments, start) in
        [(&["graph", "agendar"][..], "flowchart TD"), (&["graph", "repair.miss", "--svg"], "<svg")]
    {
        let output = flows(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with(start));
    }
    let output = flows(&["graph", "nada"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no flow `nada`"), "{}", text(&output.stderr));
}

#[test]
fn a_drawing_is_coloured_by_a_file_of_counts() {
    let folder =
        Folder::with("counts", "flow: prueba\ntitle: probar\nsteps:\n  - say: \"Hola.\"\n  - handoff: a\n");
    let file = folder.0.join("counts.jsonl");
    let with = |lines: &str| {
        std::fs::write(&file, lines).unwrap();
        flows(&[
            "graph",
            "prueba",
            "--flows",
            folder.0.to_str().unwrap(),
            "--coverage",
            file.to_str().unwrap(),
        ])
    };
    let output = with(
        "{\"step\":\"prueba.say.1\",\"seen\":2}\n\n{\"step\":\"prueba.say.1\",\"seen\":1,\"file\":\"x\"}\n",
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("say · seen 3×") && told.contains("handoff · never seen"), "{told}");
    let output = with("{\"step\":\"prueba.say.1\",\"seen\":2}\n{\"step\":\"prueba.say.1\"}\n");
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("counts.jsonl:2: this is not a count"), "{told}");
}

#[test]
fn the_schema_is_printed_for_editors() {
    let output = flows(&["schema"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn nobody_reading_any_more_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let program = env!("CARGO_BIN_EXE_smartsalud");
    let done = Command::new(program).args(["flows", "graph", "agendar"]).stdout(writer).output().unwrap();
    assert_eq!(done.status.code(), Some(141));
    assert_eq!(text(&done.stderr), "");
}

#[test]
fn a_clerk_copies_the_texts_and_changes_a_word() {
    let output = flows(&["texts", "agendar.ask.prestacion"]);
    let listed = text(&output.stdout);
    assert!(listed.contains("  agendar.ask.prestacion.text: \"¿Qué atención necesitas?\""), "{listed}");
    let folder = Folder::with(
        "texts",
        "flow: prueba\ntitle: probar\nstarts: { words: [probar] }\nsteps:\n  - say: Hola\n",
    );
    std::fs::create_dir_all(folder.0.join("textos")).unwrap();
    std::fs::write(folder.0.join("textos/centro.yaml"), listed.replace("necesitas", "buscas")).unwrap();
    let path = folder.0.to_str().unwrap();
    let checked = flows(&["check", path]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    let changed = text(&flows(&["texts", "agendar.ask.prestacion.text", "--flows", path]).stdout);
    assert!(changed.contains("¿Qué atención buscas?"), "{changed}");
    let nothing = flows(&["texts", "nada"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text(&nothing.stderr).contains("begins with `nada`"), "{}", text(&nothing.stderr));
}
