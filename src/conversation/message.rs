//! One message, as far as the ladder needs to know what was meant.
//!
//! The understanding reads the words; this adds what only makes sense beside a question: which row of any list
//! the words name, whether they are a bare yes, no or number, and "otro día", "más horas".

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};

use super::reply;
use super::state::{Asked, AskedKind, Choice};
use crate::flow::Flow;
use crate::flow::definition::FieldKind;
use crate::understanding::{self, Context, Intent, Offered, When, normal, understand};
pub(super) use crate::understanding::{Assent, Command, Safety};
use crate::value::{Rut, RutTail, Window};

/// Below this an intent is a guess, and a guess starts no flow.
const SURE_ENOUGH: f32 = 0.5;
/// A window this narrow names a time of the clock, in minutes.
const NARROW: u16 = 60;

/// Other hours than those on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relative {
    More,
    OtherDay,
    Earlier,
    Later,
    Sooner,
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) normal: String,
    pub(super) words: Vec<String>,
    pub(super) safety: Option<Safety>,
    pub(super) assent: Option<Assent>,
    /// The option on the screen that was meant, by number, ordinal, hour or words.
    pub(super) choice: Option<usize>,
    /// None of the options: "ninguna".
    pub(super) neither: bool,
    pub(super) window: Option<Window>,
    /// A day was named that is none: in words for the patient.
    pub(super) no_day: Option<&'static str>,
    /// The window names a time of the clock, not just a part of the day.
    pub(super) clock: bool,
    pub(super) indifferent: bool,
    /// It asks something.
    pub(super) question: bool,
    pub(super) relative: Option<Relative>,
    pub(super) command: Option<Command>,
    pub(super) intent: Option<String>,
    pub(super) rut: Option<RutTail>,
    pub(super) birth: Option<NaiveDate>,
    pub(super) number: Option<i64>,
    /// The prestación that is named, whether or not this centre has it.
    pub(super) specialty: Option<String>,
}

impl Message {
    pub(super) fn read(
        text: &str,
        options: &[Choice],
        pending: Option<(&Flow, &Asked)>,
        local: NaiveDateTime,
    ) -> Self {
        let offered: Vec<Offered<'_>> = options
            .iter()
            .map(|option| Offered {
                label: &option.title,
                detail: option.detail.as_deref(),
                starts: option.starts,
                words: &option.words,
            })
            .collect();
        let asked = pending.map_or(understanding::Asked::Nothing, |(flow, asked)| kind_of(flow, asked));
        let context = Context { asked, options: &offered, ..Context::at(local) };
        let read = understand(text, &context);
        let normal = read.normal;
        let words: Vec<String> = normal.split_whitespace().map(str::to_owned).collect();
        let intent = Some(read.intent).filter(|intent| !SMALL_WORDS.contains(intent));
        let clock = read.window.as_ref().is_some_and(|window| {
            let mut times = window.times.iter();
            times.len() == 1 && times.all(|time| time.end.saturating_sub(time.start) <= NARROW)
        });
        let today = local.date();
        let no_day = match &read.when {
            Some(When::Conflict) => Some(reply::DAY_AND_DATE_DIFFER),
            Some(When::Reject) => Some(reply::NO_SUCH_DATE),
            Some(When::Date(day)) if *day < today => Some(reply::DAY_HAS_PASSED),
            Some(When::DateTime(at)) if at.date() < today => Some(reply::DAY_HAS_PASSED),
            _ if read.window.as_ref().and_then(Window::last_day).is_some_and(|last| last < today) => {
                Some(reply::DAY_HAS_PASSED)
            }
            _ => None,
        };
        Self {
            text: text.to_owned(),
            no_day,
            relative: relative(&normal, words.len()),
            safety: read.safety,
            assent: read.assent,
            choice: match read.choice {
                understanding::Choice::One(place) => Some(place),
                _ => None,
            },
            neither: read.choice == understanding::Choice::Neither,
            window: read.window.filter(|window| !window.is_any()),
            clock,
            indifferent: read.any,
            question: read.question || text.contains(['?', '¿']),
            command: read.command,
            intent: intent
                .filter(|_| read.confidence >= SURE_ENOUGH)
                .map(|intent| intent.as_str().to_owned()),
            rut: read.rut.map(Rut::tail).or(read.rut_tail),
            birth: read.birth_date,
            number: read.number,
            specialty: read.specialty,
            normal,
            words,
        }
    }

