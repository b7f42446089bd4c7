//! What `flows plan` foretells of open conversations is what then happens to them.
//!
//! Ten talks, each at another question, many times over (`OPEN_CONVERSATIONS`, 200 unless told); ten edits of the
//! flows, each rehearsed, then put in force and lived by every conversation.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "harness/mod.rs"]
mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use smartsalud::conversation::need::{EventKind, PatientText, StaffAction};
use smartsalud::conversation::plan::{self, Fate};
use smartsalud::conversation::rehearsal::{Rehearsed, rehearse};
use smartsalud::conversation::shelf::Shelf;
use smartsalud::conversation::state::{Owner, State, Tap};
use smartsalud::flow::{built_in, load};
use smartsalud::id::{ConversationId, EventId};
use smartsalud::queue::job::Due;
use smartsalud::replay::agenda::Agenda;
use smartsalud::replay::pipeline::{Pipeline, PipelineStage};
use smartsalud::replay::stage::{Faults, Happening};
use smartsalud::replay::world::{Booking, World};
use sqlx::types::Json;

type Sources = BTreeMap<String, String>;

/// A flow with an answer among written options, which an edit can take away.
const CALL: &str = r#"
flow: pedir_llamada
title: pedir que te llamen
starts: { words: [que me llamen] }
fields:
  motivo:
    type: choice
    name: el motivo
    options:
      - { key: receta, title: Una receta, words: [receta] }
      - { key: examen, title: Un examen, words: [examen] }
      - { key: papel, title: Un certificado, words: [certificado] }
  detalle: { type: text, name: el detalle }
steps:
  - ask: motivo
    text: "¿Para qué es?"
    help: "Toca una de las tres."
  - ask: detalle
    text: "Cuéntame un poco más."
    help: "Con tus palabras."
  - say: "Anotado: {motivo.titulo}, {detalle}."
  - handoff: llamada
"#;

const PATIENTS: &str = r#"
  - { name: Ines Vidal, run: 11.111.111-1, born: 1960-01-01, phones: ["+56911110001"] }
  - { name: Raul Mella, run: 22.222.222-2, born: 1961-01-01, phones: ["+56911110002"] }
  - { name: Olga Pinto, run: 13.131.313-6, born: 1962-01-01, phones: ["+56911110003"] }
  - { name: Hugo Leiva, run: 14.141.414-3, born: 1963-01-01, phones: ["+56911110004"] }
  - { name: Nora Salas, run: 16.161.616-8, born: 1964-01-01, phones: ["+56911110005"] }
  - { name: Ivan Tapia, run: 17.171.717-5, born: 1965-01-01, phones: ["+56911110006"] }
  - { name: Sara Munita, run: 18.181.818-2, born: 1966-01-01, phones: ["+56911110007"] }
"#;

/// Each phone, what it writes, and where that leads.
const TALKS: [(&str, &[&str], &str); 10] = [
    ("+56911112222", &["quiero hora con matrona"], "agendar.hora"),
    ("+56911113333", &["quiero hora con dentista"], "agendar.paciente"),
    ("+56911114444", &["hora con dentista el jueves a las 9"], "agendar.review.1"),
    ("+56911110001", &["quiero pedir una hora"], "agendar.prestacion"),
    ("+56911110002", &["quiero anular mi hora"], "cancelar.review.1"),
    ("+56911110003", &["mis horas"], "ver_horas.que"),
    ("+56911110004", &["hora con dentista el jueves a las 10", "cambiar"], "repair.change.campo"),
    ("+56911110005", &["que me llamen", "examen"], "pedir_llamada.detalle"),
    ("+56911110006", &["quiero cambiar mi hora"], "reagendar.hora"),
    // staff has it
    ("+56911110007", &["quiero hora con kinesiologo"], "agendar.hora"),
];

