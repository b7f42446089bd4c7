//! What each word of a message is under: denied, on a condition, quoted.
//!
//! Negation is settled here, once and before anything positive is looked for: "no" reaches over the verbs that hang
//! together after it ("no voy a poder ir") and their objects, and stops where another finite verb begins ("no puedo
//! ir cancela mi hora"), at a comma, and at "pero", "sino", "mejor".

mod si;

use crate::understanding::glue::W;
use crate::understanding::normal::Read;
use crate::understanding::rules::Words;
use crate::understanding::verb;

use self::si::{is_polite, is_yes};

/// Bits of the first 64 words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clauses {
    /// Under a negation.
    pub denied: u64,
    /// After "si": it may or may not be.
    pub conditional: u64,
    /// In quotation marks, with something said about it outside.
    pub quoted: u64,
    /// The negations themselves.
    pub negations: u64,
    /// "no" that denies nothing: "las diez no más".
    pub idle: u64,
    /// "si" that is a yes.
    pub affirmed: u64,
    /// What a "no" after it, or "menos" before it, leaves out: "la primera no, la cuarta", "menos la 2".
    refused: u64,
}

impl Clauses {
    /// Whether a token is under a negation.
    pub fn denies(&self, words: &Words, token: usize) -> bool {
        (self.denied | self.refused) & bit(words.position(token)) != 0
    }

    /// Whether it is coming that is denied: "no puedo ir", but not "no voy a querer".
    pub fn denies_coming(&self, read: &Read<'_>, words: &Words) -> bool {
        const COMING: [&str; 6] = ["ir", "asistir", "llegar", "venir", "acudir", "presentar"];
        let lexicon = crate::understanding::lexicon::lexicon();
        words.tokens.iter().enumerate().take(64).any(|(at, token)| {
            let helps = next(read, words, at) == "a" && read.word(*token) != "ir";
            self.denied & bit(at) != 0
                && !helps
                && read.tokens[*token]
                    .entry
                    .verbs
                    .iter()
                    .any(|(verb, _)| COMING.iter().any(|name| lexicon.verb(name) == Some(*verb)))
        })
    }
}

fn bit(at: usize) -> u64 {
    if at < 64 { 1 << at } else { 0 }
}

/// Looks at every word.
pub(super) fn of(read: &Read<'_>, words: &Words) -> Clauses {
    let mut clauses = Clauses::default();
    let most = words.tokens.len().min(64);
    for at in 0..most {
        let word = read.word(words.tokens[at]);
        match read.w(words.tokens[at]) {
            W::No if is_idle_no(read, words, at) => clauses.idle |= bit(at),
            W::No => {
                clauses.negations |= bit(at);
                clauses.denied |= reach(read, words, at);
                clauses.refused |= refused_by(read, words, at);
            }
            // "a menos que", "salvo que"
            W::Menos | W::Excepto if next(read, words, at) == "que" => {
                clauses.conditional |= until_break(words, at);
            }
            W::Menos | W::Excepto
                if !(crate::understanding::when::excepts_nothing(read, words.tokens[at])) =>
            {
                for left_out in at + 1..most.min(at + 4) {
                    if words.breaks[left_out] != 0 {
                        break;
                    }
                    clauses.refused |= bit(left_out);
                }
            }
            W::Si => {
                if is_yes(read, words, at) {
                    clauses.affirmed |= bit(at);
                } else if !is_polite(read, words, at) {
                    clauses.conditional |= until_break(words, at);
                }
            }
            _ if is_supposed(read, words, at) => clauses.conditional |= until_break(words, at),
            _ if matches!(word, "nunca" | "jamas" | "tampoco" | "sin") => {
                clauses.denied |= reach(read, words, at);
            }
            _ if word == "vez" && is_before(read, words, at, "en") && next(read, words, at) == "de"
                || word == "lugar" && is_before(read, words, at, "en") && next(read, words, at) == "de" =>
            {
                clauses.denied |= reach(read, words, at + 1);
            }
            _ => {}
        }
    }
    clauses.quoted = quoted(read, words);
    clauses
}

