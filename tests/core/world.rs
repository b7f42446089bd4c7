//! A small centre in memory: patients, prestaciones, hours, holds and appointments, with faults on demand.
//!
//! It answers what the core asks as the database would: at most one write a transaction, a hold that replaces
//! another in one call, a dead hold taken again at the confirmation, and one answer for one key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use smartsalud::conversation::need::{Got, Need};
use smartsalud::flow::{Name, Record, Value};
use smartsalud::id::AppointmentId;
use smartsalud::value::Window;

pub(crate) const HOLD_SECONDS: i64 = 600;

/// Hours that begin nearer to each other than this overlap.
const OVERLAP_MINUTES: i64 = 45;

/// The midwife's first hours.
pub(crate) const TEN: &str = "k1-2026-11-26T10:00";
pub(crate) const HALF_PAST: &str = "k1-2026-11-26T10:30";
pub(crate) const NOON: &str = "k1-2026-11-26T12:00";

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hour {
    pub(crate) key: String,
    pub(crate) kind: &'static str,
    pub(crate) starts: NaiveDateTime,
    pub(crate) professional: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) slot: String,
    pub(crate) patient: String,
    pub(crate) until: DateTime<Utc>,
    /// Held by somebody else.
    pub(crate) foreign: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Appointment {
    pub(crate) slot: String,
    pub(crate) patient: String,
    pub(crate) cancelled: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) patients: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    /// Known by the end of a RUT and a birth date, not linked yet.
    pub(crate) strangers: Vec<(&'static str, &'static str, &'static str)>,
    pub(crate) kinds: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    pub(crate) hours: Vec<Hour>,
    pub(crate) holds: BTreeMap<i64, Hold>,
    pub(crate) appointments: BTreeMap<i64, Appointment>,
    pub(crate) next: i64,
    /// Port -> outcome, until taken back.
    pub(crate) faults: BTreeMap<String, String>,
    /// The searches do not see what others took: the map lags.
    pub(crate) map_lags: bool,
    /// The searches take our own hold for somebody else's.
    pub(crate) map_is_naive: bool,
    /// The searches offer again what was refused.
    pub(crate) map_is_deaf: bool,
    /// Hours that others take just before each hold.
    pub(crate) snatched: bool,
    /// The key of every attempt to write.
    pub(crate) attempts: BTreeSet<String>,
    /// Who waits: entry, prestación, patient.
    pub(crate) waiting: Vec<(i64, String, String)>,
    pub(crate) opted_out: bool,
    /// Every write that went through, in order: port and hour or appointment.
    pub(crate) writes: Vec<(String, String)>,
}

pub(crate) fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").expect("a local time")
}

pub(crate) fn ok() -> Got {
    outcome("ok")
}

pub(crate) fn outcome(outcome: &str) -> Got {
    Got { outcome: outcome.to_owned(), rows: Arc::default(), hold: None, until: None }
}

fn professional_row(name: &str) -> Record {
    let columns = BTreeMap::from([("nombre".to_owned(), Value::Text(name.to_owned()))]);
    let words = name.split_whitespace().skip(1).map(str::to_owned).collect();
    Record { key: name.to_owned(), columns, words, until: None }
}

fn rows(rows: Vec<Record>) -> Got {
    if rows.is_empty() { outcome("none") } else { Got { rows: rows.into(), ..ok() } }
}

