//! Checks a book as a whole: every name known, every outcome with its branch, every text within WhatsApp's limits.
//!
//! What passes here, the walk need not doubt. A mistake says where, what, and how to mend it.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{
    Action, Book, Branch, Call, Field, FieldKind, Flow, RepairKind, Source, Span, Step, StepKind,
};
use super::error::FlowError;
use super::load::closest;
use super::port::{self, Kind, PortKind, RowKind, Shape};
use super::template::{Part, Template};
use super::value::Name;

/// A button's label (Meta, interactive reply buttons).
const BUTTON: usize = 20;
/// A list row's label (Meta, interactive lists); what is longer goes on in the second line.
const ROW: usize = 24;
/// Rows in a list, one of which may be "más horas".
const ROWS: usize = 10;
/// A question with buttons (Meta: 1,024; a name or two must still fit).
const BODY: usize = 900;

/// Every mistake of the book.
pub(super) fn check(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    let mut errors = Vec::new();
    for kind in RepairKind::ALL {
        if !book.repairs.contains_key(&kind) {
            let span = Span { file: format!("repair/{}.yaml", kind.as_str()), line: 1, column: 1 };
            let message = format!("the repair `{}` is missing", kind.as_str());
            errors.push(FlowError::new(
                "F020",
                span,
                "",
                message,
                "every repair needs a file; copy the built-in one",
            ));
        }
    }
    for flow in book.flows.values().chain(book.repairs.values()) {
        let mut names = Names::of(flow);
        if book.repairs.values().any(|repair| repair.name == flow.name) {
            names.add_repair_names();
        }
        let mut checking = Checking { book, flow, sources, names, errors: &mut errors };
        checking.flow();
    }
    for answer in &book.answers {
        let source = sources.get(&answer.span.file).map_or("", String::as_str);
        for name in answer.text.names() {
            if name != "centro" {
                let message = format!("`{name}` is not known in a fixed answer");
                errors.push(FlowError::new("F021", answer.span.clone(), source, message, "only `centro` is"));
            }
        }
    }
    errors
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// A value of that type.
    Value(Kind),
    /// Rows, to choose from.
    Rows(RowKind),
}

struct Names {
    known: BTreeMap<Name, (Known, bool)>,
}

impl Names {
    fn of(flow: &Flow) -> Self {
        let mut known = BTreeMap::new();
        let mut memos = BTreeMap::new();
        collect(&flow.steps, &mut |step| {
            if let StepKind::Do(call) | StepKind::Commit(call) = &step.kind
                && let (Some(into), Some(port)) = (&call.into, port::port(&call.port))
            {
                match port.result {
                    Shape::Rows(row) => {
                        memos.insert(into.clone(), row);
                        known.insert(into.clone(), (Known::Rows(row), false));
                    }
                    Shape::One(row) => {
                        known.insert(into.clone(), (Known::Value(Kind::Row(row)), false));
                    }
                    Shape::Nothing => {}
                }
            }
        });
        for field in flow.fields.values() {
            let kind = match &field.kind {
                FieldKind::Choice { source: Source::Memo(memo), .. } => {
                    Kind::Row(memos.get(memo).copied().unwrap_or(RowKind::Option))
                }
                FieldKind::Choice { source: Source::Read(port), .. } => {
                    match port::port(port).map(|port| port.result) {
                        Some(Shape::Rows(row)) => Kind::Row(row),
                        _ => Kind::Row(RowKind::Option),
                    }
                }
                FieldKind::Choice { .. } => Kind::Row(RowKind::Option),
                FieldKind::Window { .. } => Kind::Window,
                FieldKind::RutTail => Kind::RutTail,
                FieldKind::BirthDate => Kind::Date,
                FieldKind::YesNo => Kind::Flag,
                FieldKind::Number { .. } => Kind::Number,
                FieldKind::Text { .. } => Kind::Text,
            };
            known.insert(field.name.clone(), (Known::Value(kind), field.optional));
        }
        Self { known }
    }

    fn add_repair_names(&mut self) {
        for (name, kind) in [
            ("intento", Kind::Number),
            ("ayuda", Kind::Text),
            ("pregunta", Kind::Text),
            ("flujo", Kind::Text),
            ("destino", Kind::Text),
        ] {
            self.known.insert(name.to_owned(), (Known::Value(kind), name != "intento"));
        }
    }
}

fn collect<'a>(steps: &'a [Step], visit: &mut impl FnMut(&'a Step)) {
    for step in steps {
        visit(step);
        if let StepKind::When(when) = &step.kind {
            collect(&when.then, visit);
            collect(&when.otherwise, visit);
        }
    }
}

struct Checking<'a> {
    book: &'a Book,
    flow: &'a Flow,
    sources: &'a BTreeMap<String, String>,
    names: Names,
    errors: &'a mut Vec<FlowError>,
}

