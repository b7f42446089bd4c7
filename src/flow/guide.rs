//! The guide to the language, with its tables written from the lists that the program itself works by.
//!
//! The prose of `flows/LENGUAJE.md` is written by hand; what stands between `<!-- tabla: … -->` and `<!-- fin -->`
//! comes from here, so a port, filter, repair, intent or code cannot be missing or told wrongly. A test compares
//! the file with [`guide`]; `smartsalud flows doc > flows/LENGUAJE.md` renews it.

use std::fmt::Write;

use chrono::{NaiveDate, NaiveDateTime};

use super::definition::RepairKind;
use super::error::CODES;
use super::limits;
use super::port::{INTENTS, Kind, PORTS, Port, PortKind, RowKind, Shape};
use super::scope::{Scope, Seen};
use super::template::{Filter, Template};
use super::value::{Record, Value};
use crate::value::{TimeRange, Window};

const FILE: &str = include_str!("../../flows/LENGUAJE.md");
const BEGINS: &str = "<!-- tabla: ";
const ENDS: &str = "<!-- fin -->";

/// The whole guide as it should be.
pub fn guide() -> String {
    let mut text = String::with_capacity(FILE.len());
    let mut inside = false;
    for line in FILE.lines() {
        inside &= line != ENDS;
        if inside {
            continue;
        }
        text.push_str(line);
        text.push('\n');
        let name = line.strip_prefix(BEGINS).and_then(|rest| rest.split(' ').next());
        if let Some(table) = name.and_then(table) {
            inside = true;
            text.push_str(&table);
        }
    }
    text
}

/// The tables that come from the program; each stands once in the guide.
pub const TABLES: [&str; 8] =
    ["intenciones", "puertos", "resultados", "filas", "filtros", "reparaciones", "limites", "codigos"];

fn table(name: &str) -> Option<String> {
    Some(match name {
        "intenciones" => format!("{}.\n", quoted(INTENTS.iter().copied())),
        "puertos" => {
            let rows = PORTS.iter().map(|port| vec![call(port), keyword(port), result(port), outcomes(port)]);
            written(&["puerto", "con", "devuelve", "puede contestar"], rows)
        }
        "resultados" => written(
            &["resultado", "qué pasó"],
            OUTCOMES.iter().map(|(word, told)| vec![code(word), told.to_string()]),
        ),
        "filas" => {
            let columns = |row: RowKind| {
                let shown = row.columns().iter().map(|(name, kind)| match kind {
                    Kind::Text => code(name),
                    other => format!("{} ({})", code(name), kind_in_words(*other)),
                });
                shown.collect::<Vec<_>>().join(", ")
            };
            written(
                &["fila", "columnas"],
                rows().into_iter().map(|row| vec![row_in_words(row).0.to_owned(), columns(row)]),
            )
        }
        "filtros" => {
            let rows = Filter::ALL
                .iter()
                .map(|(name, filter)| vec![code(name), takes(*filter), example(name, *filter)]);
            written(&["filtro", "sirve para", "da"], rows)
        }
        "reparaciones" => {
            let rows = RepairKind::ALL.iter().map(|kind| vec![code(kind.as_str()), when(*kind).to_owned()]);
            written(&["reparación", "cuándo"], rows)
        }
        "limites" => written(&["qué", "cuánto"], limits_in_words()),
        "codigos" => written(
            &["código", "qué está mal"],
            CODES.iter().map(|(word, told)| vec![code(word), told.to_string()]),
        ),
        _ => return None,
    })
}

/// What a port answers besides `ok`, in words.
pub const OUTCOMES: &[(&str, &str)] = &[
    ("none", "no hay nada"),
    ("down", "la agenda no responde"),
    ("taken", "otra persona se la llevó"),
    ("yours", "el paciente ya tiene algo a esa hora"),
    ("limit", "ya tiene las horas que se permiten"),
    ("past", "ya pasó"),
    ("gone", "la cita ya no está"),
    ("several", "hay más de uno así"),
    ("blocked", "se intentó demasiadas veces"),
    ("already", "ya estaba así"),
];

