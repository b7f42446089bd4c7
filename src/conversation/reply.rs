//! What the bot says: everything of a turn in one message, and the few words that are the engine's own.
//!
//! All other texts live in the flows, where a clinic can change them.

use std::sync::Arc;

use chrono::NaiveDateTime;

use super::fingerprint::Fingerprint;
use super::state::{Asked, Choice, Tap};
use crate::flow::definition::{Field, FieldKind};
use crate::flow::{Record, Value};
use crate::value::{Outgoing, OutgoingOption, hour_label};

/// The key of a yes.
pub(super) const YES: &str = "si";
/// The key of a no, where a flow asks for yes or no.
pub(super) const NO: &str = "no";
/// The key of "change something".
pub(super) const CHANGE: &str = "cambiar";
/// The key of a review's way out.
pub(super) const CANCEL: &str = "cancelar";
/// The key of "I do not mind".
pub(super) const ANY: &str = "da_lo_mismo";
/// The key of all rows, where several can be chosen.
pub(super) const ALL: &str = "todos";
/// The key of "these are all", where several can be chosen one after the other.
pub(super) const DONE: &str = "listo";
/// The key of the next page.
pub(super) const MORE: &str = "mas";

/// A message has at most so many options; WhatsApp's lists end there.
pub(super) const MOST_OPTIONS: usize = 10;

pub(super) const LEFT: &str = "Bueno, lo dejamos hasta aquí. Cuando quieras seguir, escríbeme.";
/// Left at the question whether a visit is to be cancelled or moved.
pub(super) const LEFT_AS_IT_IS: &str = "Bueno, lo dejamos hasta aquí. No anulé ni cambié nada: la hora sigue tomada. Cuando quieras seguir, escríbeme.";
/// Left with an hour held that was never booked.
pub(super) const LEFT_UNTAKEN: &str =
    "Bueno, lo dejamos hasta aquí. Esa hora no quedó tomada. Cuando quieras seguir, escríbeme.";
/// "No puedo ir", beside the question whether to cancel.
pub(super) const NEEDS_A_CLEAR_YES: &str =
    "Gracias por avisar. La hora todavía sigue tomada: respóndeme «sí» o «no», por favor.";
/// Somebody died.
pub(super) const CONDOLENCE: &str =
    "Siento mucho tu pérdida. Le pido a una persona del centro que vea esas horas contigo, con calma.";
/// The phone speaks for one patient only, and somebody else was named.
pub(super) fn speaks_only_for(name: &str) -> String {
    format!(
        "Desde este teléfono solo puedo ver horas de {name}. Si es para otra persona, escríbeme «hablar con alguien». Si es para {name}, escríbeme «hora para {name}» o elige abajo."
    )
}

/// "Para los dos", where one is asked for.
pub(super) const ONE_AT_A_TIME: &str = "Vamos de a uno: elige uno ahora, y después seguimos con el otro.";
/// "Espere un momentito".
pub(super) const NO_HURRY: &str = "Claro, tómate tu tiempo. Aquí te espero.";
/// "Confirmo", before anything was read out to agree to.
pub(super) const NOT_YET: &str = "Antes de confirmar falta esto:";

/// "Perdón, era para el dentista", when the other hour is booked already.
pub(super) const STILL_TAKEN: &str =
    "La hora que recién tomaste sigue tomada. Si ya no la quieres, escríbeme después «anular hora».";

/// "¿Dónde queda?", while the centre's data cannot be had.
pub(super) const NO_CENTER_DATA: &str = "Perdona, ahora no puedo ver los datos del centro. Si quieres que te responda alguien de ahí, escríbeme «persona».";
/// "El lunes 31", when the 31st is a Thursday.
pub(super) const DAY_AND_DATE_DIFFER: &str = "Ese día no calza con esa fecha en el calendario.";
/// "El 30 de febrero".
pub(super) const NO_SUCH_DATE: &str = "Esa fecha no existe.";
/// "Ayer".
pub(super) const DAY_HAS_PASSED: &str = "Ese día ya pasó.";
pub(super) const YES_TITLE: &str = "Sí";
pub(super) const NO_TITLE: &str = "No";
pub(super) const ANY_TITLE: &str = "Me da lo mismo";
pub(super) const ALL_TITLE: &str = "Todos";
pub(super) const DONE_TITLE: &str = "Listo";
pub(super) const MORE_HOURS: &str = "Más horas";
pub(super) const MORE_ROWS: &str = "Ver más";

