//! The client against the simulated Graph API, in good days and bad.

use std::time::Duration;

use smartsalud::clock::Clock;
use smartsalud::id::OutboxId;
use smartsalud::queue::outcome::SendOutcome;
use smartsalud::value::{Outgoing, OutgoingOption};
use smartsalud::whatsapp::Client;
use smartsalud::whatsapp::outcome::{self, Action};
use smartsalud::whatsapp::simulator::{Fault, Shape, Simulator, SimulatorSettings, Statuses};

const NUMBER: &str = "106540352242922";
const PHONE: &str = "56911112222";

fn client(simulator: &Simulator, token: &str) -> Client {
    let http = smartsalud::http::client(Duration::from_millis(400));
    Client::new(http, simulator.graph_url().unwrap(), "v25.0", token.to_owned().into())
}

/// A simulator whose patient has just written (to nobody: the window counts, not the delivery).
async fn simulator() -> (Simulator, Client) {
    let settings =
        SimulatorSettings { statuses: Statuses::None, deliveries: 1, ..SimulatorSettings::default() };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.patient_says(PHONE, "hola").await.unwrap_err();
    let client = client(&simulator, "simulated-access-token");
    (simulator, client)
}

fn says(text: &str) -> Outgoing {
    Outgoing { text: text.to_owned(), options: vec![], list_button: None }
}

fn asks(text: &str, titles: &[&str]) -> Outgoing {
    let option =
        |title: &&str| OutgoingOption { id: format!("id:{title}"), title: (*title).to_owned(), detail: None };
    Outgoing { options: titles.iter().map(option).collect(), ..says(text) }
}

#[tokio::test]
async fn what_is_sent_is_on_the_patients_screen() {
    let (simulator, client) = simulator().await;
    let outcome = client.send(NUMBER, PHONE, &asks("¿Confirmas?", &["Sí", "No"]), OutboxId(1)).await;
    let reply = simulator.next_reply(PHONE).await;
    assert_eq!(outcome, SendOutcome::Accepted { wa_message_id: reply.id.clone() });
    assert_eq!((reply.text.as_str(), reply.shape, reply.options.len()), ("¿Confirmas?", Shape::Buttons, 2));
    client
        .send(NUMBER, PHONE, &asks("¿Qué día?", &["lunes", "martes", "miércoles", "jueves"]), OutboxId(2))
        .await;
    let list = simulator.next_reply(PHONE).await;
    assert_eq!((list.shape, list.list_label.as_deref()), (Shape::List, Some("Ver opciones")));
    simulator.assert_all_read();
}

#[tokio::test]
async fn a_message_is_one_call_however_long_so_that_no_half_of_it_is_lost_or_doubled() {
    let (simulator, client) = simulator().await;
    let long = asks(&"Una frase de veinte letras más o menos. ".repeat(60), &["Sí", "No"]);
    for (fault, outcome) in [
        (Fault::Code(131_000), SendOutcome::Retry { code: Some(131_000) }),
        (Fault::Reset { sent: false }, SendOutcome::Unknown),
    ] {
        simulator.fail_next(1, fault);
        let before = simulator.calls();
        assert_eq!(client.send(NUMBER, PHONE, &long, OutboxId(1)).await, outcome);
        assert_eq!(simulator.calls(), before + 1);
        assert!(simulator.try_next_reply(PHONE).is_none(), "not even the beginning of it");
    }
    assert!(matches!(client.send(NUMBER, PHONE, &long, OutboxId(1)).await, SendOutcome::Accepted { .. }));
    let reply = simulator.next_reply(PHONE).await;
    assert!(reply.text.ends_with("1. Sí\n2. No"), "{reply}");
    simulator.assert_all_read();
}

#[tokio::test]
#[should_panic(expected = "1 unread by 56911112222")]
async fn a_test_that_leaves_a_reply_unread_fails() {
    let (simulator, client) = simulator().await;
    client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await;
    simulator.assert_all_read();
}

/// All codes that are known, each with what is to be done, written down a second time: a row that changes by mistake
/// must not change both.
const CODES: &[(Action, &[i32])] = &[
    (Action::Retry, &[2, 131_000, 131_016, 131_057, 133_004]),
    (Action::RetryOnce, &[1]),
    (Action::SlowNumber, &[130_429, 4, 80_007]),
    (Action::SlowPair, &[131_056]),
    (Action::Mend, &[100, 131_008, 131_009, 131_021, 131_051, 132_000, 132_012, 132_018, 132_005, 135_000]),
    (Action::SendOther, &[131_047, 132_001, 132_007, 132_015, 132_016, 131_053, 132_068, 132_069]),
    (Action::Unreachable, &[131_026, 130_403, 131_030, 131_062, 137_000, 131_052, 130_497]),
    (Action::Withheld, &[131_050, 131_049, 130_472]),
    (
        Action::StopTheLine,
        &[
            190, 104, 0, 3, 10, 200, 210, 299, 131_005, 368, 131_031, 131_042, 33, 131_045, 133_010, 131_037,
            131_048, 131_064, 131_063, 133_000, 133_005, 133_006, 133_008, 133_009, 133_015, 133_016,
        ],
    ),
];

