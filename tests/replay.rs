//! Every scripted conversation goes as it should, played on the pure core with an agenda in memory.

use std::path::PathBuf;

use smartsalud::flow::Book;
use smartsalud::replay::coverage::{Coverage, Kind};
use smartsalud::replay::deploy::Flows;
use smartsalud::replay::folder;
use smartsalud::replay::player::Extent;
use smartsalud::replay::report;

fn conversations() -> PathBuf {
    PathBuf::from("tests/conversations")
}

#[tokio::test]
async fn every_scripted_conversation_goes_as_it_should() {
    let paths = folder::fixtures(&[conversations()]).expect("the folder can be read");
    assert!(paths.len() >= 25, "only {} fixtures were found", paths.len());
    let mut outcomes = Vec::new();
    for path in &paths {
        outcomes.push(folder::play(path, Flows::built_in(), Extent::default()).await);
    }
    assert!(outcomes.iter().all(report::Outcome::passed), "\n{}", report::text(&outcomes, ""));
}

#[tokio::test]
async fn a_conversation_that_goes_otherwise_fails_with_its_place_and_why() {
    let folder = std::env::temp_dir().join(format!("smartsalud-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join("wrong.yaml");
    let source = "fixture: espera otra cosa\nclock: 2026-11-25T09:00\ncenter: demo\npatient: { phone: \"+56911112222\" }\n\
                  talk:\n  - patient: quiero hora con la matrona\n    bot: [{ ask: cancelar.cita, says: [nunca] }]\n  - patient: hola\n    bot: any\n";
    std::fs::write(&path, source).expect("a file of our own");
    let outcome = folder::play(&path, Flows::built_in(), Extent::default()).await;
    let told = report::failure(&outcome, "");
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(!outcome.passed());
    for part in [
        "wrong.yaml:6",
        "quiero hora con la matrona",
        "- cancelar.cita",
        "+ agendar.hora",
        "rung ",
        "walk ",
        "--turn 1 --trace",
        "1 later turns",
    ] {
        assert!(told.contains(part), "`{part}` is missing in:\n{told}");
    }
}

/// The blocks of the README that are written in this way, without their fences.
fn blocks(fence: &str) -> Vec<String> {
    let readme = std::fs::read_to_string("README.md").expect("the README can be read");
    let opening = format!("```{fence}\n");
    let opened = readme.split(opening.as_str()).skip(1);
    opened.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_readmes_fixture_passes_and_fails_as_it_is_shown_to() {
    let [fixture] =
        &blocks("yaml").into_iter().filter(|block| block.starts_with("fixture:")).collect::<Vec<_>>()[..]
    else {
        panic!("the README has one fixture");
    };
    let folder = std::env::temp_dir().join(format!("smartsalud-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join("corrige.yaml");
    std::fs::write(&path, fixture).expect("a file of our own");
    let right = folder::play(&path, Flows::built_in(), Extent::default()).await;
    std::fs::write(&path, fixture.replace("says: [Dentista]", "says: [Matrona]")).expect("a file of our own");
    let wrong = folder::play(&path, Flows::built_in(), Extent::default()).await;
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(right.passed(), "{}", report::failure(&right, ""));
    let told = report::failure(&wrong, "").replace(&format!("{}/", folder.display()), "");
    assert_eq!(blocks("text"), [format!("{}\n", told.trim_end())]);
}

#[tokio::test]
async fn coverage_counts_what_was_done_with_its_place_and_knows_what_was_never_seen() {
    let path = PathBuf::from("tests/conversations/ver_mis_horas.yaml");
    let outcome = folder::play(&path, Flows::built_in(), Extent::default()).await;
    let seen = Coverage::of(&[outcome], Book::built_in());
    let part = |name: &str| {
        let found = seen.parts.iter().find(|part| part.name == name);
        found.unwrap_or_else(|| panic!("there is no part {name}"))
    };
    assert!(part("ver_horas.do.citas").seen > 0 && part("ver_horas.do.citas: ok").seen > 0);
    assert_eq!((part("agendar.ask.hora").kind, part("agendar.ask.hora").seen), (Kind::Step, 0));
    assert_eq!(part("agendar.do.oferta: used up: none").kind, Kind::Branch);
    assert_eq!(part("agendar.hold.1: taken").seen, 0);
    assert!(part("ver_horas.when.1: holds").at.starts_with("ver_horas.yaml:"));
    assert_eq!(seen.below(95.0).len(), 5, "one talk sees little of any kind: {:?}", seen.below(95.0));
    assert!(seen.below(0.0).is_empty());
    let line = seen.json().lines().next().map(str::to_owned).expect("there are steps");
    assert!(line.starts_with(r#"{"step":"agendar."#) && line.contains(r#""at":"agendar.yaml:"#), "{line}");
    for line in seen.json().lines() {
        let _: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
    }
}

#[tokio::test]
async fn an_hour_with_which_nothing_of_the_talk_has_to_do_fails_the_fixture() {
    let folder = std::env::temp_dir().join(format!("smartsalud-unused-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join("unused.yaml");
    let source = |talk: &str| {
        format!(
            "fixture: x\nclock: 2026-11-25T09:00\ncenter: demo\npatient: {{ phone: \"+56911112222\" }}\nbooked:\n  \
             - {{ who: Luz Soto, what: Matrona, at: 2026-12-01T15:00 }}\ntalk:\n{talk}"
        )
    };
    let mut told = Vec::new();
    for talk in [
        "  - patient: gracias\n    bot: any\n",
        "  - patient: qué horas tengo\n    bot: any\n",
        "  - patient: quiero hora con la matrona el martes en la tarde\n    bot: any\n",
        "  - patient: quiero hora con el dentista el jueves\n    bot: any\n",
        "  - patient: gracias\n    bot: any\nend: { appointments: [mar 1 dic 15:00] }\n",
    ] {
        std::fs::write(&path, source(talk)).expect("a file of our own");
        let outcome = folder::play(&path, Flows::built_in(), Extent::default()).await;
        told.push(report::failure(&outcome, "").contains("unused.yaml:6  «x», booked"));
    }
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert_eq!(told, [true, false, false, true, false]);
}

#[tokio::test]
async fn a_case_that_is_answered_otherwise_is_named() {
    let folder = std::env::temp_dir().join(format!("smartsalud-cases-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join("cases.yaml");
    let source = "fixture: x\nclock: 2026-11-25T09:00\ncenter: demo\npatient: { phone: \"+56911112222\" }\n\
                  cases: [{ que: matrona }, { que: dentista }]\ntalk:\n  - patient: quiero hora con $que\n    \
                  bot: [{ ask: agendar.hora }]\n  - cases: [{ tap: 1 }, la primera, no entiendo nada]\n    \
                  bot: [{ review: agendar }]\n";
    std::fs::write(&path, source).expect("a file of our own");
    let outcome = folder::play(&path, Flows::built_in(), Extent::default()).await;
    std::fs::remove_dir_all(&folder).expect("it is ours");
    let told = report::failure(&outcome, "");
    assert!(told.contains("cases.yaml:9  «x», turn 2, row 1 of 2 (que: matrona), case 3 of 3"), "{told}");
    assert!(told.contains("no entiendo nada"), "{told}");
    assert_eq!(told.matches("FAIL").count(), 1, "{told}");
}
