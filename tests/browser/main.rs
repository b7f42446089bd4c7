//! The page of the demo as people use it: in a real browser, with taps, typed words and the keyboard.
//!
//! Needs Chromium and chromedriver; `SMARTSALUD_NO_BROWSER=1` skips all of it. With `SMARTSALUD_SCREENSHOT`
//! naming a file, pictures of the page are saved there.

#![expect(clippy::unwrap_used, reason = "a browser that does not do what it is asked has failed the test")]

mod page;
mod process;

use fantoccini::key::Key;

use page::{Page, Row};

const LUZ: &str = "56911112222";
const DANIELA: &str = "56911113333";

/// The last hour of a list that is not this one: the first hours may stop being on offer while a test runs.
fn last_hour<'a>(rows: &'a [Row], but: Option<&Row>) -> &'a Row {
    let other = |row: &&Row| row.title.contains(':') && but.is_none_or(|but| but.title != row.title);
    rows.iter().rfind(other).unwrap_or_else(|| panic!("no hour in {rows:?}"))
}

#[tokio::test]
async fn a_patient_books_moves_and_cancels_an_hour_on_a_phone() {
    let Some(page) = Page::open("books").await else { return };
    let mut luz = page.phone(LUZ).await;

    luz.say("hola, necesito una hora con el dentista").await;
    luz.next().await.says(&["Dentista"]);
    luz.say("perdón, era con la matrona").await;
    luz.next().await.says(&["Matrona"]);
    luz.say("mejor en la tarde").await;
    let offer = luz.next().await;
    offer.says(&["Matrona", "tarde"]);
    let rows = luz.open_list(&offer).await;
    let mut hours = rows.iter().filter(|row| row.title.contains(':'));
    assert!(hours.all(|row| row.time() >= "12:00"), "in the afternoon: {rows:?}");
    let wanted = last_hour(&rows, None).clone();
    luz.choose(&wanted).await;
    let review = luz.next().await;
    let [day, time] = wanted.written_out();
    review.says(&["Matrona para Luz Soto Araya", &day, &time, &wanted.detail]);
    luz.tap(&review, "Sí, confirmar").await;
    let booked = luz.next().await;
    booked.says(&["Listo, tu hora quedó tomada", "Matrona", &day, &time, &wanted.detail]);
    assert!(booked.code().len() >= 4, "{booked:?}");
    page.picture("").await;

    // one more hour of hers was there before: she is asked which
    luz.say("quiero cambiar mi hora").await;
    let which = luz.next().await;
    which.says(&["¿Cuál hora quieres cambiar?"]);
    let mine = luz.open_list(&which).await;
    luz.choose(mine.iter().find(|row| row.title == wanted.title).unwrap()).await;
    let offer = luz.next().await;
    offer.says(&["Tu hora de Matrona es el", &day, &time]);
    let rows = luz.open_list(&offer).await;
    let other = last_hour(&rows, Some(&wanted)).clone();
    luz.choose(&other).await;
    let review = luz.next().await;
    let [new_day, new_time] = other.written_out();
    review.says(&["Dejas el", &day, &time, "Tomas el", &new_day, &new_time]);
    luz.tap(&review, "Sí, cambiarla").await;
    let moved = luz.next().await;
    moved.says(&["Listo, tu hora quedó cambiada", "Matrona", &new_day, &new_time, &other.detail]);
    moved.code();

    luz.say("ya no puedo ir, quiero anular mi hora").await;
    let which = luz.next().await;
    which.says(&["¿Cuál hora quieres anular?"]);
    let mine = luz.open_list(&which).await;
    luz.choose(mine.iter().find(|row| row.title == other.title).unwrap()).await;
    let review = luz.next().await;
    review.says(&["¿Anulo esta hora?", "Matrona de Luz Soto Araya", &new_day, &new_time]);
    luz.tap(&review, "Sí, anularla").await;
    let cancelled = luz.next().await;
    cancelled.says(&[
        "Listo, anulé la hora de Matrona",
        &new_day,
        &new_time,
        "¿Quieres pedir una hora nueva?",
    ]);
    luz.tap(&cancelled, "No, gracias").await;
    luz.next().await.says(&["Está bien"]);

    luz.say("¿qué horas tengo?").await;
    let left = luz.next().await;
    left.says(&["Medicina general"]);
    assert!(!left.words.contains("Matrona"), "what was cancelled is gone: {left:?}");
}

