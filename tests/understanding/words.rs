//! The word files are written as they must be, and a slip in a line is told with its place.

use smartsalud::understanding::check_words;

const FILES: [&str; 12] = [
    "abbreviations.txt",
    "assent.txt",
    "commands.txt",
    "frequent.txt",
    "holidays.txt",
    "intents.txt",
    "safety.txt",
    "sets.txt",
    "signals.txt",
    "specialties.txt",
    "time.txt",
    "verbs.txt",
];

fn text(file: &str) -> String {
    let path = format!("src/understanding/words/{file}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_word_file_explains_itself_and_every_line_of_it_is_right() {
    let mut listed: Vec<String> = std::fs::read_dir("src/understanding/words")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    listed.sort();
    assert_eq!(listed, FILES);
    for file in FILES {
        let text = text(file);
        assert!(
            text.starts_with("# ") && text.lines().nth(1).is_some_and(|line| line.starts_with('#')),
            "{file}: no head"
        );
        let broken: Vec<String> = check_words(file, &text).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}

#[test]
fn a_broken_line_is_told_with_its_file_its_place_and_how_to_mend_it() {
    for (file, line, told) in [
        ("abbreviations.txt", "hrita hora", "`=` is missing"),
        ("abbreviations.txt", "hrita =", "nothing stands on one side"),
        ("abbreviations.txt", "la hrita = hora", "is not one word"),
        ("abbreviations.txt", "Hrita = hora", "small letters"),
        ("abbreviations.txt", "q = cual", "twice"),
        ("time.txt", "weekday 8: octes", "1 to 7"),
        ("time.txt", "month 13: treceavo", "1 to 12"),
        ("time.txt", "unit decade: decada", "is no unit"),
        ("time.txt", "dia 1: lunes", "is no kind"),
        ("time.txt", "weekday: lunes", "a kind and a value"),
        ("time.txt", "weekday 2 maltes", "`:` is missing"),
        ("holidays.txt", "18 de septiembre = fiestas", "is no day of the year"),
        ("specialties.txt", "medicina: medico,, medica", "is empty"),
        ("specialties.txt", "matrona: partera", "twice"),
        ("verbs.txt", "agendo", "is no infinitive"),
        ("verbs.txt", "mover eu", "no change of stem"),
        ("verbs.txt", "poder irregular yo=puedo", "is no form"),
        ("sets.txt", "hora = hora horas", "begins with `@`"),
        ("sets.txt", "@nueva = @desconocida", "is no set"),
        ("sets.txt", "@nueva = ~cancelarizar", "is no verb"),
        ("intents.txt", "quiero ficha", "is no weight"),
        ("intents.txt", "5 quiero ficha", "is no weight"),
        ("intents.txt", "3 quiero @fichas", "is no set"),
        ("intents.txt", "3 %fichar ficha", "is no verb"),
        ("intents.txt", "3 quiero $ficha", "is no mark"),
        ("intents.txt", "3 quiero > ficha", "only at the end"),
        ("intents.txt", "3 quiero < ficha", "only at the beginning"),
        ("intents.txt", "3 quiero? ficha?", "may not be optional"),
        ("intents.txt", "3 tengo #26..18 años", "no range"),
        ("intents.txt", "3 quiero ficha||numero", "a word is missing"),
        ("intents.txt", "3 Quiero ficha", "small letters"),
        ("intents.txt", "[agendar", "`]` is missing"),
    ] {
        let text = text(file);
        let place = text.lines().count() + 1;
        let broken = check_words(file, &format!("{}\n{line}\n", text.trim_end_matches('\n')));
        let [one] = &broken[..] else { panic!("{file}: «{line}» gives {broken:?}") };
        assert_eq!((one.file.as_str(), one.line), (file, place), "«{line}»");
        assert!(one.what.contains(told), "«{line}»: {}", one.what);
        assert!(one.to_string().starts_with(&format!("words/{file}:{place}: ")), "{one}");
    }
    let broken = check_words("assent.txt", "3 < si\n[yes]\n3 < si\n");
    assert!(broken.len() == 1 && broken[0].what.contains("before the first [section]"), "{broken:?}");
}
