//! `do`: a read, passed when its memo has the same arguments.

use std::sync::Arc;

use chrono::{NaiveTime, Timelike};

use crate::conversation::fingerprint;
use crate::conversation::need::{Got, Need, OK};
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::Memo;
use crate::conversation::walk::starts;
use crate::flow::definition::{Call, Field, FieldKind, Source, Step};
use crate::flow::port::port;
use crate::flow::{Flow, Name, Record, Value};
use crate::value::TimeRange;

impl<'a> Running<'a> {
    pub(super) fn read(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        call: &'a Call,
    ) -> Result<Verdict, Halt> {
        self.hear_with_whom(index, flow);
        let frame = &self.state.stack[index];
        let arguments = View::new(flow, frame).arguments(&call.arguments);
        let fingerprint = fingerprint::of_call(&call.port, &arguments);
        let into = call.into.as_ref().unwrap_or(&step.id);
        if frame.memos.get(into).is_some_and(|memo| memo.fingerprint == fingerprint) {
            self.trace_step(step, "passed: read");
            return Ok(Verdict::Next);
        }
        let except = refused_rows(self, index, flow, into);
        let got = self.ask_read(index, &call.port, arguments, except.clone())?;
        let rows = self.offerable(&got.rows, &except);
        let outcome = match got.outcome.as_str() {
            OK if rows.is_empty() && call.on.contains_key("none") => "none",
            outcome => outcome,
        };
        self.trace_step(step, format!("outcome {outcome}"));
        if outcome == OK {
            let rows = self.nearest_first(index, into, rows);
            self.keep(index, into, fingerprint, rows);
            self.hear_with_whom(index, flow);
            return Ok(Verdict::Next);
        }
        if self.silent {
            return Ok(Verdict::Stop);
        }
        let verdict = self.branch(index, flow, step, call, outcome)?;
        if verdict == Verdict::Next {
            // It was passed over: remembered as empty, or each turn would read and say it again.
            self.keep(index, into, fingerprint, Arc::default());
        }
        Ok(verdict)
    }

    /// Reads the rows of a choice that names its port itself; a verdict when there are none to be had.
    pub(in crate::conversation) fn read_options(
        &mut self,
        index: usize,
        step: Option<&'a Step>,
        field: &'a Field,
    ) -> Result<Option<Verdict>, Halt> {
        let FieldKind::Choice { source: Source::Read(name), .. } = &field.kind else { return Ok(None) };
        if self.state.stack[index].memos.contains_key(name) {
            return Ok(None);
        }
        let got = self.ask_read(index, name, Vec::new(), Vec::new())?;
        let rows = self.offerable(&got.rows, &[]);
        let outcome = if got.outcome == OK && rows.is_empty() { "none" } else { &got.outcome };
        if let Some(step) = step {
            self.trace_step(step, format!("options: outcome {outcome}"));
        }
        if outcome == OK {
            self.keep(index, name, fingerprint::of_call(name, &[]), rows);
            return Ok(None);
        }
        if self.silent {
            return Ok(Some(Verdict::Stop));
        }
        self.hand_off(&format!("{outcome}:{name}"), true)?;
        Ok(Some(Verdict::Again))
    }

    pub(in crate::conversation) fn ask_read(
        &mut self,
        index: usize,
        port: &str,
        arguments: Vec<(Name, Value)>,
        except: Vec<String>,
    ) -> Result<&'a Got, Halt> {
        // Our own hold must not hide an hour from us; those about to be given back do not count either.
        let own = self.state.stack.get(index).into_iter().flat_map(|frame| frame.holds.values());
        let live = own.filter(|held| held.until > self.event.now).filter_map(|held| held.id);
        let mut held: Vec<_> = live.chain(self.state.to_release.iter().copied()).collect();
        held.sort_unstable();
        held.dedup();
        self.ask_world(Need::Read { port: port.to_owned(), arguments, except, held })
    }

    /// Rows that can still be chosen and were not refused: the map may lag behind the truth.
    fn offerable(&self, rows: &Arc<Vec<Record>>, except: &[String]) -> Arc<Vec<Record>> {
        let now = self.event.now;
        let fits = |row: &Record| row.until.is_none_or(|until| until > now) && !except.contains(&row.key);
        if rows.iter().all(fits) {
            return Arc::clone(rows);
        }
        Arc::new(rows.iter().filter(|row| fits(row)).cloned().collect())
    }

    /// Hours of a day that has none at the wanted time, the nearest ones first.
    fn nearest_first(&mut self, index: usize, into: &str, mut rows: Arc<Vec<Record>>) -> Arc<Vec<Record>> {
        let id = self.state.stack[index].id;
        let wanted = self.nearest_to.take_if(|(frame, memo, _)| *frame == id && memo == into);
        if let Some((_, _, times)) = wanted {
            Arc::make_mut(&mut rows)
                .sort_by_key(|row| starts(row).map(|at| (minutes_away(&times, at.time()), at)));
        }
        rows
    }

    fn keep(&mut self, index: usize, name: &str, fingerprint: String, rows: Arc<Vec<Record>>) {
        let frame = &mut self.state.stack[index];
        if frame.page >= rows.len() {
            frame.page = 0;
        }
        frame.memos.insert(name.to_owned(), Memo { fingerprint, at: self.event.now, rows });
    }

    /// Drops a list that is about to be shown again and is too old for it; whether it did.
    pub(super) fn drop_stale_list(&mut self, index: usize, flow: &Flow, field: &Field) -> bool {
        let FieldKind::Choice { source: Source::Memo(name) | Source::Read(name), .. } = &field.kind else {
            return false;
        };
        let frame = &mut self.state.stack[index];
        let Some(memo) = frame.memos.get(name) else { return false };
        let Some(fresh_for) = port_of(flow, name).and_then(|port| port.fresh_for) else { return false };
        let fresh = chrono::TimeDelta::from_std(fresh_for).unwrap_or(chrono::TimeDelta::MAX);
        if self.event.now - memo.at <= fresh {
            return false;
        }
        frame.memos.remove(name);
        frame.refused.remove(&field.name);
        true
    }
}

/// How far a time of the day is from the nearest of these.
fn minutes_away(times: &[TimeRange], at: NaiveTime) -> u32 {
    let minute = at.hour() * 60 + at.minute();
    let away = |time: &TimeRange| {
        u32::from(time.start).saturating_sub(minute).max((minute + 1).saturating_sub(time.end.into()))
    };
    times.iter().map(away).min().unwrap_or_default()
}

fn refused_rows(running: &Running<'_>, index: usize, flow: &Flow, memo: &str) -> Vec<String> {
    let frame = &running.state.stack[index];
    let shows = |name: &Name| {
        let field = flow.fields.get(name)?;
        matches!(&field.kind, FieldKind::Choice { source: Source::Memo(from), .. } if from == memo)
            .then_some(())
    };
    let refused = frame.refused.iter().filter(|(name, _)| shows(name).is_some());
    refused.flat_map(|(_, keys)| keys.iter().cloned()).collect()
}

fn port_of(flow: &Flow, memo: &str) -> Option<&'static crate::flow::port::Port> {
    use crate::conversation::frames::all_steps;
    use crate::flow::definition::StepKind;
    let call = all_steps(&flow.steps).find_map(|step| match &step.kind {
        StepKind::Do(call) if call.into.as_deref() == Some(memo) => Some(call.port.as_str()),
        _ => None,
    });
    port(call.unwrap_or(memo))
}