#[tokio::test]
async fn the_second_of_two_patients_is_offered_other_hours_at_once() {
    let Some(page) = Page::open("second").await else { return };
    let (mut luz, mut daniela) = (page.phone(LUZ).await, page.phone(DANIELA).await);

    luz.say("quiero hora con el dentista").await;
    daniela.say("quiero hora con el dentista para la Martina").await;
    let (for_luz, for_daniela) = (luz.next().await, daniela.next().await);
    let mut rows = luz.open_list(&for_luz).await;
    // what each has booked already is kept from them, whatever the day: an hour that both see
    let hers = daniela.open_list(&for_daniela).await;
    rows.retain(|row| hers.contains(row));

    let wanted = last_hour(&rows, None);
    let [day, time] = wanted.written_out();
    luz.choose(wanted).await;
    let review = luz.next().await;
    review.says(&["Dentista para Luz Soto Araya", &day, &time]);
    daniela.choose(wanted).await; // from the list that she has had open all the while
    let refused = daniela.next().await;
    refused.says(&["Esa hora se acaba de ocupar", "Dentista"]);
    luz.tap(&review, "Sí, confirmar").await;
    let booked = luz.next().await;
    booked.says(&["Listo, tu hora quedó tomada", &day, &time, &wanted.detail]);

    let others = daniela.open_list(&refused).await;
    let same = |row: &&Row| (&row.title, &row.detail) == (&wanted.title, &wanted.detail);
    assert_eq!(others.iter().find(same), None, "what was taken is not offered again");
    page.picture("-two").await;
    let other = last_hour(&others, Some(wanted));
    let [other_day, other_time] = other.written_out();
    daniela.choose(other).await;
    let review = daniela.next().await;
    review.says(&["Dentista para Martina Araya Pino", &other_day, &other_time]);
    daniela.tap(&review, "Sí, confirmar").await;
    let last = daniela.next().await;
    last.says(&["Listo, tu hora quedó tomada", "Martina", &other_day, &other_time]);
    assert_ne!(last.code(), booked.code());
}

#[tokio::test]
async fn the_page_can_be_used_with_the_keyboard_alone() {
    let Some(page) = Page::open("keyboard").await else { return };
    let mut luz = page.phone(LUZ).await;
    let (input, sheet) = (luz.within("[data-input]"), luz.within("[data-sheet]"));
    let opener = luz.within("[data-open-list]");

    for _ in 0..20 {
        if page.focus_is_in(&input).await {
            break;
        }
        page.press(Key::Tab).await;
    }
    assert!(page.focus_is_in(&input).await, "Tab reaches the field for typing");
    let (mine, other) = (luz.within("[data-log]"), format!("[data-phone='{DANIELA}'] [data-log]"));
    assert_eq!(page.attribute(&mine, "role").await.as_deref(), Some("log"));
    assert_eq!(
        page.attribute(&mine, "aria-live").await.as_deref(),
        Some("polite"),
        "the phone in use speaks"
    );
    assert_eq!(page.attribute(&other, "aria-live").await.as_deref(), Some("off"), "and no other");

    page.strike(&"quiero hora con el dentista".chars().collect::<Vec<_>>()).await;
    page.press(Key::Enter).await;
    let offer = luz.next().await;
    offer.says(&["Dentista"]);
    page.until("what is announced", &luz.within(&format!("[role='log'] [data-bubble='{}']", offer.id))).await;
    assert!(page.focus_is_in(&input).await, "an answer does not take the focus away");

    page.press_back().await;
    assert!(page.focus_is_in(&opener).await, "the list is one step before the field");
    page.press(Key::Enter).await;
    let rows = luz.rows().await;
    assert_eq!(page.attribute(&sheet, "role").await.as_deref(), Some("dialog"));
    assert!(page.focus_is_in(&format!("{sheet} [data-option]")).await, "the open list has the focus");
    page.press(Key::Escape).await;
    page.until("the list is closed", &luz.within("[data-sheet][hidden]")).await;
    assert!(page.focus_is_in(&opener).await, "the focus is back where it was");

    page.press(Key::Enter).await;
    luz.rows().await;
    page.press(Key::Tab).await;
    assert!(
        page.focus_is_in(&format!("{sheet} li:nth-child(2) [data-option]")).await,
        "Tab goes to the next row"
    );
    page.press(Key::Enter).await;
    let review = luz.next().await;
    let [day, time] = rows[1].written_out();
    review.says(&["Revisa tu hora", &day, &time]);
    assert!(page.focus_is_in(&opener).await, "the focus is still where the list was opened");

    page.press(Key::Tab).await;
    let buttons = luz.within(&format!("[data-bubble='{}'] [data-option]", review.id));
    assert!(page.focus_is_in(&buttons).await, "the buttons of the answer come next");
    page.press(Key::Enter).await;
    luz.next().await.says(&["Listo, tu hora quedó tomada", &day, &time]);
    assert!(page.focus_is_in(&buttons).await, "and keep the focus");
}
