//! What can be chosen, and how it is shown: rows of a memo or of the flow, a page of them, the engine's own options.

use std::borrow::Cow;
use std::sync::Arc;

use crate::conversation::frames::{all_steps, fixed_row, is_frozen};
use crate::conversation::message::Called;
use crate::conversation::reply::{self, MOST_OPTIONS};
use crate::conversation::running::Running;
use crate::conversation::scope::View;
use crate::conversation::state::{By, Choice};
use crate::flow::definition::{Field, FieldKind, Source, StepKind};
use crate::flow::template::Template;
use crate::flow::{Flow, Record, Value};

/// Rows that can be chosen now, without a copy of them.
pub(in crate::conversation) struct Rows {
    all: Arc<Vec<Record>>,
    fit: Vec<usize>,
}

impl Rows {
    fn of(rows: Vec<Record>) -> Self {
        let fit = (0..rows.len()).collect();
        Self { all: Arc::new(rows), fit }
    }

    /// The rows but for these.
    pub(in crate::conversation) fn without(&self, keys: &[String]) -> Self {
        let fit = self.fit.iter().copied().filter(|place| !keys.contains(&self.all[*place].key));
        Self { fit: fit.collect(), all: Arc::clone(&self.all) }
    }

    pub(in crate::conversation) fn len(&self) -> usize {
        self.fit.len()
    }

    pub(in crate::conversation) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.fit.iter().map(|place| &self.all[*place])
    }

    pub(in crate::conversation) fn get(&self, place: usize) -> Option<&Record> {
        self.fit.get(place).map(|place| &self.all[*place])
    }

    /// Whether they are hours or appointments: something that starts.
    pub(in crate::conversation) fn start(&self) -> bool {
        self.get(0).is_some_and(|row| starts(row).is_some())
    }

    /// The one row that starts within a window.
    pub(in crate::conversation) fn only_within(&self, window: &crate::value::Window) -> Option<&Record> {
        let mut within = self.iter().filter(|row| starts(row).is_some_and(|at| window.allows(at)));
        let only = within.next()?;
        within.next().is_none().then_some(only)
    }
}

/// A text, unless it would be empty.
fn rendered(template: &Template, view: &View<'_>) -> Option<String> {
    Some(template.render(view)).filter(|text| !text.trim().is_empty())
}

/// The wall time a row stands for.
pub(in crate::conversation) fn starts(row: &Record) -> Option<chrono::NaiveDateTime> {
    row.columns.values().find_map(|value| match value {
        Value::Moment(at) => Some(*at),
        _ => None,
    })
}

impl<'a> Running<'a> {
    /// Every row that could be chosen now.
    pub(in crate::conversation) fn rows(&self, index: usize, field: &Field) -> Rows {
        let FieldKind::Choice { source, .. } = &field.kind else { return Rows::of(Vec::new()) };
        let frame = &self.state.stack[index];
        match source {
            Source::Fixed(options) => Rows::of(
                options.iter().map(|option| fixed_row(&option.key, &option.title, &option.words)).collect(),
            ),
            Source::Memo(name) | Source::Read(name) => {
                let Some(memo) = frame.memos.get(name) else { return Rows::of(Vec::new()) };
                let now = self.event.now;
                let refused = frame.refused.get(&field.name);
                let fits = |row: &Record| {
                    row.until.is_none_or(|until| until > now)
                        && refused.is_none_or(|keys| !keys.contains(&row.key))
                };
                let fit = memo.rows.iter().enumerate().filter(|(_, row)| fits(row)).map(|(place, _)| place);
                Rows { fit: fit.collect(), all: Arc::clone(&memo.rows) }
            }
            Source::FieldsBelow => Rows::of(self.fields_below(index)),
        }
    }

    /// The fields of the flow below that can be changed: what was answered, and what is read back.
    fn fields_below(&self, index: usize) -> Vec<Record> {
        let below = self.state.stack[..index].iter().rposition(|frame| !frame.is_repair());
        let Some(frame) = below.map(|below| &self.state.stack[below]) else { return Vec::new() };
        let Some(flow) = self.flow_of(frame) else { return Vec::new() };
        let reviewed = all_steps(&flow.steps).find_map(|step| match &step.kind {
            StepKind::Review(review) => Some(&review.fields),
            _ => None,
        });
        let open = |field: &&Field| {
            let answered = frame.answers.get(&field.name);
            let chosen = answered.is_some_and(|answer| answer.by != By::Engine);
            let listed = reviewed.is_some_and(|fields| fields.contains(&field.name)) && answered.is_some();
            (chosen || listed) && !is_frozen(flow, frame, &field.name)
        };
        let row = |field: &Field| fixed_row(&field.name, &title_case(&field.title), &field.words);
        flow.fields.values().filter(open).take(MOST_OPTIONS).map(row).collect()
    }

