//! What the patient wants: ordered groups of rules with evidence and vetoes, the most dangerous first.
//!
//! A destructive intent (cancel, move) is never read from a negated verb, a question about the rules, somebody
//! else's act, the past, or "cancelar" in the sense of paying.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::assent::Assent;
use super::normal::Read;
use super::when::Times;
use super::{Asked, Context, Reason};

macro_rules! intents {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What a patient wants, by the contract's names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Intent { $($(#[$doc])* $name),* }

        impl Intent {
            /// Every intent.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The contract's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

intents! {
    /// Book an hour.
    Agendar = "agendar",
    /// Move an hour.
    Reagendar = "reagendar",
    /// Cancel an hour.
    Cancelar = "cancelar",
    /// Confirm attendance.
    Confirmar = "confirmar",
    /// See one's hours.
    VerHoras = "ver_horas",
    /// Ask whether there are hours.
    Disponibilidad = "disponibilidad",
    /// Join the waiting list.
    ListaEspera = "lista_espera",
    /// Will be late.
    Atraso = "atraso",
    /// Talk to a person.
    Humano = "humano",
    /// An emergency.
    Urgencia = "urgencia",
    /// A question about the centre.
    Info = "info",
    /// A greeting.
    Saludo = "saludo",
    /// A goodbye.
    Despedida = "despedida",
    /// Thanks.
    Gracias = "gracias",
    /// Help.
    Ayuda = "ayuda",
    /// Yes.
    Si = "si",
    /// No.
    No = "no",
    /// Whichever.
    Cualquiera = "cualquiera",
    /// Anything else.
    Otro = "otro",
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Intent {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|intent| intent.as_str() == text).ok_or(())
    }
}

/// Danger to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Chest pain, no breath, bleeding, unconscious …
    Emergency,
    /// Talk of ending one's life.
    SelfHarm,
}

/// A word that steers the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// "menú"
    Menu,
    /// "atrás"
    Back,
    /// "cambiar", "cambiar la hora"
    Change(Option<String>),
    /// "cancelar"
    Cancel,
    /// "repetir"
    Repeat,
    /// "persona"
    Person,
    /// "ayuda"
    Help,
    /// "empezar de nuevo"
    Restart,
    /// "saltar"
    Skip,
}

const EMERGENCY: [&str; 44] = [
    "dolor de pecho",
    "dolor al pecho",
    "dolor en el pecho",
    "duele el pecho",
    "duele mucho el pecho",
    "puntada en el pecho",
    "presion en el pecho",
    "me aprieta el pecho",
    "no puedo respirar",
    "no respira",
    "no puede respirar",
    "me ahogo",
    "se ahoga",
    "se esta ahogando",
    "me estoy ahogando",
    "me falta el aire",
    "falta de aire",
    "sangra mucho",
    "sangrando mucho",
    "mucha sangre",
    "no para de sangrar",
    "hemorragia",
    "convulsion",
    "convulsiones",
    "convulsionando",
    "convulsiona",
    "se desmayo",
    "me desmaye",
    "desmayado",
    "desmayada",
    "inconsciente",
    "no reacciona",
    "no despierta",
    "infarto",
    "derrame cerebral",
    "cara dormida",
    "se le torcio la boca",
    "intoxicado",
    "envenenado",
    "sobredosis",
    "atropello",
    "atropellado",
    "accidente grave",
    "perdio el conocimiento",
];
const SELF_HARM: [&str; 18] = [
    "quiero morir",
    "quiero morirme",
    "me quiero morir",
    "matarme",
    "me quiero matar",
    "me voy a matar",
    "quitarme la vida",
    "suicidarme",
    "suicidio",
    "suicidar",
    "no quiero vivir",
    "no quiero seguir viviendo",
    "no quiero vivir mas",
    "hacerme daño",
    "cortarme las venas",
    "ya no quiero estar vivo",
    "ya no quiero estar viva",
    "acabar con mi vida",
];

