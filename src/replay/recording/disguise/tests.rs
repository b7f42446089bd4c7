//! Nothing of a person is left after the disguise, and what the bot goes by is.

use super::*;

fn disguise() -> Disguise {
    let person = |name: &str, run: &str, born: &str| Original {
        name: name.to_owned(),
        run: run.parse().unwrap(),
        born: born.parse().unwrap(),
    };
    let people = [
        person("Luz Painequeo Soto", "12.345.678-5", "1957-08-19"),
        person("Iris Painequeo de la Cruz", "9.876.543-3", "2015-03-07"),
    ];
    let stay = ["¿Qué hora prefieres? Llama al 131, como 5678-5 o 3 de mayo de 1954".to_owned()];
    let phrases = vec![("CESFAM Quilacoya".to_owned(), "CESFAM Los Aromos".to_owned())];
    Disguise::new("2026-11-25".parse().unwrap(), &people, &BTreeSet::new(), stay, phrases).unwrap()
}

#[test]
fn what_the_bot_understands_stays_as_it_is() {
    let mut disguise = disguise();
    for text in [
        "quiero hora con la matrona el viernes a las 9:30",
        "sí, confirmar",
        "no, mejor el martes 1 de diciembre en la tarde",
        "la 2",
        "a las 10.30 del 26/11/2026",
        "¿qué horas tengo?",
        "llama al 131",
        "👍",
    ] {
        assert_eq!(disguise.text(text), text);
    }
}

#[test]
fn a_person_is_somebody_else_and_always_the_same() {
    let mut disguise = disguise();
    let (luz, iris) = (disguise.name("Luz Painequeo Soto"), disguise.name("Iris Painequeo de la Cruz"));
    let surname = luz.split(' ').nth(1).unwrap();
    assert_eq!(iris.split(' ').nth(1), Some(surname), "{luz}, {iris}: still one family");
    assert!(iris.contains(" de la "), "{iris}");
    assert!(disguise.text("soy LUZ painequeo").to_lowercase().contains(&surname.to_lowercase()));
    assert!(iris < luz, "lists stay in their order: {iris}, {luz}");
}

#[test]
fn proofs_of_identity_become_the_invented_ones_however_they_are_written() {
    let mut disguise = disguise();
    let run: Rut = "12.345.678-5".parse().unwrap();
    let tail = disguise.run(run).parse::<Rut>().unwrap().tail().to_string();
    for text in ["5678-5", "12.345.678-5", "12345678-5", "56785", "12345678 - 5"] {
        assert_eq!(disguise.text(text).trim_matches('…'), tail, "{text}");
    }
    let born = disguise.birth("1957-08-19".parse().unwrap());
    assert_eq!(disguise.text("19-08-1957"), born.format("%d-%m-%Y").to_string());
    assert_eq!(disguise.text("19/8/57"), born.format("%d/%m/%y").to_string());
    assert!(disguise.text("19 de agosto de 1957").ends_with(&born.format("de %Y").to_string()));
}

#[test]
fn everything_else_goes() {
    let mut disguise = disguise();
    for (text, gone) in [
        ("la Chalinda vive en Copihues 1287 depto 1405-B", vec!["chalinda", "copihues", "1287", "1405"]),
        ("luz.p@tarahue.cl o www.tarahue.cl", vec!["luz", "tarahue"]),
        ("+56 9 8765 4321, 9-8765-4321, (2) 2345 6789", vec!["8765", "4321", "2345", "6789"]),
        ("nueve ocho siete seis cinco cuatro tres dos uno", vec!["nueve", "ocho", "siete", "cuatro"]),
        ("mi código es 74WH8, clave abc123", vec!["74wh8", "abc123"]),
        ("tengo cáncer y soy viuda", vec!["cancer", "viuda"]),
        ("CESFAM Quilacoya", vec!["quilacoya"]),
        ("me llamo Martina y mi hijo Marcos", vec!["martina", "marcos"]),
        ("@chalinda_57 #copihue ☎", vec!["chalinda", "57", "copihue", "☎"]),
        ("<script> \u{202e} Ñuñoa", vec!["script", "nunoa", "\u{202e}"]),
    ] {
        let told = folded(disguise.text(text));
        for one in gone {
            assert!(!told.contains(one), "«{one}» of «{text}» survives: {told}");
        }
    }
}

#[test]
fn a_misspelt_word_is_written_as_it_is_understood() {
    // the lexicon lists the first two as people write them
    assert_eq!(disguise().text("nesesito ora con la matorna"), "nesesito ora con la matrona");
}
