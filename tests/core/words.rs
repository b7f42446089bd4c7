//! Whole talks in patients' own words, as a clinic hears them.

use super::talk::Talk;
use super::versions::edited;
use super::world::World;

#[test]
fn a_busy_mother_in_one_breath() {
    let mut talk = Talk::new(World::family());
    talk.says("Hola!! buenas tardes, quisiera pedir una horita con la matrona para mi mamá, ojalá el martes en la tarde porfa");
    talk.stands_at("agendar.hora");
    talk.answer("paciente", "p2").answer("cuando", "2026-12-01T12:00/20:00");
    talk.says("la de las 3 y media").stands_at("agendar.review.1");
    talk.told("15:30");
    talk.says("ya po, dale").booked(&["k1-2026-12-01T15:30"]);
    talk.says("muchas gracias").told("De nada");
    talk.stands_at("Idle");
}

#[test]
fn somebody_who_changes_their_mind_twice() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("la primera por favor").stands_at("agendar.review.1").told("10:00");
    talk.says("no, mejor el martes").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
    talk.says("perdón, era dentista").stands_at("agendar.hora");
    talk.told("Dentista");
    talk.says("cualquiera me sirve").stands_at("agendar.review.1");
    talk.says("sí, confirmo").stands_at("Idle");
    assert_eq!(talk.world.booked().len(), 1);
}

#[test]
fn a_question_in_the_middle_does_not_lose_the_thread() {
    let mut talk = Talk::at_review(World::new());
    talk.says("¿y dónde queda?").told("Los Aromos 123").stands_at("agendar.review.1");
    talk.says("¿tengo que llevar algo?").stands_at("agendar.review.1");
    talk.says("muchas gracias").told("¿La confirmo?");
    talk.says("si").booked(&["k1-2026-11-26T10:00"]);
}

#[test]
fn noes_in_many_words_never_book() {
    for no in [
        "no",
        "no confirmo",
        "no puedo ese día",
        "mejor no",
        "nop",
        "no gracias",
        "todavía no",
        "no estoy segura",
        "no voy a poder ir",
        "sí pero otro día",
        "si, pero con dentista",
        "¿sí?",
        "no sé",
        "nunca",
    ] {
        let mut talk = Talk::at_review(World::new());
        talk.says(no).booked(&[]);
        assert!(talk.state.stage() != "Idle" || talk.held().is_empty(), "{no}");
    }
}

#[test]
fn yeses_in_many_words_book() {
    for yes in [
        "sí",
        "si",
        "SI",
        "sí, por favor",
        "confirmo",
        "ya",
        "dale",
        "ok",
        "bueno",
        "perfecto",
        "👍",
        "sipo",
        "1",
    ] {
        let mut talk = Talk::at_review(World::new());
        talk.says(yes).booked(&["k1-2026-11-26T10:00"]);
    }
}

#[test]
fn cancelling_wants_a_clear_yes() {
    for (word, cancelled) in
        [("sí", true), ("sí, anúlala", true), ("ya", false), ("ok", false), ("no", false), ("1", true)]
    {
        let mut world = World::new();
        world.book("k2-2026-11-27T16:00", "p1");
        let mut talk = Talk::new(world);
        talk.says("necesito anular mi hora del viernes, no voy a poder ir").stands_at("cancelar.review.1");
        talk.says(word);
        assert_eq!(talk.world.booked().is_empty(), cancelled, "{word}\n{}", talk.story());
    }
}

#[test]
fn an_hour_for_somebody_the_phone_does_not_speak_for_is_not_taken_for_theirs_unsaid() {
    let mut talk = Talk::new(World::new());
    talk.says("necesito hora con matrona para mi hija").told("solo puedo ver horas de Luz Soto");
    let mut talk = Talk::new(World::new());
    talk.says("necesito hora con matrona para mí").told("Estas son");
    assert!(!talk.story().contains("solo puedo"), "{}", talk.story());
}

