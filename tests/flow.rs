//! The language of flows from outside: what is refused and how it is told, what is drawn, what is depended on.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use smartsalud::flow::error::CODES;
use smartsalud::flow::port::INTENTS;
use smartsalud::flow::{Book, FlowError, built_in, diagram, load, wording};
use smartsalud::understanding::{self, Intent};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows_broken")
}

/// A broken file says at its top under which name it joins the built-in flows (`# as:`), which of those it leaves
/// out (`# without:`), under which name it stands there once more (`# beside:`), and the one line that must be told
/// of it (`# says:`). It is named by the code it earns, and by the case when a code has several.
struct Broken {
    name: String,
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
            if let Some(name) = header("beside") {
                sources.insert(name, text.clone());
            }
            if let Some(name) = header("as") {
                sources.insert(name, text);
            }
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let code = name.chars().take(4).collect();
            Broken { name, code, says, sources }
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// What `flows check` tells.
fn found(sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    match load::book(sources) {
        Ok(book) => {
            let command = |word: &str| Some(understanding::command_of(word)?.as_str());
            let told = load::commands(&book, sources, &command);
            if told.is_empty() { load::advice(&book, sources) } else { told }
        }
        Err(errors) => errors,
    }
}

/// Every broken file with what is told of it, read once.
fn told_of_each() -> &'static [(Broken, Vec<FlowError>)] {
    static TOLD: OnceLock<Vec<(Broken, Vec<FlowError>)>> = OnceLock::new();
    TOLD.get_or_init(|| {
        let with_told = |broken: Broken| {
            let told = found(&broken.sources);
            (broken, told)
        };
        broken().into_iter().map(with_told).collect()
    })
}

/// The mistake on one line, as the heads of the broken files have it.
fn one_line(error: &FlowError) -> String {
    let told = error.to_string().lines().next().unwrap_or_default().to_owned();
    if error.fix.is_empty() { told } else { format!("{told} ({})", error.fix) }
}

