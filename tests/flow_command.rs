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
fn nobody_reading_any_more_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let program = env!("CARGO_BIN_EXE_smartsalud");
    let done = Command::new(program).args(["flows", "graph", "agendar"]).stdout(writer).output().unwrap();
    assert_eq!(done.status.code(), Some(141));
    assert_eq!(text(&done.stderr), "");
}
