//! What the patient wants: the sections of `words/intents.txt` weighed against what takes them back.
//!
//! A destructive or confirming intent (cancel, move, confirm) is never read from a denied verb, a question about the
//! rules, a condition, somebody else's act, the past, quoted words, or "cancelar" in the sense of paying.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::assent::Assent;
use super::clause::Clauses;
use super::groups::{Groups, has};
use super::normal::Read;
use super::rules::{Match, Words, mark};
use super::{Asked, Reason};

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

// what is more urgent comes first: it wins a tie
intents! {
    /// An emergency.
    Urgencia = "urgencia",
    /// No messages any more.
    Baja = "baja",
    /// Talk to a person.
    Humano = "humano",
    /// Join the waiting list.
    ListaEspera = "lista_espera",
    /// Will be late.
    Atraso = "atraso",
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
    /// A question about the centre.
    Info = "info",
    /// Book an hour.
    Agendar = "agendar",
    /// Whichever.
    Cualquiera = "cualquiera",
    /// Yes.
    Si = "si",
    /// No.
    No = "no",
    /// A goodbye.
    Despedida = "despedida",
    /// Thanks.
    Gracias = "gracias",
    /// Help.
    Ayuda = "ayuda",
    /// A greeting.
    Saludo = "saludo",
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

impl Intent {
    /// It changes an hour that the patient has.
    fn acts(self) -> bool {
        matches!(self, Self::Reagendar | Self::Cancelar | Self::Confirmar)
    }

    /// Courtesy: anything of substance in the same message wins.
    fn is_courtesy(self) -> bool {
        matches!(self, Self::Saludo | Self::Gracias | Self::Despedida | Self::Ayuda)
    }
}

/// What else was read, as evidence.
pub(super) struct Evidence<'e> {
    pub read: &'e Read<'e>,
    pub words: &'e Words,
    pub clauses: &'e Clauses,
    pub matches: &'e [Match],
    pub asked: Asked,
    pub assent: Option<Assent>,
    pub specialty: bool,
    pub emergency: bool,
    pub any: bool,
    pub question: bool,
}

/// A weight for each intent, and the rule it comes from.
struct Scores {
    weights: [u8; Intent::ALL.len()],
    rules: [Option<Match>; Intent::ALL.len()],
}

impl Scores {
    fn of(&self, intent: Intent) -> u8 {
        self.weights[intent as usize]
    }

    fn drop(&mut self, intent: Intent) {
        self.weights[intent as usize] = 0;
    }
}

/// What the patient wants, and how sure that is.
pub(super) fn of(evidence: &Evidence<'_>, why: &mut Vec<Reason>) -> (Intent, f32) {
    let count = evidence.words.tokens.len();
    if evidence.emergency {
        return (Intent::Urgencia, 0.95);
    }
    // to be left alone is heard before any question that waits
    if let Some(found) = left_alone(evidence) {
        why.push(Reason { rule: found.line, span: evidence.read.span(found.span.0..found.span.1) });
        return (Intent::Baja, 0.95);
    }
    let short = count <= 4;
    if evidence.asked == Asked::YesNo && short {
        match evidence.assent {
            Some(Assent::No) => return (Intent::No, 0.95),
            Some(Assent::Yes | Assent::WeakYes) => return (Intent::Si, 0.95),
            None => {}
        }
    }
    let mut scores = weigh(evidence);
    take_back(evidence, &mut scores);
    let best = Intent::ALL.iter().copied().filter(|intent| scores.of(*intent) > 0).max_by(|one, other| {
        let rank =
            |intent: Intent| (!intent.is_courtesy(), scores.of(intent), std::cmp::Reverse(intent as usize));
        rank(*one).cmp(&rank(*other))
    });
    let mut explain = |intent: Intent| {
        if let Some(found) = scores.rules[intent as usize] {
            why.push(Reason { rule: found.line, span: evidence.read.span(found.span.0..found.span.1) });
        }
    };
    // a bare yes or no is just that, unless something of substance was said
    let weak = best.is_none_or(|best| best.is_courtesy() || scores.of(best) < 3);
    if let Some(assent) = evidence.assent
        && (weak || best == Some(Intent::Agendar) && scores.of(Intent::Agendar) < 3)
        && count <= 7
        && !evidence.specialty
        && (best != Some(Intent::Gracias) || assent != Assent::WeakYes)
        && !(best == Some(Intent::Ayuda)
            && scores.rules[Intent::Ayuda as usize].is_some_and(|rule| rule.denies))
        && !(best == Some(Intent::Despedida) && assent == Assent::WeakYes)
    {
        return match assent {
            Assent::No => (Intent::No, 0.9),
            Assent::Yes | Assent::WeakYes => (Intent::Si, 0.9),
        };
    }
    match best {
        Some(best) => {
            explain(best);
            let rival = Intent::ALL
                .iter()
                .filter(|other| **other != best && !other.is_courtesy())
                .map(|other| scores.of(*other))
                .max()
                .unwrap_or(0);
            let sure = match scores.of(best) {
                3.. => 0.95,
                2 => 0.85,
                _ => 0.6,
            };
            (best, if rival >= scores.of(best) { sure - 0.15 } else { sure })
        }
        None if evidence.any => (Intent::Cualquiera, 0.9),
        None => (Intent::Otro, 0.3),
    }
}

