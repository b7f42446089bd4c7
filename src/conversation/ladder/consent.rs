//! A yes that may be acted on.
//!
//! The understanding hears a yes in "sí, la necesito", and beside "¿Anulo esta hora?" that is the opposite of one.
//! So a yes to a review counts only when the whole message is a yes: words of agreement, courtesy, and the verb of
//! the review's own button ("Sí, anularla": anule, anúlela). One word more, and the review is read out again. What
//! cannot be undone knows fewer words of agreement.

use crate::conversation::message::Message;

/// Agreement to anything.
const AGREES: [&str; 27] = [
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
    "seguro",
    "segura",
    "correcto",
    "correcta",
    "exacto",
    "afirmativo",
    "por",
    "supuesto",
    "de",
    "acuerdo",
    "conforme",
    "acepto",
    "totalmente",
    "efectivamente",
    "confirmado",
    "hagale",
    "que",
];
/// Said beside a yes out of kindness, or for breath.
const COURTESY: [&str; 34] = [
    "po",
    "poh",
    "pue",
    "pues",
    "favor",
    "porfa",
    "porfis",
    "porfavor",
    "gracias",
    "muchas",
    "mil",
    "grax",
    "senorita",
    "señorita",
    "senor",
    "señor",
    "senora",
    "señora",
    "mijita",
    "mijito",
    "doctor",
    "doctora",
    "amiga",
    "amigo",
    "hola",
    "nomas",
    "altiro",
    "tiro",
    "al",
    "ah",
    "oh",
    "mmm",
    "eh",
    "entonces",
];
/// What stands around the verb of the button.
const AROUND: [&str; 17] = [
    "la", "lo", "las", "mi", "esa", "ese", "eso", "esta", "misma", "hora", "cita", "quiero", "a", "el",
    "deseo", "me", "usted",
];
/// Agreement that is enough where nothing is lost by it.
const AGREES_LIGHTLY: [&str; 38] = [
    "ya",
    "yap",
    "yapo",
    "ok",
    "oka",
    "okay",
    "okey",
    "oki",
    "okis",
    "bueno",
    "buena",
    "bien",
    "listo",
    "lista",
    "vale",
    "perfecto",
    "perfecta",
    "genial",
    "excelente",
    "super",
    "bacan",
    "buenisimo",
    "regio",
    "estupendo",
    "confirmo",
    "confirmar",
    "confirma",
    "confirme",
    "confirmamos",
    "reservela",
    "reservala",
    "tomela",
    "tomala",
    "agendela",
    "agendala",
    "agendar",
    "anotela",
    "anoteme",
];
/// The same in more words than one; longer ones first.
const AGREES_IN_PHRASES: [&str; 37] = [
    "esta todo bien",
    "todo esta bien",
    "esta super bien",
    "esta muy bien",
    "me parece bien",
    "me parece perfecto",
    "me viene bien",
    "me queda bien",
    "la quiero",
    "lo quiero",
    "quiero esa",
    "me la llevo",
    "ahi estare",
    "ahi voy",
    "ahi vamos",
    "voy a ir",
    "puedo ir",
    "puedo ese dia",
    "voy a estar",
    "ahi nos vemos",
    "me sirve",
    "me acomoda",
    "me parece",
    "me queda",
    "me gusta",
    "me tinca",
    "me calza",
    "me conviene",
    "esta bien",
    "esta perfecto",
    "todo bien",
    "todo ok",
    "asi es",
    "como no",
    "de una",
    "no mas",
    "no hay problema",
];

/// What names the day and hour once more: "sí, el jueves a las diez y media". That they are those of the review is
/// known by then, for others would be a correction.
const TIMES: [&str; 44] = [
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "hoy",
    "mañana",
    "tarde",
    "noche",
    "mediodia",
    "dia",
    "una",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "y",
    "media",
    "cuarto",
    "del",
    "el",
    "las",
    "hrs",
];

