//! The two senses of "si": a yes that lost its accent, and a condition; and the condition that is only courtesy.

use super::{next, word};
use crate::understanding::glue::W;
use crate::understanding::lexicon::lexicon;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::rules::Words;
use crate::understanding::verb;

/// Whether this "si" is a yes.
pub(super) fn is_yes(read: &Read<'_>, words: &Words, at: usize) -> bool {
    let token = read.tokens[words.tokens[at]];
    if token.accented {
        return true;
    }
    let before = if at > 0 && words.breaks[at] == 0 { word(read, words, at - 1) } else { "" };
    if matches!(
        before,
        "que"
            | "obvio"
            | "claro"
            | "porque"
            | "ya"
            | "bueno"
            | "ok"
            | "uh"
            | "dale"
            | "pues"
            | "si"
            | "ah"
            | "ay"
            | "eh"
            | "supuesto"
            | "hola"
            | "oh"
            | "perfecto"
    ) && !(before == "que"
        && at >= 2
        && matches!(word(read, words, at - 2), "pasa" | "pasaria" | "sucede" | "ocurre"))
    {
        return true;
    }
    let after = next(read, words, at);
    if after.is_empty() {
        // a last word, or one before a comma: "si, gracias"
        return before.is_empty() || words.breaks.get(at + 1).is_none_or(|strength| *strength != 0);
    }
    if !before.is_empty() {
        return false;
    }
    let third = word(read, words, at + 2);
    // "si resérvemela", "si hágalo nomás": only an order carries its pronouns behind it
    let next = words.tokens[at + 1];
    let typed = read.typed(next);
    let is_order = ["la", "lo", "las", "los", "eme"].iter().any(|pronoun| typed.ends_with(pronoun))
        && typed != "llame"
        && read.tokens[next].entry.verbs.iter().any(|(_, forms)| forms & verb::REQUEST != 0);
    if is_order {
        return true;
    }
    // "si la confirmo" is a yes, "si la confirman" a condition
    let forms = words
        .tokens
        .get(at + 2)
        .map_or(0, |token| read.tokens[*token].entry.verbs.iter().fold(0, |all, (_, forms)| all | forms));
    if matches!(after, "la" | "lo" | "el") && forms != 0 && forms & verb::I == 0 {
        return false;
    }
    match after {
        "es" => {
            matches!(third, "correcto" | "correcta" | "asi" | "esa" | "ese") && words.tokens.len() - at <= 3
        }
        // "si mi niña, confírmeme", but "si mi niña me lleva"
        "mi" => {
            matches!(third, "niña" | "amor" | "vida" | "reina" | "linda" | "señorita")
                && !matches!(
                    word(read, words, at + 3),
                    "me" | "le" | "puede" | "va" | "viene" | "quiere" | "esta"
                )
        }
        "niña" | "mijita" | "mija" | "mijito" | "linda" => true,
        "me" => matches!(
            third,
            "sirve"
                | "acomoda"
                | "parece"
                | "interesa"
                | "gusta"
                | "queda"
                | "conviene"
                | "encantaria"
                | "gustaria"
                | "tinca"
                | "calza"
        ),
        "puedo" | "podemos" => {
            // "si puedo voy" is a condition, "si puedo ir" is a yes
            let later = (at + 2..words.tokens.len()).any(|later| {
                let entry = read.tokens[words.tokens[later]].entry;
                entry.w == W::Other
                    && entry
                        .verbs
                        .iter()
                        .any(|(_, forms)| forms & verb::FINITE != 0 && forms & verb::INFINITIVE == 0)
            });
            !later
        }
        // "si confirmo mi hora pierdo el cupo" is a condition
        "confirmo" | "confirmamos" | "cancelo" | "anulo" if another_happens(read, words, at + 2) => false,
        "quiero" | "queremos" | "confirmo" | "confirmamos" | "voy" | "vamos" | "acepto" | "asistire"
        | "asisto" | "ire" | "iremos" | "estare" | "necesito" | "deseo" | "gracias" | "por" | "po"
        | "pues" | "claro" | "si" | "señor" | "señora" | "señorita" | "doctor" | "doctora" | "todo"
        | "perfecto" | "correcto" | "dale" | "ok" | "esta" | "ahi" | "alla" | "alli" | "obvio" | "ya"
        | "muchas" | "estoy" | "confirmar" | "confirma" | "confirmada" | "confirmado" | "esa" | "ese"
        | "eso" | "la" | "el" | "mejor" | "feliz" | "encantada" | "encantado" | "asistiremos"
        | "cancelar" | "cancelo" | "anular" | "cambiar" | "agendar" | "reagendar" | "sin" | "bueno"
        | "listo" | "soy" | "seguro" | "segura" | "conforme" | "quisiera" | "cancela" | "amiga" | "amigo"
        | "seguimos" | "sigamos" | "continuar" | "hola" | "altiro" | "al" | "con" | "mañana" | "tengo"
        | "hare" | "lo" | "a" | "asi" | "nos" | "yo" | "gustaria" => {
            after != "tengo" && after != "lo" && after != "el" && after != "la"
                || words.tokens.len() - at <= 4
        }
        _ => read.tokens[words.tokens[at + 1]].kind == Kind::Emoji,
    }
}

/// Whether another thing happens from a word on, besides coming: "si confirmo la hora, ahí estaré" is a promise.
fn another_happens(read: &Read<'_>, words: &Words, from: usize) -> bool {
    const COMING: [&str; 6] = ["ir", "estar", "asistir", "llegar", "venir", "ser"];
    (from..words.tokens.len()).take_while(|at| words.breaks[*at] == 0).any(|at| {
        let entry = read.tokens[words.tokens[at]].entry;
        let before = word(read, words, at - 1);
        entry.w == W::Other
            && !matches!(before, "la" | "mi" | "el" | "una" | "de" | "del" | "que" | "y")
            && entry.verbs.iter().any(|(verb, forms)| {
                forms & verb::FINITE != 0
                    && forms & verb::INFINITIVE == 0
                    && !COMING.iter().any(|name| lexicon().verb(name) == Some(*verb))
            })
    })
}

/// "si puede", "si es posible": courtesy, not a condition.
pub(super) fn is_polite(read: &Read<'_>, words: &Words, at: usize) -> bool {
    let (after, third) = (next(read, words, at), word(read, words, at + 2));
    if (after, third) == ("dios", "quiere") {
        // "si Dios quiere ahí estaré", but "si Dios quiere mejoro y voy"
        return matches!(
            word(read, words, at + 3),
            "" | "ahi" | "alla" | "voy" | "ire" | "estare" | "asistire"
        );
    }
    matches!(
        after,
        "puede"
            | "puedes"
            | "pueden"
            | "podria"
            | "podrias"
            | "podrian"
            | "pudiera"
            | "pudieras"
            | "pudieran"
    ) || matches!(
        (after, third),
        ("es" | "fuera" | "seria", "posible" | "tan")
            | ("no", "es")
            | (
                "me",
                "puede"
                    | "puedes"
                    | "pueden"
                    | "podria"
                    | "podrian"
                    | "pudiera"
                    | "pudieran"
                    | "hace"
                    | "hacen"
            )
    )
}