/// Every kind of row, in the order in which ports return them; the options of a flow last.
fn rows() -> Vec<RowKind> {
    let mut rows = Vec::new();
    for port in PORTS {
        if let Shape::Rows(row) | Shape::One(row) = port.result
            && !rows.contains(&row)
        {
            rows.push(row);
        }
    }
    rows.push(RowKind::Option);
    rows
}

/// A row by itself, one of it, and several.
fn row_in_words(row: RowKind) -> (&'static str, &'static str, &'static str) {
    match row {
        RowKind::Patient => ("persona", "una persona", "personas"),
        RowKind::AppointmentType => ("prestación", "una prestación", "prestaciones"),
        RowKind::Hour => ("hora", "una hora", "horas"),
        RowKind::Appointment => ("cita", "una cita", "citas"),
        RowKind::Professional => ("profesional", "un profesional", "profesionales"),
        RowKind::Waiting => ("espera", "una espera", "esperas"),
        RowKind::Center => ("centro", "el centro", "centros"),
        RowKind::Option => ("opción", "una opción", "opciones"),
    }
}

fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "un texto",
        Kind::Number => "un número",
        Kind::Length => "un tiempo",
        Kind::Flag => "sí o no",
        Kind::Date => "una fecha",
        Kind::Moment => "un momento",
        Kind::Window => "una ventana",
        Kind::RutTail => "el final de un RUT",
        Kind::Row(row) => row_in_words(row).1,
    }
}

fn call(port: &Port) -> String {
    let parameter =
        |one: &super::port::Parameter| format!("{}{}", one.name, if one.optional { "?" } else { "" });
    let parameters: Vec<String> = port.parameters.iter().map(parameter).collect();
    code(&format!("{}({})", port.name, parameters.join(", ")))
}

fn keyword(port: &Port) -> String {
    code(match port.kind {
        PortKind::Read => "do",
        PortKind::Hold => "hold",
        PortKind::Commit => "commit",
    })
}

fn result(port: &Port) -> String {
    match port.result {
        Shape::Rows(row) => row_in_words(row).2,
        Shape::One(row) => row_in_words(row).1,
        Shape::Nothing => "nada",
    }
    .to_owned()
}

fn outcomes(port: &Port) -> String {
    quoted(port.outcomes.iter().copied())
}

fn takes(filter: Filter) -> String {
    match filter.takes() {
        [] if filter == Filter::List => "las citas leídas".to_owned(),
        [] if filter == Filter::Names => "varias personas o prestaciones".to_owned(),
        [] => "varias filas".to_owned(),
        kinds => kinds.iter().map(|kind| kind_in_words(*kind)).collect::<Vec<_>>().join(", "),
    }
}

/// What a filter makes of an example.
fn example(name: &str, filter: Filter) -> String {
    let moment = NaiveDate::from_ymd_opt(2026, 11, 26).and_then(|day| day.and_hms_opt(10, 30, 0));
    let value = match filter {
        Filter::Human => {
            let tuesday = NaiveDate::from_ymd_opt(2026, 12, 1).map_or(Window::ANY, Window::day);
            Value::Window(Window { times: vec![TimeRange { start: 720, end: 1200 }], ..tuesday })
        }
        Filter::FirstName => Value::Text("Luz Soto".to_owned()),
        Filter::Lower => Value::Text("Control de matrona".to_owned()),
        Filter::List => Value::Rows(moment.map(appointment).into_iter().collect()),
        Filter::Names | Filter::Count => {
            let rows = ["Ana Rojas", "Eva Paz", "Inés Mora"].map(|name| Record {
                key: String::new(),
                columns: [("nombre".to_owned(), Value::Text(name.to_owned()))].into(),
                words: Vec::new(),
                until: None,
            });
            Value::Rows(rows.into())
        }
        Filter::DayHour | Filter::DayHourShort | Filter::Day | Filter::Hour => {
            moment.map_or(Value::Nothing, Value::Moment)
        }
    };
    let said =
        Template::parse(&format!("{{x | {name}}}")).unwrap_or_default().render(&Example(value.clone()));
    match &value {
        Value::Text(text) => format!("{text} → {said}"),
        Value::Rows(_) if filter == Filter::List => format!("una por línea: {said}"),
        _ => said,
    }
}