#[test]
fn a_day_that_is_none_is_said_to_be_none() {
    for (words, told) in [
        ("matrona el lunes 31", "no calza"),
        ("matrona el 30 de febrero", "no existe"),
        ("quiero hora con matrona para ayer", "ya pasó"),
    ] {
        let mut talk = Talk::new(World::new());
        talk.says(words).told(told).told("Estas son las próximas horas");
        let mut talk = Talk::at_hours(World::new());
        talk.says("el lunes 31").told("no calza").stands_at("agendar.hora");
        assert!(!talk.story().contains("no te entendí"), "{}", talk.story());
    }
}

#[test]
fn a_bitter_thanks_cancels_nothing() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    for words in ["gracias por nada", "nada", "fin"] {
        let mut talk = Talk::new(world.clone());
        talk.says(words).stands_at("Idle");
    }
}

#[test]
fn words_beside_a_yes_cancel_nothing() {
    for words in [
        "si voy a ir",
        "si puedo ir",
        "bueno ya voy a ir",
        "ok voy igual",
        "claro que voy",
        "si la necesito",
        "si la quiero",
        "si quiero ir",
        "si mejor voy",
        "si la dejo",
        "si, dejela",
        "dale la mantengo",
        "esta bien dejemosla",
        "confirmo que voy",
        "confirmo mi hora",
        "perfecto, nos vemos el lunes",
        "gracias por nada",
        "la primera",
        "sí, el viernes",
    ] {
        let mut world = World::new();
        world.book("k2-2026-11-27T16:00", "p1");
        let mut talk = Talk::new(world);
        talk.says("quiero anular mi hora").stands_at("cancelar.review.1");
        talk.says(words).booked(&["k2-2026-11-27T16:00"]);
    }
}

#[test]
fn words_beside_a_yes_move_nothing() {
    for words in [
        "dejela como estaba",
        "mejor dejela como estaba",
        "dejela asi no mas",
        "si la dejo igual",
        "esta bien la que tenia",
        "si pero",
        "si prefiero la de antes",
    ] {
        let mut world = World::new();
        world.book("k1-2026-11-26T12:00", "p1");
        let mut talk = Talk::new(world);
        talk.says("puedo cambiar mi hora para el martes?").stands_at("reagendar.hora");
        talk.says("la de las 15:30").stands_at("reagendar.review.1");
        talk.says(words).booked(&["k1-2026-11-26T12:00"]);
    }
}

#[test]
fn words_beside_a_yes_book_nothing() {
    for words in [
        "si cancelar",
        "si cancelar todo",
        "si quiero cambiarla",
        "si cambiar algo",
        "si quiero que me la cambie",
        "bueno, dejelo",
        "mejor dejela",
        "ok despues",
        "listo, despues veo",
        "ok deje preguntar",
        "listo ya me voy",
        "ok chao",
        "esta bien lejos",
        "esta bien caro eso",
        "esta bueno el chiste",
        "si claro que chistoso",
        "la primera",
        "si, para mi hija",
        "sí, el lunes pasado",
        "sí, el martes 24 de noviembre",
        "sí, el lunes 31",
        "sí, el 30 de febrero",
        "si pero",
    ] {
        let mut talk = Talk::at_review(World::new());
        talk.says(words).booked(&[]);
    }
}

#[test]
fn a_yes_may_be_kind_and_say_what_it_agrees_to() {
    for yes in [
        "sí, confírmela",
        "ya po, dale",
        "sí mijita, gracias",
        "está bien",
        "me sirve",
        "sí, la quiero",
        "sí voy a ir",
        "listo, perfecto, muchas gracias",
        "sí, el jueves a las 10",
        "sí por favor señorita",
        "dale nomás",
        "claro que sí",
        "todo bien",
        "confirmo mi hora",
    ] {
        let mut talk = Talk::at_review(World::new());
        talk.says(yes).booked(&["k1-2026-11-26T10:00"]);
    }
    for yes in [
        "sí, quiero anularla",
        "sí, anúlela por favor",
        "claro, anule la hora",
        "si po",
        "sí gracias",
        "de acuerdo",
    ] {
        let mut world = World::new();
        world.book("k2-2026-11-27T16:00", "p1");
        let mut talk = Talk::new(world);
        talk.says("quiero anular mi hora").stands_at("cancelar.review.1");
        talk.says(yes).booked(&[]);
    }
}

