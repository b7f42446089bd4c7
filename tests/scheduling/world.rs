//! A database of its own for each test, a small centre in it, and short words for what patients do.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use smartsalud::clock::Clock;
use smartsalud::database::testing::Scratch;
use smartsalud::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
use smartsalud::scheduling::{
    Actor, Agenda, Booked, BookingError, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest,
    FreeFor, HoldOutcome, HoldRequest, Offer, ReleaseOutcome, ReleaseRequest, RescheduleOutcome,
    RescheduleRequest, Search, Slot, Written, booking,
};
use smartsalud::value::Window;
use sqlx::{Executor, PgPool, Postgres, Transaction};

use crate::harness;

/// A centre with two doctors of one kind of visit (20 minutes, 5 of buffer), Wednesday and Thursday mornings.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) center: CenterId,
    pub(crate) kind: AppointmentTypeId,
    pub(crate) doctors: Vec<DoctorId>,
    pub(crate) patients: Vec<PatientId>,
    pub(crate) conversations: Vec<ConversationId>,
    pub(crate) now: DateTime<Utc>,
    name: Scratch,
}

/// Wall time in Santiago in the week of the tests (25 November 2026 is a Wednesday).
pub(crate) fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    smartsalud::scheduling::wall::instant(chrono_tz::America::Santiago, at(text)).unwrap()
}