#[test]
fn every_mistake_is_told_with_its_place_and_how_to_mend_it() {
    let mut differences = Vec::new();
    for (Broken { name, code, says, .. }, errors) in told_of_each() {
        match errors {
            errors if errors.is_empty() => differences.push(format!("{name}: nothing was found")),
            errors => {
                let told: Vec<String> = errors.iter().map(one_line).collect();
                let expected = vec![says.clone()];
                if told != expected || errors.iter().any(|error| error.code != *code) {
                    differences.push(format!(
                        "{name}: {}\n  expected {}",
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
    let differ: Vec<&String> = files.symmetric_difference(&codes).collect();
    assert!(differ.is_empty(), "an example or a line of CODES is missing: {differ:?}");
}

#[test]
fn every_mistake_shows_its_line_with_a_mark_and_says_how_to_mend_it() {
    let mut lacking = Vec::new();
    for (Broken { name, sources, .. }, errors) in told_of_each() {
        for error in errors {
            let told = error.to_string();
            let lines: Vec<&str> = told.lines().collect();
            let shown = match lines.as_slice() {
                [_, line, mark, fix] => {
                    let text = sources[&error.span.file].lines().nth(error.span.line as usize - 1).unwrap();
                    let at = mark.chars().count() - "      | ^".len();
                    *line == format!("{:>5} | {text}", error.span.line)
                        && mark.ends_with('^')
                        && at == error.span.column as usize - 1
                        && at < text.chars().count()
                        && fix.starts_with("      = fix: ")
                }
                // there is no file to show a line of
                [_, fix] => error.code == "F020" && fix.starts_with("      = fix: "),
                _ => false,
            };
            if !shown {
                lacking.push(format!("{name}:\n{told}"));
            }
        }
    }
    assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
}

#[test]
fn every_code_in_the_source_is_listed() {
    fn visit(folder: &Path, code: &regex::Regex, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                visit(&entry, code, found);
            } else {
                let text = std::fs::read_to_string(&entry).unwrap();
                found.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    let code = regex::Regex::new(r#""([FW]\d{3})""#).unwrap();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/flow"), &code, &mut found);
    let listed: BTreeSet<String> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    let differ: Vec<&String> = found.symmetric_difference(&listed).collect();
    assert!(differ.is_empty(), "listed or used, but not both: {differ:?}");
}

/// What an author reads of one file beside the built-in ones.
fn told(text: &str) -> String {
    let errors = load::book(&with(text)).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_author_sees_the_line_the_place_and_the_way_out() {
    let unknown_key = "flow: prueba\ntitle: probar\nsteps:\n  - ask: hora\n    textt: \"¿Qué hora?\"\n";
    insta::assert_snapshot!(told(unknown_key), @r#"
    prueba.yaml:5:5: F001 no key `textt` is known here
        5 |     textt: "¿Qué hora?"
          |     ^
          = fix: did you mean `text`?
    "#);
    let several = r#"flow: prueba
title: probar
fields:
  dia: { type: window, optional: true }
steps:
  - do: centro = centro.datos()
  - say: "Busqué en {centro.nonbre} el {dia}."
"#;
    insta::assert_snapshot!(told(several), @r#"
    prueba.yaml:6:5: F031 `centro.datos` may answer `down`, and nothing says what to do then
        6 |   - do: centro = centro.datos()
          |     ^
          = fix: add `down:` under `on:`
    prueba.yaml:7:29: F026 `centro` has no column `nonbre`
        7 |   - say: "Busqué en {centro.nonbre} el {dia}."
          |                             ^
          = fix: did you mean `nombre`?
    prueba.yaml:7:41: F038 `dia` may be missing, and this text would have a hole
        7 |   - say: "Busqué en {centro.nonbre} el {dia}."
          |                                         ^
          = fix: put it in an optional part: [ … {dia} … ]
    prueba.yaml:7:41: F042 `dia` is a window of time, not words
        7 |   - say: "Busqué en {centro.nonbre} el {dia}."
          |                                         ^
          = fix: write {dia | humano}
    "#);
}

#[test]
fn the_built_in_flows_leave_nothing_to_advise() {
    let advice = found(&built_in::sources());
    assert!(advice.is_empty(), "{}", advice.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_mistakes_of_all_files_are_told_together() {
    let mut sources = built_in::sources();
    for (name, text) in &mut sources {
        if name.starts_with("repair/m") {
            text.push_str("nada: 1\n");
        }
    }
    sources.get_mut("humano.yaml").unwrap().push_str("  - say: \"Adiós.\"\n");
    sources.remove("repair/nudge.yaml");
    // what is not read is not told as missing, nor what names it
    sources.get_mut("identificar.yaml").unwrap().push_str("nada: 1\n");
    let errors = load::book(&sources).unwrap_err();
    let told: Vec<String> =
        errors.iter().map(|error| format!("{} {}", error.span.file, error.code)).collect();
    assert_eq!(
        told,
        [
            "humano.yaml F027",
            "identificar.yaml F001",
            "repair/media.yaml F001",
            "repair/menu.yaml F001",
            "repair/miss.yaml F001",
            "repair/nudge.yaml F020",
        ]
    );
}

#[test]
fn the_hash_names_exactly_these_files() {
    let hash = |sources: &BTreeMap<String, String>| load::book(sources).unwrap().hash;
    let mut sources = built_in::sources();
    assert_eq!(hash(&sources), Book::built_in().hash);
    sources.get_mut("humano.yaml").unwrap().push_str("# otra línea\n");
    assert_ne!(hash(&sources), Book::built_in().hash);
}

/// The built-in flows with one more.
fn with(text: &str) -> BTreeMap<String, String> {
    let mut sources = built_in::sources();
    sources.insert("prueba.yaml".to_owned(), text.to_owned());
    sources
}

#[test]
fn flows_that_call_each_other_without_a_question_are_refused() {
    let mut sources = with("flow: prueba\ntitle: probar\nsteps:\n  - call: humano\n");
    sources.insert("humano.yaml".into(), "flow: humano\ntitle: hablar\nsteps:\n  - call: prueba\n".into());
    let told: Vec<_> =
        load::book(&sources).unwrap_err().iter().map(|e| (e.code, e.span.file.clone())).collect();
    assert_eq!(told, [("F046", "humano.yaml".to_owned()), ("F046", "prueba.yaml".to_owned())]);
    sources.insert(
        "humano.yaml".into(),
        "flow: humano\ntitle: hablar\nfields: { sigo: { type: yes_no } }\nsteps:\n  - ask: sigo\n    text: \"¿Sigo?\"\n  \
         - when: sigo\n    then:\n      - call: prueba\n"
            .into(),
    );
    assert!(load::book(&sources).is_ok(), "a question on the way breaks the circle");
}

#[test]
fn words_that_yaml_would_twist_stay_words() {
    let book = load::book(&with(
        "flow: prueba\ntitle: no\nstarts: { words: [16:30, Sí Señor, 0123] }\nsteps:\n  - say: 16:30\n",
    ))
    .unwrap();
    let flow = &book.flows["prueba"];
    assert_eq!(flow.title, "no");
    assert_eq!(flow.starts.words, ["16 30", "si señor", "0123"]);
}

#[test]
fn a_flow_may_end_with_or_without_a_word() {
    for end in ["end:", "end: listo"] {
        let text = format!("flow: prueba\ntitle: probar\nsteps:\n  - say: \"Hola.\"\n  - {end}\n");
        assert!(load::book(&with(&text)).is_ok(), "{end}");
    }
}

#[test]
fn a_condition_proves_that_an_optional_value_is_there() {
    let flow = |condition: &str| {
        with(&format!(
            "flow: prueba\ntitle: probar\nfields: {{ cuando: {{ type: window, optional: true }} }}\nsteps:\n  \
             - when: {condition}\n    then:\n      - say: \"Busco {{cuando | humano}}.\"\n"
        ))
    };
    assert!(load::book(&flow("cuando?")).is_ok());
    let errors = load::book(&flow("not cuando?")).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["F038"]);
}

#[test]
fn changing_an_answer_forgets_all_that_stands_on_it_and_nothing_else() {
    let graph = &Book::built_in().flows["agendar"].graph;
    let forgotten = |name: &str| -> Vec<&str> { graph.dependants[name].iter().map(String::as_str).collect() };
    assert_eq!(
        forgotten("hora"),
        ["cita", "commit.1", "hold.1", "review.1", "say.1"],
        "another hour: hold, review and all after it"
    );
    let prestacion = forgotten("prestacion");
    for name in ["oferta", "hora", "hold.1", "review.1", "cita", "say.1"] {
        assert!(prestacion.contains(&name), "{name} stands on the prestación");
    }
    assert!(!prestacion.contains(&"paciente") && !prestacion.contains(&"cuando"));
}

#[test]
fn a_drawing_shows_every_step_and_every_way_out() {
    let book = Book::built_in();
    for flow in book.flows.values().chain(book.repairs.values()) {
        let (mermaid, svg) = (diagram::mermaid(flow, None), diagram::svg(flow, None));
        for step in &flow.steps {
            let id = format!("s_{}", step.id.replace('.', "_"));
            assert!(mermaid.contains(&id), "{}: {id}", flow.name);
        }
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{}", flow.name);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(!svg.contains("& "), "{}: an ampersand that is not escaped", flow.name);
    }
    let agendar = diagram::svg(&book.flows["agendar"], None);
    for exit in ["identificar", "lista_espera", "horas_ocupadas", "limite"] {
        assert!(agendar.contains(exit), "{exit}");
    }
}

#[test]
fn a_drawing_with_counts_says_of_every_step_how_often_it_was_seen() {
    let flow = &Book::built_in().flows["agendar"];
    let counts = [("agendar.ask.hora", 12), ("agendar.say.1", 0), ("cancelar.ask.cita", 5)];
    let counts = counts.into_iter().map(|(step, seen)| (step.to_owned(), seen)).collect();
    let (mermaid, svg) = (diagram::mermaid(flow, Some(&counts)), diagram::svg(flow, Some(&counts)));
    for drawing in [&mermaid, &svg] {
        // legible without colours: the count is written
        assert_eq!(drawing.matches(" · seen 12×").count(), 1);
        assert!(drawing.contains("ask hora · seen 12×") && !drawing.contains("seen 5×"));
        assert_eq!(drawing.matches("· never seen").count(), flow.steps.len() - 1);
    }
    assert_eq!(mermaid.matches(" unseen\n").count(), flow.steps.len() - 1);
    assert!(mermaid.contains("class s_ask_hora seen\n"));
    let (green, red) = ("fill=\"#c8e6c9\"", "fill=\"#ffcdd2\"");
    assert_eq!((svg.matches(green).count(), svg.matches(red).count()), (1, flow.steps.len() - 1));
    let plain = diagram::svg(flow, None);
    assert!(!plain.contains(green) && !plain.contains(red) && !plain.contains(" seen"), "as it always was");
}

#[test]
fn flows_start_by_the_intents_that_are_understood() {
    let mut understood: Vec<&str> = Intent::ALL.iter().map(|intent| intent.as_str()).collect();
    let mut known = INTENTS.to_vec();
    understood.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, understood);
}

/// A text as it is said at a centre, in a voice.
fn said(book: &Book, center: &str, voice: &str, address: &str) -> String {
    wording::addresses(book.spoken(center, voice)).remove(address).flatten().unwrap_or_default()
}

#[test]
fn the_most_particular_words_win_and_the_rest_is_said_as_the_next_voice_has_it() {
    let mut sources = built_in::sources();
    let mut add = |file: &str, head: &str, texts: &[(&str, &str)]| {
        let lines: Vec<String> =
            texts.iter().map(|(key, text)| format!("  agendar.{key}: {text}\n")).collect();
        sources.insert(format!("textos/{file}.yaml"), format!("{head}texts:\n{}", lines.concat()));
    };
    add("todos", "", &[("title", "para todos")]);
    add("centro", "center: norte\n", &[("title", "en el norte"), ("hora.name", "el turno")]);
    add("usted", "voice: usted\nelse: formal\n", &[("review.1.yes", "Con gusto")]);
    add("formal", "voice: formal\n", &[("review.1.yes", "De acuerdo"), ("review.1.change", "Corregir")]);
    add("usted_norte", "voice: usted\ncenter: norte\n", &[("review.1.cancel", "Ya no")]);
    let book = load::book(&sources).unwrap();
    let all = |center: &str, voice: &str| {
        ["title", "hora.name", "review.1.yes", "review.1.change", "review.1.cancel"]
            .map(|key| said(&book, center, voice, &format!("agendar.{key}")))
    };
    let plain = ["para todos", "la hora", "Sí, confirmar", "Cambiar algo", "No, cancelar"];
    assert_eq!(all("sur", ""), plain);
    assert_eq!(all("sur", "unknown"), plain);
    assert_eq!(all("norte", ""), ["en el norte", "el turno", plain[2], plain[3], plain[4]]);
    assert_eq!(all("sur", "usted"), [plain[0], plain[1], "Con gusto", "Corregir", plain[4]]);
    assert_eq!(all("sur", "formal"), [plain[0], plain[1], "De acuerdo", "Corregir", plain[4]]);
    assert_eq!(all("norte", "usted"), ["en el norte", "el turno", "Con gusto", "Corregir", "Ya no"]);
}