#[tokio::test]
async fn every_code_of_metas_asks_for_what_it_means() {
    let (simulator, client) = simulator().await;
    let mut covered = Vec::new();
    for &(action, codes) in CODES {
        for &code in codes {
            let expected = match action {
                Action::Retry => SendOutcome::Retry { code: Some(code) },
                Action::RetryOnce => SendOutcome::RetryOnce { code },
                Action::SlowNumber => SendOutcome::SlowNumber { code },
                Action::SlowPair => SendOutcome::SlowPair { code },
                Action::StopTheLine => SendOutcome::StopTheLine { code },
                _ => SendOutcome::Never { code: Some(code), detail: "Simulated.".to_owned() },
            };
            simulator.fail_next(1, Fault::Code(code));
            assert_eq!(client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await, expected, "{code}");
            assert_eq!(outcome::action(code), Some(action), "{code}");
            covered.push(code);
        }
    }
    for (first, last, ..) in outcome::TABLE {
        assert!(covered.contains(first) && covered.contains(last), "the row of {first} is not proven");
    }
    simulator.assert_all_read();
}

#[tokio::test]
async fn what_has_no_code_is_sorted_by_what_may_have_happened() {
    let (simulator, client) = simulator().await;
    let cases = [
        (Fault::Code(987_654), SendOutcome::Never { code: Some(987_654), detail: "Simulated.".to_owned() }),
        (Fault::Status(500), SendOutcome::Retry { code: None }),
        (Fault::Status(429), SendOutcome::SlowNumber { code: 429 }),
        (Fault::Status(403), SendOutcome::StopTheLine { code: 403 }),
        (Fault::Hang { sent: false }, SendOutcome::Unknown),
        (Fault::Reset { sent: false }, SendOutcome::Unknown),
        (Fault::HalfAnswer, SendOutcome::Unknown),
    ];
    for (fault, expected) in cases {
        simulator.fail_next(1, fault);
        assert_eq!(client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await, expected, "{fault:?}");
    }
    // of all these, only the half answer had taken the message
    simulator.next_reply(PHONE).await;
    simulator.assert_all_read();
}

#[tokio::test]
async fn what_went_out_before_the_connection_broke_is_unknown_and_there() {
    let (simulator, client) = simulator().await;
    for fault in [Fault::Reset { sent: true }, Fault::Hang { sent: true }] {
        simulator.fail_next(1, fault);
        assert_eq!(client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await, SendOutcome::Unknown);
        assert_eq!(simulator.next_reply(PHONE).await.text, "hola");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent_and_it_may_be_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(
        smartsalud::http::client(Duration::from_secs(1)),
        &url,
        "v25.0",
        "token".to_owned().into(),
    );
    assert_eq!(
        client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await,
        SendOutcome::Retry { code: None }
    );
}

#[tokio::test]
async fn a_wrong_token_or_number_stops_the_line() {
    let (simulator, good) = simulator().await;
    let wrong = client(&simulator, "expired");
    assert_eq!(
        wrong.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await,
        SendOutcome::StopTheLine { code: 190 }
    );
    assert_eq!(
        good.send("999", PHONE, &says("hola"), OutboxId(1)).await,
        SendOutcome::StopTheLine { code: 33 }
    );
}

#[tokio::test]
async fn the_window_closes_a_day_after_the_patient_wrote() {
    let clock = Clock::frozen("2026-11-25T12:00:00Z".parse().unwrap());
    let settings = SimulatorSettings {
        clock: clock.clone(),
        statuses: Statuses::None,
        deliveries: 1,
        ..SimulatorSettings::default()
    };
    let simulator = Simulator::start(settings).await.unwrap();
    let client = client(&simulator, "simulated-access-token");
    let closed = |outcome| matches!(outcome, SendOutcome::Never { code: Some(131_047), .. });
    assert!(
        closed(client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await),
        "the patient has never written"
    );
    simulator.patient_says(PHONE, "hola").await.unwrap_err();
    clock.advance(Duration::from_hours(23));
    assert!(matches!(
        client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await,
        SendOutcome::Accepted { .. }
    ));
    clock.advance(Duration::from_hours(2));
    assert!(closed(client.send(NUMBER, PHONE, &says("hola"), OutboxId(1)).await));
}

#[tokio::test]
async fn nonsense_is_refused_before_it_goes_out() {
    let (simulator, client) = simulator().await;
    let before = simulator.calls();
    for (to, outgoing) in [("ana", says("hola")), (PHONE, says("  "))] {
        assert!(matches!(
            client.send(NUMBER, to, &outgoing, OutboxId(1)).await,
            SendOutcome::Never { code: None, .. }
        ));
    }
    assert_eq!(simulator.calls(), before);
}

#[tokio::test]
async fn people_without_a_number_are_answered_by_their_id() {
    let (simulator, client) = simulator().await;
    simulator.patient_says("CL.13491208655302741918", "hola").await.unwrap_err();
    client.send(NUMBER, "CL.13491208655302741918", &says("hola"), OutboxId(1)).await;
    assert_eq!(simulator.next_reply("CL.13491208655302741918").await.text, "hola");
}

#[tokio::test]
async fn reading_turns_the_ticks_blue() {
    let (simulator, client) = simulator().await;
    let id = simulator.transcript(PHONE)[0].id.clone();
    client.mark_read(NUMBER, &id, true).await.unwrap();
    assert_eq!(serde_json::to_value(simulator.transcript(PHONE)[0].tick).unwrap(), "read");
    client.mark_read(NUMBER, "wamid.unknown", false).await.unwrap_err();
}
