//! A patient's whole way, and the edges of it.

use super::clinic::Clinic;

const LUZ: &str = "56911112222";
const STRANGER: &str = "56955556666";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_books_moves_and_cancels_an_hour_in_her_own_words() {
    let clinic = Clinic::open().await;
    let before = clinic.count("select count(*) from appointments where status = 'CONFIRMED'").await;

    let hours = clinic.says(LUZ, "hola, kiero ora con la matrona porfa").await;
    assert!(hours.text.contains("horas de Matrona"), "{hours}");
    let other = clinic.says(LUZ, "perdón, era dentista").await;
    assert!(other.text.contains("horas de Dentista"), "{other}");
    let review = clinic.taps(LUZ, &other, 1).await;
    assert!(review.text.contains("Dentista para Luz Soto"), "{review}");
    let held = "select count(*) from appointments where status = 'PENDING'";
    assert_eq!(clinic.count(held).await, 1);
    let booked = clinic.taps(LUZ, &review, 0).await;
    assert!(booked.text.contains("tu hora quedó tomada") && booked.text.contains("Código"), "{booked}");

    let seen = clinic.says(LUZ, "qué horas tengo?").await;
    assert!(seen.text.contains("Dentista"), "{seen}");

    let which = clinic.says(LUZ, "necesito cambiar mi hora del dentista").await;
    let list =
        if which.text.contains("¿Cuál hora") { clinic.says(LUZ, "la del dentista").await } else { which };
    let review = clinic.taps(LUZ, &list, 2).await;
    assert!(review.text.contains("Dejas el") && review.text.contains("Tomas el"), "{review}");
    let moved = clinic.taps(LUZ, &review, 0).await;
    assert!(moved.text.contains("quedó cambiada"), "{moved}");
    let by_chat =
        "select count(*) from appointments where status = 'CONFIRMED' and conversation_id is not null";
    assert_eq!(clinic.count(by_chat).await, 1);
    assert_eq!(clinic.count("select count(*) from appointments where status = 'RESCHEDULED'").await, 1);

    let which = clinic.says(LUZ, "al final no voy a poder ir al dentista, anúlala").await;
    let review =
        if which.text.contains("¿Cuál hora") { clinic.says(LUZ, "la del dentista").await } else { which };
    assert!(review.text.contains("¿Anulo esta hora?"), "{review}");
    let kept = clinic.says(LUZ, "mmm ya").await;
    assert_eq!(clinic.count(by_chat).await, 1, "a weak yes cancels nothing: {kept}");
    let cancelled = clinic.says(LUZ, "sí, anúlala").await;
    assert!(cancelled.text.contains("anulé la hora"), "{cancelled}");

    let after = clinic.count("select count(*) from appointments where status = 'CONFIRMED'").await;
    assert_eq!(after, before);
    assert_eq!(clinic.count(held).await, 0);
    clinic.whatsapp.assert_all_read();
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slower_of_two_is_offered_other_hours_at_once() {
    let clinic = Clinic::open().await;
    let hernan = "56911114444";
    let hers = clinic.says(LUZ, "hora con dentista").await;
    let his = clinic.says(hernan, "hora con dentista").await;
    // an hour that both are offered: what each has booked already is kept from them, whatever the day
    let both = |title: &str| title.contains(':') && his.options.iter().any(|option| option.title == title);
    let wanted = hers.options.iter().position(|option| both(&option.title)).expect("an hour for both");
    let title = &hers.options[wanted].title;
    let same = his.options.iter().position(|option| option.title == *title).unwrap();
    clinic.taps(LUZ, &hers, wanted).await;
    let late = clinic.taps(hernan, &his, same).await;
    assert!(late.text.contains("se acaba de ocupar"), "{late}");
    assert!(late.options.len() > 1 && late.options.iter().all(|option| option.title != *title), "{late}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_says_who_they_are_and_sees_only_what_they_booked_themselves() {
    let clinic = Clinic::open().await;
    let first = clinic.says(STRANGER, "quiero hora con matrona").await;
    assert!(first.text.contains("últimos 4 números"), "{first}");
    let birth = clinic.says(STRANGER, "mi rut es 12.345.678-5").await;
    assert!(birth.text.contains("fecha de nacimiento"), "{birth}");
    let stored = "select count(*) from events where payload::text like '%12.345.678%' or payload::text like '%12345678%'";
    assert_eq!(clinic.count(stored).await, 0, "a whole RUT is masked before it is stored");
    let hours = clinic.says(STRANGER, "14 de marzo de 1957").await;
    assert!(hours.text.contains("horas de Matrona"), "{hours}");

    // Luz has an hour booked at the window; this phone is not hers as far as the centre knows
    let seen = clinic.says(STRANGER, "ver mis horas").await;
    assert!(!seen.text.contains("Medicina general"), "{seen}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registered_phone_is_told_of_what_another_did_at_once_or_when_it_next_writes() {
    let clinic = Clinic::open().await;
    clinic.says(LUZ, "hola").await;
    let books = async |phone: &str| {
        clinic.says(phone, "quiero hora con matrona").await;
        clinic.says(phone, "5678-5").await;
        let hours = clinic.says(phone, "14 de marzo de 1957").await;
        let review = clinic.taps(phone, &hours, 0).await;
        let booked = clinic.taps(phone, &review, 0).await;
        assert!(booked.text.contains("quedó tomada"), "{booked}");
        booked
    };
    let booked = books(STRANGER).await;
    let told = clinic.whatsapp.next_reply(LUZ).await;
    assert!(told.text.contains("desde otro teléfono se pidió una hora para Luz Soto"), "{told}");
    let when = booked.text.lines().find(|line| line.starts_with("El ")).unwrap().trim_start_matches("El ");
    assert!(told.text.contains(when), "{told}");

    // outside of WhatsApp's 24 hours nothing may be sent but a template: it waits for a word from her
    let late = "update conversations c set last_patient_at = clock_timestamp() - interval '25 hours' from addresses a
                where a.conversation_id = c.id and a.value = $1";
    sqlx::query(late).bind(LUZ).execute(&clinic.database.pool).await.unwrap();
    clinic.says(STRANGER, "anula mi hora").await;
    let cancelled = clinic.says(STRANGER, "sí, anúlala").await;
    assert!(cancelled.text.contains("anulé la hora"), "{cancelled}");
    assert!(clinic.whatsapp.try_next_reply(LUZ).is_none());
    let told = clinic.says(LUZ, "hola").await;
    assert!(told.text.contains("desde otro teléfono se anuló una hora para Luz Soto"), "{told}");
    let answer = clinic.whatsapp.next_reply(LUZ).await;
    assert!(answer.text.contains("Qué necesitas"), "{answer}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registered_phone_that_never_wrote_is_told_when_it_first_does() {
    let clinic = Clinic::open().await;
    clinic.says(STRANGER, "quiero hora con matrona").await;
    clinic.says(STRANGER, "5678-5").await;
    let hours = clinic.says(STRANGER, "14 de marzo de 1957").await;
    let review = clinic.taps(STRANGER, &hours, 0).await;
    clinic.taps(STRANGER, &review, 0).await;
    let told = clinic.says(LUZ, "hola").await;
    assert!(told.text.contains("desde otro teléfono"), "{told}");
    let hello = clinic.whatsapp.next_reply(LUZ).await;
    assert!(hello.text.contains("Qué necesitas"), "{hello}");
    assert_eq!(clinic.count("select count(*) from conversations").await, 2);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_wrong_identities_bring_a_person_and_starting_anew_does_not_help() {
    let clinic = Clinic::open().await;
    clinic.says(STRANGER, "quiero una hora").await;
    let mut last = None;
    for day in 1..=3 {
        clinic.says(STRANGER, "1111-1").await;
        last = Some(clinic.says(STRANGER, &format!("0{day}-01-1950")).await);
    }
    let last = last.unwrap();
    assert!(last.text.contains("persona del centro"), "{last}");
    assert_eq!(
        clinic
            .count("select count(*) from conversations where owner = 'staff' and stuck_since is not null")
            .await,
        1
    );
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_texts_is_read_as_one_and_a_second_delivery_acts_once() {
    let clinic = Clinic::open().await;
    for text in ["hola", "quiero hora", "con matrona"] {
        clinic.whatsapp.patient_says(LUZ, text).await.unwrap();
    }
    let mut reply = clinic.whatsapp.next_reply(LUZ).await;
    // a slow machine may have closed the burst early; then the last answer is the one that counts
    while !reply.text.contains("horas de Matrona") {
        reply = clinic.whatsapp.next_reply(LUZ).await;
    }
    let review = clinic.taps(LUZ, &reply, 0).await;
    let yes = smartsalud::whatsapp::simulator::PatientMessage::Tap {
        option: review.options[0].id.clone(),
        of: None,
    };
    clinic.whatsapp.patient_sends(LUZ, yes, smartsalud::whatsapp::simulator::How::Twice).await.unwrap();
    let booked = clinic.whatsapp.next_reply(LUZ).await;
    assert!(booked.text.contains("quedó tomada"), "{booked}");
    let by_chat =
        "select count(*) from appointments where status = 'CONFIRMED' and conversation_id is not null";
    super::clinic::quiet(&clinic.database).await;
    assert_eq!(clinic.count(by_chat).await, 1);
    assert_eq!(clinic.whatsapp.unread(), 0, "nothing was said twice");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_no_messages_is_not_told_of_what_another_phone_did() {
    let clinic = Clinic::open().await;
    let done = clinic.says(LUZ, "no me escriban más por favor").await;
    assert!(done.text.contains("no te voy a escribir si tú no me escribes"), "{done}");
    assert_eq!(clinic.count("select count(*) from conversations where opted_out_at is not null").await, 1);
    let books = async || {
        clinic.says(STRANGER, "quiero hora con matrona").await;
        let who = clinic.says(STRANGER, "5678-5").await;
        let hours = if who.text.contains("nacimiento") {
            clinic.says(STRANGER, "14 de marzo de 1957").await
        } else {
            who
        };
        let review = clinic.taps(STRANGER, &hours, 0).await;
        let booked = clinic.taps(STRANGER, &review, 0).await;
        assert!(booked.text.contains("quedó tomada"), "{booked}");
    };
    books().await;
    assert!(clinic.whatsapp.try_next_reply(LUZ).is_none());
    assert_eq!(clinic.count("select count(*) from outbox where not_before = 'infinity'").await, 0);
    let back = clinic.says(LUZ, "alta").await;
    assert!(back.text.contains("puedes volver a recibir avisos"), "{back}");
    clinic.says(STRANGER, "anula mi hora").await;
    let cancelled = clinic.says(STRANGER, "sí, anúlala").await;
    assert!(cancelled.text.contains("anulé la hora"), "{cancelled}");
    let told = clinic.whatsapp.next_reply(LUZ).await;
    assert!(told.text.contains("desde otro teléfono se anuló una hora"), "{told}");
    clinic.close().await;
}
