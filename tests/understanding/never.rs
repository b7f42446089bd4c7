//! What may never be heard: an hour given up, moved or confirmed, or a yes, where the words for it stand in a negation,
//! a question, a condition, somebody else's mouth, the past, quotation marks, or mean to pay.
//!
//! Every verb is put into every frame. For each verb there is also a plain frame that must be heard, so that a verb
//! which nobody understands does not pass for a safe one.

use std::fmt::Write as _;

use smartsalud::understanding::{Asked, Assent};

use crate::hear::asked;

/// A verb in the forms that the frames need.
struct Verb {
    means: &'static str,
    to: &'static str,
    i: &'static str,
    you_do: &'static str,
    you_all_do: &'static str,
    i_did: &'static str,
    she_did: &'static str,
    they_did: &'static str,
    done: &'static str,
}

const fn verb(means: &'static str, forms: [&'static str; 8]) -> Verb {
    let [to, i, you_do, you_all_do, i_did, she_did, they_did, done] = forms;
    Verb { means, to, i, you_do, you_all_do, i_did, she_did, they_did, done }
}

const VERBS: [Verb; 11] = [
    verb(
        "cancelar",
        ["cancelar", "cancelo", "cancele", "cancelen", "cancelé", "canceló", "cancelaron", "cancelada"],
    ),
    verb("cancelar", ["anular", "anulo", "anule", "anulen", "anulé", "anuló", "anularon", "anulada"]),
    verb(
        "cancelar",
        ["eliminar", "elimino", "elimine", "eliminen", "eliminé", "eliminó", "eliminaron", "eliminada"],
    ),
    verb(
        "cancelar",
        [
            "suspender",
            "suspendo",
            "suspenda",
            "suspendan",
            "suspendí",
            "suspendió",
            "suspendieron",
            "suspendida",
        ],
    ),
    verb("cancelar", ["borrar", "borro", "borre", "borren", "borré", "borró", "borraron", "borrada"]),
    verb(
        "reagendar",
        ["cambiar", "cambio", "cambie", "cambien", "cambié", "cambió", "cambiaron", "cambiada"],
    ),
    verb(
        "reagendar",
        [
            "reagendar",
            "reagendo",
            "reagende",
            "reagenden",
            "reagendé",
            "reagendó",
            "reagendaron",
            "reagendada",
        ],
    ),
    verb("reagendar", ["mover", "muevo", "mueva", "muevan", "moví", "movió", "movieron", "movida"]),
    verb(
        "reagendar",
        [
            "postergar",
            "postergo",
            "postergue",
            "posterguen",
            "postergué",
            "postergó",
            "postergaron",
            "postergada",
        ],
    ),
    verb(
        "reagendar",
        [
            "reprogramar",
            "reprogramo",
            "reprograme",
            "reprogramen",
            "reprogramé",
            "reprogramó",
            "reprogramaron",
            "reprogramada",
        ],
    ),
    verb(
        "confirmar",
        [
            "confirmar",
            "confirmo",
            "confirme",
            "confirmen",
            "confirmé",
            "confirmó",
            "confirmaron",
            "confirmada",
        ],
    ),
];

const OBJECTS: [&str; 4] = ["mi hora", "la hora", "mi cita", "mi control del jueves"];

/// What puts a verb out of doubt.
const PLAIN: [&str; 4] = [
    "quiero {to} {object}",
    "necesito {to} {object} por favor",
    "{to} {object}",
    "me gustaría {to} {object}",
];

const NEGATED: [&str; 16] = [
    "no quiero {to} {object}",
    "no voy a {to} {object}",
    "no deseo {to} {object}, gracias",
    "no {you_do} {object}",
    "no {you_all_do} {object} por favor",
    "por favor no me {you_all_do} {object}",
    "no pienso {to} {object}",
    "nunca pedí {to} {object}",
    "yo no dije que quería {to} {object}",
    "no es que quiera {to} {object}",
    "no necesito {to} {object}",
    "sin {to} {object}",
    "tampoco quiero {to} {object}",
    "en vez de {to} {object}",
    "jamás he querido {to} {object}",
    "todavía no {i} {object}",
];

/// Asking to move an hour is asking for it to be moved; these only ask.
const ASKED: [&str; 11] = [
    "¿qué pasa si {i} {object}?",
    "¿hasta cuándo se puede {to} {object}?",
    "¿con cuánta anticipación hay que {to} {object}?",
    "¿me cobran por {to} {object}?",
    "¿es obligatorio {to} {object}?",
    "¿es necesario {to} {object}?",
    "¿por qué tengo que {to} {object}?",
    "¿quién puede {to} {object}?",
    "¿ya está {done} {object}?",
    "¿pierdo el cupo si {i} {object}?",
    "¿hay multa por {to} {object}?",
];

const SUPPOSED: [&str; 8] = [
    "si {i} {object} pierdo el cupo",
    "si {object} no sirve la {i}",
    "si me enfermo {i} {object}",
    "en caso de {to} {object} les aviso",
    "a menos que {you_do} {object}",
    "si llueve {i} {object}",
    "quizás {i} {object}",
    "si no alcanzo a llegar {i} {object}",
];

