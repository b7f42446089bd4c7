//! What the rest of the centre does meanwhile: other patients take and give back hours, staff books by hand.

use anyhow::bail;

use super::Pipeline;
use crate::conversation::answer::appointment_row;
use crate::conversation::need::{EventKind, StaffAction};
use crate::id::{ConversationId, PatientId};
use crate::patient;
use crate::replay::expectation::words_occur;
use crate::replay::stage::about;
use crate::replay::store;
use crate::scheduling::booking::{self, Actor, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest};
use crate::scheduling::search::{FreeFor, Search};
use crate::scheduling::slot::{Booked, Slot};
use crate::value::Window;
use crate::value::hour_label::day_hour_short;

/// RUNs of the people who are in no world begin here: nobody alive has one so low.
const STRANGERS: u32 = 1_000_000;

impl Pipeline {
    /// The hours ahead of the people whom the phone speaks for, in words.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn booked(&mut self) -> anyhow::Result<Vec<String>> {
        let conversation = self.conversation().await?.map_or(ConversationId(0), |(id, _)| id);
        let mut connection = self.pool.acquire().await?;
        let people =
            patient::store::spoken_for(&mut connection, conversation, self.center, Some(&self.phone)).await?;
        let patients: Vec<PatientId> = people.iter().map(|person| person.patient).collect();
        let booked = booking::upcoming(&mut connection, &patients, self.clock.now()).await?;
        Ok(booked.iter().map(|one| in_words(one, true)).collect())
    }

    /// Somebody from no world takes the first free hour with these words.
    pub(super) async fn other_takes(&mut self, words: &str) -> anyhow::Result<()> {
        let Some(slot) = self.first_free(words).await? else { bail!("no free hour fits «{words}»") };
        self.strangers += 1;
        let mut connection = self.pool.acquire().await?;
        let patient = store::stranger(&mut connection, self.center, STRANGERS + self.strangers).await?;
        drop(connection);
        let booked = self.book(slot, patient).await?;
        self.others.push((booked, patient));
        Ok(())
    }

    /// Staff books by hand what the running flow is about, and tells the conversation.
    pub(super) async fn staff_books(&mut self, by: String, words: &str) -> anyhow::Result<()> {
        let Some((conversation, _)) = self.conversation().await? else { bail!("nobody has written yet") };
        let state = store::state(&mut *self.pool.acquire().await?, conversation).await?.unwrap_or_default();
        let Some((frame, patient)) = about(&state) else { bail!("no running flow is about a patient") };
        let Some(slot) = self.first_free(words).await? else { bail!("no free hour fits «{words}»") };
        let row = appointment_row(&self.book(slot, patient).await?);
        self.event(EventKind::Staff { by, action: StaffAction::Did { frame, row } }).await
    }

    /// Books an hour as the centre's window does.
    async fn book(&self, slot: Slot, patient: PatientId) -> anyhow::Result<Booked> {
        let request = ConfirmRequest {
            center: self.center,
            conversation: None,
            patient,
            slot,
            hold: None,
            actor: Actor::Staff,
        };
        let mut tx = self.pool.begin().await?;
        let written = booking::confirm(&mut tx, &request).await?;
        let ConfirmOutcome::Confirmed(booked) = written.outcome else {
            bail!("hour {slot} was offered and cannot be had");
        };
        tx.commit().await?;
        self.note(&written.changed);
        Ok(*booked)
    }

    pub(super) async fn other_gives_back(&mut self, words: &str) -> anyhow::Result<()> {
        let place = self.others.iter().position(|(booked, _)| words_occur(words, &in_words(booked, false)));
        let Some(place) = place else { bail!("no other patient has an hour «{words}»") };
        let (booked, patient) = self.others.remove(place);
        let request = CancelRequest {
            appointment: booked.appointment,
            patient,
            conversation: None,
            verified: true,
            actor: Actor::Staff,
            reason: None,
        };
        let mut tx = self.pool.begin().await?;
        let written = booking::cancel(&mut tx, &request).await?;
        if matches!(written.outcome, CancelOutcome::Gone) {
            bail!("the hour «{words}» could not be given back");
        }
        tx.commit().await?;
        self.note(&written.changed);
        Ok(())
    }

    /// The first free hour of any kind whose words hold all of these.
    async fn first_free(&self, words: &str) -> anyhow::Result<Option<Slot>> {
        let agenda = &self.turns.turns.agenda;
        let now = self.clock.now();
        let mut free = Vec::new();
        for service in agenda.services(self.center, now).await? {
            let search = Search {
                center: self.center,
                appointment_type: service.id,
                patient: None,
                doctor: None,
                window: Window::ANY,
                now,
                limit: 10_000,
                except: Vec::new(),
                free_for: FreeFor::default(),
            };
            let offers = agenda.search(&search).await?;
            free.extend(offers.into_iter().map(|offer| {
                let label = day_hour_short(offer.slot.start);
                (offer.slot, format!("{label} {} {}", service.name, offer.doctor_name))
            }));
        }
        free.retain(|(_, label)| words_occur(words, label));
        free.sort_by_key(|(slot, _)| (slot.start, slot.doctor, slot.appointment_type));
        Ok(free.first().map(|(slot, _)| *slot))
    }
}

/// The words of a booking, as the agenda in memory has them.
fn in_words(booked: &Booked, patient: bool) -> String {
    let when = day_hour_short(booked.slot.start);
    let words = format!("{when} {} {}", booked.type_name, booked.doctor_name);
    if patient { format!("{words} {}", booked.patient_name) } else { words }
}
