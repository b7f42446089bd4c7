//! Calls of ports as they are written, `oferta = agenda.buscar(paciente, cuando, limite=9)`, and their branches.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::{Reading, convert};
use crate::flow::definition::{Branch, Call};
use crate::flow::error::nearest;
use crate::flow::expression::Expression;
use crate::flow::port;
use crate::flow::raw::{self, Text};
use crate::flow::value::Name;

impl Reading<'_> {
    /// Reads `oferta = agenda.buscar(paciente, prestacion, cuando, limite=9)`.
    pub(super) fn call(&mut self, at: &Text, step: &raw::Step) -> Option<Call> {
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
            let fix = nearest(name, "there are", port::PORTS.iter().map(|port| port.name));
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
                let known = match port.parameters {
                    [] => "nothing".to_owned(),
                    all => all.iter().map(|known| known.name).collect::<Vec<_>>().join(", "),
                };
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
            if arguments.iter().any(|(name, _)| name == parameter.name) {
                let message = format!("`{}` is given twice", parameter.name);
                self.wrong_at("F017", at, parameter.name, message, "take one of them out");
            }
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