/// Flows of one day, kept as they were, so that edits of the built-in ones do not break the edits of this test.
fn base() -> Sources {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/flows");
    let mut sources = Sources::new();
    for prefix in ["", "repair/"] {
        for entry in std::fs::read_dir(folder.join(prefix)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".yaml") {
                sources.insert(format!("{prefix}{name}"), std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    sources.insert("pedir_llamada.yaml".to_owned(), CALL.to_owned());
    sources
}

/// The flows with these texts replaced, in a file or in all.
fn edited(file: Option<&str>, edits: &[(&str, &str)]) -> Sources {
    let mut sources = base();
    for (old, new) in edits {
        let mut changed = false;
        for (_, text) in sources.iter_mut().filter(|(name, _)| file.is_none_or(|file| file == *name)) {
            changed |= text.contains(old);
            *text = text.replace(old, new);
        }
        assert!(changed, "«{old}» is not there to be edited");
    }
    sources
}

/// Ten talks, each standing at another question.
async fn talks() -> PipelineStage {
    let world = include_str!("worlds/demo.yaml").replace("\npatients:\n", &format!("\npatients:{PATIENTS}"));
    let agenda = Agenda::new(World::parse("demo.yaml", &world).unwrap(), None);
    let booked = |who: &str, at: &str| -> Booking {
        serde_saphyr::from_str(&format!("{{ who: {who}, what: Matrona, at: {at} }}")).unwrap()
    };
    let booked = [
        booked("Raul Mella", "2026-12-01T15:00"),
        booked("Olga Pinto", "2026-12-01T15:30"),
        booked("Ivan Tapia", "2026-12-01T16:00"),
    ];
    let cluster = harness::cluster().await;
    let start = harness::wednesday_morning();
    let phone = TALKS[0].0.parse().unwrap();
    let mut stage = PipelineStage::in_world(cluster, &agenda, &booked, start, &base(), phone).await.unwrap();
    for (phone, texts, question) in TALKS {
        stage.pipeline.hand_to(phone.parse().unwrap());
        let mut stood = String::new();
        for text in texts {
            let texts = vec![PatientText { text: (*text).to_owned(), sent: None }];
            let happening = Happening::Event(EventKind::Texts { texts });
            let observed = stage.pipeline.play(happening, &Faults::default()).await.unwrap();
            stood = observed.state.stage();
        }
        assert_eq!(stood, question, "{phone}");
    }
    let action = StaffAction::TakeOver;
    let taken = Happening::Event(EventKind::Staff { by: "ana".to_owned(), action });
    stage.pipeline.play(taken, &Faults::default()).await.unwrap();
    stage
}

/// Each conversation many times over, each with a phone of its own.
async fn multiplied(pipeline: &Pipeline, times: i32) {
    let sql = "with originals as (
           select c.*, a.value as wa_id, row_number() over (order by c.id) as place
           from conversations c join addresses a on a.conversation_id = c.id and a.kind = 'wa_id'
         ), made as (
           insert into conversations (center_id, phone_number_id, owner, epoch, stage, state, seq, last_patient_at, created_at)
           select o.center_id, o.phone_number_id, o.owner, o.epoch, o.stage, o.state, o.seq, o.last_patient_at, o.created_at
           from originals o, generate_series(1, $1) order by o.id, 1
           returning id
         ), paired as (
           select m.id, o.wa_id, '569' || lpad((20000000 + row_number() over (order by m.id))::text, 8, '0') as own
           from (select id, row_number() over (order by id) - 1 as n from made) m
           join originals o on o.place = m.n / $1 + 1
         ), addressed as (
           insert into addresses (phone_number_id, kind, value, conversation_id)
           select (select phone_number_id from originals limit 1), 'wa_id', own, id from paired
         )
         insert into patient_phones (phone_e164, patient_id)
         select '+' || p.own, r.patient_id from paired p join patient_phones r on r.phone_e164 = '+' || p.wa_id";
    sqlx::query(sql).bind(times).execute(pipeline.pool()).await.unwrap();
}

/// Where each conversation stands before and after its next turn, which is rolled back.
async fn lived(pipeline: &Pipeline) -> BTreeMap<(String, String), u64> {
    let open: Vec<(i64, Json<State>, String)> =
        sqlx::query_as("select id, state, owner from conversations where state <> '{}' order by id")
            .fetch_all(pipeline.pool())
            .await
            .unwrap();
    let mut lived: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (id, before, owner) in open {
        let mut tx = pipeline.pool().begin().await.unwrap();
        let (kind, payload) = if owner == "staff" {
            ("staff", json!({ "by": "ana", "action": { "do": "resume" } }))
        } else {
            ("message", json!({ "incoming": { "type": "text", "text": "repetir" } }))
        };
        let due = Due {
            id: EventId(0),
            kind: kind.to_owned(),
            payload,
            sent_at: Some(pipeline.clock().now()),
            due_at: pipeline.clock().now(),
            attempts: 0,
        };
        pipeline.turns().run(&mut tx, ConversationId(id), &[due]).await.unwrap();
        let after: Json<State> = sqlx::query_scalar("select state from conversations where id = $1")
            .bind(id)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        let stands = if after.0.owner == Owner::Staff { "WithStaff".to_owned() } else { after.0.stage() };
        *lived.entry((plan::question(&before.0), stands)).or_default() += 1;
    }
    lived
}

/// Where the plan says that each will stand; `renamed` is what a question goes by under the new version.
fn foretold(rehearsed: &Rehearsed, renamed: &dyn Fn(&str) -> String) -> BTreeMap<(String, String), u64> {
    let mut foretold = BTreeMap::new();
    for ((question, fate), count) in &rehearsed.open {
        let stands = match fate {
            Fate::GoesOn => renamed(question),
            Fate::Stays => question.clone(),
            Fate::Ends => "Idle".to_owned(),
            Fate::AskedAgain { question } | Fate::Loses { question, .. } => question.clone(),
            Fate::Fails { .. } => "WithStaff".to_owned(),
        };
        *foretold.entry((question.clone(), stands)).or_default() += count;
    }
    foretold
}

/// What is not simply going on, in words.
fn told(rehearsed: &Rehearsed) -> Vec<String> {
    let told = rehearsed.open.keys().filter_map(|(question, fate)| match fate {
        Fate::GoesOn => None,
        Fate::Stays => Some(format!("{question} stays")),
        Fate::Ends => Some(format!("{question} ends")),
        Fate::AskedAgain { question: asked } => Some(format!("{question} -> {asked}")),
        Fate::Loses { answers, question: asked } => {
            Some(format!("{question} -> {asked} without {}", answers.join(" ")))
        }
        Fate::Fails { why } => Some(format!("{question} fails: {why}")),
    });
    told.collect()
}

struct Edit {
    what: &'static str,
    sources: Sources,
    renamed: fn(&str) -> String,
    told: &'static [&'static str],
}

#[expect(clippy::too_many_lines, reason = "ten edits, one after the other")]
fn edits() -> Vec<Edit> {
    let same: fn(&str) -> String = str::to_owned;
    let servicio = |old: &str| old.replace("agendar.prestacion", "agendar.servicio");
    let pedir_hora = |old: &str| match old.strip_prefix("agendar.") {
        Some(field) => format!("pedir_hora.{field}"),
        None => old.to_owned(),
    };
    let rename: &[(&str, &str)] = &[
        ("  prestacion:\n", "  servicio:\n"),
        ("ask: prestacion", "ask: servicio"),
        ("(paciente, prestacion,", "(paciente, prestacion=servicio,"),
        ("{prestacion.nombre}", "{servicio.nombre}"),
        ("[paciente, prestacion,", "[paciente, servicio,"),
    ];
    let mut gone = base();
    gone.remove("pedir_llamada.yaml");
    vec![
        Edit {
            what: "a question added",
            sources: edited(
                Some("agendar.yaml"),
                &[
                    ("  cuando:\n", "  motivo: { type: text, name: el motivo }\n  cuando:\n"),
                    (
                        "  - do: oferta",
                        "  - ask: motivo\n    text: \"¿Por qué la necesitas?\"\n    help: \"Con tus palabras.\"\n  - do: oferta",
                    ),
                    ("Revisa tu hora, por favor:", "Revisa tu hora ({motivo}), por favor:"),
                    ("review: [paciente,", "review: [motivo, paciente,"),
                ],
            ),
            renamed: same,
            told: &["agendar.hora -> agendar.motivo", "agendar.review.1 -> agendar.motivo"],
        },
        Edit {
            what: "a question removed",
            sources: edited(
                Some("ver_horas.yaml"),
                &[
                    (
                        "      - ask: que\n        keep: false\n        text: \"¿Quieres hacer algo más?\"\n        help: \"Toca una opción, o escríbeme qué necesitas.\"\n        list_button: Ver opciones\n      - when: que == \"nada\"\n        then:\n          - say: \"Está bien, lo dejamos así.\"\n",
                        "",
                    ),
                    (
                        "  que:\n    type: choice\n    name: qué hacer\n    options:\n      - { key: agendar, title: Pedir una hora, words: [pedir, otra hora, nueva], do: { start: agendar } }\n      - { key: reagendar, title: Cambiar una hora, words: [cambiar, mover], do: { start: reagendar } }\n      - { key: cancelar, title: Anular una hora, words: [anular, cancelar], do: { start: cancelar } }\n      - { key: nada, title: \"Nada más, gracias\", words: [nada, nada mas, no] }\n",
                        "",
                    ),
                ],
            ),
            renamed: same,
            told: &["ver_horas.que ends"],
        },
        Edit {
            what: "a question renamed",
            sources: edited(
                Some("agendar.yaml"),
                &[rename, &[("especialidad: prestacion", "prestacion: servicio")]].concat(),
            ),
            renamed: servicio,
            told: &[],
        },
        Edit {
            what: "a question renamed without saying so",
            sources: edited(
                Some("agendar.yaml"),
                &[rename, &[("\nwas: { fields: { especialidad: prestacion } }", "")]].concat(),
            ),
            renamed: servicio,
            told: &[
                "agendar.hora -> agendar.servicio without agendar.prestacion",
                "repair.change.campo -> repair.change.campo without agendar.prestacion",
                "agendar.review.1 -> agendar.servicio without agendar.prestacion",
                "agendar.prestacion -> agendar.servicio",
            ],
        },
        Edit {
            what: "questions reordered",
            sources: edited(
                Some("agendar.yaml"),
                &[
                    (
                        "  - ask: paciente\n    text: \"¿Para quién es la hora?\"\n    help: \"Elige a la persona que se va a atender.\"\n    list_button: Ver personas\n",
                        "",
                    ),
                    (
                        "  - do: oferta",
                        "  - ask: paciente\n    text: \"¿Para quién es la hora?\"\n    help: \"Elige a la persona que se va a atender.\"\n    list_button: Ver personas\n  - do: oferta",
                    ),
                ],
            ),
            renamed: same,
            told: &[],
        },
        Edit {
            what: "an option removed",
            sources: edited(
                Some("pedir_llamada.yaml"),
                &[("      - { key: examen, title: Un examen, words: [examen] }\n", "")],
            ),
            renamed: same,
            told: &["pedir_llamada.detalle -> pedir_llamada.motivo without pedir_llamada.motivo"],
        },
        Edit {
            what: "a text changed",
            sources: edited(
                None,
                &[
                    ("¿Qué atención necesitas?", "¿Con quién te quieres atender?"),
                    ("¿La confirmo?", "¿Te la dejo?"),
                ],
            ),
            renamed: same,
            told: &[],
        },
        Edit {
            what: "a type changed",
            sources: edited(
                Some("pedir_llamada.yaml"),
                &[
                    (
                        "    type: choice\n    name: el motivo\n    options:\n      - { key: receta, title: Una receta, words: [receta] }\n      - { key: examen, title: Un examen, words: [examen] }\n      - { key: papel, title: Un certificado, words: [certificado] }\n",
                        "    type: text\n    name: el motivo\n",
                    ),
                    ("{motivo.titulo}", "{motivo}"),
                ],
            ),
            renamed: same,
            told: &["pedir_llamada.detalle -> pedir_llamada.motivo without pedir_llamada.motivo"],
        },
        Edit {
            what: "a port added",
            sources: edited(
                Some("agendar.yaml"),
                &[
                    (
                        "  - review: [paciente",
                        "  - do: centro = centro.datos()\n    on: { down: { then: { handoff: \"down:centro.datos\" } } }\n  - review: [paciente",
                    ),
                    ("      ¿La confirmo?", "      En {centro.nombre}\n      ¿La confirmo?"),
                ],
            ),
            renamed: same,
            told: &[],
        },
        Edit {
            what: "a flow renamed",
            sources: edited(
                None,
                &[
                    ("flow: agendar\n", "flow: pedir_hora\n"),
                    (
                        "was: { fields: { especialidad: prestacion } }",
                        "was: { flows: [agendar], fields: { especialidad: prestacion } }",
                    ),
                    (" agendar: ask_first", " pedir_hora: ask_first"),
                    (" agendar: replace", " pedir_hora: replace"),
                    ("start: agendar", "start: pedir_hora"),
                    ("offer: agendar", "offer: pedir_hora"),
                ],
            ),
            renamed: pedir_hora,
            told: &[],
        },
        Edit { what: "a flow removed", sources: gone, renamed: same, told: &["pedir_llamada.detalle stays"] },
        Edit {
            what: "a flow that must not be put in force",
            sources: edited(
                Some("reagendar.yaml"),
                &[(
                    "  - do: citas",
                    "  - when: paciente.verificado\n    then:\n      - handoff: cerrado\n  - do: citas",
                )],
            ),
            renamed: same,
            told: &["reagendar.hora fails: handed to staff: cerrado"],
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_plan_foretells_of_open_conversations_is_what_happens_to_them() {
    let wanted: i32 = std::env::var("OPEN_CONVERSATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let stage = talks().await;
    let pipeline = &stage.pipeline;
    multiplied(pipeline, wanted / 10 - 1).await;
    let shelf = &pipeline.turns().shelf;
    for edit in edits() {
        let next = load::book(&edit.sources).unwrap_or_else(|errors| panic!("{}: {errors:#?}", edit.what));
        let mut conn = pipeline.pool().acquire().await.unwrap();
        let rehearsed = rehearse(pipeline.turns(), &mut conn, &next, None, 10).await.unwrap();
        assert_eq!(
            rehearsed.open.values().sum::<u64>(),
            u64::try_from(wanted / 10 * 10).unwrap(),
            "{}",
            edit.what
        );
        let mut expected: Vec<&str> = edit.told.to_vec();
        expected.sort_unstable();
        let mut heard = told(&rehearsed);
        heard.sort_unstable();
        assert_eq!(heard, expected, "{}", edit.what);
        assert_eq!(rehearsed.fails(), edit.told.iter().any(|told| told.contains("fails")), "{}", edit.what);

        shelf.put_in_force(&mut conn, &edit.sources, None).await.unwrap();
        assert_eq!(lived(pipeline).await, foretold(&rehearsed, &edit.renamed), "{}", edit.what);
        shelf.put_in_force(&mut conn, &base(), None).await.unwrap();
    }
}

/// A talk that books an hour, and then says goodbye.
async fn ended_talk() -> PipelineStage {
    let agenda = Agenda::new(World::parse("demo.yaml", include_str!("worlds/demo.yaml")).unwrap(), None);
    let cluster = harness::cluster().await;
    let start = harness::wednesday_morning();
    let phone = TALKS[0].0.parse().unwrap();
    let mut stage = PipelineStage::in_world(cluster, &agenda, &[], start, &base(), phone).await.unwrap();
    let says = async |stage: &mut PipelineStage, text: &str| {
        let text = PatientText { text: text.to_owned(), sent: None };
        let happening = Happening::Event(EventKind::Texts { texts: vec![text] });
        stage.pipeline.play(happening, &Faults::default()).await.unwrap()
    };
    let shown = says(&mut stage, "quiero hora con matrona").await;
    let hour = shown.messages().last().unwrap().message.options[0].clone();
    let tap = EventKind::Tapped { tap: Tap::from_id(&hour.id), title: hour.title };
    stage.pipeline.play(Happening::Event(tap), &Faults::default()).await.unwrap();
    let booked = says(&mut stage, "sí").await;
    assert_eq!(booked.state.stage(), "Idle");
    stage
}

/// What becomes of the turns of ended talks, in words.
async fn told_again(stage: &PipelineStage, next: &Sources) -> Vec<String> {
    let next = load::book(next).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mut conn = stage.pipeline.pool().acquire().await.unwrap();
    let rehearsed = rehearse(stage.pipeline.turns(), &mut conn, &next, None, 10).await.unwrap();
    assert!(rehearsed.open.is_empty());
    rehearsed
        .ended
        .into_iter()
        .map(|((question, fate), count)| format!("{question}: {count} {fate:?}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_that_has_ended_is_told_again_until_the_versions_part() {
    let stage = ended_talk().await;
    let same = ["Idle: 1 GoesOn", "agendar.hora: 1 GoesOn", "agendar.review.1: 1 GoesOn"];
    assert_eq!(told_again(&stage, &base()).await, same);
    let words = [("¿La confirmo?", "¿Te la dejo?"), ("¿Cuál prefieres?", "¿Cuál te acomoda?")];
    let other_words = edited(None, &words);
    assert_eq!(
        told_again(&stage, &other_words).await,
        same,
        "taps on a text that would have read otherwise count"
    );
    let asks_more = edits().swap_remove(0).sources;
    assert_eq!(
        told_again(&stage, &asks_more).await,
        [r#"Idle: 1 AskedAgain { question: "agendar.motivo" }"#],
        "the talk parts where the new question comes"
    );
    let breaks = edited(
        Some("agendar.yaml"),
        &[(
            "  - ask: hora\n",
            "  - when: paciente.verificado\n    then:\n      - handoff: cerrado\n  - ask: hora\n",
        )],
    );
    assert_eq!(
        told_again(&stage, &breaks).await,
        [r#"Idle: 1 Fails { why: "handed to staff: cerrado" }"#],
        "what fails is told, too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_leaves_an_older_version_in_force() {
    let database = harness::database().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let shelf = Shelf::default();
    let (old, new) = (base(), built_in::sources());
    let old_hash = shelf.start_with(&mut conn, &old).await.unwrap();
    let new_hash = shelf.start_with(&mut conn, &new).await.unwrap();
    assert_ne!(old_hash, new_hash, "new flows come into force at a start");
    shelf.put_in_force(&mut conn, &old, None).await.unwrap();
    assert_eq!(shelf.start_with(&mut conn, &new).await.unwrap(), old_hash, "going back survives a restart");
}

/// Runs the program on a database.
fn run(stage: &PipelineStage, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
    command.args(arguments).env("DATABASE_URL", stage.database.url()).env_remove("SMARTSALUD_FLOWS");
    command.output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with these flows.
fn folder(name: &str, sources: &Sources) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("smartsalud-deploys-{}-{name}", std::process::id()));
    for inside in ["repair", "textos"] {
        std::fs::create_dir_all(folder.join(inside)).unwrap();
    }
    for (file, text) in sources {
        std::fs::write(folder.join(file), text).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_plans_publishes_puts_in_force_and_goes_back() {
    let stage = talks().await;
    let [asks_more, .., fails] = &edits()[..] else { panic!("there are edits") };
    let (asks_more, fails) = (folder("asks_more", &asks_more.sources), folder("fails", &fails.sources));
    let first = load::book(&base()).unwrap().hash;

    let plan = run(&stage, &["flows", "plan", asks_more.to_str().unwrap()]);
    assert!(plan.status.success(), "{}", complaint(&plan));
    let told = printed(&plan);
    assert!(told.contains("agendar.review.1: 1 asked agendar.motivo"), "{told}");
    let plan = run(&stage, &["flows", "plan", fails.to_str().unwrap()]);
    assert_eq!(plan.status.code(), Some(1));
    assert!(printed(&plan).contains("reagendar.hora: 1 handed to staff: cerrado"), "{}", printed(&plan));

    let published = run(&stage, &["flows", "publish", asks_more.to_str().unwrap()]);
    let hash = printed(&published).trim().to_owned();
    assert_eq!(hash.len(), 64, "{}", complaint(&published));
    let listed = printed(&run(&stage, &["flows", "list"]));
    let line = |hash: &str, listed: &str| {
        listed.lines().find(|line| line.starts_with(&hash[..12])).unwrap().to_owned()
    };
    assert!(!line(&hash, &listed).contains("installation"), "publishing puts nothing in force\n{listed}");

    let activated = run(&stage, &["flows", "activate", &hash[..8]]);
    assert!(activated.status.success(), "{}", complaint(&activated));
    let listed = printed(&run(&stage, &["flows", "list"]));
    assert!(line(&hash, &listed).contains("the installation"), "{listed}");
    assert!(run(&stage, &["flows", "activate", &first]).status.success(), "going back");
    let only_here = run(&stage, &["flows", "activate", &hash, "--center", "demo"]);
    assert!(only_here.status.success(), "{}", complaint(&only_here));
    let listed = printed(&run(&stage, &["flows", "list"]));
    assert!(
        line(&hash, &listed).ends_with("demo") && line(&first, &listed).ends_with("the installation"),
        "{listed}"
    );

    let published = printed(&run(&stage, &["flows", "publish", fails.to_str().unwrap()]));
    let refused = run(&stage, &["flows", "activate", published.trim(), "--center", "demo"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint(&refused).contains("--force"), "{}", complaint(&refused));
    assert!(
        run(&stage, &["flows", "activate", published.trim(), "--center", "demo", "--force"]).status.success()
    );

    let mut elsewhere = base();
    let texts = "# nobody reads these\ncenter: demoo\ntexts:\n  agendar.title: pedir su hora\n";
    elsewhere.insert("textos/otro.yaml".to_owned(), texts.to_owned());
    let elsewhere = folder("elsewhere", &elsewhere);
    let nobody = "textos/otro.yaml:2:9: no centre of the database has the code `demoo`";
    for (arguments, said) in [
        (vec!["flows", "plan", elsewhere.to_str().unwrap()], nobody),
        (vec!["flows", "publish", elsewhere.to_str().unwrap()], nobody),
        (vec!["flows", "publish", elsewhere.to_str().unwrap()], "did you mean `demo`?"),
        (vec!["flows", "activate", "ffffff"], "no stored version begins with `ffffff`"),
        (vec!["flows", "activate", ""], "stored versions begin with ``"),
        (vec!["flows", "plan", "--center", "nada"], "no centre with the code `nada`"),
        (vec!["flows", "publish", "/nowhere"], "/nowhere"),
    ] {
        let output = run(&stage, &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(complaint(&output).contains(said), "{}", complaint(&output));
    }
    for folder in [asks_more, fails, elsewhere] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_drawn_with_how_often_patients_came_to_each_step() {
    let stage = ended_talk().await;
    let drawn = run(&stage, &["flows", "graph", "agendar", "--live", "366"]);
    assert!(drawn.status.success(), "{}", complaint(&drawn));
    let told = printed(&drawn);
    let step = |name: &str| told.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(step("ask hora").contains("seen 1"), "{told}");
    assert!(
        step("ask paciente").contains("never seen"),
        "the patient is the only one, and never asked\n{told}"
    );
}