fn word<'a>(read: &'a Read<'_>, words: &Words, at: usize) -> &'a str {
    words.tokens.get(at).map_or("", |token| read.word(*token))
}

fn next<'a>(read: &'a Read<'_>, words: &Words, at: usize) -> &'a str {
    if words.breaks.get(at + 1).is_some_and(|strength| *strength == 0) {
        word(read, words, at + 1)
    } else {
        ""
    }
}

fn is_before(read: &Read<'_>, words: &Words, at: usize, wanted: &str) -> bool {
    words.breaks[at] == 0 && at > 0 && word(read, words, at - 1) == wanted
}

/// "no" that denies nothing: "cómo no", "no más", "no solo", "¿no?", "¿no tendrá hora?".
fn is_idle_no(read: &Read<'_>, words: &Words, at: usize) -> bool {
    let after = next(read, words, at);
    if matches!(after, "solo" | "obstante") || is_before(read, words, at, "como") {
        return true;
    }
    if matches!(word(read, words, at + 2), "preocupe" | "preocupes" | "preocupen") {
        return true;
    }
    // "las diez no más"; alone it is a no: "no más, gracias"
    if after == "mas" {
        return at > 0 && words.breaks[at] == 0;
    }
    let asks = read.text.contains('?');
    asks && matches!(after, "tendra" | "tendran" | "habra" | "tiene" | "tienen" | "hay" | "tendria" | "habria" | "podria"
        | "podrian" | "sera" | "queda" | "quedan" | "tendras" | "tienes" | "se" if after != "se" || word(read, words, at + 2) == "podra" || word(read, words, at + 2) == "podria")
        || (after == "me"
            && matches!(word(read, words, at + 2), "podria" | "podrian" | "puede" | "puedes" | "podra")
            && asks)
        || is_before(read, words, at, "que") && at >= 2 && word(read, words, at - 2) == "por" && asks
}

/// "quizás", "tal vez", "a lo mejor", "en caso de": what comes after it may or may not be.
fn is_supposed(read: &Read<'_>, words: &Words, at: usize) -> bool {
    match word(read, words, at) {
        "quizas" | "quiza" | "talvez" | "capaz" => true,
        "vez" => is_before(read, words, at, "tal"),
        "caso" => is_before(read, words, at, "en"),
        "mejor" => is_before(read, words, at, "lo") && at >= 2 && word(read, words, at - 2) == "a",
        _ => false,
    }
}

/// The words before a "no" that ends its part of the message: "dentista no, kine".
fn refused_by(read: &Read<'_>, words: &Words, negation: usize) -> u64 {
    if !matches!(next(read, words, negation), "" | "mejor" | "gracias" | "quiero" | "me") {
        return 0;
    }
    let mut refused = 0;
    for at in (negation.saturating_sub(4)..negation).rev() {
        let token = words.tokens[at];
        let ends = words.breaks[at + 1] != 0
            || !read.tokens[token].entry.verbs.is_empty()
            || matches!(read.w(token), W::Que | W::Si | W::Y | W::O | W::No | W::Ya)
            || matches!(read.word(token), "pero" | "mejor" | "claro" | "ok" | "bueno");
        if ends {
            break;
        }
        refused |= bit(at);
    }
    refused
}

