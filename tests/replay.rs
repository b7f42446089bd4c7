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
        told.push(report::failure(&outcome, "").contains("unused.yaml:6  «x», not used"));
    }
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert_eq!(told, [true, false, false, true, false]);
}

/// What is told of a fixture of these lines after its head.
async fn told_of(name: &str, head: &str, rest: &str) -> String {
    let folder = std::env::temp_dir().join(format!("smartsalud-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, format!("fixture: x\nclock: 2026-11-25T09:00\n{head}{rest}"))
        .expect("a file of our own");
    let outcome = folder::play(&path, Flows::built_in(), Extent::default()).await;
    std::fs::remove_dir_all(&folder).expect("it is ours");
    report::failure(&outcome, "")
}

const DEMO: &str = "center: demo\npatient: { phone: \"+56911112222\" }\n";

#[tokio::test]
async fn an_entry_of_an_inline_world_with_which_nothing_has_to_do_fails_the_fixture() {
    let world = r#"patient: { phone: "+56911112222" }
center:
  center: { code: chico, name: CESFAM Chico }
  types:
    - { name: Matrona, minutes: 30 }
    - { name: Kine, minutes: 30, bookable: false }
  professionals:
    - { name: Ana Rojas, off: [2026-12-01, 2027-03-01], week: [{ on: [lun, mar], from: "09:00", to: "13:00", type: Matrona }] }
    - { name: Eva Paz, week: [{ on: [lun], from: "09:00", to: "13:00", type: Kine }] }
  days_off: [2026-12-08, 2026-12-09]
  patients:
    - { name: Luz Soto, run: 12.345.678-5, born: 1954-05-03, phones: ["+56911112222"] }
    - { name: Juan Soto, run: 7.654.321-6, born: 1950-01-02 }
"#;
    let said = |text: &str| format!("talk:\n  - patient: {text}\n    bot: any\n    calls: []\n");
    let lines = |told: &str| -> Vec<String> {
        let named = told.lines().filter_map(|line| line.split_once("has to do with "));
        named.map(|(_, what)| what.split(':').next().unwrap_or_default().to_owned()).collect()
    };
    let idle = lines(&told_of("world", world, &said("gracias")).await);
    assert_eq!(
        idle,
        [
            "the patient Juan Soto",
            "the type Matrona",
            "the type Kine",
            "the professional Ana Rojas",
            "the professional Eva Paz",
            "the day off 2026-12-08",
            "the day off 2026-12-09",
            "the day off 2026-12-01 of Ana Rojas",
            "the day off 2027-03-01 of Ana Rojas",
        ],
        "the phone is Luz's, and nothing else was met"
    );
    let asked = lines(&told_of("world", world, &said("quiero hora con la matrona")).await);
    assert_eq!(
        asked,
        [
            "the patient Juan Soto",
            "the type Kine",
            "the professional Eva Paz",
            "the day off 2026-12-09", // a Wednesday, when nobody sees patients
            "the day off 2027-03-01 of Ana Rojas", // further than hours can be had
        ]
    );
    let place = told_of("world", world, &said("gracias")).await;
    assert!(place.contains("world.yaml:15  «x», not used"), "the line of Juan Soto: {place}");
}

#[tokio::test]
async fn every_case_that_is_answered_otherwise_is_named() {
    let told = told_of(
        "cases",
        DEMO,
        "cases: [{ que: matrona }, { que: dentista }]\ntalk:\n  - patient: quiero hora con $que\n    \
         bot: [{ ask: agendar.hora }]\n  - cases: [{ tap: 1 }, la primera, no entiendo nada, la última que haya]\n    \
         bot: [{ review: agendar, says: [Matrona] }]\nend: { stage: agendar.hora }\n",
    )
    .await;
    for (row, case) in [(1, 3), (2, 1), (2, 2), (2, 3)] {
        let que = ["matrona", "dentista"][row - 1];
        let place = format!("cases.yaml:9  «x», turn 2, row {row} of 2 (que: {que}), case {case} of 4");
        assert!(told.contains(&place), "{place} is missing in:\n{told}");
    }
    assert!(!told.contains("row 1 of 2 (que: matrona), case 2 of 4"), "{told}");
    assert!(told.contains("no entiendo nada"), "{told}");
    assert!(told.contains("row 1 of 2 (que: matrona): stage"), "the end of the first row: {told}");
}

#[tokio::test]
async fn cases_after_a_turn_that_failed_are_not_played() {
    let talk = "talk:\n  - cases: [hola, buenas]\n    bot: []\n  - cases: [sí, no]\n    bot: []\n";
    let told = told_of("after", DEMO, talk).await;
    assert_eq!(told.matches("FAIL").count(), 2, "{told}");
    assert!(told.contains("turn 1, case 2 of 2") && !told.contains("turn 2"), "{told}");
}

#[tokio::test]
async fn a_flow_or_field_that_is_not_there_is_told_before_anything_is_played() {
    let asked = |ask: &str| format!("talk:\n  - patient: hola\n    bot: [{{ ask: {ask} }}]\n");
    let told = told_of("named", DEMO, &asked("pedir_receta.remedio")).await;
    assert!(
        told.contains("named.yaml:7:10: the flows that are played have no flow `pedir_receta`"),
        "{told}"
    );
    assert!(told.contains("by `--flows DIR`"), "{told}");
    let told = told_of("named", DEMO, &asked("agendar.prestacio")).await;
    assert!(told.contains("`agendar` has no field `prestacio`: did you mean `prestacion`?"), "{told}");
    let told = told_of("named", DEMO, &asked("repair.menu.cual")).await;
    assert!(told.contains("`repair.menu` has no field `cual`: it has que"), "{told}");
}

#[tokio::test]
async fn coverage_can_be_kept_to_one_flow() {
    let path = PathBuf::from("tests/conversations/ver_mis_horas.yaml");
    let outcomes = [folder::play(&path, Flows::built_in(), Extent::default()).await];
    let mut seen = Coverage::of(&outcomes, Book::built_in());
    seen.keep("ver_horas");
    assert!(seen.parts.len() > 5, "{:?}", seen.parts);
    assert!(seen.parts.iter().all(|part| part.name.starts_with("ver_horas.")), "{:?}", seen.parts);
    assert!(!seen.text().contains("repairs"), "a kind without parts is not told: {}", seen.text());
    let mut seen = Coverage::of(&outcomes, Book::built_in());
    seen.keep("repair.miss");
    assert!(seen.parts.iter().any(|part| part.kind == Kind::Repair && part.name == "miss"));
}
