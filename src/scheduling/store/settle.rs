//! What ends a hold or a booking, each in one statement: the live hold confirmed, the hold let go, the booking
//! cancelled, the dead swept; and the list of what is to come.
//!
//! A statement may lock the day and then write, because each row it writes is named and its status is checked
//! again by the update itself on the newest version of the row.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::PgConnection;

use super::place::where_to_go;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
use crate::scheduling::request::{CancelRequest, ConfirmRequest, DayChange, ReleaseRequest};
use crate::scheduling::slot::{Booked, Slot, code};

/// A booked hour with the names that go with it.
struct BookedRow {
    id: AppointmentId,
    center_id: CenterId,
    doctor_id: DoctorId,
    patient_id: PatientId,
    appointment_type_id: AppointmentTypeId,
    appointment_date: NaiveDate,
    start_local: NaiveTime,
    starts_at: DateTime<Utc>,
    conversation_id: Option<ConversationId>,
    doctor_name: String,
    type_name: String,
    patient_name: String,
    center_name: String,
    address: Option<String>,
    version: Option<i64>,
    offers: bool,
}

impl BookedRow {
    fn booked(self) -> (Booked, Option<DayChange>) {
        let changed = self.version.map(|version| DayChange {
            doctor: self.doctor_id,
            day: self.appointment_date,
            version,
        });
        let start = self.appointment_date.and_time(self.start_local);
        let booked = Booked {
            appointment: self.id,
            code: code(self.id),
            center: self.center_id,
            patient: self.patient_id,
            patient_name: self.patient_name,
            slot: Slot { doctor: self.doctor_id, appointment_type: self.appointment_type_id, start },
            starts_at: self.starts_at,
            doctor_name: self.doctor_name,
            type_name: self.type_name,
            place: where_to_go(self.center_name, self.address),
            conversation: self.conversation_id,
        };
        (booked, changed)
    }
}

/// What became of a try to confirm a hold that may be alive.
#[derive(Debug)]
pub(in crate::scheduling) enum Live {
    /// It is a booking now.
    Booked(Box<Booked>),
    /// It is not a live hold of this hour; nothing is locked.
    Not,
    /// It died or was let go while its day's lock was waited for. The lock is held now, so going on from here would
    /// take locks in two rounds.
    Raced,
}

/// Makes a live hold a booking: one compare-and-swap.
///
/// The agenda is not looked at again: whoever closes a day lets its holds go under the same lock.
pub(in crate::scheduling) async fn confirm_live(
    tx: &mut PgConnection,
    request: &ConfirmRequest,
    hold: AppointmentId,
) -> sqlx::Result<Live> {
    let row = sqlx::query!(
        r#"with patience as materialized (
             select set_config('lock_timeout', '2s', true)
           ), day as materialized (
             -- locked only if the hold seems alive: else the whole booking goes the long way, which locks in order
             select d.version
               from patience cross join appointments h join doctor_days d on d.doctor_id = h.doctor_id and d.day = h.appointment_date
              where h.id = $1 and h.center_id = $2 and h.patient_id = $3 and h.conversation_id is not distinct from $4
                and h.doctor_id = $5 and h.appointment_type_id = $6 and h.appointment_date + h.start_local = $7
                and h.status = 'PENDING' and h.hold_expires_at > app_now() and lower(h.during) > app_now()
                for no key update of d
           ), booked as (
             update appointments a set status = 'CONFIRMED', hold_expires_at = null
               from day where a.id = $1 and a.status = 'PENDING' and a.hold_expires_at > app_now()
             returning a.id, lower(a.during) as starts_at, a.center_id, a.doctor_id, a.patient_id, a.appointment_type_id
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status)
             select id, app_now(), $8, $4, 'PENDING', 'CONFIRMED' from booked
           )
           select a.id as "id?: AppointmentId", a.starts_at as "starts_at?", d.full_name as "doctor_name?", t.name as "type_name?",
                  p.full_name as "patient_name?", c.name as "center_name?", c.address as "address?"
             from day left join booked a on true
             left join doctors d on d.id = a.doctor_id left join appointment_types t on t.id = a.appointment_type_id
             left join patients p on p.id = a.patient_id left join centers c on c.id = a.center_id"#,
        hold.0,
        request.center.0,
        request.patient.0,
        request.conversation.map(|conversation| conversation.0),
        request.slot.doctor.0,
        request.slot.appointment_type.0,
        request.slot.start,
        request.actor.as_str(),
    )
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(Live::Not) };
    let Some(appointment) = row.id else { return Ok(Live::Raced) };
    let booked = Booked {
        appointment,
        code: code(appointment),
        center: request.center,
        patient: request.patient,
        patient_name: row.patient_name.unwrap_or_default(),
        slot: request.slot,
        starts_at: row.starts_at.unwrap_or_default(),
        doctor_name: row.doctor_name.unwrap_or_default(),
        type_name: row.type_name.unwrap_or_default(),
        place: where_to_go(row.center_name.unwrap_or_default(), row.address),
        conversation: request.conversation,
    };
    Ok(Live::Booked(Box::new(booked)))
}