/// Danger to life in a message. A negation or the past ("ya no me duele", "el año pasado") takes it back.
pub(super) fn safety(read: &Read, why: &mut Vec<Reason>) -> Option<Safety> {
    let mut because = |rule, safety| {
        why.push(Reason { rule, span: read.all() });
        Some(safety)
    };
    if read.has_any(&SELF_HARM) {
        return because("safety: self-harm", Safety::SelfHarm);
    }
    let past = read.has_any(&[
        "el año pasado",
        "hace años",
        "hace meses",
        "antecedente",
        "antecedentes",
        "ya no",
        "tuvo un infarto",
        "tuve un infarto",
        "control por",
    ]);
    let chest = read.has("pecho")
        && read
            .has_any(&["dolor", "duele", "duelen", "aprieta", "puntada", "puntadas", "opresion", "presion"]);
    let breath = read.has_any(&[
        "cuesta respirar",
        "cuesta mucho respirar",
        "respiro mal",
        "no respiro bien",
        "sin aire",
    ]);
    if (chest || breath || read.has_any(&EMERGENCY))
        && !past
        && !read.has_any(&["no tengo dolor", "no me duele", "sin dolor"])
    {
        return because("safety: emergency", Safety::Emergency);
    }
    None
}

/// Whether the message asks something.
pub(super) fn is_question(read: &Read) -> bool {
    let marked = read.tokens.iter().any(|token| matches!(token.word.as_str(), "?" | "¿"));
    let first = read
        .words()
        .find(|word| {
            !matches!(
                *word,
                "hola" | "buenas" | "buenos" | "dias" | "tardes" | "y" | "pero" | "oiga" | "disculpe"
            )
        })
        .unwrap_or_default();
    marked
        || matches!(first, "cuando" | "donde" | "cuanto" | "cuantos" | "cual" | "cuales" | "quien" | "por" if first != "por" || read.has("por que"))
}

const INDIFFERENT: [&str; 26] = [
    "cualquiera",
    "cualquier",
    "cualquier dia",
    "cualquier hora",
    "da lo mismo",
    "me da lo mismo",
    "da igual",
    "me da igual",
    "lo mismo",
    "el que sea",
    "la que sea",
    "lo que sea",
    "no importa",
    "la que tengan",
    "el que tengan",
    "la que haya",
    "no tengo preferencia",
    "sin preferencia",
    "indiferente",
    "a cualquier hora",
    "con cualquiera",
    "con quien sea",
    "me es indiferente",
    "todas me sirven",
    "todos me sirven",
    "la que quiera",
];

/// "Cualquiera", "da lo mismo".
pub(super) fn indifferent(read: &Read) -> bool {
    read.has_any(&INDIFFERENT) && read.count() <= 10
}

/// A steering word, when it is nearly the whole message.
pub(super) fn command(read: &Read) -> Option<Command> {
    const COURTESY: [&str; 14] = [
        "por", "favor", "quiero", "ya", "el", "la", "al", "un", "una", "me", "puedo", "quisiera", "necesito",
        "po",
    ];
    let words: Vec<&str> = read.words().filter(|word| !COURTESY.contains(word)).collect();
    let whole = words.join(" ");
    if words.len() > 6 {
        return None;
    }
    let is = |known: &[&str]| known.contains(&whole.as_str());
    if is(&[
        "menu",
        "inicio",
        "menu principal",
        "volver menu",
        "volver inicio",
        "ir menu",
        "opciones",
        "ver opciones",
    ]) {
        Some(Command::Menu)
    } else if is(&[
        "atras",
        "volver",
        "volver atras",
        "anterior",
        "regresar",
        "ir atras",
        "paso anterior",
        "pasito atras",
    ]) {
        Some(Command::Back)
    } else if is(&[
        "cancelar",
        "cancela",
        "salir",
        "terminar",
        "dejalo",
        "dejar esto",
        "olvidalo",
        "no quiero nada",
        "no quiero seguir",
        "dejemoslo ahi",
        "nada",
        "dejemoslo",
        "cancelar todo",
        "cancelar esto",
    ]) {
        Some(Command::Cancel)
    } else if is(&[
        "repetir",
        "repite",
        "repita",
        "otra vez",
        "repetir pregunta",
        "que dijo",
        "que dijiste",
        "como dijo",
        "como",
        "de nuevo",
        "repiteme",
        "no escuche",
        "no vi",
    ]) {
        Some(Command::Repeat)
    } else if is(&[
        "persona",
        "humano",
        "operador",
        "operadora",
        "ejecutivo",
        "ejecutiva",
        "secretaria",
        "hablar con persona",
        "hablar con alguien",
        "con persona",
        "alguien",
        "hablar con humano",
        "funcionario",
        "funcionaria",
        "recepcion",
        "some",
    ]) {
        Some(Command::Person)
    } else if is(&[
        "ayuda",
        "ayudame",
        "help",
        "no entiendo",
        "no se",
        "no se como",
        "como funciona",
        "que hago",
        "que puedo hacer",
        "ayudeme",
        "no entiendo nada",
    ]) {
        Some(Command::Help)
    } else if is(&[
        "empezar de nuevo",
        "de cero",
        "comenzar de nuevo",
        "reiniciar",
        "partir de nuevo",
        "empezar otra vez",
        "volver a empezar",
        "empecemos de nuevo",
        "partamos de nuevo",
    ]) {
        Some(Command::Restart)
    } else if is(&["saltar", "omitir", "siguiente", "pasar", "saltar pregunta"]) {
        Some(Command::Skip)
    } else if matches!(
        words.first(),
        Some(&("cambiar" | "cambia" | "corregir" | "cambiemos" | "corrige" | "modificar"))
    ) && !read.has_any(&[
        "mi hora",
        "mi cita",
        "hora para",
        "cita para",
        "cambiar hora",
        "una hora",
        "cambiar cita",
    ]) {
        let rest = words[1..].join(" ");
        Some(Command::Change((!rest.is_empty() && rest != "algo").then_some(rest)))
    } else {
        None
    }
}