    pub(super) fn normal_form(text: &str) -> String {
        normal(text)
    }

    /// The message without greeting, please and thanks around it; none when there is none.
    pub(super) fn without_courtesy(&self) -> Option<String> {
        let courtesy = |word: &&String| COURTESY.contains(&word.as_str());
        let first = self.words.iter().take_while(courtesy).count();
        let last = self.words.iter().rev().take_while(courtesy).count();
        let rest = self.words.get(first..self.words.len().saturating_sub(last))?;
        (rest.len() < self.words.len() && !rest.is_empty()).then(|| rest.join(" "))
    }

    /// Whether the whole message is this label.
    pub(super) fn is(&self, label: &str) -> bool {
        begins_alike(label, &self.normal) && normal(label) == self.normal
    }

    /// "Da lo mismo", "cualquiera".
    pub(super) fn is_indifferent(&self) -> bool {
        self.indifferent
    }

    /// A command that must work at every question.
    pub(super) fn is_universal(&self) -> bool {
        use Command::{Back, Help, Menu, Person, Repeat};
        matches!(self.command, Some(Menu | Back | Repeat | Person | Help))
    }

    /// It asks for somebody else: "para mi marido", "pa la vecina".
    pub(super) fn is_for_relative(&self) -> bool {
        self.words.windows(3).any(|three| {
            let for_whom = ["para", "pa"].contains(&three[0].as_str());
            for_whom
                && ["mi", "la", "el"].contains(&three[1].as_str())
                && RELATIVES.contains(&three[2].as_str())
        })
    }

    /// "Y otra para mi hijo", "lo mismo para Rosa": the same again, for somebody else.
    pub(super) fn wants_another(&self) -> bool {
        let again = ["otra", "tambien", "igual", "mismo", "misma"];
        let another = self.words.first().is_some_and(|word| word == "y" || word == "ahora")
            || self.words.iter().any(|word| again.contains(&word.as_str()));
        another && self.words.iter().any(|word| ["para", "pa"].contains(&word.as_str()))
    }

    /// "Espere un momentito por favor".
    pub(super) fn asks_to_wait(&self) -> bool {
        let waits = |word: &str| {
            ["esper", "aguant", "moment", "segundito", "minutito"].iter().any(|stem| word.starts_with(stem))
        };
        let around = [
            "un", "dame", "deme", "me", "ya", "segundo", "minuto", "tantito", "poco", "poquito", "por",
            "favor", "porfa", "porfavor",
        ];
        self.words.len() <= 5
            && self.window.is_none()
            && (self.words.iter().any(|word| waits(word))
                || ["un segundo", "un minuto", "dame un segundo", "dame un minuto"]
                    .contains(&self.normal.as_str()))
            && self.words.iter().all(|word| waits(word) || around.contains(&word.as_str()))
    }

    /// Nothing but a number in figures.
    pub(super) fn is_figure(&self) -> bool {
        !self.normal.is_empty() && self.normal.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Nothing but a yes, a no or a number: means something only beside the question it answers.
    pub(super) fn is_bare(&self) -> bool {
        let few = self.words.len() <= 3;
        few && self.window.is_none()
            && self.command.is_none()
            && (self.assent.is_some() || self.number.is_some() || self.choice.is_some())
    }

    /// The one row of these that the words name, by its label or other words for it; the longest name wins.
    pub(super) fn mentioned<'r>(&self, rows: impl IntoIterator<Item = Called<'r>>) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut tied = false;
        for (place, called) in rows.into_iter().enumerate() {
            let names = std::iter::once(&*called.title).chain(called.words.iter().map(String::as_str));
            let score = names.filter_map(|name| self.names(name)).max().unwrap_or(0);
            match best {
                _ if score == 0 => {}
                Some((most, _)) if score < most => {}
                Some((most, _)) if score == most => tied = true,
                _ => (best, tied) = (Some((score, place)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, place)| place)
    }

    /// The professional whom the words name: by the whole name, or by part of it after a word that says so.
    pub(super) fn professional<'r>(&self, rows: impl IntoIterator<Item = Called<'r>>) -> Option<Named> {
        let mut best: Option<(usize, Named)> = None;
        let mut tied = false;
        for (place, called) in rows.into_iter().enumerate() {
            let first = called.title.split_whitespace().next();
            let partly = called.words.iter().map(String::as_str).chain(first).map(|name| (name, true));
            let names = std::iter::once((&*called.title, false)).chain(partly);
            let found = names.filter_map(|(name, part)| {
                let (at, length) = self.stands(name)?;
                // both surnames, or a name and a surname, are nobody else's
                (!part || length > 1 || self.is_announced(at)).then_some((length, at))
            });
            let Some((score, at)) = found.max_by_key(|(length, _)| *length) else { continue };
            match &best {
                Some((most, _)) if score < *most => {}
                Some((most, _)) if score == *most => tied = true,
                _ => (best, tied) = (Some((score, Named { place, wanted: !self.is_refused(at) })), false),
            }
        }
        best.filter(|_| !tied).map(|(_, named)| named)
    }