impl Checking<'_> {
    fn wrong(&mut self, code: &'static str, span: &Span, message: impl Into<String>, fix: impl Into<String>) {
        let source = self.sources.get(&span.file).map_or("", String::as_str);
        self.errors.push(FlowError::new(code, span.clone(), source, message, fix));
    }

    fn flow(&mut self) {
        let flow = self.flow;
        let mut steps = Vec::new();
        collect(&flow.steps, &mut |step| steps.push(step));
        for step in &steps {
            self.step(step);
        }
        self.unreachable(&flow.steps);
        let asked: BTreeSet<&Name> = steps
            .iter()
            .filter_map(|step| match &step.kind {
                StepKind::Ask(ask) => Some(&ask.field),
                _ => None,
            })
            .collect();
        for field in flow.fields.values() {
            self.field(field, asked.contains(&field.name));
        }
        for other in flow.interrupt.keys() {
            self.flow_exists(other, &flow.span);
        }
        for new in flow.renamed_fields.values() {
            self.field_exists(new, &flow.span);
        }
    }

    fn field(&mut self, field: &Field, asked: bool) {
        if !asked && !field.optional {
            self.wrong(
                "F022",
                &field.span,
                format!("the field `{}` is never asked and is not optional", field.name),
                "ask it, or write `optional: true` when patients only volunteer it",
            );
        }
        let FieldKind::Choice { source, title, detail, .. } = &field.kind else { return };
        if let Source::Memo(memo) = source
            && !matches!(self.names.known.get(memo), Some((Known::Rows(_), _)))
        {
            self.wrong(
                "F023",
                &field.span,
                format!("`{}` is chosen from `{memo}`, which no `do` fills with rows", field.name),
                format!("write a step `do: {memo} = …` before asking it"),
            );
            return;
        }
        let row = match self.names.known.get(&field.name) {
            Some((Known::Value(Kind::Row(row)), _)) => *row,
            _ => RowKind::Option,
        };
        for template in [Some(title), detail.as_ref()].into_iter().flatten() {
            self.row_template(template, row, &field.span);
        }
        if let Source::Fixed(options) = source {
            if options.len() > ROWS {
                self.wrong(
                    "F024",
                    &field.span,
                    format!("{} options; a list has at most {ROWS}", options.len()),
                    "",
                );
            }
            for option in options {
                let length = option.title.chars().count();
                let most = if options.len() <= 3 { BUTTON } else { ROW };
                if length > most {
                    self.wrong(
                        "F025",
                        &field.span,
                        format!("`{}` has {length} characters; WhatsApp shows {most} here", option.title),
                        "say it shorter",
                    );
                }
                if let Some(action) = &option.action {
                    self.action(action, &field.span);
                }
            }
        }
    }

    fn row_template(&mut self, template: &Template, row: RowKind, span: &Span) {
        for path in paths(template) {
            match path.as_slice() {
                [it, column] if it == "it" => {
                    if !row.columns().iter().any(|(known, _)| known == column) {
                        let known: Vec<&str> = row.columns().iter().map(|(name, _)| *name).collect();
                        let fix = closest(column, known.iter().copied()).map_or_else(
                            || format!("there are {}", known.join(", ")),
                            |near| format!("did you mean `{near}`?"),
                        );
                        self.wrong("F026", span, format!("such a row has no column `{column}`"), fix);
                    }
                }
                _ => self.wrong(
                    "F026",
                    span,
                    format!("`{}` is not known in an option", path.join(".")),
                    "an option is called `it`, as in {it.nombre}",
                ),
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Ask(ask) => {
                if !self.field_exists(&ask.field, &step.span) {
                    return;
                }
                self.text(&ask.text, &step.span);
                for text in [&ask.shorter, &ask.help].into_iter().flatten() {
                    self.text(text, &step.span);
                }
                if ask.list_button.as_ref().is_some_and(|label| label.chars().count() > BUTTON) {
                    self.wrong(
                        "F025",
                        &step.span,
                        format!("`list_button` is longer than {BUTTON} characters"),
                        "say it shorter",
                    );
                }
            }
            StepKind::Say(text) => self.text(text, &step.span),
            StepKind::Do(call) => self.call(call, PortKind::Read, "do", step),
            StepKind::Hold(call) => self.call(call, PortKind::Hold, "hold", step),
            StepKind::Commit(call) => self.call(call, PortKind::Commit, "commit", step),
            StepKind::Review(review) => {
                for field in &review.fields {
                    self.field_exists(field, &step.span);
                }
                self.text(&review.text, &step.span);
                for label in [&review.yes, &review.change, &review.cancel] {
                    if label.chars().count() > BUTTON {
                        self.wrong(
                            "F025",
                            &step.span,
                            format!(
                                "the button `{label}` has {} characters; WhatsApp shows {BUTTON}",
                                label.chars().count()
                            ),
                            "say it shorter",
                        );
                    }
                }
            }
            StepKind::When(when) => {
                let names: Vec<Name> = when.condition.names().into_iter().cloned().collect();
                for name in names {
                    self.name_exists(&name, &step.span);
                }
            }
            StepKind::CallFlow(flow) => self.flow_exists(flow, &step.span),
            StepKind::Handoff(_) | StepKind::End => {}
        }
    }

    fn unreachable(&mut self, steps: &[Step]) {
        for (index, step) in steps.iter().enumerate() {
            let ends = matches!(step.kind, StepKind::End | StepKind::Handoff(_));
            if ends && let Some(next) = steps.get(index + 1) {
                self.wrong(
                    "F027",
                    &next.span,
                    "nothing ever comes here: the step before it ends the flow",
                    "take one of them out",
                );
            }
            if let StepKind::When(when) = &step.kind {
                self.unreachable(&when.then);
                self.unreachable(&when.otherwise);
            }
        }
    }

    fn call(&mut self, call: &Call, wanted: PortKind, keyword: &str, step: &Step) {
        let Some(port) = port::port(&call.port) else { return };
        if port.kind != wanted {
            let right = match port.kind {
                PortKind::Read => "do",
                PortKind::Hold => "hold",
                PortKind::Commit => "commit",
            };
            self.wrong(
                "F028",
                &step.span,
                format!("`{}` cannot be called by `{keyword}`", port.name),
                format!("call it by `{right}`"),
            );
        }
        let has_result = port.result != Shape::Nothing;
        if has_result && call.into.is_none() && wanted == PortKind::Read {
            self.wrong(
                "F029",
                &step.span,
                "the result of this call goes nowhere",
                format!("write `name = {}(…)`", port.name),
            );
        }
        for parameter in port.parameters {
            let given = call.arguments.iter().find(|(name, _)| name == parameter.name);
            match given {
                None if !parameter.optional => {
                    self.wrong("F030", &step.span, format!("`{}` needs `{}`", port.name, parameter.name), "");
                }
                Some((_, value)) => {
                    let names: Vec<Name> = value.names().into_iter().cloned().collect();
                    for name in &names {
                        self.name_exists(name, &step.span);
                    }
                    self.argument(parameter, value, &step.span);
                }
                None => {}
            }
        }
        for outcome in port.outcomes {
            if !call.on.contains_key(*outcome) {
                self.wrong(
                    "F031",
                    &step.span,
                    format!("`{}` may answer `{outcome}`, and nothing says what to do then", port.name),
                    format!("add `{outcome}:` under `on:`"),
                );
            }
        }
        for (outcome, branch) in &call.on {
            if !port.outcomes.contains(&outcome.as_str()) {
                let fix = closest(outcome, port.outcomes.iter().copied()).map_or_else(
                    || format!("it may answer {}", port.outcomes.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.wrong("F032", &step.span, format!("`{}` never answers `{outcome}`", port.name), fix);
            }
            self.branch(branch, outcome, &step.span);
        }
    }

    fn argument(&mut self, parameter: &port::Parameter, value: &super::expression::Expression, span: &Span) {
        let super::expression::Expression::Path(path) = value else { return };
        let [name] = path.as_slice() else { return };
        let Some((known, optional)) = self.names.known.get(name).copied() else { return };
        let fits = match known {
            Known::Value(kind) => kind == parameter.kind,
            Known::Rows(_) => false,
        };
        if !fits {
            self.wrong(
                "F033",
                span,
                format!(
                    "`{name}` does not fit `{}`: it is {}, and {} is needed",
                    parameter.name,
                    describe(known),
                    describe(Known::Value(parameter.kind))
                ),
                "",
            );
        } else if optional && !parameter.optional {
            self.wrong(
                "F034",
                span,
                format!("`{name}` may be missing, and `{}` is needed", parameter.name),
                "ask it first, or make it not optional",
            );
        }
    }

    fn branch(&mut self, branch: &Branch, outcome: &str, span: &Span) {
        if let Some(text) = &branch.say {
            self.text(text, span);
        }
        for field in branch.forget.iter().chain(&branch.refuse) {
            self.field_exists(field, span);
        }
        if let Some(action) = &branch.then {
            self.action(action, span);
        }
        let goes_back = !branch.forget.is_empty() || branch.refuse.is_some();
        if !goes_back && branch.then.is_none() {
            self.wrong(
                "F035",
                span,
                format!("nothing happens on `{outcome}`"),
                "add `then:`, `forget:` or `refuse:`",
            );
        }
        if branch.up_to.is_some() && branch.then.is_none() {
            self.wrong(
                "F036",
                span,
                format!("`up_to` on `{outcome}` does not say what comes after"),
                "add `then:`",
            );
        }
        if !branch.forget.is_empty() && branch.then.is_none() {
            self.wrong(
                "F036",
                span,
                format!("`forget` on `{outcome}` may have nothing to forget"),
                "add `then:` for that case",
            );
        }
    }

    fn action(&mut self, action: &Action, span: &Span) {
        match action {
            Action::Offer(flow) | Action::Call(flow) | Action::Start(flow) => self.flow_exists(flow, span),
            Action::Handoff(_) | Action::End | Action::Resume | Action::Leave | Action::Pass => {}
        }
    }

    fn text(&mut self, template: &Template, span: &Span) {
        let mut length = 0;
        self.parts(&template.parts, false, span, &mut length);
        if length > BODY {
            self.wrong(
                "F037",
                span,
                format!(
                    "this text has {length} characters; a question with buttons holds {BODY} and a few names"
                ),
                "say it shorter, or in two steps",
            );
        }
    }

    fn parts(&mut self, parts: &[Part], optional: bool, span: &Span, length: &mut usize) {
        for part in parts {
            match part {
                Part::Words(words) => *length += words.chars().count(),
                Part::Placeholder(expression, _) => {
                    let names: Vec<Name> = expression.names().into_iter().cloned().collect();
                    for name in &names {
                        if self.name_exists(name, span)
                            && !optional
                            && self.names.known.get(name).is_some_and(|(_, may_miss)| *may_miss)
                        {
                            self.wrong(
                                "F038",
                                span,
                                format!("`{name}` may be missing, and this text would have a hole"),
                                format!("put it in an optional part: [ … {{{name}}} … ]"),
                            );
                        }
                    }
                    if let super::expression::Expression::Path(path) = expression {
                        self.column(path, span);
                    }
                }
                Part::Optional(inner) => self.parts(inner, true, span, length),
            }
        }
    }

    fn column(&mut self, path: &[Name], span: &Span) {
        let [name, column] = path else { return };
        let Some((Known::Value(Kind::Row(row)), _)) = self.names.known.get(name).copied() else { return };
        if !row.columns().iter().any(|(known, _)| known == column) {
            let known: Vec<&str> = row.columns().iter().map(|(name, _)| *name).collect();
            let fix = closest(column, known.iter().copied()).map_or_else(
                || format!("it has {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.wrong("F026", span, format!("`{name}` has no column `{column}`"), fix);
        }
    }

    fn field_exists(&mut self, name: &str, span: &Span) -> bool {
        let known = self.flow.fields.contains_key(name);
        if !known {
            let near = closest(name, self.flow.fields.keys().map(String::as_str)).map(str::to_owned);
            let fix = near.map_or_else(
                || "add it under `fields:`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.wrong("F039", span, format!("there is no field `{name}`"), fix);
        }
        known
    }

    fn name_exists(&mut self, name: &str, span: &Span) -> bool {
        let known = self.names.known.contains_key(name);
        if !known {
            let near = closest(name, self.names.known.keys().map(String::as_str)).map(str::to_owned);
            let fix = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
            self.wrong("F040", span, format!("nothing is called `{name}` here"), fix);
        }
        known
    }

    fn flow_exists(&mut self, name: &str, span: &Span) {
        if !self.book.flows.contains_key(name) {
            let near = closest(name, self.book.flows.keys().map(String::as_str)).map(str::to_owned);
            let fix = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
            self.wrong("F041", span, format!("there is no flow `{name}`"), fix);
        }
    }
}

fn describe(known: Known) -> &'static str {
    match known {
        Known::Rows(_) => "a list of rows",
        Known::Value(kind) => match kind {
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Flag => "a yes or no",
            Kind::Date => "a day",
            Kind::Moment => "a moment",
            Kind::Window => "a window of time",
            Kind::RutTail => "the end of a RUT",
            Kind::Row(row) => match row {
                RowKind::Patient => "a patient",
                RowKind::AppointmentType => "a prestación",
                RowKind::Hour => "an hour",
                RowKind::Appointment => "an appointment",
                RowKind::Center => "the centre",
                RowKind::Option => "an option",
            },
        },
    }
}

fn paths(template: &Template) -> Vec<Vec<Name>> {
    fn collect(parts: &[Part], paths: &mut Vec<Vec<Name>>) {
        for part in parts {
            match part {
                Part::Words(_) => {}
                Part::Placeholder(super::expression::Expression::Path(path), _) => paths.push(path.clone()),
                Part::Placeholder(..) => {}
                Part::Optional(inner) => collect(inner, paths),
            }
        }
    }
    let mut found = Vec::new();
    collect(&template.parts, &mut found);
    found
}
