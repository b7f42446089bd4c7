//! One message, as far as the ladder needs to know what was meant.
//!
//! The understanding reads the words; this adds what only makes sense beside a question: which row of any list
//! the words name (`naming`), whether they are a bare yes, no or number, and "otro día", "más horas".

mod naming;
mod visiting;

use chrono::{NaiveDate, NaiveDateTime};

use super::reply;
use super::state::{Asked, AskedKind, Choice};
use crate::flow::Flow;
use crate::flow::definition::FieldKind;
use crate::understanding::{self, Context, Intent, Offered, When, normal, understand};
pub(super) use crate::understanding::{Assent, Command, Safety};
use crate::value::{Rut, RutTail, Window};
pub(super) use naming::Called;

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
    /// The day or hour of a visit that cannot be kept.
    pub(super) unmet: Option<Window>,
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
            relative: relative(&normal, &words),
            safety: read.safety,
            assent: read.assent,
            choice: match read.choice {
                understanding::Choice::One(place) => Some(place),
                _ => None,
            },
            neither: read.choice == understanding::Choice::Neither,
            window: read.window.filter(|window| !window.is_any()),
            unmet: read.unmet,
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
        self.says_a_relative_needs()
            || self.words.windows(3).any(|three| {
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
}

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
fn relative(normal: &str, words: &[String]) -> Option<Relative> {
    const MORE: [[&str; 2]; 7] = [
        ["mas", "horas"],
        ["otras", "horas"],
        ["mas", "opciones"],
        ["otras", "opciones"],
        ["ver", "mas"],
        ["hay", "mas"],
        ["muestrame", "mas"],
    ];
    const OTHER_DAY: [[&str; 2]; 4] =
        [["otro", "dia"], ["otros", "dias"], ["otra", "fecha"], ["otras", "fechas"]];
    const EARLIER: [[&str; 2]; 2] = [["mas", "temprano"], ["mas", "tempranito"]];
    const LATER: [[&str; 2]; 2] = [["mas", "tarde"], ["mas", "tardecito"]];
    const SOONER: [[&str; 2]; 5] =
        [["mas", "pronto"], ["mas", "cercana"], ["mas", "cerca"], ["algo", "antes"], ["mas", "antes"]];
    if words.len() > 8 {
        return None;
    }
    let has = |pairs: &[[&str; 2]]| words.windows(2).any(|two| pairs.iter().any(|pair| two == pair));
    if has(&MORE) || ["mas", "otras", "otra", "siguientes"].contains(&normal) {
        Some(Relative::More)
    } else if has(&OTHER_DAY) {
        Some(Relative::OtherDay)
    } else if has(&EARLIER) {
        Some(Relative::Earlier)
    } else if has(&LATER) {
        Some(Relative::Later)
    } else if has(&SOONER) || normal == "antes" {
        Some(Relative::Sooner)
    } else {
        None
    }
}
