//! What a random walk draws from: words, garbage, versions of the flows, and a die that falls the same everywhere.

use std::path::Path;

use smartsalud::flow::{Book, built_in, load};

use super::named::prescriptions;
use super::talk::book;
use super::versions::{CONTROL, FIRST, asks_what_for, edited, renamed, renamed_flow};

/// xorshift64*: the same walk on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.roll(from.len())) }
    }
}

/// Words that lead somewhere.
const TEXTS: &[&str] = &[
    "hola",
    "quiero hora con matrona",
    "hora dentista el jueves",
    "quiero hora con matrona el martes en la tarde para mi mamá",
    "hora matrona 10:00",
    "sí",
    "si",
    "ya",
    "no",
    "no confirmo",
    "no, mejor el jueves",
    "sí, pero a las 10:30",
    "dentista",
    "matrona",
    "perdón, era dentista",
    "la de 12:00 pero con dentista",
    "la primera",
    "la segunda",
    "1",
    "2",
    "3",
    "7",
    "cualquiera",
    "me da lo mismo",
    "otro día",
    "más temprano",
    "más tarde",
    "antes",
    "más horas",
    "el martes",
    "el viernes en la tarde",
    "mañana",
    "ayer",
    "el domingo",
    "a las 12:00",
    "a las 15:30",
    "menú",
    "atrás",
    "volver",
    "cambiar",
    "cambiar la hora",
    "cambiar la atención",
    "cambiar el paciente",
    "cambiar el día",
    "cambiar dentista",
    "cancelar",
    "repetir",
    "persona",
    "ayuda",
    "empezar de nuevo",
    "saltar",
    "gracias",
    "¿dónde queda?",
    "¿qué tengo que llevar?",
    "mis horas",
    "quiero anular mi hora",
    "cancelar hora",
    "quiero cambiar mi hora",
    "mi mamá",
    "luz",
    "5678-5",
    "03-05-1954",
    "asdfgh",
    "",
    "🙂",
    "dolor en el pecho",
    "hablar con alguien",
    "seguir",
    "dejar",
    "no, gracias",
    "vacuna",
    "pedir receta",
    "perdón, el remedio era metformina",
    "sí, pero las cajas son 3",
    "cambiar el control",
    "cambiar el remedio",
    "hora para varios",
    "listo",
    "luz y rosa",
    "anular la del dentista",
    "mejor a las 11",
    "espere",
];

/// Scraps that garbage is put together from.
const SCRAPS: &[&str] = &[
    "\u{0}",
    "\u{7}",
    "\n",
    "\t",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "e\u{301}\u{301}\u{301}",
    "🙂",
    "👨‍👩‍👧‍👦",
    "🇨🇱",
    "ñ",
    "Ñ",
    "ß",
    "İ",
    "ﬀ",
    "مرحبا",
    "你好",
    "ꙮ",
    "𝕊í",
    "¿",
    "¡",
    "…",
    "—",
    "\"",
    "'",
    "\\",
    "|",
    "||",
    "{",
    "}",
    "{{hora}}",
    "[",
    "]",
    "%s",
    "<b>",
    "&amp;",
    "*",
    "_",
    "~",
    "`",
    "-5678",
    "99999999999999999999",
    "31/02/2026",
    "25:61",
    "0",
    "-1",
    "1,5",
    "NaN",
    "null",
    "si",
    "no",
    "sí",
    "hora",
    "mañana",
    "a las",
    " ",
    "   ",
    ".",
    ",",
    "zzz",
    "jajaja",
    "SÍÍÍÍ",
    "xD",
    "…si…no…",
];

/// What patients say in the fixtures: the words after `patient:`, whole.
pub(crate) fn fixture_texts() -> Vec<String> {
    let mut texts = Vec::new();
    scan(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations"), &mut texts);
    texts.sort();
    texts.dedup();
    assert!(texts.len() > 150, "only {} texts in the fixtures", texts.len());
    texts
}

fn scan(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            scan(&path, texts);
            continue;
        }
        let content = std::fs::read_to_string(&path).expect("a text");
        let said = content.lines().filter_map(|line| line.trim().strip_prefix("- patient: "));
        for said in said.map(str::trim).filter(|said| !said.starts_with('{')) {
            let burst = said.strip_prefix('[').and_then(|burst| burst.strip_suffix(']'));
            let words = burst.map_or_else(|| vec![said], |burst| burst.split(", ").collect());
            texts.extend(words.into_iter().map(|text| text.trim_matches(['"', '\'']).to_owned()));
        }
    }
}