fn left_alone<'e>(evidence: &Evidence<'e>) -> Option<&'e Match> {
    let groups = Groups::get();
    evidence.matches.iter().find(|found| {
        groups.intents[usize::from(found.group)] == Some(Intent::Baja)
            && found.words & (evidence.clauses.quoted | evidence.clauses.conditional) == 0
            && (found.denies || found.words & evidence.clauses.denied == 0)
    })
}

fn weigh(evidence: &Evidence<'_>) -> Scores {
    let groups = Groups::get();
    let in_time =
        evidence.words.marks.iter().take(64).enumerate().filter(|(_, marks)| **marks & mark::WHEN != 0);
    let in_time = in_time.fold(0_u64, |bits, (at, _)| bits | 1 << at);
    let mut scores = Scores { weights: [0; Intent::ALL.len()], rules: [None; Intent::ALL.len()] };
    for found in evidence.matches {
        let Some(intent) = groups.intents[usize::from(found.group)] else { continue };
        let mut unreal = evidence.clauses.quoted;
        if intent.acts() {
            unreal |= evidence.clauses.conditional;
        }
        if !found.denies {
            unreal |= evidence.clauses.denied;
        }
        // "en una hora y media" asks for no hour
        let only_time = in_time != 0 && found.words & !in_time == 0 && !found.line.contains('$');
        if found.words & unreal != 0 || only_time {
            continue;
        }
        if found.weight > scores.of(intent) {
            scores.weights[intent as usize] = found.weight;
            scores.rules[intent as usize] = Some(*found);
        }
    }
    scores
}

/// What takes an intent back.
fn take_back(evidence: &Evidence<'_>, scores: &mut Scores) {
    let groups = Groups::get();
    let matches = evidence.matches;
    let on = |group: u8| has(matches, group);
    let read = evidence.read;
    // told, not asked for: somebody else's act, the past, a denied one
    let asked_to_cancel = scores.of(Intent::Cancelar) > 0;
    let told = on(groups.others) || on(groups.past);
    let policy = on(groups.policy);
    if told || policy {
        for intent in [Intent::Cancelar, Intent::Reagendar, Intent::Confirmar] {
            // "me cancelaron la hora, quiero reagendar": the second is asked for
            let asked_for = scores.rules[intent as usize].is_some_and(|rule| {
                !policy
                    && matches
                        .iter()
                        .filter(|found| found.group == groups.others || found.group == groups.past)
                        .all(|found| rule.span.0 >= found.span.1 || rule.span.1 <= found.span.0)
                    && intent != Intent::Confirmar
            });
            if !asked_for {
                scores.drop(intent);
            }
        }
    }
    // "no quiero cancelar mi hora" is no reason to cancel it, nor is asking whether one may
    let kept =
        matches.iter().any(|found| found.group == groups.keep && found.words & evidence.clauses.denied != 0);
    if kept && scores.rules[Intent::Cancelar as usize].is_none_or(|rule| rule.denies) {
        scores.drop(Intent::Cancelar);
    }
    // "la regla atrasada", "el doctor viene atrasado": nobody comes late to an hour
    if on(groups.not_late) {
        scores.drop(Intent::Atraso);
    }
    let asks = read.text.contains(['?', '¿']);
    if asks && on(groups.may) {
        scores.drop(Intent::Cancelar);
    }
    if evidence.clauses.conditional != 0 {
        scores.drop(Intent::Confirmar);
        scores.drop(Intent::Cancelar);
    }
    if asked_to_cancel && scores.of(Intent::Cancelar) == 0 && (asks || policy) {
        scores.weights[Intent::Info as usize] = scores.of(Intent::Info).max(2);
    }
    if on(groups.pay) && !read.text.contains("no quiero pagar") {
        scores.drop(Intent::Cancelar);
    }
    if evidence.question {
        scores.drop(Intent::Confirmar);
    }
    if scores.of(Intent::Humano) > 0 && scores.of(Intent::Humano) < 3 && scores.of(Intent::Agendar) == 3 {
        scores.drop(Intent::Humano);
    }
    // "no puedo ir, ¿la cambio para el jueves?" moves it
    if scores.of(Intent::Reagendar) >= 2 && scores.of(Intent::Cancelar) > 0 {
        let plain = scores.rules[Intent::Cancelar as usize].is_some_and(|rule| !rule.denies);
        if scores.of(Intent::Reagendar) == 3
            && (!plain || scores.rules[Intent::Reagendar as usize].is_some_and(|rule| !rule.denies))
        {
            scores.drop(Intent::Cancelar);
        }
    }
    // with an hour to move, cancel or confirm, the rest of the sentence is about that hour
    if scores.of(Intent::Cancelar) >= 3 || scores.of(Intent::Reagendar) >= 3 {
        scores.drop(Intent::VerHoras);
        scores.drop(Intent::Agendar);
        scores.drop(Intent::Disponibilidad);
        scores.drop(Intent::Confirmar);
    }
    // asking when there is an hour is not asking for one's own
    if scores.of(Intent::Agendar) == 3 {
        scores.drop(Intent::Cualquiera);
        scores.drop(Intent::Disponibilidad);
        if !evidence.question && scores.of(Intent::VerHoras) <= 3 {
            scores.drop(Intent::VerHoras);
        }
        if scores.of(Intent::Info) < 3 || !evidence.question {
            scores.drop(Intent::Info);
        }
    }
    if scores.of(Intent::Disponibilidad) == 3 && scores.of(Intent::VerHoras) == 3 && !read.text.contains("mi")
    {
        scores.drop(Intent::VerHoras);
    }
    if scores.of(Intent::Info) >= 3 {
        scores.drop(Intent::Confirmar);
    }
}