/// An empty, migrated database, on the system's time until a transaction sets its own.
pub(crate) async fn database(connections: u32) -> (PgPool, Scratch) {
    let scratch = harness::cluster().await.database(Clock::system(), connections).await.unwrap();
    (scratch.pool.clone(), scratch)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(2, 12, 8).await
    }

    pub(crate) async fn with(doctors: i32, patients: i32, connections: u32) -> Self {
        let (pool, name) = database(connections).await;
        let center: i64 = sqlx::query_scalar(
            "insert into centers (code, name, tz, address) values ('demo', 'CESFAM Demo', 'America/Santiago', 'Calle Uno 1') returning id",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        let kind: i64 = sqlx::query_scalar(
            "insert into appointment_types (center_id, code, name, duration_min, buffer_after_min, min_notice_min, max_horizon_days)
             values ($1, 'matrona', 'Matrona', 20, 5, 60, 60) returning id",
        )
        .bind(center)
        .fetch_one(&pool)
        .await
        .unwrap();
        let doctors: Vec<i64> = sqlx::query_scalar(
            "insert into doctors (center_id, code, full_name, profession)
             select $1, 'd' || n, 'Matrona ' || n, 'matrona' from generate_series(1, $2) n returning id",
        )
        .bind(center)
        .bind(doctors)
        .fetch_all(&pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id)
             select d, $2, w, '09:00', '13:00', 30, $3 from unnest($1) d, unnest(array[3, 4]) w",
        )
        .bind(&doctors)
        .bind(center)
        .bind(kind)
        .execute(&pool)
        .await
        .unwrap();
        let patients: Vec<i64> = sqlx::query_scalar(
            "insert into patients (center_id, run_num, run_dv, full_name, birth_date)
             select $1, 10000000 + n, '0', 'Paciente ' || n, '1980-01-01' from generate_series(1, $2) n returning id",
        )
        .bind(center)
        .bind(patients)
        .fetch_all(&pool)
        .await
        .unwrap();
        let now = instant("2026-11-25T08:00");
        let conversations: Vec<i64> = sqlx::query_scalar(
            "insert into conversations (center_id, phone_number_id, created_at) select $1, 'n', $2 from generate_series(1, $3) returning id",
        )
        .bind(center)
        .bind(now)
        .bind(i32::try_from(patients.len()).unwrap())
        .fetch_all(&pool)
        .await
        .unwrap();
        Self {
            pool,
            center: CenterId(center),
            kind: AppointmentTypeId(kind),
            doctors: doctors.into_iter().map(DoctorId).collect(),
            patients: patients.into_iter().map(PatientId).collect(),
            conversations: conversations.into_iter().map(ConversationId).collect(),
            now,
            name,
        }
    }

    pub(crate) fn wait(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
    }

    pub(crate) fn slot(&self, doctor: usize, start: &str) -> Slot {
        Slot { doctor: self.doctors[doctor], appointment_type: self.kind, start: at(start) }
    }

    /// A transaction at the world's time.
    pub(crate) async fn begin(&self) -> Transaction<'static, Postgres> {
        let mut tx = self.pool.begin().await.unwrap();
        sqlx::query("select set_config('app.now', $1, true)")
            .bind(self.now.to_rfc3339())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    }

    pub(crate) async fn run(&self, sql: &'static str) {
        let mut tx = self.begin().await;
        tx.execute(sql).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Returns once a session of this database waits for a lock.
    pub(crate) async fn until_somebody_waits(&self) {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while self.count(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Patient number `who`, from conversation number `who`.
    pub(crate) fn to_hold(&self, who: usize, slot: Slot) -> HoldRequest {
        HoldRequest {
            center: self.center,
            conversation: Some(self.conversations[who]),
            patient: self.patients[who],
            slot,
            ttl: TimeDelta::minutes(10),
            instead_of: None,
            moving: None,
        }
    }

    pub(crate) async fn try_hold(&self, request: &HoldRequest) -> Result<Written<HoldOutcome>, BookingError> {
        let mut tx = self.begin().await;
        let written = booking::hold(&mut tx, request).await?;
        tx.commit().await.unwrap();
        Ok(written)
    }

    pub(crate) async fn hold_as(&self, request: HoldRequest) -> HoldOutcome {
        self.try_hold(&request).await.unwrap().outcome
    }

    pub(crate) async fn hold(&self, who: usize, slot: Slot) -> HoldOutcome {
        self.hold_as(self.to_hold(who, slot)).await
    }

    pub(crate) async fn held(&self, who: usize, slot: Slot) -> AppointmentId {
        match self.hold(who, slot).await {
            HoldOutcome::Held { appointment, .. } => appointment,
            other => panic!("{slot} should be held for patient {who}, but: {other:?}"),
        }
    }

    pub(crate) async fn release(&self, who: usize, hold: AppointmentId) -> ReleaseOutcome {
        let mut tx = self.begin().await;
        let request = ReleaseRequest { hold, conversation: Some(self.conversations[who]) };
        let written = booking::release(&mut tx, &request).await.unwrap();
        tx.commit().await.unwrap();
        written.outcome
    }

    pub(crate) fn to_confirm(&self, who: usize, slot: Slot, hold: Option<AppointmentId>) -> ConfirmRequest {
        ConfirmRequest {
            center: self.center,
            conversation: Some(self.conversations[who]),
            patient: self.patients[who],
            slot,
            hold,
            actor: Actor::Patient,
        }
    }

    pub(crate) async fn confirm(
        &self,
        who: usize,
        slot: Slot,
        hold: Option<AppointmentId>,
    ) -> ConfirmOutcome {
        let mut tx = self.begin().await;
        let written = booking::confirm(&mut tx, &self.to_confirm(who, slot, hold)).await.unwrap();
        tx.commit().await.unwrap();
        written.outcome
    }

    pub(crate) async fn booked(&self, who: usize, slot: Slot) -> Booked {
        let hold = self.held(who, slot).await;
        match self.confirm(who, slot, Some(hold)).await {
            ConfirmOutcome::Confirmed(booked) => *booked,
            other => panic!("{slot} should be booked for patient {who}, but: {other:?}"),
        }
    }

    pub(crate) fn to_cancel(&self, who: usize, appointment: AppointmentId) -> CancelRequest {
        CancelRequest {
            appointment,
            patient: self.patients[who],
            conversation: Some(self.conversations[who]),
            verified: true,
            actor: Actor::Patient,
            reason: None,
        }
    }

    pub(crate) async fn cancel_as(&self, request: CancelRequest) -> CancelOutcome {
        let mut tx = self.begin().await;
        let written = booking::cancel(&mut tx, &request).await.unwrap();
        tx.commit().await.unwrap();
        written.outcome
    }

    pub(crate) async fn cancel(&self, who: usize, appointment: AppointmentId) -> CancelOutcome {
        self.cancel_as(self.to_cancel(who, appointment)).await
    }

    pub(crate) fn to_move(
        &self,
        who: usize,
        appointment: AppointmentId,
        slot: Slot,
        hold: Option<AppointmentId>,
    ) -> RescheduleRequest {
        RescheduleRequest {
            center: self.center,
            conversation: Some(self.conversations[who]),
            patient: self.patients[who],
            appointment,
            slot,
            hold,
            verified: true,
            actor: Actor::Patient,
        }
    }

    pub(crate) async fn move_as(&self, request: RescheduleRequest) -> RescheduleOutcome {
        let mut tx = self.begin().await;
        let written = booking::reschedule(&mut tx, &request).await.unwrap();
        tx.commit().await.unwrap();
        written.outcome
    }

    /// What blocks, as `d1 09:00 CONFIRMED p2`.
    pub(crate) async fn blocking(&self) -> Vec<String> {
        let rows: Vec<(i64, NaiveDateTime, String, i64)> = sqlx::query_as(
            "select doctor_id, appointment_date + start_local, status, patient_id from appointments where blocks order by 2, 1",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let place = |ids: &[i64], id: i64| ids.iter().position(|other| *other == id).unwrap();
        let doctors: Vec<i64> = self.doctors.iter().map(|id| id.0).collect();
        let patients: Vec<i64> = self.patients.iter().map(|id| id.0).collect();
        rows.into_iter()
            .map(|(doctor, start, status, patient)| {
                format!(
                    "d{} {} {status} p{}",
                    place(&doctors, doctor),
                    start.format("%d %H:%M"),
                    place(&patients, patient)
                )
            })
            .collect()
    }

    pub(crate) fn to_search(&self) -> Search {
        Search {
            center: self.center,
            appointment_type: self.kind,
            patient: None,
            doctor: None,
            window: Window::ANY,
            now: self.now,
            limit: 9,
            except: Vec::new(),
            free_for: FreeFor::default(),
        }
    }

    /// The hours of the first doctor on the day of the tests that the map offers, as `09:00`.
    pub(crate) async fn offered(&self, agenda: &Agenda, search: Search) -> Vec<String> {
        let search =
            Search { doctor: Some(self.doctors[0]), window: Window::day(self.now.date_naive()), ..search };
        let hour = |offer: Offer| offer.slot.start.format("%H:%M").to_string();
        agenda.search(&search).await.unwrap().into_iter().map(hour).collect()
    }

    pub(crate) async fn overlaps(&self) -> i64 {
        self.count(
            "select count(*) from appointments a join appointments b on a.id < b.id and a.blocks and b.blocks
              and (a.doctor_id = b.doctor_id and a.lane = b.lane and a.busy && b.busy or a.patient_id = b.patient_id and a.during && b.during)",
        )
        .await
    }

    /// Drops the database; a test that panics keeps it.
    pub(crate) async fn done(self) {
        drop_database(self.pool, &self.name).await;
    }
}

/// Drops a database.
pub(crate) async fn drop_database(pool: PgPool, scratch: &Scratch) {
    pool.close().await;
    assert!(scratch.pool.is_closed());
}
