//! The locks of a booking, and the one statement that looks under them and writes.
//!
//! Holding, booking without a live hold, and moving are one act with different arguments: take this hour for
//! this patient, and let these go if that succeeds.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
use crate::scheduling::request::DayChange;
use crate::scheduling::slot::{Booked, Slot, code};

/// The days that are locked until the end of the transaction, sorted, and their versions after this transaction.
#[derive(Debug, Default)]
pub(in crate::scheduling) struct Locked {
    pub(in crate::scheduling) doctors: Vec<i64>,
    pub(in crate::scheduling) days: Vec<NaiveDate>,
    pub(in crate::scheduling) versions: Vec<i64>,
    /// The patient is one of this centre, and locked.
    pub(in crate::scheduling) patient: bool,
}

impl Locked {
    /// The locked days as the map is told of them.
    pub(in crate::scheduling) fn changes(&self) -> Vec<DayChange> {
        let days = self.doctors.iter().zip(&self.days).zip(&self.versions);
        days.map(|((doctor, day), version)| DayChange {
            doctor: DoctorId(*doctor),
            day: *day,
            version: *version,
        })
        .collect()
    }
}

/// Takes the locks that every writer takes, in the order that every writer keeps: all days touched, sorted,
/// then the patient.
pub(in crate::scheduling) async fn lock(
    tx: &mut PgConnection,
    center: CenterId,
    patient: PatientId,
    slot: &Slot,
    also: &[i64],
) -> sqlx::Result<Locked> {
    let rows = sqlx::query!(
        r#"with patience as materialized (
             -- read when a lock is waited for, so it already counts in this statement
             select set_config('lock_timeout', '2s', true)
           ), touched as (
             select d.id as doctor_id, $2::date as day from doctors d where d.id = $1
             union
             -- the days of what will be let go or given up, and of this patient's dead holds: collected before the first lock is taken
             select a.doctor_id, a.appointment_date from appointments a where a.id = any($3)
             union
             select a.doctor_id, a.appointment_date from appointments a
              where a.patient_id = $4 and a.status = 'PENDING' and a.hold_expires_at <= app_now()
           ), days as (
             -- inserting or updating in this order locks in this order (as `for no key update` would: foreign keys of others may pass)
             insert into doctor_days as d (doctor_id, day, version)
             select t.doctor_id, t.day, 1 from touched t cross join patience order by t.doctor_id, t.day
                 on conflict (doctor_id, day) do update set version = d.version + 1
             returning d.doctor_id, d.day, d.version
           ), patient as materialized (
             -- only once every day is locked
             select p.id from patients p
              where p.id = $4 and p.center_id = $5 and (select count(*) from days) > 0
                for no key update
           )
           select d.doctor_id, d.day, d.version, exists (select from patient) as "patient!" from days d"#,
        slot.doctor.0,
        slot.day(),
        also,
        patient.0,
        center.0
    )
    .fetch_all(tx)
    .await?;
    let mut locked = Locked::default();
    for row in rows {
        locked.doctors.push(row.doctor_id);
        locked.days.push(row.day);
        locked.versions.push(row.version);
        locked.patient = row.patient;
    }
    Ok(locked)
}

/// What to take and what to let go for it.
#[derive(Debug)]
pub(in crate::scheduling) struct Place<'a> {
    pub(in crate::scheduling) center: CenterId,
    pub(in crate::scheduling) conversation: Option<ConversationId>,
    pub(in crate::scheduling) patient: PatientId,
    pub(in crate::scheduling) slot: &'a Slot,
    pub(in crate::scheduling) actor: &'static str,
    /// How long to hold; none: book.
    pub(in crate::scheduling) hold_for: Option<PgInterval>,
    /// A hold of this conversation to let go.
    pub(in crate::scheduling) let_go: Option<AppointmentId>,
    /// A booked hour that is in nobody's way: while holding, it is looked past; while booking, it is given up.
    pub(in crate::scheduling) moving: Option<AppointmentId>,
    /// False: `moving` must have been booked by this conversation.
    pub(in crate::scheduling) verified: bool,
}