/// The words that a negation reaches.
fn reach(read: &Read<'_>, words: &Words, negation: usize) -> u64 {
    let mut reached = 0;
    let mut verbs = 0;
    let mut content = false;
    for at in negation + 1..words.tokens.len().min(negation + 10) {
        if words.breaks[at] != 0 {
            break;
        }
        let token = words.tokens[at];
        let this = read.word(token);
        if matches!(
            this,
            "pero"
                | "sino"
                | "mejor"
                | "porque"
                | "pues"
                | "asi"
                | "entonces"
                | "prefiero"
                | "no"
                | "gracias"
                | "si"
        ) {
            break;
        }
        let entry = read.tokens[token].entry;
        let before = word(read, words, at - 1);
        let is_noun = matches!(
            before,
            "la" | "mi"
                | "el"
                | "una"
                | "un"
                | "su"
                | "las"
                | "los"
                | "mis"
                | "de"
                | "esa"
                | "esta"
                | "otra"
                | "tu"
                | "del"
        ) && !entry.verbs.iter().any(|(_, forms)| forms & verb::INFINITIVE != 0)
            || matches!(this, "hora" | "este" | "esta" | "para" | "consulta" | "como" | "de" | "toma")
                && verbs > 0;
        if !entry.verbs.is_empty() && !is_noun {
            let forms = entry.verbs.iter().fold(0, |all, (_, forms)| all | forms);
            let is_finite = forms & !verb::FINITE == 0;
            if verbs > 0 {
                // "no dije que quería", "jamás he querido"
                let helping = entry.verbs.iter().any(|(verb, _)| is_helping(*verb));
                let subordinate = follows(read, words, at, "que")
                    && (helping
                        || forms & (verb::REQUEST | verb::REQUEST_MANY | verb::SO_THAT | verb::HE) != 0)
                    || matches!(before, "he" | "has" | "ha" | "hemos" | "han" | "habia" | "habiamos");
                let joined = matches!(
                    before,
                    "a" | "de" | "para" | "en" | "ni" | "o" | "y" | "que" | "me" | "la" | "lo"
                );
                if is_finite && !subordinate || !is_finite && content && !joined {
                    break;
                }
            }
            verbs += 1;
            content |= !entry.verbs.iter().any(|(verb, _)| is_helping(*verb));
        }
        if matches!(this, "y" | "e") {
            // "no puedo ir y quiero cancelar"
            let after = words.tokens.get(at + 1).map(|token| read.tokens[*token].entry);
            if after.is_some_and(|entry| entry.verbs.iter().any(|(_, forms)| forms & verb::FINITE != 0)) {
                break;
            }
        }
        reached |= bit(at);
    }
    reached
}

/// Whether "que", and at most pronouns, stand before a word.
fn follows(read: &Read<'_>, words: &Words, at: usize, wanted: &str) -> bool {
    let mut before = at;
    while before > 0 {
        before -= 1;
        let this = word(read, words, before);
        if this == wanted {
            return true;
        }
        if !matches!(this, "me" | "te" | "se" | "la" | "lo" | "le" | "nos" | "las" | "los") {
            return false;
        }
    }
    false
}

/// Verbs that another hangs on: "no quiero cancelar", "nunca pedí cancelar".
fn is_helping(verb: u8) -> bool {
    use std::sync::LazyLock;
    const NAMES: [&str; 25] = [
        "querer",
        "poder",
        "ir",
        "deber",
        "tener",
        "haber",
        "necesitar",
        "desear",
        "gustar",
        "saber",
        "ser",
        "estar",
        "alcanzar",
        "empezar",
        "comenzar",
        "volver",
        "dejar",
        "preferir",
        "venir",
        "esperar",
        "pedir",
        "solicitar",
        "decir",
        "aceptar",
        "hacer",
    ];
    static HELPING: LazyLock<Vec<u8>> = LazyLock::new(|| {
        NAMES.iter().filter_map(|name| crate::understanding::lexicon::lexicon().verb(name)).collect()
    });
    HELPING.contains(&verb)
}

fn until_break(words: &Words, from: usize) -> u64 {
    let mut reached = bit(from);
    for at in from + 1..words.tokens.len().min(from + 12) {
        if words.breaks[at] != 0 {
            break;
        }
        reached |= bit(at);
    }
    reached
}

/// Words in quotation marks, unless the whole message is.
fn quoted(read: &Read<'_>, words: &Words) -> u64 {
    let marks: Vec<usize> = (0..read.tokens.len()).filter(|at| read.is_sign(*at, '"')).collect();
    let [first, .., last] = marks[..] else { return 0 };
    let mut inside = 0;
    let mut outside = 0;
    for (at, token) in words.tokens.iter().enumerate() {
        if (first..last).contains(token) {
            inside |= bit(at);
        } else {
            outside += 1;
        }
    }
    if outside >= 3 { inside } else { 0 }
}
