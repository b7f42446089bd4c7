//! A recorded conversation tells nothing of anyone, and plays as it went.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the functions beside the tests"
)]

#[path = "harness/mod.rs"]
mod harness;

use std::convert::Infallible;

use smartsalud::replay::deploy::Flows;
use smartsalud::replay::fixture::Take;
use smartsalud::replay::pipeline::PipelineStage;
use smartsalud::replay::player::{Extent, Played, play, play_all, scene};
use smartsalud::replay::recording::{Recording, record};
use smartsalud::replay::report::{self, Outcome};
use smartsalud::replay::{store, world_files};
use smartsalud::value::Phone;

/// An invented centre of people whose names occur nowhere else.
const CENTER: &str = r#"clock: 2026-11-25T09:00
center:
  center: { code: quilaco, name: CESFAM Quilacoya, address: Pasaje Huape 4410, phone: "+56 43 2 551 717" }
  limit: 2
  types:
    - { name: Matrona, words: [matrona], minutes: 30 }
    - { name: Dentista, words: [dentista, muela], minutes: 30 }
  professionals:
    - name: Eulogia Trafipán
      week: [{ on: [lun, jue, vie], from: "09:00", to: "11:00", type: Matrona }]
    - name: Nicasio Llancaqueo
      week: [{ on: [mar, jue], from: "15:00", to: "17:00", type: Dentista }]
  patients:
    - { name: Rosalinda Painequeo Huenchumil, run: 14.873.226-4, born: 1957-08-19, phones: ["+56987654321"] }
    - { name: Benjamina Painequeo Curihuinca, run: 21.554.871-6, born: 2015-03-07, phones: ["+56987654321"] }
    - { name: Ambrosio Catrileo, run: 9.318.447-5, born: 1949-10-23 }
"#;

/// Plays a talk on the whole pipeline and records it.
async fn recorded(patient: &str, talk: &str) -> (Recording, Played) {
    let source = format!("fixture: original\n{CENTER}{patient}talk:\n{talk}");
    let scene = scene("original.yaml", &source, |_| Err("none".to_owned())).unwrap();
    let flows = Flows::built_in();
    let mut stage = PipelineStage::of(harness::cluster().await, &scene, flows.sources).await.unwrap();
    let original =
        play(&mut stage, &scene.fixture, &Take::default(), Extent { until: None, all: true }).await;
    let mut connection = stage.pipeline.pool().acquire().await.unwrap();
    let phone: Phone = scene.fixture.patient.phone.parse().unwrap();
    let wa_id = phone.e164().trim_start_matches('+').to_owned();
    let found = store::conversation(&mut connection, world_files::NUMBER, &wa_id).await.unwrap();
    let recording = record(&mut connection, found.unwrap().0, flows).await.unwrap();
    (recording, original)
}

/// What replaying it gives.
async fn replayed(recording: &Recording) -> Outcome {
    let scene = scene("recorded.yaml", &recording.yaml, |_| Err("none".to_owned()))
        .unwrap_or_else(|error| panic!("{error}\n{}", recording.yaml));
    let open = async || Ok::<_, Infallible>(scene.core(Flows::built_in()));
    let Ok(played) = play_all(open, &scene.fixture, Extent { until: None, all: true }).await;
    Outcome { file: "recorded.yaml".into(), title: scene.fixture.fixture, result: Ok(played) }
}

/// None of these occurs, whatever the case and however figures are set apart.
fn gone(recording: &Recording, planted: &[&str]) {
    let folded = |text: &str| smartsalud::replay::expectation::plain(text);
    let figures = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (words, digits) = (folded(&recording.yaml), figures(&recording.yaml));
    for one in planted {
        assert!(!words.contains(&folded(one)), "«{one}» survives in\n{}", recording.yaml);
        if figures(one).len() >= 4 {
            assert!(!digits.contains(&figures(one)), "the figures of «{one}» survive in\n{}", recording.yaml);
        }
    }
}

