//! The steps of a flow, and what they do when a port answers otherwise than hoped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Span;
use crate::flow::expression::Expression;
use crate::flow::template::Template;
use crate::flow::value::Name;

/// A step of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique within the flow and stable while the flow is: `ask.hora`, `do.oferta`, `say.3`, `review.1`.
    pub id: Name,
    /// With its flow, as traces and coverage name it: `agendar.ask.hora`.
    pub name: Arc<str>,
    /// Where it stands: `agendar.yaml:31`.
    pub at: Arc<str>,
    /// What it is.
    pub kind: StepKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of steps.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Passed when its field is filled and still valid.
    Ask(Ask),
    /// Passed when it has said this text.
    Say(Template),
    /// A read: passed when its memo has the same arguments.
    Do(Call),
    /// A write that can be undone: passed while the hour is held for these inputs.
    Hold(Call),
    /// A write that cannot be undone: passed once it happened; answers before it are frozen.
    Commit(Call),
    /// Passed only in the turn of a yes to exactly what it would read out now.
    Review(Review),
    /// Steps under a condition.
    When(When),
    /// Another flow, then on from here.
    CallFlow(FlowCall),
    /// From here on the bot speaks in this voice.
    Voice(Name),
    /// A person takes over.
    Handoff(String),
    /// The flow ends here.
    End,
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The field it fills.
    pub field: Name,
    /// The question.
    pub text: Template,
    /// The same, shorter, for coming back after a digression.
    pub shorter: Option<Template>,
    /// Said when it was not understood.
    pub help: Option<Template>,
    /// False for a menu: the answer is consumed, not remembered.
    pub keep: bool,
    /// Whether an old tap for it may correct the answer (else it is explained).
    pub stale_corrects: bool,
    /// Offer "más horas" when there are more rows than fit.
    pub more: bool,
    /// The label of the button that opens the list.
    pub list_button: Option<String>,
}

/// A call of a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Where the result goes; a hold has none.
    pub into: Option<Name>,
    /// The port: `agenda.buscar`.
    pub port: Name,
    /// Its arguments by name, in the order of the port's contract.
    pub arguments: Vec<(Name, Expression)>,
    /// A branch for every outcome but `ok`.
    pub on: BTreeMap<String, Branch>,
}

/// A call of another flow, once, or once for each of several rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowCall {
    /// The flow.
    pub flow: Name,
    /// What it is called for each of.
    pub each: Option<Each>,
    /// Fields of that flow which are answered beforehand.
    pub with: Vec<(Name, Expression)>,
}

/// Rows, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// What the row at hand is called.
    pub item: Name,
    /// The rows: a field of which several can be chosen, or what a read found.
    pub of: Name,
}

/// What to do on an outcome.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Branch {
    /// Said each time it happens.
    pub say: Option<Template>,
    /// Answers to forget before walking again.
    pub forget: Vec<Name>,
    /// A choice whose row was refused: not to be offered again, and asked anew.
    pub refuse: Option<Name>,
    /// At most so many times in this frame, then `then`.
    pub up_to: Option<u32>,
    /// What follows: at once without `forget` and `refuse`, else when `up_to` is used up or forgetting changes nothing.
    pub then: Option<Action>,
}

/// What a branch or a fixed option does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A person takes over; the reason is for staff.
    Handoff(String),
    /// Ask whether to start that flow instead.
    Offer(Name),
    /// Run that flow, then walk on.
    Call(Name),
    /// Start that flow (leaving a repair or a menu).
    Start(Name),
    /// End this flow.
    End,
    /// Go on with the interrupted flow ("seguir").
    Resume,
    /// Leave the interrupted flow ("dejar esto").
    Leave,
    /// Pass to the next step as if it had gone well.
    Pass,
}

/// A summary that is read back and wants a yes: Sí / Cambiar / Cancelar.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// What can be changed from here.
    pub fields: Vec<Name>,
    /// What is read out.
    pub text: Template,
    /// Label of the yes, at most 20 characters.
    pub yes: String,
    /// Label of "change something", at most 20 characters.
    pub change: String,
    /// Label of the way out, at most 20 characters.
    pub cancel: String,
    /// A destructive act (cancelling, moving): only a clear yes counts.
    pub clear_yes: bool,
}

/// Steps under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// A flag.
    pub condition: Expression,
    /// When it holds.
    pub then: Vec<Step>,
    /// When it does not.
    pub otherwise: Vec<Step>,
}