/// Lets a hold go. None when it is no hold of this conversation any more.
pub(in crate::scheduling) async fn release(
    tx: &mut PgConnection,
    request: &ReleaseRequest,
) -> sqlx::Result<Option<DayChange>> {
    let row = sqlx::query!(
        r#"with patience as materialized (
             select set_config('lock_timeout', '2s', true)
           ), day as (
             insert into doctor_days as d (doctor_id, day, version)
             select a.doctor_id, a.appointment_date, 1 from patience cross join appointments a
              where a.id = $1 and a.status = 'PENDING' and a.conversation_id is not distinct from $2
                 on conflict (doctor_id, day) do update set version = d.version + 1
             returning d.doctor_id, d.day, d.version
           ), freed as (
             update appointments a set status = 'CANCELLED', hold_expires_at = null
               from day where a.id = $1 and a.status = 'PENDING' and a.doctor_id = day.doctor_id and a.appointment_date = day.day
             returning a.id
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status)
             select id, app_now(), case when $2::bigint is null then 'staff' else 'patient' end, $2, 'PENDING', 'CANCELLED' from freed
           ), announced as (
             insert into map_changes (doctor_id, day, version, at)
             select day.doctor_id, day.day, day.version, app_now() from day, freed
           )
           select day.doctor_id as "doctor!: DoctorId", day.day as "day!", day.version as "version!" from day, freed"#,
        request.hold.0,
        request.conversation.map(|conversation| conversation.0),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| DayChange { doctor: row.doctor, day: row.day, version: row.version }))
}

/// Calls a booking off; one that this request already called off answers again. None when there is none. The last part
/// says whether the centre offers freed hours to who waits for them.
pub(in crate::scheduling) async fn cancel(
    tx: &mut PgConnection,
    request: &CancelRequest,
) -> sqlx::Result<Option<(Booked, Option<DayChange>, bool)>> {
    let row = sqlx::query_as!(
        BookedRow,
        r#"with patience as materialized (
             select set_config('lock_timeout', '2s', true)
           ), theirs as materialized (
             select a.* from patience cross join appointments a
              where a.id = $1 and a.patient_id = $2 and ($4 or a.conversation_id = $3)
           ), day as (
             insert into doctor_days as d (doctor_id, day, version)
             select doctor_id, appointment_date, 1 from theirs where status = 'CONFIRMED'
                 on conflict (doctor_id, day) do update set version = d.version + 1
             returning d.doctor_id, d.day, d.version
           ), cancelled as (
             update appointments a set status = 'CANCELLED'
               from day
              where a.id = $1 and a.status = 'CONFIRMED' and lower(a.during) > app_now()
                and a.doctor_id = day.doctor_id and a.appointment_date = day.day
             returning a.id, day.version
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status, reason)
             select id, app_now(), $5, $3, 'CONFIRMED', 'CANCELLED', $6 from cancelled
           ), announced as (
             insert into map_changes (doctor_id, day, version, at)
             select day.doctor_id, day.day, day.version, app_now() from day, cancelled
           )
           select a.id as "id!: AppointmentId", a.center_id as "center_id!: CenterId", a.doctor_id as "doctor_id!: DoctorId",
                  a.patient_id as "patient_id!: PatientId", a.appointment_type_id as "appointment_type_id!: AppointmentTypeId",
                  a.appointment_date as "appointment_date!", a.start_local as "start_local!", lower(a.during) as "starts_at!",
                  a.conversation_id as "conversation_id?: ConversationId", d.full_name as doctor_name, t.name as type_name,
                  p.full_name as patient_name, c.name as center_name, c.address, x.version as "version?",
                  c.waitlist_template is not null as "offers!"
             from theirs a left join cancelled x on x.id = a.id
             join doctors d on d.id = a.doctor_id join appointment_types t on t.id = a.appointment_type_id
             join patients p on p.id = a.patient_id join centers c on c.id = a.center_id
            where x.id is not null
               -- asked twice: a booking (not a hold) that is already off
               or a.status = 'CANCELLED' and exists (
                    select from appointment_events e where e.appointment_id = a.id and e.from_status = 'CONFIRMED' and e.to_status = 'CANCELLED')"#,
        request.appointment.0,
        request.patient.0,
        request.conversation.map(|conversation| conversation.0),
        request.verified,
        request.actor.as_str(),
        request.reason,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        let offers = row.offers;
        let (booked, changed) = row.booked();
        (booked, changed, offers)
    }))
}