fn appointment(starts: NaiveDateTime) -> Record {
    let text = |text: &str| Value::Text(text.to_owned());
    let columns = [
        ("inicio", Value::Moment(starts)),
        ("prestacion", text("Matrona")),
        ("profesional", text("Ana Rojas")),
    ];
    Record {
        key: String::new(),
        columns: columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        words: Vec::new(),
        until: None,
    }
}

/// One value, whatever it is asked for by.
struct Example(Value);

impl Scope for Example {
    fn look_up(&self, _: &str) -> Option<Seen<'_>> {
        Some(Seen::of(&self.0))
    }
}

/// When a repair is said.
fn when(kind: RepairKind) -> &'static str {
    match kind {
        RepairKind::Hello => "un saludo, o algo que no se entiende cuando no hay nada pendiente",
        RepairKind::Menu => "«menú»",
        RepairKind::Help => "«ayuda»",
        RepairKind::NoBack => "«atrás» sin nada a qué volver",
        RepairKind::Change => "«cambiar» sin decir qué",
        RepairKind::Frozen => "«cambiar» algo que ya quedó tomado",
        RepairKind::Cancel => "«cancelar»: ¿seguir, dejar esto o anular una hora?",
        RepairKind::LeaveFirst => "se pidió otro flujo y `interrupt` dice `ask_first`",
        RepairKind::Offer => "una acción `offer`",
        RepairKind::Miss => "no se entendió",
        RepairKind::Media => "un audio, una foto, un lugar",
        RepairKind::Stale => "un toque en algo antiguo que ya no vale",
        RepairKind::Changed => "un sí a algo que cambió mientras tanto",
        RepairKind::Passed => "el tiempo alcanzó a una respuesta",
        RepairKind::TooEarly => "un sí, un no o un número escrito antes de la pregunta",
        RepairKind::Nudge => "la pregunta otra vez, tras un silencio",
        RepairKind::Close => "se cierra tras un silencio largo",
        RepairKind::Handoff => "pasa a una persona",
        RepairKind::WithStaff => "escribe mientras lo atiende una persona: normalmente no se dice nada",
        RepairKind::Thanks => "gracias, o una despedida",
        RepairKind::Emergency => "peligro para la vida: números de urgencia, y una persona",
        RepairKind::SelfHarm => "habla de hacerse daño: *4141, y una persona",
        RepairKind::Broken => "el programa falló: disculpa, y una persona",
    }
}

fn limits_in_words() -> Vec<Vec<String>> {
    let characters = |count: usize| format!("{count} caracteres");
    vec![
        vec![
            format!("botones: hasta {} opciones", limits::BUTTONS),
            format!("{} cada uno", characters(limits::BUTTON)),
        ],
        vec![
            format!("lista: hasta {} filas", limits::ROWS),
            format!("{} el título; lo que sigue, en `detail`", characters(limits::ROW)),
        ],
        vec!["`detail`".to_owned(), characters(limits::DETAIL)],
        vec!["`list_button`".to_owned(), characters(limits::BUTTON)],
        vec!["un texto".to_owned(), format!("{}, para que quepan los valores", characters(limits::BODY))],
        vec![
            "escribir a quien no contesta".to_owned(),
            format!("{} horas desde su último mensaje: `nudge` y `close` van antes", limits::WINDOW_HOURS),
        ],
    ]
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(code).collect::<Vec<_>>().join(", ")
}

fn written(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        // writing to a String cannot fail
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
