//! An invented centre, small enough to be read, in which fixtures and the terminal chat play.
//!
//! ```yaml
//! center: { code: demo, name: CESFAM Los Aromos, address: Los Aromos 123, phone: "+56222220000", zone: America/Santiago }
//! hold: 10m                      # how long an hour is kept for who has not said yes yet
//! limit: 2                       # hours ahead that one patient may have of one prestación
//! types:
//!   - { name: Matrona, words: [control de matrona], minutes: 30 }
//! professionals:
//!   - name: Ana Rojas
//!     week: [{ on: [lun, mar], from: "09:00", to: "13:00", type: Matrona }]
//!     hours: { Matrona: [2026-12-05T10:00] }   # single hours, besides the week or instead of it
//! days_off: [2026-12-08]
//! patients:
//!   - { name: Luz Soto, run: 12.345.678-5, born: 1954-05-03, phones: ["+56911112222"] }
//! ```
//!
//! Guarantees: what one part names, another declares; ids are places in the lists, from 1, so that the same
//! file always gives the same keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_saphyr::Spanned;

use super::fixture::{BadFixture, Local, Span, read};
use crate::value::{Phone, Rut};

/// A centre and all who come to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The centre.
    pub center: Center,
    /// How long an hour is kept.
    #[serde(default = "ten_minutes")]
    pub hold: Span,
    /// How many hours of one prestación a patient may have ahead.
    #[serde(default = "two")]
    pub limit: usize,
    /// How many days ahead hours can be had.
    #[serde(default = "sixty")]
    pub horizon: u32,
    /// What can be booked.
    pub types: Vec<Spanned<Prestacion>>,
    /// Who sees patients.
    pub professionals: Vec<Spanned<Professional>>,
    /// Days on which nobody is seen.
    #[serde(default)]
    pub days_off: Vec<Spanned<NaiveDate>>,
    /// Who is treated.
    #[serde(default)]
    pub patients: Vec<Spanned<Person>>,
    /// Hours that are taken already.
    #[serde(default)]
    pub booked: Vec<Spanned<Booking>>,
}

/// The centre.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Center {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    #[serde(default)]
    pub address: Option<String>,
    /// Its telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// Its zone.
    #[serde(default = "santiago")]
    pub zone: chrono_tz::Tz,
}

/// Something to book.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prestacion {
    /// Its name.
    pub name: String,
    /// What patients call it.
    #[serde(default)]
    pub words: Vec<String>,
    /// How long it takes.
    pub minutes: u16,
    /// Whether it can be booked by chat.
    #[serde(default = "yes")]
    pub bookable: bool,
}

/// Someone who sees patients.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Professional {
    /// The name.
    pub name: String,
    /// The hours of a week.
    #[serde(default)]
    pub week: Vec<Block>,
    /// Single hours, by type.
    #[serde(default)]
    pub hours: BTreeMap<String, Vec<Local>>,
    /// Days away.
    #[serde(default)]
    pub off: Vec<Spanned<NaiveDate>>,
}

/// A block of a week.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// On these days.
    pub on: Vec<Day>,
    /// From.
    pub from: Clock,
    /// Until before.
    pub to: Clock,
    /// For what.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Lun,
    /// Tuesday.
    Mar,
    /// Wednesday.
    Mie,
    /// Thursday.
    Jue,
    /// Friday.
    Vie,
    /// Saturday.
    Sab,
    /// Sunday.
    Dom,
}

/// A time of the day, `09:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub NaiveTime);

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveTime::parse_from_str(&text, "%H:%M")
            .map(Self)
            .map_err(|_| D::Error::custom(format!("`{text}` is not a time such as \"09:30\"")))
    }
}

/// Someone who is treated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The RUN.
    pub run: String,
    /// Born on.
    pub born: NaiveDate,
    /// Phones that the centre knows as theirs.
    #[serde(default)]
    pub phones: Vec<String>,
}

/// An hour that is taken already.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Booking {
    /// Who comes.
    pub who: String,
    /// For what.
    pub what: String,
    /// When.
    pub at: Local,
    /// With whom; absent: the first professional who sees for it then.
    #[serde(default)]
    pub with: Option<String>,
}

fn ten_minutes() -> Span {
    Span(TimeDelta::minutes(10))
}

fn two() -> usize {
    2
}

fn sixty() -> u32 {
    60
}

fn yes() -> bool {
    true
}

fn santiago() -> chrono_tz::Tz {
    chrono_tz::America::Santiago
}

impl World {
    /// Reads a world and checks that it holds together.
    ///
    /// # Errors
    /// At the first thing that does not.
    pub fn parse(file: &str, source: &str) -> Result<Self, BadFixture> {
        let world: Self = read(file, source)?;
        world.check(file)?;
        Ok(world)
    }

