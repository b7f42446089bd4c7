//! From files to a book: read, resolved, and refused with every mistake at once.
//!
//! A file that cannot be read as YAML stops at its first mistake; past that, all mistakes of all files are
//! listed together, each with file, line, column and how to mend it.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use super::check;
use super::definition::{
    Action, Ask, Book, Branch, Call, Field, FieldKind, FixedAnswer, FixedOption, Flow, Interrupt, Policy,
    RepairKind, Review, Source, Span, Starts, Step, StepKind, When,
};
use super::error::FlowError;
use super::expression::Expression;
use super::graph;
use super::port;
use super::raw::{self, Text};
use super::template::Template;
use super::value::Name;

/// The file of questions with fixed answers.
pub const ANSWERS: &str = "respuestas.yaml";

/// Makes a book of flow files, named by path relative to their folder (`agendar.yaml`, `repair/miss.yaml`).
///
/// # Errors
/// Every mistake that was found; nothing is loaded then.
pub fn book(sources: &BTreeMap<String, String>) -> Result<Book, Vec<FlowError>> {
    let mut errors = Vec::new();
    let mut book =
        Book { hash: hash(sources), flows: IndexMap::new(), repairs: BTreeMap::new(), answers: Vec::new() };
    for (file, source) in sources {
        let mut reader =
            Reading { file, source, errors: Vec::new(), counts: BTreeMap::new(), flow: String::new() };
        if file == ANSWERS {
            if let Some(raw) = reader.parse::<raw::Answers>() {
                book.answers = raw.answers.iter().filter_map(|answer| reader.answer(answer)).collect();
            }
        } else if let Some(raw) = reader.parse::<raw::Flow>() {
            reader.flow(&raw, &mut book);
        }
        errors.append(&mut reader.errors);
    }
    if errors.is_empty() {
        errors = check::check(&book, sources);
    }
    if errors.is_empty() { Ok(book) } else { Err(errors) }
}

