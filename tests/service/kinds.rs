//! Everything that a patient can send, of any type: what it gets, and what it must not get.

use serde_json::{Value, json};
use smartsalud::whatsapp::simulator::{How, PatientMessage};

use super::clinic::{Clinic, count, quiet};

const LUZ: &str = "56911112222";

fn other(wire_type: &str, content: Value) -> PatientMessage {
    PatientMessage::Other { wire_type: wire_type.to_owned(), content }
}

fn file(mime: &str) -> Value {
    json!({ "id": "1234567890", "mime_type": mime, "sha256": "7kPq0Yd9w5yS1h2n3b4v5c6x7z8a9s0d1f2g3h4j5k8=" })
}

async fn send(clinic: &Clinic, message: PatientMessage) {
    clinic.whatsapp.patient_sends(LUZ, message, How::Once).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_told_so_and_the_question_is_asked_again() {
    let clinic = Clinic::open().await;
    let asked = clinic.says(LUZ, "quiero hora con matrona").await;
    for message in [
        PatientMessage::VoiceNote,
        other("audio", file("audio/mpeg")),
        PatientMessage::Picture { caption: None },
        other("sticker", file("image/webp")),
        other("video", file("video/mp4")),
        other("document", file("application/pdf")),
        PatientMessage::Place,
        other(
            "contacts",
            json!([{ "name": { "formatted_name": "Ana" }, "phones": [{ "phone": "+56 9 1234 5678" }] }]),
        ),
        other("order", json!({ "catalog_id": "1", "product_items": [] })),
        other("unsupported", json!({ "type": "poll" })),
        other("request_welcome", json!({})),
        other("a_type_of_next_year", json!({ "anything": [1, 2] })),
    ] {
        let name = format!("{message:?}");
        send(&clinic, message).await;
        let reply = clinic.whatsapp.next_reply(LUZ).await;
        assert!(reply.text.contains("solo puedo leer"), "{name}: {reply}");
        assert!(!reply.options.is_empty() && reply.options.len() <= asked.options.len(), "{name}: {reply}");
        quiet(&clinic.database).await;
    }
    assert_eq!(clinic.count("select count(*) from conversations where owner <> 'bot'").await, 0);
    let review = clinic.says(LUZ, "la primera").await;
    assert!(review.text.contains("Matrona"), "the conversation goes on where it was: {review}");
    clinic.whatsapp.assert_all_read();
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_heard_wherever_they_stand_and_what_is_no_answer_is_left_alone() {
    let clinic = Clinic::open().await;
    let hello = clinic.says(LUZ, "hola").await;
    for silent in [
        PatientMessage::Reaction { emoji: "👍".to_owned(), of: hello.id.clone() },
        PatientMessage::Reaction { emoji: String::new(), of: hello.id.clone() },
        other("revoke", json!({ "original_message_id": "wamid.1" })),
        other(
            "system",
            json!({ "type": "user_changed_number", "wa_id": "56999998888", "body": "Luz cambió" }),
        ),
    ] {
        let name = format!("{silent:?}");
        send(&clinic, silent).await;
        quiet(&clinic.database).await;
        assert!(clinic.whatsapp.try_next_reply(LUZ).is_none(), "{name}");
    }
    for spoken in [
        PatientMessage::Picture { caption: Some("quiero hora con matrona".to_owned()) },
        other(
            "edit",
            json!({ "original_message_id": "wamid.1", "message": { "type": "text", "text": { "body": "quiero hora con matrona" } } }),
        ),
        other("button", json!({ "text": "quiero hora con matrona" })),
    ] {
        let name = format!("{spoken:?}");
        send(&clinic, spoken).await;
        let reply = clinic.whatsapp.next_reply(LUZ).await;
        assert!(reply.text.contains("Matrona"), "{name}: {reply}");
    }
    clinic.whatsapp.assert_all_read();
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_from_the_centre_s_own_phone_has_the_conversation_and_the_bot_is_silent() {
    let clinic = Clinic::open().await;
    clinic.says(LUZ, "quiero hora con matrona").await;
    clinic.whatsapp.clinic_writes(LUZ, "Hola, le contesto yo").await.unwrap();
    assert_eq!(clinic.whatsapp.next_reply(LUZ).await.text, "Hola, le contesto yo");
    quiet(&clinic.database).await;
    let owner = "select count(*) from conversations c join addresses a on a.conversation_id = c.id
                 where a.value = '56911112222' and c.owner = 'staff'";
    assert_eq!(count(&clinic.database, owner).await, 1);
    clinic.whatsapp.patient_says(LUZ, "gracias, la primera").await.unwrap();
    quiet(&clinic.database).await;
    assert!(clinic.whatsapp.try_next_reply(LUZ).is_none(), "two must not answer at once");
    clinic.whatsapp.assert_all_read();
    clinic.close().await;
}