/// What the look under the locks decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scheduling) enum Verdict {
    Placed,
    /// This very request was carried out before.
    Again,
    Taken,
    Yours,
    Limit,
    Past,
    Overlaps,
    Gone,
    /// The look said free and a constraint said no: somebody writes without the locks.
    Contradicted,
}

impl Verdict {
    /// As metrics have it.
    pub(in crate::scheduling) fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Again => "again",
            Self::Taken => "taken",
            Self::Yours => "yours",
            Self::Limit => "limit",
            Self::Past => "past",
            Self::Overlaps => "overlaps",
            Self::Gone => "gone",
            Self::Contradicted => "contradicted",
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub(in crate::scheduling) struct Placed {
    pub(in crate::scheduling) verdict: Verdict,
    /// Whether any of the locked days changed.
    pub(in crate::scheduling) changed: bool,
    pub(in crate::scheduling) hold: Option<(AppointmentId, DateTime<Utc>)>,
    pub(in crate::scheduling) booked: Option<Booked>,
    /// The hour that was given up, where freed hours are offered to who waits.
    pub(in crate::scheduling) freed: Option<Slot>,
}

/// Looks under the locks, then takes the hour, lets go what is let go for it, and writes the record: one statement.
pub(in crate::scheduling) async fn place(
    tx: &mut PgConnection,
    locked: &Locked,
    place: &Place<'_>,
) -> sqlx::Result<Placed> {
    let row = sqlx::query!(
        r#"with asked as (
             -- the hour as the agenda of today has it; no row: no such prestación, professional or patient here
             select c.name as center_name, c.address, d.full_name as doctor_name, t.name as type_name, p.full_name as patient_name,
                    t.max_per_patient, i.starts, c.waitlist_template is not null as offers,
                    tstzrange(i.starts, i.starts + make_interval(mins => i.lasts)) as during,
                    tstzrange(i.starts, i.starts + make_interval(mins => i.lasts + t.buffer_after_min)) as busy,
                    case when $7::interval is null then i.starts <= app_now()
                         else i.starts < app_now() + make_interval(mins => t.min_notice_min) end as past,
                    -- chat books what is open to patients and within the horizon; staff may book the rest
                    (t.bookable or $2::bigint is null)
                    and d.active
                    and ($2::bigint is null or $6::timestamp::date <= (app_now() at time zone c.tz)::date + t.max_horizon_days)
                    -- a visit whose first or last minute does not exist or happens twice (September, April) is nobody's hour
                    and not exists (
                      select from (values ($6::timestamp, i.starts),
                                          ($6::timestamp + make_interval(mins => i.lasts - 1), i.starts + make_interval(mins => i.lasts - 1))) as m(wall, at)
                       where m.at at time zone c.tz <> m.wall
                          or (m.at - interval '1 hour') at time zone c.tz = m.wall or (m.at + interval '1 hour') at time zone c.tz = m.wall)
                    and b.lasts is not null
                      as attends
               from appointment_types t
               join centers c on c.id = t.center_id
               join doctors d on d.id = $5
               join patients p on p.id = $3 and p.center_id = c.id
               left join lateral (
                 select min(h.lasts) as lasts from attended($1, $5, $4, $6::timestamp, null) h where h.on_grid) b on true
              cross join lateral (select $6::timestamp at time zone c.tz as starts, coalesce(b.lasts, t.duration_min) as lasts) i
              where t.id = $4 and t.center_id = $1
           ), moved as (
             select m.id, m.during, m.busy, m.doctor_id from appointments m
              where m.id = $9 and m.patient_id = $3 and m.center_id = $1 and m.status = 'CONFIRMED' and lower(m.during) > app_now()
                and ($10 or m.conversation_id = $2)
           ), mine as (
             -- a hold of this conversation, alive or dead
             select h.id, h.hold_expires_at from appointments h
              where h.id = $8 and h.status = 'PENDING' and h.conversation_id is not distinct from $2
           ), dead as (
             -- only on days that are locked
             select a.id from appointments a
              where a.status = 'PENDING' and a.hold_expires_at <= app_now()
                and (a.doctor_id = $5 and a.appointment_date = $6::timestamp::date or a.patient_id = $3)
                and (a.doctor_id, a.appointment_date) in (select * from unnest($11::bigint[], $12::date[]))
           ), others as (
             -- whatever stands in the way and is neither dead, ours to let go, nor being moved
             select a.id, a.patient_id = $3 as own, a.doctor_id, a.appointment_type_id, a.during, a.status, a.conversation_id, a.rescheduled_from
               from asked q join appointments a
                 on a.blocks and (a.doctor_id = $5 and a.lane = 0 and a.busy && q.busy or a.patient_id = $3 and a.during && q.during)
              where not (a.status = 'PENDING' and a.hold_expires_at <= app_now())
                and a.id not in (select id from mine) and a.id not in (select id from moved)
           ), again as (
             -- this very booking, made before by this very conversation
             select o.id from others o join asked q on o.during = q.during
              where $7::interval is null and o.own and o.doctor_id = $5 and o.appointment_type_id = $4 and o.status = 'CONFIRMED'
                and o.conversation_id is not distinct from $2 and o.rescheduled_from is not distinct from $9
           ), verdict as (
             select case
               when not exists (select from asked) then 'taken'
               when exists (select from again) then 'again'
               when $9::bigint is not null and not exists (select from moved) then 'gone'
               when (select past from asked) then 'past'
               when not (select attends from asked) then 'taken'
               when exists (select from others where own) then 'yours'
               when exists (select from others) then 'taken'
               when $7::interval is not null and $2::bigint is not null and (
                 select count(*) filter (where a.appointment_type_id = $4) >= (select max_per_patient from asked)
                     or count(*) filter (where a.status = 'PENDING') >= 2
                   from appointments a
                  where a.patient_id = $3 and a.appointment_date >= (app_now() - interval '1 day')::date
                    and (a.status = 'CONFIRMED' and lower(a.during) > app_now() or a.status = 'PENDING' and a.hold_expires_at > app_now())
                    and a.id not in (select id from mine) and a.id not in (select id from moved)) then 'limit'
               -- free, but it cannot stand beside the hour it will replace
               when $7::interval is not null and exists (
                 select from moved m, asked q where m.during && q.during or m.doctor_id = $5 and m.busy && q.busy) then 'overlaps'
               else 'placed' end as is
           ), expired as (
             update appointments a set status = 'EXPIRED', hold_expires_at = null
               from dead where a.id = dead.id and a.status = 'PENDING'
             returning a.id
           ), let_go as (
             update appointments a set status = 'CANCELLED', hold_expires_at = null
               from mine, verdict
              where a.id = mine.id and a.status = 'PENDING' and verdict.is in ('placed', 'again') and mine.hold_expires_at > app_now()
             returning a.id
           ), given_up as (
             update appointments a set status = 'RESCHEDULED'
               from moved, verdict where a.id = moved.id and a.status = 'CONFIRMED' and verdict.is = 'placed' and $7::interval is null
             returning a.id, a.doctor_id, a.appointment_type_id as kind, a.appointment_date + a.start_local as start
           ), taken as (
             -- last: the counts make the hour free before it is taken. The constraints only prove what the look decided
             insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy,
                                       status, hold_expires_at, rescheduled_from, conversation_id, created_at)
             select $1, $5, $3, $4, $6::timestamp::date, $6::timestamp::time, q.during, q.busy,
                    case when $7::interval is null then 'CONFIRMED' else 'PENDING' end, app_now() + $7::interval,
                    (select id from given_up), $2, app_now()
               from asked q, verdict
              where verdict.is = 'placed'
                and (select count(*) from expired) + (select count(*) from let_go) + (select count(*) from given_up) >= 0
                 on conflict do nothing
             returning id, status, hold_expires_at
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status, changed)
             select id, app_now(), $13, $2::bigint, null, status, null::jsonb from taken
             union all select id, app_now(), 'system', null, 'PENDING', 'EXPIRED', null from expired
             union all select id, app_now(), $13, $2, 'PENDING', 'CANCELLED', null from let_go
             -- given up for what: before and after
             union all select g.id, app_now(), $13, $2, 'CONFIRMED', 'RESCHEDULED',
                              jsonb_build_object('appointment', jsonb_build_array(g.id, k.id),
                                                 'doctor', jsonb_build_array(g.doctor_id, $5::bigint),
                                                 'start', jsonb_build_array(to_char(g.start, 'YYYY-MM-DD"T"HH24:MI'), to_char($6::timestamp, 'YYYY-MM-DD"T"HH24:MI')))
                         from given_up g, taken k
             returning id
           ), announced as (
             insert into map_changes (doctor_id, day, version, at)
             select l.doctor_id, l.day, l.version, app_now()
               from unnest($11::bigint[], $12::date[], $14::bigint[]) as l(doctor_id, day, version)
              where exists (select from recorded)
             returning version
           )
           select v.is as "verdict!", coalesce(k.id, g.id) as "id?", k.hold_expires_at as "until?",
                  q.center_name as "center_name?", q.address as "address?", q.doctor_name as "doctor_name?", q.type_name as "type_name?",
                  q.patient_name as "patient_name?", q.starts as "starts?", exists (select from announced) as "changed!",
                  u.doctor_id as "freed_doctor?: DoctorId", u.kind as "freed_kind?: AppointmentTypeId", u.start as "freed_start?"
             from verdict v left join asked q on true left join taken k on true left join again g on true
             -- only where freed hours are offered
             left join given_up u on q.offers"#,
        place.center.0,
        place.conversation.map(|conversation| conversation.0),
        place.patient.0,
        place.slot.appointment_type.0,
        place.slot.doctor.0,
        place.slot.start,
        place.hold_for.clone() as Option<PgInterval>,
        place.let_go.map(|hold| hold.0),
        place.moving.map(|moving| moving.0),
        place.verified,
        &locked.doctors,
        &locked.days,
        place.actor,
        &locked.versions,
    )
    .fetch_one(tx)
    .await?;
    let verdict = match (row.verdict.as_str(), row.id) {
        ("placed", Some(_)) => Verdict::Placed,
        ("placed", None) => Verdict::Contradicted,
        ("again", _) => Verdict::Again,
        ("yours", _) => Verdict::Yours,
        ("limit", _) => Verdict::Limit,
        ("past", _) => Verdict::Past,
        ("overlaps", _) => Verdict::Overlaps,
        ("gone", _) => Verdict::Gone,
        _ => Verdict::Taken,
    };
    let id = row.id.map(AppointmentId);
    let booked = id.filter(|_| place.hold_for.is_none()).map(|appointment| Booked {
        appointment,
        code: code(appointment),
        center: place.center,
        patient: place.patient,
        patient_name: row.patient_name.unwrap_or_default(),
        slot: *place.slot,
        starts_at: row.starts.unwrap_or_default(),
        doctor_name: row.doctor_name.unwrap_or_default(),
        type_name: row.type_name.unwrap_or_default(),
        place: where_to_go(row.center_name.unwrap_or_default(), row.address),
        conversation: place.conversation,
    });
    let freed = row.freed_doctor.zip(row.freed_kind).zip(row.freed_start);
    let freed = freed.map(|((doctor, appointment_type), start)| Slot { doctor, appointment_type, start });
    Ok(Placed { verdict, changed: row.changed, hold: id.zip(row.until), booked, freed })
}

/// The centre and its address, as a patient reads it.
pub(super) fn where_to_go(center: String, address: Option<String>) -> String {
    match address {
        Some(address) if !address.is_empty() => format!("{center}, {address}"),
        _ => center,
    }
}
