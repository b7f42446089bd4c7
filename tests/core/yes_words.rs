//! A second opinion on what a yes is, apart from the program's own: few words, and none that doubts.

/// One of these must be there for what cannot be undone.
const AGREES: [&str; 26] = [
    "si",
    "sii",
    "siii",
    "sip",
    "sipo",
    "sipi",
    "see",
    "claro",
    "obvio",
    "dale",
    "correcto",
    "correcta",
    "seguro",
    "segura",
    "exacto",
    "afirmativo",
    "supuesto",
    "acuerdo",
    "conforme",
    "acepto",
    "totalmente",
    "efectivamente",
    "confirmado",
    "hagale",
    "1",
    "sipu",
];
/// None of these may be there, for any yes.
const DOUBTS: [&str; 26] = [
    "pero", "mejor", "otra", "otro", "cancelar", "persona", "menu", "quizas", "talvez", "creo", "despues",
    "espera", "espere", "nunca", "nada", "ninguna", "ninguno", "tampoco", "dejar", "dejarla", "dejala",
    "atras", "volver", "necesito", "pregunta", "cuando",
];
/// The verbs of the buttons.
const VERBS: [&str; 5] = ["anul", "camb", "muev", "mov", "cancele"];

/// Panics when these words are no clear yes.
pub(crate) fn assert_clear(text: &str, destroys: bool) {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|letter| match letter {
            // a letter of mathematics is a letter to the reader
            '𝕊' => 's',
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' => 'u',
            letter if letter.is_alphanumeric() => letter,
            '?' | '¿' => '?',
            _ => ' ',
        })
        .collect();
    assert!(!plain.contains('?'), "a question booked or cancelled: {text}");
    let kind = plain.replace("no hay problema", "").replace("como no", "").replace("no mas", "");
    let words: Vec<&str> = kind.split_whitespace().collect();
    let doubts = words.iter().any(|word| *word == "no" || DOUBTS.contains(word));
    assert!(!doubts, "words that doubt booked or cancelled: {text}");
    let long_yes = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.dedup();
        letters == ['s', 'i']
    };
    let agrees = words.iter().any(|word| {
        // "seguri" is "seguro" with a slip of the finger
        long_yes(word)
            || word.starts_with("segur")
            || AGREES.contains(word)
            || VERBS.iter().any(|verb| word.starts_with(verb))
    });
    assert!(!destroys || agrees, "no clear yes, and something was cancelled or moved: {text}");
}