/// Expires dead holds, oldest first, on days that nobody has locked. Answers how many, the days, and those of them that
/// were offers to the waitlist.
pub(in crate::scheduling) async fn expire(
    tx: &mut PgConnection,
    at_most: i64,
) -> sqlx::Result<(u64, Vec<DayChange>, Vec<i64>)> {
    let rows = sqlx::query!(
        r#"with dead as materialized (
             select a.id, a.doctor_id, a.appointment_date from appointments a
              where a.status = 'PENDING' and a.hold_expires_at <= app_now()
              order by a.hold_expires_at limit $1
           ), free as materialized (
             -- sorted like every writer; a day that is locked waits for the next sweep, or is swept by who locked it
             select d.doctor_id, d.day from doctor_days d
              where (d.doctor_id, d.day) in (select doctor_id, appointment_date from dead)
              order by d.doctor_id, d.day for no key update skip locked
           ), expired as (
             update appointments a set status = 'EXPIRED', hold_expires_at = null
               from dead join free on free.doctor_id = dead.doctor_id and free.day = dead.appointment_date
              where a.id = dead.id and a.status = 'PENDING' and a.hold_expires_at <= app_now()
             returning a.id, a.doctor_id, a.appointment_date
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, from_status, to_status)
             select id, app_now(), 'system', 'PENDING', 'EXPIRED' from expired
           ), raised as (
             update doctor_days d set version = d.version + 1
               from (select doctor_id, appointment_date, count(*) as holds from expired group by 1, 2) x
              where d.doctor_id = x.doctor_id and d.day = x.appointment_date
             returning d.doctor_id, d.day, d.version, x.holds
           ), announced as (
             insert into map_changes (doctor_id, day, version, at) select doctor_id, day, version, app_now() from raised
           )
           select r.doctor_id as "doctor!: DoctorId", r.day as "day!", r.version as "version!", r.holds as "holds!",
                  array(select x.id from expired x join waitlist_offers o on o.appointment_id = x.id
                         where (x.doctor_id, x.appointment_date) = (r.doctor_id, r.day)) as "offers!"
             from raised r"#,
        at_most
    )
    .fetch_all(tx)
    .await?;
    let count = rows.iter().map(|row| row.holds.unsigned_abs()).sum();
    let changed =
        rows.iter().map(|row| DayChange { doctor: row.doctor, day: row.day, version: row.version }).collect();
    Ok((count, changed, rows.into_iter().flat_map(|row| row.offers).collect()))
}

/// The booked hours of these patients that begin after `now`.
pub(in crate::scheduling) async fn upcoming(
    conn: &mut PgConnection,
    patients: &[PatientId],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Booked>> {
    let patients: Vec<i64> = patients.iter().map(|patient| patient.0).collect();
    let rows = sqlx::query_as!(
        BookedRow,
        r#"select a.id as "id: AppointmentId", a.center_id as "center_id: CenterId", a.doctor_id as "doctor_id: DoctorId",
                  a.patient_id as "patient_id: PatientId", a.appointment_type_id as "appointment_type_id: AppointmentTypeId",
                  a.appointment_date, a.start_local, lower(a.during) as "starts_at!",
                  a.conversation_id as "conversation_id: ConversationId", d.full_name as doctor_name, t.name as type_name,
                  p.full_name as patient_name, c.name as center_name, c.address, null::bigint as version, false as "offers!"
             from appointments a
             join doctors d on d.id = a.doctor_id join appointment_types t on t.id = a.appointment_type_id
             join patients p on p.id = a.patient_id join centers c on c.id = a.center_id
            where a.patient_id = any($1) and a.status = 'CONFIRMED' and lower(a.during) > $2
              -- a day behind, whatever the zone: lets the index of patient and date do the work
              and a.appointment_date >= ($2::timestamptz at time zone 'UTC')::date - 1
            order by lower(a.during), a.id"#,
        &patients,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.booked().0).collect())
}

/// Whose cancelled booking this is, and the conversation that had booked it.
pub(in crate::scheduling) async fn called_off(
    conn: &mut PgConnection,
    appointment: AppointmentId,
) -> sqlx::Result<Option<(PatientId, Option<ConversationId>)>> {
    let row = sqlx::query!(
        r#"select patient_id as "patient: PatientId", conversation_id as "conversation: ConversationId"
             from appointments where id = $1 and status = 'CANCELLED'"#,
        appointment.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.patient, row.conversation)))
}