/// What the patient wants, and how sure that is.
#[expect(clippy::too_many_arguments, reason = "everything else that was read, as evidence")]
pub(super) fn of(
    read: &Read,
    context: &Context<'_>,
    assent: Option<Assent>,
    specialty: bool,
    times: &Times,
    safety: Option<Safety>,
    any: bool,
    question: bool,
    why: &mut Vec<Reason>,
) -> (Intent, f32) {
    let (intent, confidence, rule) = decide(read, context, assent, specialty, times, safety, any, question);
    why.push(Reason { rule, span: read.all() });
    (intent, confidence)
}

#[expect(clippy::too_many_arguments, reason = "everything else that was read, as evidence")]
fn decide(
    read: &Read,
    context: &Context<'_>,
    assent: Option<Assent>,
    specialty: bool,
    times: &Times,
    safety: Option<Safety>,
    any: bool,
    question: bool,
) -> (Intent, f32, &'static str) {
    let count = read.count();
    let has = |phrases: &[&str]| read.has_any(phrases);
    if safety.is_some()
        || has(&["urgencia", "es urgente", "emergencia", "muy urgente", "ambulancia", "samu"])
            && !has(&[
                "hora de urgencia",
                "no es urgente",
                "no es urgencia",
                "no es una urgencia",
                "servicio de urgencia",
                "donde",
            ])
    {
        return (Intent::Urgencia, 0.9, "intent: emergency");
    }
    let in_yes_no = context.asked == Asked::YesNo;
    if in_yes_no && count <= 4 {
        match assent {
            Some(Assent::No) => return (Intent::No, 0.95, "intent: no to the question"),
            Some(_) => return (Intent::Si, 0.95, "intent: yes to the question"),
            None => {}
        }
    }
    if has(&[
        "hablar con alguien",
        "hablar con una persona",
        "hablar con un humano",
        "con una persona",
        "con un ejecutivo",
        "con una ejecutiva",
        "una persona real",
        "persona de verdad",
        "un humano",
        "hablar con la secretaria",
        "con recepcion",
        "hablar con ustedes",
        "hablar con un funcionario",
        "que me llamen",
        "me pueden llamar",
        "me llama",
        "me atienda una persona",
        "me atiende una persona",
        "operador",
        "operadora",
        "asistente humano",
        "un ser humano",
        "eres un robot",
        "agente",
        "con un asesor",
        "hablar con un asesor",
        "hablar con el doctor",
        "hablar con la doctora",
    ]) || count <= 3 && has(&["humano", "persona", "ejecutivo", "secretaria", "recepcion", "asesor"])
    {
        return (Intent::Humano, 0.9, "intent: a person");
    }
    if has(&[
        "lista de espera",
        "si se libera",
        "si se desocupa",
        "si alguien cancela",
        "avisame si",
        "avisenme si",
        "me avisan si",
        "si hay un cupo",
        "anotarme por si",
        "en espera",
    ]) {
        return (Intent::ListaEspera, 0.9, "intent: waiting list");
    }
    if has(&[
        "voy atrasado",
        "voy atrasada",
        "voy tarde",
        "llegare tarde",
        "llego tarde",
        "voy a llegar tarde",
        "estoy atrasado",
        "estoy atrasada",
        "me atrase",
        "vengo atrasado",
        "vengo atrasada",
        "minutos tarde",
        "minutos de atraso",
        "minutos atrasado",
        "minutos atrasada",
        "un poco tarde",
        "me voy a atrasar",
        "voy en camino",
        "hay taco",
        "atraso",
    ]) && !has(&["mas tarde"])
    {
        return (Intent::Atraso, 0.9, "intent: late");
    }
    let moves = has(&[
        "reagendar",
        "reagenda",
        "reagendo",
        "reprogramar",
        "reprogramo",
        "reprograma",
        "aplazar",
        "postergar",
        "correr la hora",
        "cambiar la hora",
        "cambiar mi hora",
        "cambiar hora",
        "cambiar una hora",
        "cambiar la cita",
        "cambiar mi cita",
        "cambiar de hora",
        "cambiar el dia",
        "cambiar la fecha",
        "cambiar de dia",
        "cambiar fecha",
        "mover la hora",
        "mover mi hora",
        "mover mi cita",
        "mover la cita",
        "mover hora",
        "cambiar mi control",
        "cambiar el horario",
        "cambio de hora",
        "cambiarla para",
        "cambiarla al",
        "moverla para",
        "adelantar mi hora",
        "adelantar la hora",
        "atrasar mi hora",
        "posponer",
        "cambiarme la hora",
        "me cambian la hora",
        "me cambias la hora",
        "me puedes cambiar la hora",
        "pasarla para",
        "modificar mi hora",
        "modificar la hora",
        "modificar mi cita",
        "otra fecha para mi",
        "cambiar cita",
        "cambiar mi reserva",
    ]);
    let cancels = has(&[
        "cancelar",
        "cancela",
        "cancelo",
        "cancelen",
        "cancele",
        "cancelarla",
        "cancelame",
        "anular",
        "anula",
        "anulo",
        "anulen",
        "anule",
        "anularla",
        "anulame",
        "eliminar mi hora",
        "borrar mi hora",
        "dar de baja mi hora",
        "dejar sin efecto",
        "ya no necesito la hora",
        "ya no necesito hora",
        "no necesito la hora",
        "ya no voy a ir",
        "no voy a ir",
        "no podre ir",
        "no puedo ir",
        "no podre asistir",
        "no puedo asistir",
        "no voy a poder ir",
        "no voy a poder asistir",
        "no alcanzo a ir",
        "no asistire",
        "no ire",
        "desagendar",
        "liberar mi hora",
        "liberar la hora",
        "botar la hora",
        "quiero cancelar",
        "suspender mi hora",
        "suspender la hora",
        "ya no quiero la hora",
        "ya no quiero ir",
    ]);
    let pays = cancels
        && has(&[
            "efectivo",
            "tarjeta",
            "debito",
            "credito",
            "transferencia",
            "caja",
            "bono",
            "pagar",
            "pago",
            "cuanto",
            "al llegar",
            "copago",
            "el mismo dia",
            "ahi mismo",
            "en el centro",
            "cheque",
            "la consulta con",
            "cuotas",
        ]);
    let denied = has(&[
        "no quiero cancelar",
        "no cancelar",
        "no quiero anular",
        "no anular",
        "no cancele",
        "no cancelen",
        "no la cancele",
        "no la canceles",
        "no la anule",
        "no la anules",
        "sin cancelar",
        "no deseo cancelar",
        "no cancelo",
        "no lo cancele",
        "no voy a cancelar",
        "no anulen",
        "no anule",
    ]);
    let others = has(&[
        "me cancelaron",
        "cancelaron",
        "la cancelaron",
        "me anularon",
        "anularon",
        "ya cancele",
        "ya la cancele",
        "ya lo cancele",
        "cancele ayer",
        "fue cancelada",
        "fue anulada",
        "cancelado ayer",
        "la doctora cancelo",
        "el doctor cancelo",
        "ella cancelo",
        "se cancelo",
        "cancelo el",
        "cancelo la doctora",
        "cancelo la hora el",
    ]);
    let rules = question
        && has(&[
            "que pasa si",
            "hasta cuando puedo",
            "hasta cuando se puede",
            "con cuanta anticipacion",
            "cobran si",
            "se puede cancelar",
            "multa",
            "politica",
            "como se cancela",
            "puedo cancelar hasta",
        ]);
    let not_moved = has(&[
        "no quiero cambiar",
        "no cambiar",
        "no la cambie",
        "no la cambies",
        "no reagendar",
        "no quiero reagendar",
        "me cambiaron",
        "cambiaron la hora",
        "me reagendaron",
        "la cambiaron",
        "ya la cambie",
        "ya reagende",
        "me la cambiaron",
    ]);
    if moves && !not_moved && !rules {
        return (Intent::Reagendar, 0.92, "intent: move an hour");
    }
    if cancels && !pays && !denied && !others && !rules {
        // "no puedo ir, ¿la cambio para el jueves?"
        if has(&["cambiar", "cambiarla", "otro dia", "otra hora", "mover", "moverla", "para otro"]) {
            return (Intent::Reagendar, 0.85, "intent: cannot come, another day");
        }
        return (Intent::Cancelar, 0.92, "intent: cancel an hour");
    }
    if cancels && (pays || rules) {
        return (Intent::Info, 0.7, "intent: paying or rules");
    }
    if denied || others || not_moved {
        return (Intent::Otro, 0.5, "intent: a negated or a past act");
    }
    let sees = has(&[
        "mis horas",
        "mi hora",
        "mis citas",
        "mi cita",
        "mi proxima hora",
        "mi proxima cita",
        "que horas tengo",
        "que hora tengo",
        "tengo hora",
        "tengo alguna hora",
        "tengo horas",
        "tengo cita",
        "tengo citas",
        "cuando me toca",
        "cuando tengo",
        "a que hora tengo",
        "a que hora es mi",
        "cuando es mi",
        "ver mi hora",
        "ver mis",
        "consultar mi hora",
        "cuando es la hora",
        "que dia tengo",
        "que dia es mi",
        "mis reservas",
        "mi reserva",
        "mis controles",
        "recordar mi hora",
        "para cuando tengo",
        "cual es mi hora",
    ]);
    let asks_own = question
        || has(&[
            "ver",
            "saber",
            "revisar",
            "consultar",
            "mostrar",
            "recordar",
            "recuerdame",
            "cuales",
            "dime",
            "olvide",
            "no me acuerdo",
            "no recuerdo",
        ])
        || count <= 3;
    if has(&[
        "confirmo",
        "confirmar",
        "confirmada",
        "confirmado",
        "ahi estare",
        "alla estare",
        "asistire",
        "si voy a ir",
        "si asistire",
        "voy a asistir",
        "confirmo mi hora",
        "confirmo asistencia",
        "confirmar mi asistencia",
        "confirmar asistencia",
        "confirmar mi hora",
        "si voy",
    ]) && !has(&[
        "no confirmo",
        "no puedo confirmar",
        "no voy a confirmar",
        "sin confirmar",
        "no confirmare",
    ]) && !question
    {
        return (Intent::Confirmar, 0.9, "intent: confirm");
    }
    if sees && asks_own && !has(&["pedir", "sacar", "tomar", "agendar", "nueva"]) {
        return (Intent::VerHoras, 0.9, "intent: see one's hours");
    }
    let wants = has(&[
        "quiero",
        "necesito",
        "quisiera",
        "me gustaria",
        "deseo",
        "pedir",
        "sacar",
        "tomar",
        "agendar",
        "agendarme",
        "agenda",
        "agendame",
        "reservar",
        "reserva",
        "solicitar",
        "dar hora",
        "dame",
        "deme",
        "conseguir",
        "me agendan",
        "me agenda",
        "me da",
        "me das",
        "me dan",
        "ando buscando",
        "busco",
        "requiero",
        "pido",
        "agendo",
        "reservame",
        "para pedir",
        "me puede dar",
        "me pueden dar",
    ]);
    let hour = has(&[
        "hora",
        "horas",
        "cita",
        "citas",
        "turno",
        "control",
        "consulta",
        "atencion",
        "numero",
        "cupo",
        "cupos",
        "reserva",
        "sobrecupo",
        "atenderme",
        "atenderse",
        "examen",
        "agendar",
        "agendarme",
        "reservar",
        "horario",
        "agendame",
        "evaluacion",
        "sesion",
        "sesiones",
    ]);
    let available = has(&[
        "hay hora",
        "hay horas",
        "hay cupo",
        "hay cupos",
        "tienen hora",
        "tienen horas",
        "tiene hora",
        "tiene horas",
        "tienen cupo",
        "tienen cupos",
        "queda hora",
        "quedan horas",
        "quedan cupos",
        "queda cupo",
        "hay disponibilidad",
        "disponibilidad",
        "que horas hay",
        "que horas tienen",
        "que horarios",
        "que horario tienen",
        "horas disponibles",
        "hay disponible",
        "tienen disponible",
        "para cuando hay",
        "cuando hay",
        "cuando tienen",
        "cuando atiende",
        "que dias atiende",
        "que dia atiende",
        "hay algo",
        "horarios disponibles",
        "cupos disponibles",
        "atienden el",
        "atiende el",
        "atiende manana",
        "tendran hora",
        "tendra hora",
        "habra hora",
        "algo disponible",
        "que dias tienen",
    ]);
    if available && !has(&["quiero", "necesito", "quisiera"]) {
        return (Intent::Disponibilidad, 0.88, "intent: are there hours");
    }
    let info = has(&[
        "donde queda",
        "donde estan",
        "donde es",
        "direccion",
        "ubicacion",
        "como llego",
        "a que hora abren",
        "a que hora cierran",
        "horario de atencion",
        "hasta que hora",
        "cuanto cuesta",
        "cuanto vale",
        "cuanto sale",
        "que valor",
        "precio",
        "precios",
        "valor de",
        "valores",
        "fonasa",
        "isapre",
        "que documentos",
        "que tengo que llevar",
        "que debo llevar",
        "que llevo",
        "telefono",
        "correo",
        "estacionamiento",
        "aceptan",
        "atienden por",
        "convenio",
        "requisitos",
        "ayuno",
        "preparacion",
        "en que consiste",
        "cuanto dura",
        "cuanto demora",
        "resultados",
        "examenes",
        "receta",
        "formas de pago",
        "medios de pago",
        "bono",
        "reembolso",
        "quien es",
        "que especialidades",
        "que atenciones",
        "hacen",
        "realizan",
        "atienden niños",
    ]);
    if info && !(wants && hour) {
        return (Intent::Info, 0.85, "intent: about the centre");
    }
    if wants && (hour || specialty || times.wanted)
        || hour && (specialty || times.wanted) && !question
        || has(&[
            "agendar",
            "reservar",
            "pedir hora",
            "sacar hora",
            "tomar hora",
            "una hora",
            "hora para",
            "hora con",
            "cita con",
            "cita para",
            "hora al",
            "hora medica",
            "que me vea",
            "que me atienda",
            "que lo vea",
            "que la vea",
            "me atiendan",
        ]) && !has(&["hace una hora", "en una hora"])
    {
        return (Intent::Agendar, 0.92, "intent: book an hour");
    }
    if specialty && count <= 8 && !has(&["gracias"]) {
        return (Intent::Agendar, 0.75, "intent: a prestación by itself");
    }
    if has(&[
        "chao",
        "chau",
        "adios",
        "hasta luego",
        "nos vemos",
        "hasta pronto",
        "hasta mañana",
        "que este bien",
        "que esten bien",
        "buen dia a ustedes",
        "cuidese",
        "bye",
    ]) {
        return (Intent::Despedida, 0.9, "intent: goodbye");
    }
    match assent {
        Some(Assent::No) if count <= 4 => return (Intent::No, 0.9, "intent: no"),
        Some(Assent::Yes | Assent::WeakYes) if count <= 4 && !has(&["gracias"]) => {
            return (Intent::Si, 0.9, "intent: yes");
        }
        _ => {}
    }
    if any {
        return (Intent::Cualquiera, 0.9, "intent: whichever");
    }
    if has(&["gracias", "agradezco", "agradecida", "agradecido", "muy amable", "se agradece"]) {
        return (Intent::Gracias, 0.9, "intent: thanks");
    }
    if has(&[
        "ayuda",
        "ayudame",
        "ayudeme",
        "me puedes ayudar",
        "me puede ayudar",
        "me pueden ayudar",
        "que puedes hacer",
        "que haces",
        "como funciona",
        "menu",
        "opciones",
        "no entiendo",
        "como se usa",
    ]) {
        return (Intent::Ayuda, 0.85, "intent: help");
    }
    if has(&[
        "hola",
        "buenos dias",
        "buen dia",
        "buenas tardes",
        "buenas noches",
        "buenas",
        "alo",
        "saludos",
        "que tal",
        "como esta",
        "como estas",
        "hello",
        "hi",
    ]) && count <= 8
    {
        return (Intent::Saludo, 0.9, "intent: greeting");
    }
    if hour && count <= 4 && !question {
        return (Intent::Agendar, 0.6, "intent: an hour by itself");
    }
    (Intent::Otro, 0.3, "intent: nothing known")
}