    /// A row as an option.
    fn choice(&self, index: usize, flow: &Flow, field: &Field, row: &Record) -> Choice {
        let FieldKind::Choice { detail, .. } = &field.kind else {
            return reply::own_choice(&row.key, &row.key, &[]);
        };
        let view = View::new(flow, &self.state.stack[index]);
        Choice {
            key: row.key.clone(),
            title: self.title(index, flow, field, row).into_owned(),
            detail: detail.as_ref().and_then(|detail| rendered(detail, &view.with(row))),
            starts: starts(row),
            words: row.words.clone(),
        }
    }

    /// What a row is called on the screen.
    pub(in crate::conversation) fn title<'r>(
        &self,
        index: usize,
        flow: &Flow,
        field: &Field,
        row: &'r Record,
    ) -> Cow<'r, str> {
        let FieldKind::Choice { source, title, .. } = &field.kind else { return Cow::Borrowed(&row.key) };
        if matches!(source, Source::Fixed(_) | Source::FieldsBelow)
            && let Some(Value::Text(own)) = row.columns.get("titulo")
        {
            return Cow::Borrowed(own);
        }
        let view = View::new(flow, &self.state.stack[index]);
        rendered(title, &view.with(row)).map_or(Cow::Borrowed(&row.key), Cow::Owned)
    }

    /// How the rows can be named, all of them in their order.
    pub(in crate::conversation) fn called<'r>(
        &self,
        index: usize,
        flow: &Flow,
        field: &Field,
        rows: &'r Rows,
    ) -> impl Iterator<Item = Called<'r>> {
        rows.iter().map(move |row| Called { title: self.title(index, flow, field, row), words: &row.words })
    }

    /// What is shown: a page of the rows, and the engine's own options.
    pub(super) fn options(
        &self,
        index: usize,
        flow: &Flow,
        field: &Field,
        rows: &Rows,
        more: bool,
    ) -> Vec<Choice> {
        let any = field.optional.then(|| reply::own_choice(reply::ANY, reply::ANY_TITLE, &["da lo mismo"]));
        match &field.kind {
            FieldKind::YesNo => {
                let yes = reply::own_choice(reply::YES, reply::YES_TITLE, &[]);
                let no = reply::own_choice(reply::NO, reply::NO_TITLE, &[]);
                [Some(yes), Some(no), any].into_iter().flatten().collect()
            }
            FieldKind::Choice { several, .. } => {
                let picked = self.state.stack[index].picked.get(&field.name).map_or(&[][..], Vec::as_slice);
                let rows = &rows.without(picked);
                let done = (!picked.is_empty()).then(|| {
                    let words = ["listo", "lista", "eso es todo", "nada mas", "nadie mas", "no", "solo eso"];
                    reply::own_choice(reply::DONE, reply::DONE_TITLE, &words)
                });
                let all = (*several && rows.len() > 1).then(|| {
                    reply::own_choice(
                        reply::ALL,
                        reply::ALL_TITLE,
                        &["todas", "ambos", "ambas", "los dos", "las dos"],
                    )
                });
                let own = [&any, &all, &done].into_iter().flatten().count();
                let room = MOST_OPTIONS - own;
                let page = Some(self.state.stack[index].page).filter(|page| *page < rows.len()).unwrap_or(0);
                let left = rows.len() - page;
                let paged = more && left > room;
                let shown = left.min(if paged { room - 1 } else { room });
                let shown = rows.iter().skip(page).take(shown);
                let mut options: Vec<Choice> =
                    shown.map(|row| self.choice(index, flow, field, row)).collect();
                if paged {
                    let title = if rows.start() { reply::MORE_HOURS } else { reply::MORE_ROWS };
                    options.push(reply::own_choice(reply::MORE, title, &["mas", "ver mas", "otras"]));
                }
                options.extend(done);
                options.extend(all);
                options.extend(any);
                options
            }
            FieldKind::Window { .. }
            | FieldKind::RutTail
            | FieldKind::BirthDate
            | FieldKind::Number { .. }
            | FieldKind::Text { .. } => any.into_iter().collect(),
        }
    }
}

fn title_case(title: &str) -> String {
    let mut letters = title.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
