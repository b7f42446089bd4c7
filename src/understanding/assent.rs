//! Yes and no. A no is looked for first; a yes with a condition, a question or a correction is not a yes.

use serde::Serialize;

use super::Reason;
use super::normal::Read;
use super::when::Times;

/// A yes or a no, in three grades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assent {
    /// A clear yes.
    Yes,
    /// "Ya", "ok", "bueno": enough to go on, not enough to cancel.
    WeakYes,
    /// A no.
    No,
}

/// Phrases that say no, wherever they stand.
const NO: [&str; 40] = [
    "no confirmo",
    "no voy a poder",
    "no puedo",
    "no podre",
    "no podria",
    "no quiero",
    "no gracias",
    "no me sirve",
    "no me acomoda",
    "no ire",
    "no voy",
    "no asistire",
    "no es",
    "no esta bien",
    "no estoy segura",
    "no estoy seguro",
    "no lo confirmo",
    "no la confirmo",
    "no la anules",
    "no la canceles",
    "no lo hagas",
    "no todavia",
    "todavia no",
    "aun no",
    "mejor no",
    "ahora no",
    "nunca",
    "jamas",
    "negativo",
    "para nada",
    "de ninguna manera",
    "ni loco",
    "ni loca",
    "claro que no",
    "por supuesto que no",
    "no creo",
    "no lo creo",
    "no se",
    "esta mal",
    "incorrecto",
];
/// Phrases that clearly say yes.
const YES: [&str; 34] = [
    "si",
    "claro",
    "por supuesto",
    "confirmo",
    "confirmado",
    "confirmada",
    "confirmar",
    "de acuerdo",
    "correcto",
    "asi es",
    "exacto",
    "exactamente",
    "perfecto",
    "afirmativo",
    "obvio",
    "seguro",
    "dale",
    "me sirve",
    "me acomoda",
    "acepto",
    "esta bien",
    "esta perfecto",
    "estoy de acuerdo",
    "sin duda",
    "eso es",
    "claro que si",
    "si po",
    "asisto",
    "asistire",
    "ahi estare",
    "alla estare",
    "voy a ir",
    "cuenta conmigo",
    "confirmala",
];
/// Words that go along but promise little.
const WEAK: [&str; 14] = [
    "ya",
    "ok",
    "bueno",
    "listo",
    "vale",
    "okey",
    "bien",
    "buenisimo",
    "genial",
    "super",
    "al tiro",
    "ya po",
    "excelente",
    "bacan",
];
/// Words that make a yes depend on something.
const CONDITIONS: [&str; 14] = [
    "pero",
    "siempre que",
    "siempre y cuando",
    "solo si",
    "si es que",
    "depende",
    "a menos que",
    "salvo que",
    "aunque",
    "creo",
    "quizas",
    "tal vez",
    "puede ser",
    "a lo mejor",
];

/// The yes or no of a message.
pub(super) fn of(read: &Read, question: bool, times: &Times, why: &mut Vec<Reason>) -> Option<Assent> {
    let mut because = |rule, assent| {
        why.push(Reason { rule, span: read.all() });
        Some(assent)
    };
    let count = read.count();
    if count == 0 {
        return None;
    }
    let first = read.words().next().unwrap_or_default();
    let idle = matches!(first, "no")
        && read.has_any(&[
            "no se preocupe",
            "no hay problema",
            "no importa",
            "no hay drama",
            "no te preocupes",
        ]);
    if idle {
        return because("assent: no trouble", Assent::WeakYes);
    }
    // "cómo no", "por qué no" are yes and question
    if read.has("como no") {
        return because("assent: of course", Assent::Yes);
    }
    if read.has_any(&NO)
        || first == "no"
        || (count <= 4 && !read.has("no mas") && read.words().any(|word| word == "no" || word == "tampoco"))
    {
        return because("assent: negation", Assent::No);
    }
    if question || read.has_any(&CONDITIONS) {
        return None;
    }
    // "si puedo, voy": a condition, not a yes
    let conditional = first == "si"
        && read.words().nth(1).is_some_and(|second| {
            matches!(
                second,
                "puedo"
                    | "pudiera"
                    | "hay"
                    | "es"
                    | "tienen"
                    | "tiene"
                    | "fuera"
                    | "me"
                    | "se"
                    | "quedan"
                    | "queda"
                    | "alcanzo"
                    | "no"
                    | "llueve"
                    | "logro"
            )
        })
        && !matches!(read.words().nth(1), Some("me"))
            | read.has_any(&["si me cambian", "si me dan", "si me dejan"])
        && count > 2;
    if conditional {
        return None;
    }
    // a yes with a new day or hour is a correction, not a yes
    let corrected = times.wanted
        && count > 2
        && read.has_any(&["mejor", "cambia", "cambiar", "cambiala", "prefiero", "otro", "otra"]);
    if corrected {
        return None;
    }
    let short = count <= 7;
    let yes_first = matches!(
        first,
        "si" | "claro" | "dale" | "confirmo" | "perfecto" | "correcto" | "exacto" | "obvio" | "afirmativo"
    );
    if (short || yes_first) && read.has_any(&YES) && (yes_first || count <= 5) {
        return because("assent: yes", Assent::Yes);
    }
    if count <= 4 && WEAK.iter().any(|weak| read.has(weak)) && !times.wanted {
        return because("assent: weak yes", Assent::WeakYes);
    }
    None
}
