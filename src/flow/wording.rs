//! Words kept apart from steps: files in `textos/` say a text otherwise, for all, for one centre, or in another voice.
//!
//! A clerk changes words there without touching a flow. Each text has an address, made of the flow, the step and the
//! part: `agendar.ask.hora.help`. A voice is a way of speaking to some (`usted`) or a language; what it does not say is
//! said in the voice named by `else:`, at last as the flow has it. Every combination of centre and voice is made into
//! a book of its own at load and checked like one, so that no placeholder fails in one of them only.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::definition::{Book, FieldKind, Flow, Source, Span, Step, StepKind};
use super::error::{FlowError, did_you_mean};
use super::graph;
use super::raw;
use super::template::Template;
use super::value::Name;

/// The folder of the files.
pub const FOLDER: &str = "textos/";

/// A file of texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wording {
    /// In which voice; nothing: in every one.
    pub voice: Name,
    /// At which centre, by its code; nothing: at every one.
    pub center: String,
    /// The voice for what this one does not say.
    pub otherwise: Name,
    /// Where the file begins.
    pub span: Span,
    /// Address, text and place.
    pub texts: Vec<(String, String, Span)>,
}

/// A text of a book, to be read or said otherwise.
enum Place<'b> {
    Text(&'b mut Template),
    MaybeText(&'b mut Option<Template>),
    Label(&'b mut String),
    MaybeLabel(&'b mut Option<String>),
}

/// Makes the books of all centres and voices.
pub(super) fn speak(
    book: &mut Book,
    wordings: &[Wording],
    sources: &BTreeMap<String, String>,
    errors: &mut Vec<FlowError>,
) {
    if wordings.is_empty() {
        return;
    }
    let mut wrong = |code, span: &Span, message: String, fix: &str| {
        let source = sources.get(&span.file).map_or("", String::as_str);
        errors.push(FlowError::new(code, span.clone(), source, message, fix));
    };
    let known = addresses(book);
    let mut seen: BTreeMap<(&str, &str), &Span> = BTreeMap::new();
    for wording in wordings {
        let twice = seen.insert((&wording.center, &wording.voice), &wording.span);
        if let Some(other) = twice {
            let message = format!("{} says texts for the same centre and voice", other.file);
            wrong("F070", &wording.span, message, "put them into one file");
        }
        let voices = wordings.iter().map(|other| other.voice.as_str()).filter(|voice| !voice.is_empty());
        let named = wording.otherwise.as_str();
        if !named.is_empty() && !voices.clone().any(|voice| voice == named) {
            let message = format!("no file says texts in the voice `{named}`");
            wrong("F071", &wording.span, message, &did_you_mean(named, voices));
        } else if chain(wordings, &wording.voice).is_none() {
            let message = format!("the voice `{}` leads back to itself", wording.voice);
            wrong("F071", &wording.span, message, "let the last voice have no `else:`");
        }
        for (address, _, span) in wording.texts.iter().filter(|(address, ..)| !known.contains_key(address)) {
            let message = format!("no text has the address `{address}`");
            let fix = did_you_mean(address, known.keys().map(String::as_str));
            let fix = if fix.is_empty() { "`smartsalud flows texts` lists them all".to_owned() } else { fix };
            wrong("F072", span, message, &fix);
        }
    }
    if !errors.is_empty() {
        return;
    }
    let centers: BTreeSet<&str> =
        wordings.iter().map(|wording| wording.center.as_str()).chain([""]).collect();
    let voices: BTreeSet<&str> = wordings.iter().map(|wording| wording.voice.as_str()).chain([""]).collect();
    let mut variants = BTreeMap::new();
    for center in &centers {
        for voice in &voices {
            let layers = layers(wordings, center, voice);
            // once with the places of the texts, for the mistakes; once with those of the steps, for the walk
            let mut checked = book.clone();
            put(&mut checked, &layers, true, errors);
            let found = check(&checked, sources);
            errors.extend(found.into_iter().filter(|error| error.span.file.starts_with(FOLDER)));
            let mut variant = book.clone();
            put(&mut variant, &layers, false, &mut Vec::new());
            variants.insert(((*center).to_owned(), (*voice).to_owned()), variant);
        }
    }
    if let Some(plain) = variants.remove(&(String::new(), String::new())) {
        *book = plain;
    }
    book.variants = variants;
}

/// The voices to look in, one after the other, and at last that of everybody; `None` when they go round.
fn chain<'w>(wordings: &'w [Wording], voice: &'w str) -> Option<Vec<&'w str>> {
    let mut chain = vec![voice];
    while let Some(last) = chain.last().filter(|last| !last.is_empty()) {
        let otherwise = wordings.iter().filter(|wording| wording.voice == **last);
        let next = otherwise.map(|wording| wording.otherwise.as_str()).find(|next| !next.is_empty());
        let next = next.unwrap_or_default();
        if chain.contains(&next) {
            return None;
        }
        chain.push(next);
    }
    Some(chain)
}

/// The files that count for a centre and a voice, the weakest first: a voice counts more than a centre, since who
/// needs it would not understand the other.
fn layers<'w>(wordings: &'w [Wording], center: &str, voice: &'w str) -> Vec<&'w Wording> {
    let voices = chain(wordings, voice).unwrap_or_default();
    let mut layers = Vec::new();
    for voice in voices.iter().rev() {
        for center in BTreeSet::from(["", center]) {
            layers.extend(wordings.iter().filter(|one| one.voice == **voice && one.center == center));
        }
    }
    layers
}

/// Says texts otherwise.
fn put(book: &mut Book, layers: &[&Wording], with_places: bool, errors: &mut Vec<FlowError>) {
    let mut texts: BTreeMap<&str, (&str, &Span)> = BTreeMap::new();
    for wording in layers {
        texts.extend(
            wording.texts.iter().map(|(address, text, span)| (address.as_str(), (text.as_str(), span))),
        );
    }
    visit(book, &mut |address, place, at| {
        let Some((text, span)) = texts.get(address) else { return };
        if with_places {
            at.clone_from(span);
        }
        let mut template = || {
            Template::parse(text).unwrap_or_else(|error| {
                errors.push(FlowError::new("F002", (*span).clone(), "", error.to_string(), ""));
                Template::default()
            })
        };
        match place {
            Place::Text(old) => *old = template(),
            Place::MaybeText(old) => *old = Some(template()),
            Place::Label(old) => (*text).clone_into(old),
            Place::MaybeLabel(old) => *old = Some((*text).to_owned()),
        }
    });
    for flow in book.flows.values_mut().chain(book.repairs.values_mut()) {
        flow.graph = graph::of(flow);
    }
}

/// The codes of centres for which files say texts, each with its place.
pub fn centers(sources: &BTreeMap<String, String>) -> Vec<(String, Span)> {
    let texts = sources.iter().filter(|(file, _)| file.starts_with(FOLDER));
    let center = |(file, source): (&String, &String)| {
        let raw: raw::Wording = serde_saphyr::from_str(source).ok()?;
        let code = raw.center?.value.clone();
        let whole = Span { file: file.clone(), line: 1, column: 1 };
        let span = whole.at_word(source, "center").at_word(source, &code);
        Some((code, span))
    };
    texts.filter_map(center).collect()
}

/// Every address with the text that stands there, as an author would write it; nothing where none stands yet.
pub fn addresses(book: &Book) -> BTreeMap<String, Option<String>> {
    let mut known = BTreeMap::new();
    visit(&mut book.clone(), &mut |address, place, _| {
        let text = match place {
            Place::Text(text) => Some(text.to_string()),
            Place::MaybeText(text) => text.as_ref().map(ToString::to_string),
            Place::Label(text) => Some(text.clone()),
            Place::MaybeLabel(text) => text.clone(),
        };
        known.insert(address.to_owned(), text);
    });
    known
}

/// Shows every text with its address, and the place that is told in a mistake about it.
fn visit(book: &mut Book, seen: &mut dyn FnMut(&str, Place<'_>, &mut Span)) {
    for flow in book.flows.values_mut().chain(book.repairs.values_mut()) {
        of_flow(flow, seen);
    }
    for answer in &mut book.answers {
        let address = format!("respuestas.{}", answer.name);
        seen(&address, Place::Text(&mut answer.text), &mut answer.span);
    }
}

fn of_flow(flow: &mut Flow, seen: &mut dyn FnMut(&str, Place<'_>, &mut Span)) {
    let name = flow.name.clone();
    seen(&format!("{name}.title"), Place::Label(&mut flow.title), &mut flow.span);
    for field in flow.fields.values_mut() {
        let base = format!("{name}.{}", field.name);
        let mut at = field.span.clone();
        seen(&format!("{base}.name"), Place::Label(&mut field.title), &mut at);
        if let FieldKind::Choice { source, title, detail, .. } = &mut field.kind {
            match source {
                Source::Fixed(options) => {
                    for option in options {
                        seen(&format!("{base}.{}", option.key), Place::Label(&mut option.title), &mut at);
                    }
                }
                _ => {
                    seen(&format!("{base}.title"), Place::Text(title), &mut at);
                    seen(&format!("{base}.detail"), Place::MaybeText(detail), &mut at);
                }
            }
        }
        field.span = at;
    }
    of_steps(&name, &mut flow.steps, seen);
}

fn of_steps(flow: &str, steps: &mut [Step], seen: &mut dyn FnMut(&str, Place<'_>, &mut Span)) {
    for step in steps {
        let base = format!("{flow}.{}", step.id);
        let at = &mut step.span;
        match &mut step.kind {
            StepKind::Ask(ask) => {
                seen(&format!("{base}.text"), Place::Text(&mut ask.text), at);
                seen(&format!("{base}.shorter"), Place::MaybeText(&mut ask.shorter), at);
                seen(&format!("{base}.help"), Place::MaybeText(&mut ask.help), at);
                seen(&format!("{base}.list_button"), Place::MaybeLabel(&mut ask.list_button), at);
            }
            StepKind::Say(text) => seen(&base, Place::Text(text), at),
            StepKind::Review(review) => {
                seen(&format!("{base}.text"), Place::Text(&mut review.text), at);
                seen(&format!("{base}.yes"), Place::Label(&mut review.yes), at);
                seen(&format!("{base}.change"), Place::Label(&mut review.change), at);
                seen(&format!("{base}.cancel"), Place::Label(&mut review.cancel), at);
            }
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                for (outcome, branch) in &mut call.on {
                    if let Some(say) = &mut branch.say {
                        seen(&format!("{base}.{outcome}"), Place::Text(say), at);
                    }
                }
            }
            StepKind::When(when) => {
                of_steps(flow, &mut when.then, seen);
                of_steps(flow, &mut when.otherwise, seen);
            }
            StepKind::CallFlow(_) | StepKind::Handoff(_) | StepKind::Voice(_) | StepKind::End => {}
        }
    }
}

impl Book {
    /// The book as it speaks at a centre, in a voice.
    pub fn spoken(&self, center: &str, voice: &str) -> &Self {
        if self.variants.is_empty() {
            return self;
        }
        let find = |center: &str, voice: &str| self.variants.get(&(center.to_owned(), voice.to_owned()));
        find(center, voice).or_else(|| find("", voice)).or_else(|| find(center, "")).unwrap_or(self)
    }

    /// The voices that its files speak in, besides that of everybody.
    pub fn voices(&self) -> BTreeSet<&str> {
        self.variants.keys().map(|(_, voice)| voice.as_str()).filter(|voice| !voice.is_empty()).collect()
    }
}