/// One of several was tapped: a list takes one tap at a time.
pub(super) fn picked_so_far(titles: &[String]) -> String {
    format!("Hasta ahora: {}. Puedes agregar más. Si ya está, toca «Listo».", in_words(titles))
}

/// One more was tapped in a list that was answered already.
pub(super) fn added(titles: &[String]) -> String {
    format!("Agregué: {}.", in_words(titles))
}

/// "Ana, Eva y Luz".
fn in_words(titles: &[String]) -> String {
    match titles {
        [most @ .., last] if !most.is_empty() => format!("{} y {last}", most.join(", ")),
        _ => titles.join(""),
    }
}

/// Asks a field that the flow itself never asks, only hears.
pub(super) fn ask_volunteered(field: &Field) -> String {
    if matches!(field.kind, FieldKind::Window { .. }) {
        return "¿Qué día te acomoda? Puedes decirme también si prefieres mañana o tarde.".to_owned();
    }
    let title = &field.title;
    if matches!(field.kind, FieldKind::Choice { .. }) {
        return format!("Elige {title}, por favor.");
    }
    format!("Cuéntame de nuevo: {title}.")
}

/// Somebody else is wanted, and there is nobody else.
pub(super) fn attends_alone(name: &str) -> String {
    format!("Por ahora solo atiende {name}.")
}

/// What a patient's registered phone is told of an hour that another phone, not verified yet, booked, moved or
/// cancelled.
pub(super) fn done_elsewhere(port: &str, row: &Record) -> String {
    let what = match port {
        "agenda.mover" => "se cambió una hora",
        "agenda.anular" => "se anuló una hora",
        _ => "se pidió una hora",
    };
    let words = |column: &str| match row.columns.get(column) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Moment(at)) => hour_label::day_hour_long(*at),
        _ => String::new(),
    };
    format!(
        "Te aviso: desde otro teléfono {what} para {}.\n{}, {}\nCon {}\nSi no sabías de esto, escríbeme \
         «hablar con alguien» y una persona del centro lo revisa contigo.",
        words("paciente"),
        words("prestacion"),
        words("inicio"),
        words("profesional"),
    )
}

/// A question as it will be shown.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// What the patient is asked, as the state keeps it.
    pub(super) asked: Arc<Asked>,
    pub(super) label: String,
    /// In fewer words, for when it is repeated after a digression.
    pub(super) shorter: Option<String>,
    pub(super) list_button: Option<String>,
}

/// What a question is called in fixtures: `agendar.hora`, `agendar.review`, `repair.menu`.
pub(super) fn label(flow: &str, field: &str) -> String {
    if flow.starts_with("repair.") { flow.to_owned() } else { format!("{flow}.{field}") }
}

/// Of what is shown: a tap carries it, and a question is "the same" by it.
pub(super) fn of_question(text: &str, options: &[Choice]) -> String {
    let start = Fingerprint::new().text(text);
    options.iter().fold(start, |taken, option| taken.text(&option.key).text(&option.title)).finish()
}

/// One message: what was said, then the question with its options.
pub(super) fn message(said: &[String], asked: Option<(&Asked, &str, Option<&String>)>) -> Outgoing {
    let mut paragraphs: Vec<&str> = said.iter().map(|text| text.trim()).collect();
    let mut options = Vec::new();
    let mut list_button = None;
    if let Some((asked, text, button)) = asked {
        paragraphs.push(text);
        options = asked.options.iter().map(|choice| option(asked, choice)).collect();
        list_button = button.cloned().filter(|_| !options.is_empty());
    }
    Outgoing { text: paragraphs.join("\n\n"), options, list_button }
}

fn option(asked: &Asked, choice: &Choice) -> OutgoingOption {
    let id = Tap::id(asked.frame, &asked.field, &choice.key, &asked.fingerprint);
    OutgoingOption { id, title: choice.title.clone(), detail: choice.detail.clone() }
}

/// An option of the engine's own.
pub(super) fn own_choice(key: &str, title: &str, words: &[&str]) -> Choice {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Choice { key: key.to_owned(), title: title.to_owned(), detail: None, starts: None, words }
}

/// Whether options are hours.
pub(super) fn first_hour(options: &[Choice]) -> Option<NaiveDateTime> {
    options.iter().find_map(|option| option.starts)
}