/// Whether the whole message is a yes to a review whose button says `label`; `clear`: what cannot be undone.
pub(super) fn is_whole_yes(message: &Message, label: &str, clear: bool) -> bool {
    let label = Message::normal_form(label);
    let verbs: Vec<&str> = label.split_whitespace().filter_map(stem).collect();
    let is_verb = |word: &str| stem(word).is_some_and(|stem| verbs.contains(&stem));
    let mut words: Vec<&str> = message.words.iter().map(String::as_str).collect();
    if !clear {
        AGREES_IN_PHRASES.iter().for_each(|phrase| take_out(&mut words, phrase));
    }
    let names_verb = words.iter().any(|word| is_verb(word));
    words.into_iter().all(|word| {
        AGREES.contains(&word)
            || COURTESY.contains(&word)
            || is_verb(word)
            || (AROUND.contains(&word) && (names_verb || !clear && word != "me" && word != "a"))
            || (!clear && AGREES_LIGHTLY.contains(&word))
            || (!clear && message.window.is_some() && is_time(word))
    })
}

/// Whether the whole message orders what the review's button says: "anúlala", "ya, anular", "sí cancelar", with nothing
/// beside it. "Cambiar" alone may want something else changed, so it needs its pronoun or a yes.
pub(super) fn orders_it(message: &Message, label: &str) -> bool {
    let label = Message::normal_form(label);
    let verbs: Vec<&str> = label.split_whitespace().filter_map(stem).collect();
    let told = message.text.to_lowercase();
    let is_past =
        |word: &str| word.ends_with(['é', 'ó']) && stem(word).is_some_and(|stem| verbs.contains(&stem));
    if message.question
        || message.window.is_some()
        || told.split_whitespace().any(|word| is_past(word.trim_matches([',', '.', '!'])))
    {
        return false;
    }
    let words = message.written();
    let agrees = words.iter().any(|word| AGREES[..6].contains(&word.as_str()));
    let orders = |at: usize| {
        let word = words[at].as_str();
        let is_own =
            |stem: &&str| verbs.contains(stem) || verbs.contains(&"anul") && ALSO_ANNULS.contains(stem);
        let Some(own) = stem(word).filter(is_own) else { return false };
        let form = &word[own.len()..];
        // a pronoun may be written apart, and be no article: "cambie la hora" may mean another one
        let apart = words.get(at + 1).is_some_and(|next| next == "la")
            && words.get(at + 2).is_none_or(|after| !AROUND.contains(&after.as_str()));
        ORDERS.contains(&form) && (form.ends_with("la") || apart || agrees || ANNULS.contains(&own))
    };
    let beside = ["ya", "ok", "okey", "bueno", "mejor", "entonces", "nomas"];
    (0..words.len()).any(orders)
        && words.iter().enumerate().all(|(at, word)| {
            let word = word.as_str();
            orders(at)
                || AGREES.contains(&word)
                || COURTESY.contains(&word)
                || AROUND.contains(&word)
                || beside.contains(&word)
        })
}

/// Stems that need neither a pronoun nor a yes: beside a visit they can mean nothing else.
const ANNULS: [&str; 3] = ["anul", "borr", "elim"];
/// Stems that mean the same beside a visit as "anular".
const ALSO_ANNULS: [&str; 3] = ["borr", "elim", "canc"];
/// Ends of a verb with which something is ordered, asked for or agreed to, after its first four letters.
const ORDERS: [&str; 32] = [
    "inar", "ina", "ine", "iar", "ia", "ie", "ar", "a", "e", "o", "en", "arla", "ala", "ela", "enla",
    "amela", "emela", "armela", "inar", "inarla", "inala", "inela", "elar", "elarla", "elala", "elela",
    "ela", "iarla", "iala", "iela", "iemela", "iamela",
];

/// Takes a phrase out of the words wherever it stands.
fn take_out(words: &mut Vec<&str>, phrase: &str) {
    let length = phrase.split(' ').count();
    let mut at = 0;
    while at + length <= words.len() {
        if words[at..at + length].iter().copied().eq(phrase.split(' ')) {
            words.drain(at..at + length);
        } else {
            at += 1;
        }
    }
}

fn is_time(word: &str) -> bool {
    TIMES.contains(&word)
        || word == "a"
        || word == "de"
        || word.starts_with(|letter: char| letter.is_ascii_digit())
}

/// What the forms of a verb have in common: "anul" of "anularla", "anule", "anúlamela". None of a short word.
fn stem(word: &str) -> Option<&str> {
    let end = word.char_indices().nth(4).map(|(end, _)| end)?;
    Some(&word[..end])
}