/// SHA-256 over names and contents.
fn hash(sources: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (file, source) in sources {
        // lengths keep ("a", "bc") and ("ab", "c") apart
        for part in [file, source] {
            hasher.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hex::encode(hasher.finalize())
}

/// The closest of `known` to `word`, for "did you mean".
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|one| (strsim::osa_distance(word, one), one));
    near.filter(|(distance, one)| *distance <= one.len() / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

struct Reading<'a> {
    file: &'a str,
    source: &'a str,
    errors: Vec<FlowError>,
    /// Steps without a name of their own are numbered by kind.
    counts: BTreeMap<&'static str, u32>,
    flow: Name,
}

fn number(location: u64) -> u32 {
    u32::try_from(location).unwrap_or(u32::MAX)
}

impl Reading<'_> {
    fn parse<T: DeserializeOwned>(&mut self) -> Option<T> {
        match serde_saphyr::from_str(self.source) {
            Ok(raw) => Some(raw),
            Err(error) => {
                let place = error.location();
                let span = Span {
                    file: self.file.to_owned(),
                    line: place.map_or(1, |place| number(place.line())),
                    column: place.map_or(1, |place| number(place.column())),
                };
                let message = error.without_snippet().to_string();
                let fix = unknown_key(&message).unwrap_or_default();
                self.errors.push(FlowError::new("F001", span, self.source, message, fix));
                None
            }
        }
    }

    fn span<T>(&self, spanned: &Spanned<T>) -> Span {
        let place = &spanned.referenced;
        Span { file: self.file.to_owned(), line: number(place.line()), column: number(place.column()) }
    }

    fn wrong<T>(
        &mut self,
        code: &'static str,
        at: &Spanned<T>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let span = self.span(at);
        self.errors.push(FlowError::new(code, span, self.source, message, fix));
    }

    fn template(&mut self, text: &Text) -> Template {
        Template::parse(&text.value).unwrap_or_else(|error| {
            self.wrong("F002", text, error.to_string(), "");
            Template::default()
        })
    }

    fn optional_template(&mut self, text: Option<&Text>) -> Option<Template> {
        text.map(|text| self.template(text))
    }

    fn expression(&mut self, at: &Text, text: &str) -> Expression {
        Expression::parse(text).unwrap_or_else(|error| {
            self.wrong("F003", at, format!("`{text}`: {error}"), "");
            Expression::Literal(super::Value::Nothing)
        })
    }

    fn answer(&mut self, raw: &Spanned<raw::FixedAnswer>) -> Option<FixedAnswer> {
        let span = self.span(raw);
        let answer = &raw.value;
        Some(FixedAnswer {
            name: answer.name.value.clone(),
            asks: answer.asks.iter().map(|ask| ask.value.clone()).collect(),
            text: self.template(&answer.text),
            span,
        })
    }

    fn flow(&mut self, raw: &raw::Flow, book: &mut Book) {
        let (kind, policy) = match &raw.repair {
            Some(raw::RepairOrPolicy::Kind(kind)) => (Some(kind), None),
            Some(raw::RepairOrPolicy::Policy(policy)) => (None, Some(policy)),
            None => (None, None),
        };
        let start = Span { file: self.file.to_owned(), line: 1, column: 1 };
        let repair = match (kind, &raw.flow) {
            (Some(kind), None) => {
                let found = RepairKind::ALL.into_iter().find(|known| known.as_str() == kind);
                if found.is_none() {
                    let near = closest(kind, RepairKind::ALL.iter().map(|known| known.as_str()));
                    let fix = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                    self.errors.push(FlowError::new(
                        "F004",
                        start.clone(),
                        self.source,
                        format!("there is no repair `{kind}`"),
                        fix,
                    ));
                    return;
                }
                found
            }
            (None, Some(_)) => None,
            _ => {
                self.errors.push(FlowError::new(
                    "F005",
                    start,
                    self.source,
                    "a file is either a flow or a repair",
                    "begin it with `flow: name` or with `repair: kind`",
                ));
                return;
            }
        };
        let name = repair.map_or_else(
            || raw.flow.as_ref().map(|name| name.value.clone()).unwrap_or_default(),
            |kind| format!("repair.{}", kind.as_str()),
        );
        self.flow.clone_from(&name);
        let fields = raw.fields.iter().map(|(name, field)| (name.clone(), self.field(name, field))).collect();
        let steps = self.steps(&raw.steps);
        let mut flow = Flow {
            title: raw.title.as_ref().map_or_else(|| name.clone(), |title| title.value.clone()),
            starts: Starts {
                intents: raw.starts.intents.iter().map(|intent| intent.value.clone()).collect(),
                words: raw.starts.words.iter().map(|word| word.value.clone()).collect(),
            },
            interrupt: raw
                .interrupt
                .iter()
                .map(|(flow, how)| {
                    let how = match how.value {
                        raw::Interrupt::Push => Interrupt::Push,
                        raw::Interrupt::AskFirst => Interrupt::AskFirst,
                        raw::Interrupt::Replace => Interrupt::Replace,
                    };
                    (flow.clone(), how)
                })
                .collect(),
            fields,
            steps,
            policy: self.policy(policy),
            renamed_fields: raw
                .was
                .fields
                .iter()
                .map(|(old, new)| (old.clone(), new.value.clone()))
                .collect(),
            graph: graph::Graph::default(),
            span: start,
            name: name.clone(),
        };
        flow.graph = graph::of(&flow);
        match repair {
            Some(kind) => {
                book.repairs.insert(kind, flow);
            }
            None => {
                if book.flows.insert(name.clone(), flow).is_some()
                    && let Some(at) = &raw.flow
                {
                    self.wrong(
                        "F006",
                        at,
                        format!("two files define the flow `{name}`"),
                        "rename one of them",
                    );
                }
            }
        }
    }

    fn policy(&mut self, raw: Option<&raw::Policy>) -> Policy {
        let default = Policy { misses: 3, nudge_minutes: 30, close_minutes: 24 * 60 };
        let Some(raw) = raw else { return default };
        let mut minutes = |text: &Option<Text>, otherwise| match text {
            None => otherwise,
            Some(text) => duration_minutes(&text.value).unwrap_or_else(|| {
                self.wrong(
                    "F007",
                    text,
                    format!("`{}` is not a length of time", text.value),
                    "write 30m, 24h or 2d",
                );
                otherwise
            }),
        };
        Policy {
            misses: raw.misses.unwrap_or(default.misses),
            nudge_minutes: minutes(&raw.nudge, default.nudge_minutes),
            close_minutes: minutes(&raw.close, default.close_minutes),
        }
    }

    fn field(&mut self, name: &str, raw: &Spanned<raw::Field>) -> Field {
        let field = &raw.value;
        let kind = match field.kind.value.as_str() {
            "choice" | "patient" => self.choice(raw),
            "window" => FieldKind::Window {
                future: field.future,
                within_days: field.within.as_ref().map(|within| {
                    duration_minutes(&within.value).map_or_else(
                        || {
                            self.wrong(
                                "F007",
                                within,
                                format!("`{}` is not a length of time", within.value),
                                "write 60d",
                            );
                            60
                        },
                        |minutes| minutes / (24 * 60),
                    )
                }),
            },
            "rut_tail" => FieldKind::RutTail,
            "birth_date" => FieldKind::BirthDate,
            "yes_no" => FieldKind::YesNo,
            "number" => FieldKind::Number { min: field.min.unwrap_or(0), max: field.max.unwrap_or(i64::MAX) },
            "text" => {
                FieldKind::Text { max: field.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(500) }
            }
            other => {
                let known =
                    ["choice", "patient", "window", "rut_tail", "birth_date", "yes_no", "number", "text"];
                let fix = closest(other, known).map_or_else(
                    || format!("there are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.wrong("F008", &field.kind, format!("there is no type `{other}`"), fix);
                FieldKind::YesNo
            }
        };
        Field {
            name: name.to_owned(),
            title: field.name.as_ref().map_or_else(|| name.replace('_', " "), |name| name.value.clone()),
            words: field.words.iter().map(|word| word.value.clone()).collect(),
            kind,
            optional: field.optional,
            span: self.span(raw),
        }
    }

    fn choice(&mut self, raw: &Spanned<raw::Field>) -> FieldKind {
        let field = &raw.value;
        let source = match (&field.of, &field.options) {
            (Some(of), None) if of.value == "flujo.campos" => Source::FieldsBelow,
            (Some(of), None) if port::port(&of.value).is_some() => Source::Read(of.value.clone()),
            // `oferta.horas` reads well in a flow; the memo is what counts
            (Some(of), None) => Source::Memo(of.value.split('.').next().unwrap_or_default().to_owned()),
            (None, Some(options)) => {
                let mut keys = HashSet::new();
                let mut fixed = Vec::new();
                for option in options {
                    if !keys.insert(option.value.key.value.as_str()) {
                        self.wrong(
                            "F009",
                            &option.value.key,
                            format!("two options have the key `{}`", option.value.key.value),
                            "",
                        );
                    }
                    fixed.push(FixedOption {
                        key: option.value.key.value.clone(),
                        title: option.value.title.value.clone(),
                        words: option.value.words.iter().map(|word| word.value.clone()).collect(),
                        action: option.value.action.as_ref().map(|action| convert(&action.value)),
                    });
                }
                Source::Fixed(fixed)
            }
            (None, None) if field.kind.value == "patient" => Source::Memo("personas".to_owned()),
            _ => {
                self.wrong(
                    "F010",
                    raw,
                    "a choice needs `of:` or `options:`, one of them",
                    "write `of: oferta.horas`, or list its options",
                );
                Source::Fixed(Vec::new())
            }
        };
        let default_title = match source {
            Source::Fixed(_) | Source::FieldsBelow => "{it.titulo}",
            Source::Memo(_) | Source::Read(_) => "{it.nombre}",
        };
        let title = match &field.title {
            Some(title) => self.template(title),
            None => Template::parse(default_title).unwrap_or_default(),
        };
        let take_only = match &field.only {
            Some(only) => matches!(only.value, raw::Only::Take),
            None => field.kind.value == "patient",
        };
        FieldKind::Choice { source, title, detail: self.optional_template(field.detail.as_ref()), take_only }
    }

    fn steps(&mut self, raw: &[Spanned<raw::Step>]) -> Vec<Step> {
        raw.iter().filter_map(|step| self.step(step)).collect()
    }

    fn numbered(&mut self, kind: &'static str) -> Name {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        format!("{kind}.{count}")
    }

    fn step(&mut self, raw: &Spanned<raw::Step>) -> Option<Step> {
        let step = &raw.value;
        let kinds = [
            ("ask", step.ask.is_some()),
            ("say", step.say.is_some()),
            ("do", step.read.is_some()),
            ("hold", step.hold.is_some()),
            ("commit", step.commit.is_some()),
            ("review", step.review.is_some()),
            ("when", step.when.is_some()),
            ("call", step.call.is_some()),
            ("handoff", step.handoff.is_some()),
            ("end", step.end.is_some()),
        ];
        let given: Vec<&str> = kinds.iter().filter(|(_, given)| *given).map(|(kind, _)| *kind).collect();
        if given.len() != 1 {
            let all = kinds.map(|(kind, _)| kind).join(", ");
            self.wrong("F011", raw, format!("a step is exactly one of {all}; this has {}", given.len()), "");
            return None;
        }
        let span = self.span(raw);
        let (id, kind) = if let Some(field) = &step.ask {
            (format!("ask.{}", field.value), self.ask(raw, field))
        } else if let Some(text) = &step.say {
            (self.numbered("say"), StepKind::Say(self.template(text)))
        } else if let Some(call) = &step.read {
            let call = self.call(call, step)?;
            (format!("do.{}", call.into.clone().unwrap_or_default()), StepKind::Do(call))
        } else if let Some(call) = &step.hold {
            let call = self.call(call, step)?;
            (self.numbered("hold"), StepKind::Hold(call))
        } else if let Some(call) = &step.commit {
            let call = self.call(call, step)?;
            (self.numbered("commit"), StepKind::Commit(call))
        } else if let Some(fields) = &step.review {
            (self.numbered("review"), self.review(raw, fields))
        } else if let Some(condition) = &step.when {
            let condition = self.expression(condition, &condition.value);
            let then = self.steps(step.then.as_deref().unwrap_or_default());
            let otherwise = self.steps(step.otherwise.as_deref().unwrap_or_default());
            (self.numbered("when"), StepKind::When(When { condition, then, otherwise }))
        } else if let Some(flow) = &step.call {
            (self.numbered("call"), StepKind::CallFlow(flow.value.clone()))
        } else if let Some(reason) = &step.handoff {
            (self.numbered("handoff"), StepKind::Handoff(reason.value.clone()))
        } else {
            (self.numbered("end"), StepKind::End)
        };
        Some(Step { id, kind, span })
    }

    fn ask(&mut self, raw: &Spanned<raw::Step>, field: &Text) -> StepKind {
        let step = &raw.value;
        let text = match &step.text {
            Some(text) => self.template(text),
            None => {
                self.wrong(
                    "F012",
                    field,
                    format!("the question of `{}` has no text", field.value),
                    "add `text:`",
                );
                Template::default()
            }
        };
        StepKind::Ask(Ask {
            field: field.value.clone(),
            text,
            shorter: self.optional_template(step.shorter.as_ref()),
            help: self.optional_template(step.help.as_ref()),
            keep: step.keep.unwrap_or(true),
            stale_corrects: step
                .stale
                .as_ref()
                .is_none_or(|stale| matches!(stale.value, raw::Stale::Correct)),
            more: step.more.unwrap_or(false),
            list_button: step.list_button.as_ref().map(|label| label.value.clone()),
        })
    }

    fn review(&mut self, raw: &Spanned<raw::Step>, fields: &[Text]) -> StepKind {
        let step = &raw.value;
        let text = match &step.text {
            Some(text) => self.template(text),
            None => {
                self.wrong(
                    "F012",
                    raw,
                    "a review has no text",
                    "add `text:` with everything the patient says yes to",
                );
                Template::default()
            }
        };
        let label = |given: &Option<Text>, default: &str| {
            given.as_ref().map_or_else(|| default.to_owned(), |label| label.value.clone())
        };
        StepKind::Review(Review {
            fields: fields.iter().map(|field| field.value.clone()).collect(),
            text,
            yes: label(&step.yes, "Sí, confirmar"),
            change: label(&step.change, "Cambiar algo"),
            cancel: label(&step.cancel, "No, cancelar"),
            clear_yes: step.clear_yes.unwrap_or(false),
        })
    }

    /// Reads `oferta = agenda.buscar(paciente, prestacion, cuando, limite=9)`.
    fn call(&mut self, at: &Text, step: &raw::Step) -> Option<Call> {
        let text = at.value.as_str();
        // `=` before the bracket names the result, inside it an argument
        let (into, call) = match text.split_once('=') {
            Some((into, call)) if !into.contains('(') => (Some(into.trim().to_owned()), call.trim()),
            _ => (None, text.trim()),
        };
        let Some((name, inside)) = call.strip_suffix(')').and_then(|call| call.split_once('(')) else {
            self.wrong(
                "F013",
                at,
                format!("`{call}` is not a call"),
                "write it as oferta = agenda.buscar(paciente, prestacion)",
            );
            return None;
        };
        let name = name.trim();
        let Some(port) = port::port(name) else {
            let near = closest(name, port::PORTS.iter().map(|port| port.name));
            let all = || port::PORTS.iter().map(|port| port.name).collect::<Vec<_>>().join(", ");
            let fix =
                near.map_or_else(|| format!("there are {}", all()), |near| format!("did you mean `{near}`?"));
            self.wrong("F014", at, format!("there is no port `{name}`"), fix);
            return None;
        };
        let mut arguments: Vec<(Name, Expression)> = Vec::new();
        for (position, argument) in inside.split(',').map(str::trim).filter(|one| !one.is_empty()).enumerate()
        {
            let named = argument.split_once('=');
            let parameter = match named {
                Some((wanted, _)) => port.parameters.iter().find(|known| known.name == wanted.trim()),
                None => port.parameters.get(position),
            };
            let Some(parameter) = parameter else {
                let known = port.parameters.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
                self.wrong(
                    "F015",
                    at,
                    format!("`{name}` has no parameter for `{argument}`"),
                    format!("it takes {known}"),
                );
                continue;
            };
            let value = named.map_or(argument, |(_, value)| value.trim());
            let value = self.expression(at, value);
            arguments.push((parameter.name.to_owned(), value));
        }
        let mut on = BTreeMap::new();
        for (outcome, branch) in step.on.iter().flatten() {
            let branch = self.branch(branch);
            on.insert(outcome.clone(), branch);
        }
        Some(Call { into, port: name.to_owned(), arguments, on })
    }

    fn branch(&mut self, raw: &Spanned<raw::Branch>) -> Branch {
        let branch = &raw.value;
        Branch {
            say: self.optional_template(branch.say.as_ref()),
            forget: branch.forget.iter().map(|field| field.value.clone()).collect(),
            refuse: branch.refuse.as_ref().map(|field| field.value.clone()),
            up_to: branch.up_to,
            then: branch.then.as_ref().map(|action| convert(&action.value)),
        }
    }
}

fn convert(action: &raw::Action) -> Action {
    match action {
        raw::Action::Handoff(reason) => Action::Handoff(reason.clone()),
        raw::Action::Offer(flow) => Action::Offer(flow.clone()),
        raw::Action::Call(flow) => Action::Call(flow.clone()),
        raw::Action::Start(flow) => Action::Start(flow.clone()),
        raw::Action::End => Action::End,
        raw::Action::Resume => Action::Resume,
        raw::Action::Leave => Action::Leave,
        raw::Action::Pass => Action::Pass,
    }
}

/// `30m`, `24h`, `60d`, `0`.
fn duration_minutes(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    match &text[digits.len()..] {
        "m" => Some(number),
        "h" => number.checked_mul(60),
        "d" => number.checked_mul(24 * 60),
        "" if number == 0 => Some(0),
        _ => None,
    }
}

/// For an unknown key: the known one that is nearest.
fn unknown_key(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.contains("unknown").then(|| quoted.next()).flatten()?;
    let known = message.split("expected one of ").nth(1)?;
    let near = closest(unknown, known.split([',', '`', ' ']).filter(|key| !key.is_empty()))?;
    Some(format!("did you mean `{near}`?"))
}
