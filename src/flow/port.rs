//! The ports: the only functions a flow can call, declared here with arguments, results and outcomes.
//!
//! An outcome is a word of a closed list; `ok` goes on, every other needs a branch in the flow. A port that
//! writes says whether it can be undone (`Hold`) or not (`Commit`).

use std::time::Duration;

/// A declared function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// `agenda.buscar`.
    pub name: &'static str,
    /// Reads, holds or commits.
    pub kind: PortKind,
    /// Its parameters, in order.
    pub parameters: &'static [Parameter],
    /// What it returns.
    pub result: Shape,
    /// Its outcomes besides `ok`.
    pub outcomes: &'static [&'static str],
    /// How old a result may be when it is shown again; `None`: as old as the conversation.
    pub fresh_for: Option<Duration>,
}

/// What a port does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    /// Changes nothing.
    Read,
    /// Takes something that is given back when its inputs change: an hour.
    Hold,
    /// Cannot be undone.
    Commit,
}

/// A parameter of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether `Value::Nothing` may be passed.
    pub optional: bool,
}

/// The types of the flow language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Number,
    /// A length of time.
    Length,
    /// Yes or no.
    Flag,
    /// A day.
    Date,
    /// A moment of wall time.
    Moment,
    /// A constraint on hours.
    Window,
    /// The end of a RUT.
    RutTail,
    /// A row of this record type.
    Row(RowKind),
}

/// The kinds of rows; each with its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// Someone this phone may speak for.
    Patient,
    /// A prestación.
    AppointmentType,
    /// A free hour.
    Hour,
    /// A booked appointment.
    Appointment,
    /// Someone who sees patients.
    Professional,
    /// An entry of the waitlist.
    Waiting,
    /// The centre itself.
    Center,
    /// An option written in the flow.
    Option,
}

/// What a port returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Rows to choose from.
    Rows(RowKind),
    /// One row.
    One(RowKind),
    /// Nothing but the outcome.
    Nothing,
}

impl RowKind {
    /// The columns of such a row and their types.
    pub fn columns(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Patient => &[("nombre", Kind::Text), ("verificado", Kind::Flag), ("edad", Kind::Number)],
            Self::AppointmentType => &[("nombre", Kind::Text), ("duracion", Kind::Length)],
            Self::Hour => &[("inicio", Kind::Moment), ("profesional", Kind::Text), ("lugar", Kind::Text)],
            Self::Appointment => &[
                ("inicio", Kind::Moment),
                ("prestacion", Kind::Text),
                ("profesional", Kind::Text),
                ("lugar", Kind::Text),
                ("paciente", Kind::Text),
                ("codigo", Kind::Text),
            ],
            Self::Professional => &[("nombre", Kind::Text)],
            Self::Waiting => &[("prestacion", Kind::Text), ("paciente", Kind::Text), ("desde", Kind::Date)],
            Self::Center => &[
                ("nombre", Kind::Text),
                ("direccion", Kind::Text),
                ("telefono", Kind::Text),
                ("atencion", Kind::Text),
            ],
            Self::Option => &[("titulo", Kind::Text)],
        }
    }
}

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, optional: false }
}

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, optional: true }
}

const PATIENT: Parameter = required("paciente", Kind::Row(RowKind::Patient));
const TYPE: Parameter = required("prestacion", Kind::Row(RowKind::AppointmentType));
const WITH: Parameter = optional("profesional", Kind::Row(RowKind::Professional));
const HOUR: Parameter = required("hora", Kind::Row(RowKind::Hour));
const APPOINTMENT: Parameter = required("cita", Kind::Row(RowKind::Appointment));
const SHOWN_AGAIN: Option<Duration> = Some(Duration::from_mins(2));