fn stages(played: &Played) -> Vec<String> {
    let mut stages: Vec<String> = played.turns.iter().map(|turn| turn.observed.state.stage()).collect();
    stages.dedup();
    stages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_family_survives_and_the_talk_goes_as_it_went() {
    let patient = "patient: { phone: \"+56987654321\" }\nbooked:\n  - { who: Benjamina Painequeo Curihuinca, what: Dentista, at: 2026-12-01T15:00 }\n";
    let talk = r#"
  - patient: "hola, soy la Rosalinda Painequeo, la Chalinda, vivo en Pasaje Los Copihues 1287, Quilacoya"
    bot: any
  - patient: "quiero hora con la matrona el viernes a las 9, mi correo es rosalinda.p@tarahue.cl y mi fono 9 8765 4321"
    bot: any
  - patient: "para la Benjamina, mi nieta Painequeo Curihuinca"
    bot: any
  - patient: "mi rut es 14.873.226-4, o 14873226-4, y nací el 19 de agosto de 1957 (19/08/57)"
    bot: any
  - patient: { tap: 1 }
    bot: any
  - patient: "sí, confirmar"
    bot: any
    calls: [agenda.confirmar]
  - wait: 3h
    bot: any
  - patient: "quiero anular la hora de dentista de la Benjamina con Nicasio Llancaqueo"
    bot: any
  - patient: la del martes
    bot: any
  - staff: { mafalda: take_over }
    bot: any
  - staff: { mafalda: { say: "Hola Rosalinda, le habla Mafalda Ñancupil, mi anexo es 55171" } }
    bot: any
  - staff: { mafalda: give_back, how: resume }
    bot: any
  - patient: [gracias, "saludos de la Rosalinda"]
    bot: any
"#;
    let (recording, original) = recorded(patient, talk).await;
    gone(
        &recording,
        &[
            "Rosalinda",
            "Painequeo",
            "Huenchumil",
            "Benjamina",
            "Curihuinca",
            "Chalinda",
            "Copihues",
            "1287",
            "Quilacoya",
            "Huape",
            "tarahue",
            "rosalinda.p",
            "987654321",
            "8765 4321",
            "14.873.226",
            "3226-4",
            "19/08/57",
            "1957-08-19",
            "19 de agosto",
            "Llancaqueo",
            "Nicasio",
            "Eulogia",
            "Trafipán",
            "Mafalda",
            "Ñancupil",
            "55171",
            "2015-03-07",
            "21554871",
        ],
    );
    let outcome = replayed(&recording).await;
    assert!(outcome.passed(), "{}\n{}", report::failure(&outcome, ""), recording.yaml);
    assert!(recording.yaml.contains("calls: [agenda.confirmar]"), "{}", recording.yaml);
    assert_eq!(recording.differs, Vec::<String>::new(), "\n{}", recording.yaml);
    assert_eq!(stages(outcome.result.as_ref().unwrap()), stages(&original), "\n{}", recording.yaml);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_says_who_it_is_does_so_again_with_invented_proofs() {
    let talk = r#"
  - patient: "buenas, necesito hora al dentista, me llamo Ambrosio Catrileo"
    bot: any
  - patient: "8447-1"
    bot: any
  - patient: "23 de octubre de 1949"
    bot: any
  - patient: "9.318.447-5"
    bot: any
  - patient: "el 23/10/1949"
    bot: any
  - patient: { tap: 2 }
    bot: any
  - patient: { tap: si }
    bot: any
    fault: { agenda.confirmar: taken }
  - patient: la primera
    bot: any
  - patient: "sí"
    bot: any
    calls: [agenda.confirmar]
"#;
    let (recording, original) = recorded("patient: { phone: \"+56955501234\" }\n", talk).await;
    gone(
        &recording,
        &["Ambrosio", "Catrileo", "8447-5", "8447-1", "1949", "955501234", "9318447", "Llancaqueo"],
    );
    assert!(recording.yaml.contains("fault: { agenda.confirmar: taken }"), "{}", recording.yaml);
    let outcome = replayed(&recording).await;
    assert!(outcome.passed(), "{}\n{}", report::failure(&outcome, ""), recording.yaml);
    assert_eq!(stages(outcome.result.as_ref().unwrap()), stages(&original), "\n{}", recording.yaml);
}