impl World {
    /// One patient, a midwife and a dentist, on Wednesday the 25th of November 2026 at nine.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            patients: vec![("p1", "Luz Soto", vec!["yo", "luz"])],
            kinds: vec![
                ("k1", "Matrona", vec!["matrona", "control de matrona"]),
                ("k2", "Dentista", vec!["dentista", "dental", "muela"]),
                ("k3", "Vacunas", vec!["vacuna", "vacunas"]),
            ],
            next: 100,
            ..Self::default()
        };
        for (kind, professional, starts) in [
            ("k1", "Ana Rojas", "2026-11-26T10:00"),
            ("k1", "Ana Rojas", "2026-11-26T10:30"),
            ("k1", "Ana Rojas", "2026-11-26T12:00"),
            ("k1", "Eva Paz", "2026-12-01T15:00"),
            ("k1", "Eva Paz", "2026-12-01T15:30"),
            ("k2", "Juan Vera", "2026-11-26T09:00"),
            ("k2", "Juan Vera", "2026-11-26T12:00"),
            ("k2", "Juan Vera", "2026-11-27T16:00"),
        ] {
            world.add_hour(kind, professional, starts);
        }
        world
    }

    /// A mother as well.
    pub(crate) fn family() -> Self {
        let mut world = Self::new();
        world.patients.push(("p2", "Rosa Díaz", vec!["mi mama", "mama", "rosa"]));
        world
    }

    pub(crate) fn add_hour(&mut self, kind: &'static str, professional: &'static str, starts: &str) {
        let key = format!("{kind}-{starts}");
        self.hours.push(Hour { key, kind, starts: at(starts), professional });
        self.hours.sort_by_key(|hour| hour.starts);
    }

    pub(crate) fn hour(&self, key: &str) -> Option<&Hour> {
        self.hours.iter().find(|hour| hour.key == key)
    }

    pub(crate) fn booked(&self) -> Vec<String> {
        self.appointments.values().filter(|one| !one.cancelled).map(|one| one.slot.clone()).collect()
    }

    /// Hours held by this conversation now.
    pub(crate) fn held(&self, now: DateTime<Utc>) -> Vec<String> {
        let live = self.holds.values().filter(|hold| hold.until > now && !hold.foreign);
        live.map(|hold| hold.slot.clone()).collect()
    }

    /// Another patient takes the hour.
    pub(crate) fn take(&mut self, key: &str) {
        self.next += 1;
        let until = DateTime::<Utc>::MAX_UTC;
        let hold = Hold { slot: key.to_owned(), patient: "somebody".into(), until, foreign: true };
        self.holds.insert(self.next, hold);
    }

    /// Another patient gives it back.
    pub(crate) fn untake(&mut self, key: &str) {
        self.holds.retain(|_, hold| !(hold.foreign && hold.slot == key));
    }

    pub(crate) fn book(&mut self, key: &str, patient: &str) -> Record {
        self.next += 1;
        let appointment = Appointment { slot: key.to_owned(), patient: patient.to_owned(), cancelled: false };
        self.appointments.insert(self.next, appointment);
        self.appointment_row(self.next)
    }

    fn taken(&self, slot: &str, now: DateTime<Utc>, except: &BTreeSet<i64>) -> bool {
        let held =
            self.holds.iter().any(|(id, hold)| hold.slot == slot && hold.until > now && !except.contains(id));
        let booked = self
            .appointments
            .iter()
            .any(|(id, one)| one.slot == slot && !one.cancelled && !except.contains(id));
        held || booked
    }

    /// Whether the patient has something else at that very moment.
    fn is_elsewhere(&self, patient: &str, slot: &str, now: DateTime<Utc>, except: &BTreeSet<i64>) -> bool {
        let starts = self.hour(slot).map(|hour| hour.starts);
        let same = |other: &str| other != slot && self.hour(other).map(|hour| hour.starts) == starts;
        let live = |(id, hold): (&i64, &Hold)| {
            !except.contains(id) && hold.until > now && hold.patient == patient && same(&hold.slot)
        };
        let booked = |(id, one): (&i64, &Appointment)| {
            !except.contains(id) && !one.cancelled && one.patient == patient && same(&one.slot)
        };
        self.holds.iter().any(live) || self.appointments.iter().any(booked)
    }

    fn patient_row(&self, id: &str) -> Option<Record> {
        let (key, name, words) = self.patients.iter().find(|(key, ..)| *key == id)?;
        let columns = BTreeMap::from([
            ("nombre".to_owned(), Value::Text((*name).to_owned())),
            ("verificado".to_owned(), Value::Flag(true)),
        ]);
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Some(Record { key: (*key).to_owned(), columns, words, until: None })
    }

    fn hour_row(&self, hour: &Hour) -> Record {
        let columns = BTreeMap::from([
            ("inicio".to_owned(), Value::Moment(hour.starts)),
            ("profesional".to_owned(), Value::Text(hour.professional.to_owned())),
            ("lugar".to_owned(), Value::Text("Box 3".to_owned())),
        ]);
        let until = (hour.starts + TimeDelta::hours(3)).and_utc();
        Record { key: hour.key.clone(), columns, words: Vec::new(), until: Some(until) }
    }

    fn waiting_row(&self, id: i64, kind: &str) -> Record {
        let name = self.kinds.iter().find(|(key, ..)| *key == kind).expect("a known kind").1;
        let columns = BTreeMap::from([
            ("prestacion".to_owned(), Value::Text(name.to_owned())),
            ("paciente".to_owned(), Value::Text("Luz Soto".to_owned())),
            ("desde".to_owned(), Value::Date(at("2026-11-25T09:00").date())),
        ]);
        Record { key: id.to_string(), columns, words: Vec::new(), until: None }
    }

    pub(crate) fn appointment_row(&self, id: i64) -> Record {
        let one = &self.appointments[&id];
        let hour = self.hour(&one.slot).expect("a known hour");
        let kind = self.kinds.iter().find(|(key, ..)| *key == hour.kind).expect("a known kind").1;
        let name =
            self.patients.iter().find(|(key, ..)| *key == one.patient).map_or("?", |patient| patient.1);
        let columns = BTreeMap::from([
            ("inicio".to_owned(), Value::Moment(hour.starts)),
            ("prestacion".to_owned(), Value::Text(kind.to_owned())),
            ("profesional".to_owned(), Value::Text(hour.professional.to_owned())),
            ("lugar".to_owned(), Value::Text("Box 3".to_owned())),
            ("paciente".to_owned(), Value::Text(name.to_owned())),
            ("codigo".to_owned(), Value::Text(format!("C{id}"))),
        ]);
        Record { key: id.to_string(), columns, words: Vec::new(), until: None }
    }

    /// Answers as the shell does within one transaction.
    pub(crate) fn answer(&mut self, need: &Need, now: DateTime<Utc>, wrote: &mut bool) -> Got {
        if need.writes() && *wrote {
            return outcome("later");
        }
        let port = match need {
            Need::Read { port, .. } | Need::Hold { port, .. } | Need::Write { port, .. } => port.as_str(),
            Need::Release { .. } => "release",
        };
        if let Need::Write { once, .. } = need {
            assert!(self.attempts.insert(once.clone()), "{once} was attempted before");
        }
        if let Some(fault) = self.faults.get(port) {
            return outcome(&fault.clone());
        }
        *wrote |= need.writes() && port != "personas.vincular";
        match need {
            Need::Read { port, arguments, except, held } => self.read(port, arguments, except, held, now),
            Need::Hold { arguments, instead_of, .. } => self.hold(arguments, *instead_of, now),
            Need::Release { hold } => {
                let released = self.holds.remove(&hold.0).expect("a hold that is ours is given back once");
                assert!(!released.foreign, "somebody else's hold was given back");
                ok()
            }
            Need::Write { port, arguments, hold, .. } => self.write(port, arguments, *hold, now),
        }
    }

    fn read(
        &self,
        port: &str,
        arguments: &[(Name, Value)],
        except: &[String],
        held: &[AppointmentId],
        now: DateTime<Utc>,
    ) -> Got {
        match port {
            "personas.autorizadas" => {
                rows(self.patients.iter().filter_map(|(key, ..)| self.patient_row(key)).collect())
            }
            "centro.datos" => {
                let columns = BTreeMap::from([
                    ("nombre".to_owned(), Value::Text("CESFAM Los Aromos".to_owned())),
                    ("direccion".to_owned(), Value::Text("Los Aromos 123".to_owned())),
                ]);
                rows(vec![Record { key: "1".into(), columns, words: Vec::new(), until: None }])
            }
            "agenda.prestaciones" => rows(
                self.kinds
                    .iter()
                    .map(|(key, name, words)| Record {
                        key: (*key).to_owned(),
                        columns: BTreeMap::from([("nombre".to_owned(), Value::Text((*name).to_owned()))]),
                        words: words.iter().map(|word| (*word).to_owned()).collect(),
                        until: None,
                    })
                    .collect(),
            ),
            "privacidad.primera_vez" => outcome("none"),
            "espera.anotadas" => {
                let patient = key(arguments, "paciente");
                let theirs = self.waiting.iter().filter(|(_, _, who)| *who == patient);
                rows(theirs.map(|(id, kind, _)| self.waiting_row(*id, kind)).collect())
            }
            "agenda.profesionales" => {
                let kind = key(arguments, "prestacion");
                let who: BTreeSet<&str> = self
                    .hours
                    .iter()
                    .filter(|hour| hour.kind == kind)
                    .map(|hour| hour.professional)
                    .collect();
                rows(who.into_iter().map(professional_row).collect())
            }
            "agenda.buscar" | "agenda.buscar_cambio" | "agenda.libres" => {
                let mut own: BTreeSet<i64> =
                    held.iter().filter(|_| !self.map_is_naive).map(|id| id.0).collect();
                let moved: Option<i64> =
                    (port == "agenda.buscar_cambio").then(|| key(arguments, "cita").parse().expect("an id"));
                own.extend(moved);
                let moved = match moved.map(|id| self.appointments.get(&id)) {
                    Some(Some(one)) if !one.cancelled => Some(one.slot.as_str()),
                    Some(_) => return outcome("none"),
                    None => None,
                };
                let kind = match moved {
                    Some(slot) => self.hour(slot).expect("known").kind.to_owned(),
                    None => key(arguments, "prestacion"),
                };
                let window = match arguments.iter().find(|(name, _)| name == "cuando") {
                    Some((_, Value::Window(window))) => window.clone(),
                    _ => Window::ANY,
                };
                let with = match arguments.iter().find(|(name, _)| name == "profesional") {
                    Some((_, Value::Key(key))) => Some(key.as_str()),
                    _ => None,
                };
                let free = |hour: &&Hour| {
                    hour.kind == kind
                        && moved != Some(hour.key.as_str())
                        && (self.map_lags || !self.taken(&hour.key, now, &own))
                        && (hour.starts + TimeDelta::hours(3)).and_utc() > now
                        && window.allows(hour.starts)
                        && (self.map_is_deaf || !except.contains(&hour.key))
                        && with.is_none_or(|with| hour.professional == with)
                };
                rows(self.hours.iter().filter(free).map(|hour| self.hour_row(hour)).collect())
            }
            "agenda.citas" | "agenda.citas_de_hoy" => {
                let today = (now - TimeDelta::hours(3)).date_naive();
                let fits = |one: &Appointment| {
                    port == "agenda.citas"
                        || self.hour(&one.slot).is_some_and(|hour| hour.starts.date() == today)
                };
                let patient = key(arguments, "paciente");
                let own = self
                    .appointments
                    .iter()
                    .filter(|(_, one)| !one.cancelled && one.patient == patient && fits(one));
                rows(own.map(|(id, _)| self.appointment_row(*id)).collect())
            }
            other => panic!("{other} is no read port"),
        }
    }

    fn overlaps_moved(&self, arguments: &[(Name, Value)], slot: &str) -> bool {
        let moved: i64 = key(arguments, "cita").parse().expect("an id");
        let starts = |slot: &str| self.hour(slot).map(|hour| hour.starts);
        let moved = self.appointments.get(&moved).and_then(|one| starts(&one.slot));
        starts(slot).zip(moved).is_some_and(|(new, old)| (new - old).num_minutes().abs() < OVERLAP_MINUTES)
    }

    fn hold(
        &mut self,
        arguments: &[(Name, Value)],
        instead_of: Option<AppointmentId>,
        now: DateTime<Utc>,
    ) -> Got {
        let slot = key(arguments, "hora");
        if self.snatched {
            self.take(&slot);
        }
        let mut own: BTreeSet<i64> = instead_of.iter().map(|id| id.0).collect();
        let patient = match arguments.iter().find(|(name, _)| name == "cita") {
            Some(_) => {
                let id: i64 = key(arguments, "cita").parse().expect("an id");
                own.insert(id);
                let one = self.appointments.get(&id).filter(|one| !one.cancelled);
                let Some(one) = one else { return outcome("gone") };
                one.patient.clone()
            }
            None => key(arguments, "paciente"),
        };
        if self.hour(&slot).is_none_or(|hour| (hour.starts + TimeDelta::hours(3)).and_utc() <= now) {
            return outcome("past");
        }
        if self.taken(&slot, now, &own) {
            return outcome("taken");
        }
        if self.is_elsewhere(&patient, &slot, now, &own) {
            return outcome("yours");
        }
        if arguments.iter().any(|(name, _)| name == "cita") && self.overlaps_moved(arguments, &slot) {
            // It cannot stand beside the hour it will replace: the move swaps both.
            return ok();
        }
        if let Some(old) = instead_of {
            let old = self.holds.remove(&old.0).expect("the hold that is replaced is ours");
            assert!(!old.foreign);
        }
        self.next += 1;
        let until = now + TimeDelta::seconds(HOLD_SECONDS);
        self.holds.insert(self.next, Hold { slot, patient, until, foreign: false });
        Got { hold: Some(AppointmentId(self.next)), until: Some(until), ..ok() }
    }

    fn write(
        &mut self,
        port: &str,
        arguments: &[(Name, Value)],
        hold: Option<AppointmentId>,
        now: DateTime<Utc>,
    ) -> Got {
        let own: BTreeSet<i64> = hold.iter().map(|id| id.0).collect();
        match port {
            "personas.vincular" => {
                let (Some((_, Value::RutTail(rut))), Some((_, Value::Date(birth)))) =
                    (arguments.first(), arguments.get(1))
                else {
                    panic!("vincular needs a RUT and a birth date")
                };
                let same = |(tail, day, _): &&(&str, &str, &str)| {
                    *tail == rut.to_string() && *day == birth.to_string()
                };
                let Some((_, _, name)) = self.strangers.iter().find(same).copied() else {
                    return outcome("none");
                };
                self.patients.push(("p9", name, vec![]));
                Got { rows: Arc::new(self.patient_row("p9").into_iter().collect()), ..ok() }
            }
            "agenda.confirmar" => {
                let slot = key(arguments, "hora");
                if self.taken(&slot, now, &own) {
                    return outcome("taken");
                }
                for id in own {
                    let used = self.holds.remove(&id);
                    assert!(
                        used.is_none_or(|used| used.slot == slot),
                        "the hold of another hour was confirmed"
                    );
                }
                let row = self.book(&slot, &key(arguments, "paciente"));
                self.writes.push((port.to_owned(), slot));
                Got { rows: vec![row].into(), ..ok() }
            }
            "agenda.mover" => {
                let id: i64 = key(arguments, "cita").parse().expect("an id");
                let slot = key(arguments, "hora");
                if self.appointments.get(&id).is_none_or(|one| one.cancelled) {
                    return outcome("gone");
                }
                let mut own = own;
                own.insert(id);
                if self.taken(&slot, now, &own) {
                    return outcome("taken");
                }
                if let Some(hold) = hold {
                    self.holds.remove(&hold.0);
                }
                let patient = self.appointments[&id].patient.clone();
                self.appointments.get_mut(&id).expect("it is there").cancelled = true;
                let row = self.book(&slot, &patient);
                self.writes.push((port.to_owned(), slot));
                Got { rows: vec![row].into(), ..ok() }
            }
            "agenda.anular" => {
                let id: i64 = key(arguments, "cita").parse().expect("an id");
                match self.appointments.get_mut(&id) {
                    Some(one) if !one.cancelled => one.cancelled = true,
                    _ => return outcome("gone"),
                }
                self.writes.push((port.to_owned(), id.to_string()));
                Got { rows: vec![self.appointment_row(id)].into(), ..ok() }
            }
            "asistencia.confirmar" | "asistencia.atraso" => {
                let id: i64 = key(arguments, "cita").parse().expect("an id");
                match self.appointments.get(&id) {
                    Some(one) if !one.cancelled => {
                        Got { rows: vec![self.appointment_row(id)].into(), ..ok() }
                    }
                    _ => outcome("gone"),
                }
            }
            "asistencia.motivo" => {
                let id: i64 = key(arguments, "cita").parse().expect("an id");
                assert!(self.appointments[&id].cancelled, "a reason without a cancellation");
                ok()
            }
            "espera.anotar" => {
                let (patient, kind) = (key(arguments, "paciente"), key(arguments, "prestacion"));
                if self.waiting.iter().any(|(_, known, who)| *known == kind && *who == patient) {
                    return outcome("already");
                }
                self.next += 1;
                let row = self.waiting_row(self.next, &kind);
                self.waiting.push((self.next, kind, patient));
                Got { rows: vec![row].into(), ..ok() }
            }
            "espera.sacar" => {
                let id: i64 = key(arguments, "espera").parse().expect("an id");
                let Some(place) = self.waiting.iter().position(|(known, ..)| *known == id) else {
                    return outcome("gone");
                };
                let (_, kind, _) = self.waiting.remove(place);
                Got { rows: vec![self.waiting_row(id, &kind)].into(), ..ok() }
            }
            "avisos.parar" | "avisos.reanudar" => {
                let out = port == "avisos.parar";
                let changed = std::mem::replace(&mut self.opted_out, out) != out;
                outcome(if changed { "ok" } else { "already" })
            }
            other => panic!("{other} is no commit port"),
        }
    }
}

fn key(arguments: &[(Name, Value)], name: &str) -> String {
    match arguments.iter().find(|(known, _)| known == name) {
        Some((_, Value::Key(key))) => key.clone(),
        other => panic!("{name} is no key: {other:?}"),
    }
}