/// Every port there is.
pub const PORTS: &[Port] = &[
    // Who this phone may speak for. `none`: nobody yet, so it must say who it is first.
    Port {
        name: "personas.autorizadas",
        kind: PortKind::Read,
        parameters: &[],
        result: Shape::Rows(RowKind::Patient),
        outcomes: &["none", "down"],
        fresh_for: None,
    },
    // Links this conversation to the one patient whose RUN ends so and who was born then. Three tries in all,
    // counted outside the conversation's state: `blocked` afterwards.
    Port {
        name: "personas.vincular",
        kind: PortKind::Commit,
        parameters: &[required("rut", Kind::RutTail), required("nacimiento", Kind::Date)],
        result: Shape::One(RowKind::Patient),
        outcomes: &["none", "several", "blocked", "down"],
        fresh_for: None,
    },
    // The centre's name, address and telephone.
    Port {
        name: "centro.datos",
        kind: PortKind::Read,
        parameters: &[],
        result: Shape::One(RowKind::Center),
        outcomes: &["down"],
        fresh_for: None,
    },
    // What can be booked by chat.
    Port {
        name: "agenda.prestaciones",
        kind: PortKind::Read,
        parameters: &[],
        result: Shape::Rows(RowKind::AppointmentType),
        outcomes: &["none", "down"],
        fresh_for: None,
    },
    // Who sees patients for a prestación, by name.
    Port {
        name: "agenda.profesionales",
        kind: PortKind::Read,
        parameters: &[TYPE],
        result: Shape::Rows(RowKind::Professional),
        outcomes: &["none", "down"],
        fresh_for: None,
    },
    // Free hours of a prestación, whoever they are for.
    Port {
        name: "agenda.libres",
        kind: PortKind::Read,
        parameters: &[TYPE, optional("cuando", Kind::Window), optional("limite", Kind::Number), WITH],
        result: Shape::Rows(RowKind::Hour),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // Free hours of any professional of a prestación, or of one, best first.
    Port {
        name: "agenda.buscar",
        kind: PortKind::Read,
        parameters: &[
            PATIENT,
            TYPE,
            optional("cuando", Kind::Window),
            optional("limite", Kind::Number),
            WITH,
        ],
        result: Shape::Rows(RowKind::Hour),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // Free hours to which an appointment can be moved: the same prestación, its own hour counted as free.
    Port {
        name: "agenda.buscar_cambio",
        kind: PortKind::Read,
        parameters: &[APPOINTMENT, optional("cuando", Kind::Window), optional("limite", Kind::Number)],
        result: Shape::Rows(RowKind::Hour),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // Holds an hour for a patient.
    Port {
        name: "agenda.tomar",
        kind: PortKind::Hold,
        parameters: &[HOUR, PATIENT],
        result: Shape::Nothing,
        outcomes: &["taken", "yours", "limit", "past", "down"],
        fresh_for: None,
    },
    // Holds the hour to which an appointment will be moved. One that overlaps the appointment itself cannot be
    // held beside it: it answers `ok` without a hold, and `agenda.mover` swaps both at once.
    Port {
        name: "agenda.tomar_cambio",
        kind: PortKind::Hold,
        parameters: &[HOUR, APPOINTMENT],
        result: Shape::Nothing,
        outcomes: &["taken", "yours", "gone", "past", "down"],
        fresh_for: None,
    },
    // Turns the hold into an appointment.
    Port {
        name: "agenda.confirmar",
        kind: PortKind::Commit,
        parameters: &[HOUR, PATIENT],
        result: Shape::One(RowKind::Appointment),
        outcomes: &["taken", "yours", "limit", "past", "down"],
        fresh_for: None,
    },
    // A patient's future appointments; from an unverified phone only those it booked itself.
    Port {
        name: "agenda.citas",
        kind: PortKind::Read,
        parameters: &[PATIENT],
        result: Shape::Rows(RowKind::Appointment),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // Moves an appointment: the old hour is kept until the new one is secured.
    Port {
        name: "agenda.mover",
        kind: PortKind::Commit,
        parameters: &[APPOINTMENT, HOUR],
        result: Shape::One(RowKind::Appointment),
        outcomes: &["taken", "yours", "gone", "past", "down"],
        fresh_for: None,
    },
    // Cancels an appointment and frees its hour.
    Port {
        name: "agenda.anular",
        kind: PortKind::Commit,
        parameters: &[APPOINTMENT],
        result: Shape::One(RowKind::Appointment),
        outcomes: &["gone", "down"],
        fresh_for: None,
    },
    // A patient's appointments of today, those that began up to two hours ago as well.
    Port {
        name: "agenda.citas_de_hoy",
        kind: PortKind::Read,
        parameters: &[PATIENT],
        result: Shape::Rows(RowKind::Appointment),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // The patient says that they will come.
    Port {
        name: "asistencia.confirmar",
        kind: PortKind::Commit,
        parameters: &[APPOINTMENT],
        result: Shape::One(RowKind::Appointment),
        outcomes: &["gone", "down"],
        fresh_for: None,
    },
    // The patient comes late today: a note for staff on the appointment.
    Port {
        name: "asistencia.atraso",
        kind: PortKind::Commit,
        parameters: &[APPOINTMENT, required("cuanto", Kind::Text)],
        result: Shape::One(RowKind::Appointment),
        outcomes: &["gone", "down"],
        fresh_for: None,
    },
    // Why an appointment was cancelled: a note for staff on it.
    Port {
        name: "asistencia.motivo",
        kind: PortKind::Commit,
        parameters: &[APPOINTMENT, required("motivo", Kind::Text)],
        result: Shape::Nothing,
        outcomes: &["gone", "down"],
        fresh_for: None,
    },
    // Puts a patient on the waitlist of a prestación, or brings the entry that is there up to date (`already`).
    Port {
        name: "espera.anotar",
        kind: PortKind::Commit,
        parameters: &[PATIENT, TYPE, optional("cuando", Kind::Window), WITH],
        result: Shape::One(RowKind::Waiting),
        outcomes: &["already", "down"],
        fresh_for: None,
    },
    // What a patient waits for; from an unverified phone only what it asked for itself.
    Port {
        name: "espera.anotadas",
        kind: PortKind::Read,
        parameters: &[PATIENT],
        result: Shape::Rows(RowKind::Waiting),
        outcomes: &["none", "down"],
        fresh_for: SHOWN_AGAIN,
    },
    // Takes an entry off the waitlist.
    Port {
        name: "espera.sacar",
        kind: PortKind::Commit,
        parameters: &[required("espera", Kind::Row(RowKind::Waiting))],
        result: Shape::One(RowKind::Waiting),
        outcomes: &["gone", "down"],
        fresh_for: None,
    },
    // No message any more that the patient did not ask for.
    Port {
        name: "avisos.parar",
        kind: PortKind::Commit,
        parameters: &[],
        result: Shape::Nothing,
        outcomes: &["already", "down"],
        fresh_for: None,
    },
    // Messages again, as before.
    Port {
        name: "avisos.reanudar",
        kind: PortKind::Commit,
        parameters: &[],
        result: Shape::Nothing,
        outcomes: &["already", "down"],
        fresh_for: None,
    },
    // The centre, when nothing was ever said to this phone before: then it is told what is kept and why.
    Port {
        name: "privacidad.primera_vez",
        kind: PortKind::Read,
        parameters: &[],
        result: Shape::One(RowKind::Center),
        outcomes: &["none", "down"],
        fresh_for: None,
    },
];

/// What a patient may want, by the names that the language part gives it; flows start by these.
pub const INTENTS: &[&str] = &[
    "agendar",
    "reagendar",
    "cancelar",
    "confirmar",
    "ver_horas",
    "disponibilidad",
    "lista_espera",
    "atraso",
    "humano",
    "urgencia",
    "baja",
    "info",
    "saludo",
    "despedida",
    "gracias",
    "ayuda",
    "si",
    "no",
    "cualquiera",
    "otro",
];

/// The port of that name.
pub fn port(name: &str) -> Option<&'static Port> {
    PORTS.iter().find(|port| port.name == name)
}