    /// "Con otra persona", "con otro doctor"; "para otra persona" is a patient.
    pub(super) fn wants_someone_else(&self) -> bool {
        self.words.windows(2).enumerate().any(|(at, two)| {
            ["otro", "otra"].contains(&two[0].as_str())
                && (two[1] == "persona" || two[1] == "profesional" || TITLES.contains(&two[1].as_str()))
                && (two[1] != "persona" || (at > 0 && self.words[at - 1] == "con"))
                && !self.words[..at].iter().any(|word| word == "hablar" || word == "para")
        })
    }

    /// Whether "con", "la doctora" or the like stands before it.
    fn is_announced(&self, at: usize) -> bool {
        let before = self.words[..at].iter().rev().take(3);
        let mut before = before.skip_while(|word| ["la", "el", "señora", "señor"].contains(&word.as_str()));
        before
            .next()
            .is_some_and(|word| ["con", "donde"].contains(&word.as_str()) || TITLES.contains(&word.as_str()))
    }

    /// "No con la doctora Soto", "menos con Soto".
    fn is_refused(&self, at: usize) -> bool {
        let before = self.words[..at].iter().rev().take(6);
        let mut before = before.skip_while(|word| {
            ["la", "el", "con", "sea", "señora", "señor"].contains(&word.as_str())
                || TITLES.contains(&word.as_str())
        });
        before.next().is_some_and(|word| REFUSES.contains(&word.as_str()))
    }

    /// Whether a word stands in it with which somebody is refused.
    pub(super) fn refuses(&self) -> bool {
        self.words.iter().any(|word| REFUSES.contains(&word.as_str()))
    }

    /// Where a name stands in the message and how many words it has.
    fn stands(&self, name: &str) -> Option<(usize, usize)> {
        if !self.words.iter().any(|word| begins_alike(name, word)) {
            return None;
        }
        let name = normal(name);
        let name: Vec<&str> = name.split_whitespace().collect();
        if name.is_empty() {
            return None;
        }
        let stands = |window: &[String]| window.iter().zip(&name).all(|(said, word)| is_word(said, word));
        self.words.windows(name.len()).position(stands).map(|at| (at, name.len()))
    }

    /// How many words of a name stand in the message, one after the other; all of them must.
    fn names(&self, name: &str) -> Option<usize> {
        self.stands(name).map(|(_, length)| length)
    }
}

/// How a row can be named.
#[derive(Debug, Clone)]
pub(super) struct Called<'r> {
    /// As it stands on the screen.
    pub(super) title: Cow<'r, str>,
    /// Other words for it.
    pub(super) words: &'r [String],
}

impl<'r> Called<'r> {
    pub(super) fn by(title: &'r str, words: &'r [String]) -> Self {
        Self { title: Cow::Borrowed(title), words }
    }
}

/// A professional in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// Which of the choices.
    pub(super) place: usize,
    /// Wanted, or just not: "con cualquiera menos Soto".
    pub(super) wanted: bool,
}

/// What stands before the name of a professional who is not wanted.
const REFUSES: [&str; 5] = ["no", "menos", "excepto", "salvo", "sin"];

/// What stands before the name of a professional.
const TITLES: [&str; 25] = [
    "doctor",
    "doctora",
    "dr",
    "dra",
    "doc",
    "sr",
    "sra",
    "srta",
    "señorita",
    "matrona",
    "matron",
    "dentista",
    "odontologo",
    "odontologa",
    "kine",
    "kinesiologo",
    "kinesiologa",
    "enfermera",
    "enfermero",
    "nutricionista",
    "psicologa",
    "psicologo",
    "medico",
    "medica",
    "profesional",
];