/// A text as it may come: from the flows' own world, from the fixtures, torn, or garbage.
pub(crate) fn text(dice: &mut Dice, fixtures: &[String]) -> String {
    let known = |dice: &mut Dice| match dice.roll(2) {
        0 => (*dice.pick(TEXTS).expect("texts")).to_owned(),
        _ => dice.pick(fixtures).expect("texts").clone(),
    };
    match dice.roll(20) {
        0..15 => known(dice),
        15 => format!("{} {}", known(dice), known(dice)),
        16 => {
            let text = known(dice);
            torn(dice, &text)
        }
        17 => format!("{}{}", known(dice), dice.pick(SCRAPS).expect("scraps")),
        18 => (0..=dice.roll(12)).map(|_| *dice.pick(SCRAPS).expect("scraps")).collect(),
        _ => (0..=dice.roll(60)).filter_map(|_| any_letter(dice)).collect(),
    }
}

/// A letter gone, doubled or exchanged with the next.
fn torn(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 2 {
        return text.to_owned();
    }
    let at = dice.roll(letters.len() - 1);
    match dice.roll(3) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

fn any_letter(dice: &mut Dice) -> Option<char> {
    let ranges: [(u32, usize); 5] =
        [(0, 0x300), (0x300, 0x1000), (0x2000, 0x200), (0x1_F300, 0x400), (0, 0x11_0000)];
    let (start, length) = *dice.pick(&ranges).expect("ranges");
    char::from_u32(start + u32::try_from(dice.roll(length)).expect("small"))
}

/// Versions that a centre may put in force one after the other, forth and back.
pub(crate) fn books() -> Vec<Book> {
    let asks_more = edited("agendar.yaml", |text| {
        let text = text.replace("[paciente, prestacion,", "[paciente, motivo, prestacion,");
        text.replace("  hora:\n", "  motivo: { type: text, name: el motivo }\n  hora:\n").replace(
            "  - ask: hora\n",
            "  - ask: motivo\n    text: \"¿Por qué vienes?\"\n    help: \"Con tus palabras.\"\n  - ask: hora\n",
        )
    });
    let says_more = edited("agendar.yaml", |text| {
        text.replacen("  - ask: paciente\n", "  - say: \"Vamos a pedir una hora.\"\n  - ask: paciente\n", 1)
            .replace("  - hold:", "  - say: \"Buena elección: {prestacion.nombre}.\"\n  - hold:")
            .replace("limite=40", "limite=20")
    });
    let stays = edited("agendar.yaml", |text| {
        text.replace("flow: agendar\n", "flow: agendar\nopen_conversations: stay\n")
            .replace("¿La confirmo?", "¿Está bien así?")
    });
    let tries_again = edited("cancelar.yaml", |text| {
        text.replace(
            "gone: { say: \"Esa hora ya no estaba tomada.\", then: end }",
            "gone: { say: \"No resultó.\", forget: [paciente], up_to: 3, then: { handoff: gone } }",
        )
    });
    vec![
        book(),
        asks_more,
        says_more,
        stays,
        tries_again,
        renamed(),
        renamed_flow(),
        prescriptions(),
        without_a_flow(),
        asks_what_for(&format!("{CONTROL}, {FIRST}")),
        asks_what_for(&format!("{CONTROL}, {{ key: otra, title: Otra cosa }}")),
    ]
}

/// The built-in book without `ver_horas`.
fn without_a_flow() -> Book {
    let mut sources = built_in::sources();
    sources.remove("ver_horas.yaml");
    for text in sources.values_mut() {
        let lines = text.lines().filter(|line| !line.contains("{ start: ver_horas }"));
        *text = lines.collect::<Vec<_>>().join("\n").replace("ver_horas: push, ", "") + "\n";
        *text = text.replace("then: { offer: ver_horas }", "then: { offer: agendar }");
    }
    load::book(&sources).unwrap_or_else(|errors| panic!("{errors:?}"))
}