    /// Checks that what one part names another declares.
    ///
    /// # Errors
    /// At the first thing that is named and not there.
    pub fn check(&self, file: &str) -> Result<(), BadFixture> {
        for professional in &self.professionals {
            let week = professional.value.week.iter().map(|block| &block.kind);
            for kind in week.chain(professional.value.hours.keys()) {
                if self.type_of(kind).is_none() {
                    let message = format!("there is no type `{kind}`; add it to `types`");
                    return Err(BadFixture::at(file, professional, message));
                }
            }
        }
        for person in &self.patients {
            if let Err(error) = person.value.run.parse::<Rut>() {
                return Err(BadFixture::at(file, person, error.to_string()));
            }
            if person.value.phones.iter().any(|phone| phone.parse::<Phone>().is_err()) {
                return Err(BadFixture::at(file, person, "one of `phones` is not a phone number"));
            }
        }
        self.booked.iter().try_for_each(|booking| self.check_booking(file, booking))
    }

    /// Checks that a booking can be.
    ///
    /// # Errors
    /// When nobody by these names exists or nobody sees patients then.
    pub fn check_booking(&self, file: &str, booking: &Spanned<Booking>) -> Result<(), BadFixture> {
        let wanted = &booking.value;
        let wrong = |message: String| Err(BadFixture::at(file, booking, message));
        if self.patient_called(&wanted.who).is_none() {
            return wrong(format!("there is no patient `{}` in this world", wanted.who));
        }
        let Some(kind) = self.type_of(&wanted.what) else {
            return wrong(format!("there is no type `{}` in this world", wanted.what));
        };
        if self.professional_for(kind, wanted.at.0, wanted.with.as_deref()).is_none() {
            return wrong(format!("nobody sees for {} on {}", wanted.what, wanted.at.0));
        }
        Ok(())
    }

    /// The place of a type in the list.
    pub fn type_of(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|kind| kind.value.name == name)
    }

    /// The place of a patient in the list.
    pub fn patient_called(&self, name: &str) -> Option<usize> {
        self.patients.iter().position(|person| person.value.name == name)
    }

    /// The first professional whose week has an hour of that type then.
    pub fn professional_for(&self, kind: usize, at: NaiveDateTime, name: Option<&str>) -> Option<usize> {
        self.professionals.iter().position(|professional| {
            name.is_none_or(|name| professional.value.name == name)
                && self.hours_of(&professional.value, kind, at.date()).any(|start| start == at)
        })
    }

    /// When a professional's hours of a type begin on a day.
    pub fn hours_of<'a>(
        &'a self,
        professional: &'a Professional,
        kind: usize,
        day: NaiveDate,
    ) -> impl Iterator<Item = NaiveDateTime> + 'a {
        let off = || self.days_off.iter().chain(&professional.off);
        let open = !off().any(|off| off.value == day);
        self.planned_hours(professional, kind, day).filter(move |_| open)
    }

    /// The same, whoever is off that day.
    pub fn planned_hours<'a>(
        &'a self,
        professional: &'a Professional,
        kind: usize,
        day: NaiveDate,
    ) -> impl Iterator<Item = NaiveDateTime> + 'a {
        let minutes = TimeDelta::minutes(self.types[kind].value.minutes.into());
        let name = &self.types[kind].value.name;
        let weekday = weekday(day);
        let blocks = professional
            .week
            .iter()
            .filter(move |block| block.kind == *name && block.on.iter().any(|on| *on as u32 == weekday));
        let single = professional.hours.get(name).into_iter().flatten();
        let single = single.filter_map(move |hour| (hour.0.date() == day).then_some(hour.0));
        blocks
            .flat_map(move |block| {
                let end = day.and_time(block.to.0);
                let next = move |start: &NaiveDateTime| Some(*start + minutes);
                std::iter::successors(Some(day.and_time(block.from.0)), next)
                    .take_while(move |start| *start + minutes <= end)
            })
            .chain(single)
    }

    /// A world that many fixtures name is read once.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn shared(file: &str, source: &str) -> Result<Arc<Self>, BadFixture> {
        static KNOWN: Mutex<BTreeMap<String, Arc<World>>> = Mutex::new(BTreeMap::new());
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = known().get(source) {
            return Ok(Arc::clone(world));
        }
        let world = Arc::new(Self::parse(file, source)?);
        known().insert(source.to_owned(), Arc::clone(&world));
        Ok(world)
    }
}

fn weekday(day: NaiveDate) -> u32 {
    use chrono::Datelike;
    day.weekday().num_days_from_monday()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = include_str!("../../tests/worlds/demo.yaml");

    #[test]
    fn the_demo_world_holds_together() {
        let world = World::parse("demo.yaml", DEMO).unwrap_or_else(|error| panic!("{error}"));
        let monday: NaiveDate = "2026-11-30".parse().unwrap();
        let matrona = world.type_of("Matrona").unwrap();
        let hours: Vec<_> = world.hours_of(&world.professionals[0].value, matrona, monday).collect();
        assert!(!hours.is_empty());
        assert!(hours.iter().all(|hour| hour.date() == monday));
    }

    #[test]
    fn a_week_for_a_type_that_is_not_there_is_refused() {
        let broken = DEMO.replacen("type: Matrona", "type: Matrón", 1);
        let error = World::parse("demo.yaml", &broken).unwrap_err();
        assert!(error.to_string().contains("there is no type `Matrón`"), "{error}");
    }
}