/// What patients put around what they want.
const COURTESY: [&str; 24] = [
    "hola",
    "alo",
    "buenas",
    "buenos",
    "buen",
    "dia",
    "dias",
    "tardes",
    "noches",
    "oiga",
    "disculpe",
    "disculpa",
    "por",
    "favor",
    "porfa",
    "porfavor",
    "gracias",
    "muchas",
    "señorita",
    "señor",
    "señora",
    "ya",
    "entonces",
    "estimados",
];

/// Whom patients ask hours for, besides themselves.
const RELATIVES: [&str; 44] = [
    "marido", "esposo", "esposa", "señora", "mujer", "hijo", "hija", "hijito", "hijita", "niño", "niña",
    "guagua", "bebe", "mama", "mami", "papa", "papi", "madre", "padre", "abuelo", "abuela", "abuelita",
    "abuelito", "hermano", "hermana", "nieto", "nieta", "sobrino", "sobrina", "tio", "tia", "suegro",
    "suegra", "cuñado", "cuñada", "vecino", "vecina", "amigo", "amiga", "pololo", "polola", "pareja",
    "yerno", "nuera",
];

/// Intents that mean something only as an answer.
const SMALL_WORDS: [Intent; 4] = [Intent::Si, Intent::No, Intent::Cualquiera, Intent::Otro];

/// What kind of question this is, as the understanding tells them apart.
fn kind_of(flow: &Flow, asked: &Asked) -> understanding::Asked {
    use understanding::Asked as Kind;
    if asked.kind == AskedKind::Review {
        return Kind::YesNo;
    }
    match flow.fields.get(&asked.field).map(|field| &field.kind) {
        Some(FieldKind::Window { .. }) => Kind::When,
        Some(FieldKind::YesNo) => Kind::YesNo,
        Some(FieldKind::Choice { .. }) => Kind::Option,
        Some(FieldKind::Text { .. }) => Kind::Text,
        Some(FieldKind::RutTail | FieldKind::BirthDate | FieldKind::Number { .. }) | None => Kind::Nothing,
    }
}

/// Hours wanted relative to those on the screen.
fn relative(normal: &str, words: usize) -> Option<Relative> {
    let line = format!(" {normal} ");
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| line.contains(&format!(" {phrase} ")));
    let more =
        ["mas horas", "otras horas", "mas opciones", "otras opciones", "ver mas", "hay mas", "muestrame mas"];
    if words > 8 {
        None
    } else if has(&more) || ["mas", "otras", "otra", "siguientes"].contains(&normal) {
        Some(Relative::More)
    } else if has(&["otro dia", "otros dias", "otra fecha", "otras fechas"]) {
        Some(Relative::OtherDay)
    } else if has(&["mas temprano", "mas tempranito"]) {
        Some(Relative::Earlier)
    } else if has(&["mas tarde", "mas tardecito"]) {
        Some(Relative::Later)
    } else if has(&["mas pronto", "mas cercana", "mas cerca", "algo antes", "mas antes"]) || normal == "antes"
    {
        Some(Relative::Sooner)
    } else {
        None
    }
}

/// A quick look before anything is normalised: a label and words that begin otherwise are not the same.
fn begins_alike(label: &str, words: &str) -> bool {
    let first = label.chars().find(|letter| letter.is_alphanumeric()).map(|letter| match letter {
        'á' | 'Á' => 'a',
        'é' | 'É' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' | 'Ü' => 'u',
        letter => letter.to_ascii_lowercase(),
    });
    match (first, words.chars().next()) {
        (Some(label), Some(word)) if label.is_ascii() && word.is_ascii() => label == word,
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

/// Whether a word was meant: itself, its beginning ("benja" of "benjamin"), or with one slip of the finger in it when
/// it is long.
fn is_word(said: &str, word: &str) -> bool {
    said == word
        || (said.len() >= 5 && word.len() >= said.len() + 2 && word.starts_with(said))
        || (word.chars().count() >= 6
            && said.chars().count() >= 5
            && begins_alike(word, said)
            && strsim::osa_distance(said, word) <= 1)
}