#[test]
fn moving_an_hour_in_own_words() {
    let mut world = World::new();
    world.book("k1-2026-11-26T12:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("puedo cambiar mi hora para el martes?").stands_at("reagendar.hora");
    talk.says("la de las 15:30").stands_at("reagendar.review.1");
    talk.says("sí, cambiarla").booked(&["k1-2026-12-01T15:30"]);
}

#[test]
fn hours_by_words_at_the_list() {
    for (words, stage, told) in [
        ("la de las diez y media", "agendar.review.1", "10:30"),
        ("a las 12", "agendar.review.1", "12:00"),
        ("la última", "agendar.review.1", "15:30"),
        ("el jueves a las 10", "agendar.review.1", "10:00"),
        ("con la Ana Rojas a las 12", "agendar.review.1", "12:00"),
        ("la número 3", "agendar.review.1", "12:00"),
        ("3", "agendar.review.1", "12:00"),
        ("el martes", "agendar.hora", "Estas son"),
        ("en la tarde", "agendar.hora", "Estas son"),
        ("ninguna me sirve", "agendar.cuando", "Qué día"),
        ("no", "agendar.cuando", "Qué día"),
        ("no puedo el jueves", "agendar.hora", "Estas son"),
        ("otro día", "agendar.hora", "Estas son"),
        ("más horas", "agendar.hora", "Estas son"),
        ("¿tiene más tarde?", "agendar.hora", ""),
    ] {
        let mut talk = Talk::at_hours(World::new());
        talk.says(words).stands_at(stage).told(told);
    }
}

#[test]
fn what_is_not_an_answer_is_not_taken_for_one() {
    for words in ["tengo 3 hijos", "asdf", "qué frío hace hoy", "..."] {
        let mut talk = Talk::at_hours(World::new());
        talk.says(words).stands_at("agendar.hora");
        assert!(talk.held().is_empty(), "{words}");
    }
}

#[test]
fn another_wish_in_the_middle_of_a_booking() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::at_hours(world);
    talk.says("¿qué horas tengo tomadas?").stands_at("ver_horas.que");
    talk.told("viernes 27 de noviembre a las 16:00");
    talk.says("nada más, gracias").stands_at("agendar.hora");
    talk.says("quiero cancelar mi hora del viernes").told("¿Lo dejamos");
    talk.says("sí").stands_at("cancelar.review.1");
    talk.told("16:00");
}

#[test]
fn a_person_is_always_within_reach() {
    for words in ["persona", "quiero hablar con una persona", "necesito un humano", "ejecutivo por favor"] {
        let mut talk = Talk::at_hours(World::new());
        talk.says(words).stands_at("WithStaff");
        let mut talk = Talk::new(World::new());
        talk.says(words).stands_at("WithStaff");
    }
}

#[test]
fn a_very_long_text_does_no_harm() {
    let mut talk = Talk::at_hours(World::new());
    talk.says(&"bla ".repeat(1_250)).stands_at("agendar.hora");
}

#[test]
fn a_word_that_starts_a_flow_does_so_however_it_is_heard() {
    // "recibir" is heard as "recibi", "darme" as "dar": both sides are compared as heard
    let book =
        edited("humano.yaml", |text| text.replace("words: [persona", "words: [recibir noticias, persona"));
    let mut talk = Talk::with(World::new(), book);
    talk.says("Recibir noticias").told("Te comunico con una persona del centro");
}

#[test]
fn a_question_with_its_answer_is_known_however_its_phrase_is_written() {
    let book = edited("respuestas.yaml", |text| text.replacen("asks: [", "asks: [xq no contestan, ", 1));
    let mut talk = Talk::with(World::new(), book);
    talk.says("¿Porque no contestan?");
    assert!(talk.trace.rungs.iter().any(|rung| rung.rung == 6 && rung.took), "{}", talk.story());
}

#[test]
fn a_tilde_that_stands_alone_does_no_harm() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("bien˜").stands_at("agendar.hora");
    talk.says("n\u{303}andu\u{301} n˜ ﹋n").stands_at("agendar.hora");
}