const OTHERS: [&str; 9] = [
    "mi hija {she_did} {object}",
    "mi mamá {she_did} {object} sin preguntarme",
    "el doctor {she_did} {object}",
    "me {they_did} {object}",
    "ustedes me {they_did} {object}",
    "la secretaria me {she_did} {object}",
    "dicen que me {they_did} {object}",
    "alguien {she_did} {object}",
    "me avisaron que me {they_did} {object}",
];

const PAST: [&str; 8] = [
    "ayer {i_did} {object}",
    "ya {i_did} {object}",
    "{i_did} {object} la semana pasada",
    "{object} ya está {done}",
    "{object} fue {done}",
    "me aparece {done} {object}",
    "la otra vez {i_did} {object}",
    "ya había {done} {object}",
];

const QUOTED: [&str; 5] = [
    "me llegó un mensaje que decía \"{you_do} {object}\" y no entiendo",
    "el mensaje dice «{to} {object}» qué significa eso",
    "ahí sale \"{to} {object}\" pero no sé qué es",
    "la página muestra “{to} {object}” y se queda pegada",
    "mi hija me escribió \"{i} {object}\" por error",
];

const PAID: [&str; 12] = [
    "quiero cancelar con tarjeta",
    "¿puedo cancelar con débito?",
    "cancelo en efectivo",
    "voy a cancelar la consulta en caja",
    "¿dónde cancelo el bono?",
    "quiero cancelar el bono de la atención",
    "necesito cancelar el copago",
    "cancelaré al llegar",
    "se cancela antes o después de la atención",
    "¿cuánto hay que cancelar por la consulta?",
    "puedo cancelar por transferencia",
    "quiero cancelar la deuda que tengo",
];

fn fill(frame: &str, verb: &Verb, object: &str) -> String {
    let filled = frame
        .replace("{to}", verb.to)
        .replace("{i}", verb.i)
        .replace("{you_do}", verb.you_do)
        .replace("{you_all_do}", verb.you_all_do)
        .replace("{i_did}", verb.i_did)
        .replace("{she_did}", verb.she_did)
        .replace("{they_did}", verb.they_did)
        .replace("{done}", verb.done)
        .replace("{object}", object);
    assert!(!filled.contains('{'), "{frame}: a form is missing");
    filled
}

/// What of the kind that acts is heard in a message, whatever was asked before.
fn acts(message: &str) -> Vec<String> {
    let mut heard = Vec::new();
    for question in [Asked::Nothing, Asked::YesNo, Asked::Option, Asked::When, Asked::Text] {
        let understood = asked(message, question);
        let intent = understood.intent.as_str();
        if matches!(intent, "cancelar" | "reagendar" | "confirmar") {
            heard.push(format!("{intent} after {question:?}"));
        }
        if matches!(understood.assent, Some(Assent::Yes | Assent::WeakYes)) {
            heard.push(format!("a yes after {question:?}"));
        }
    }
    heard
}

/// Puts the verbs into the frames; none may act.
fn never(frames: &[&str], verbs: impl Fn(&Verb) -> bool) {
    let (mut count, mut failures) = (0, String::new());
    for frame in frames {
        for verb in VERBS.iter().filter(|verb| verbs(verb)) {
            for object in OBJECTS {
                let message = fill(frame, verb, object);
                count += 1;
                let heard = acts(&message);
                if !heard.is_empty() {
                    let _ = writeln!(failures, "«{message}» is heard as {}", heard.join(", "));
                }
            }
        }
    }
    assert!(count >= 90, "only {count} sentences");
    assert!(failures.is_empty(), "of {count}:\n{failures}");
}

#[test]
fn every_verb_is_heard_when_it_is_meant() {
    let mut failures = String::new();
    for verb in &VERBS {
        for frame in PLAIN {
            for object in OBJECTS {
                let message = fill(frame, verb, object);
                let heard = asked(&message, Asked::Nothing).intent.as_str();
                if heard != verb.means {
                    let _ = writeln!(failures, "«{message}» is heard as {heard}, not {}", verb.means);
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn a_negated_verb_acts_on_nothing() {
    never(&NEGATED, |_| true);
}

#[test]
fn a_question_about_it_acts_on_nothing() {
    never(&ASKED, |_| true);
    // "¿puedo cambiar mi hora?" asks for it to be moved, "¿puedo cancelarla?" is no reason to lose it
    never(
        &[
            "¿puedo {to} {object}?",
            "¿cómo se hace para {to} {object}?",
            "¿se puede {to} {object}?",
            "¿debo {to} {object}?",
        ],
        |verb| verb.means != "reagendar",
    );
}

#[test]
fn a_condition_acts_on_nothing() {
    never(&SUPPOSED, |_| true);
}

#[test]
fn what_somebody_else_did_acts_on_nothing() {
    never(&OTHERS, |_| true);
}

#[test]
fn what_is_past_acts_on_nothing() {
    never(&PAST, |_| true);
}

#[test]
fn quoted_words_act_on_nothing() {
    never(&QUOTED, |_| true);
}

#[test]
fn cancelar_in_the_sense_of_paying_cancels_nothing() {
    let heard: Vec<String> = PAID
        .iter()
        .flat_map(|message| {
            acts(message).into_iter().map(move |what| format!("«{message}» is heard as {what}"))
        })
        .collect();
    assert!(heard.is_empty(), "{}", heard.join("\n"));
}
