//! The waitlist's SQL. Joining and leaving lock the entry alone; an offer is made under the day's lock that its
//! transaction has, and passes over every entry and patient that somebody else has locked.

use sqlx::PgConnection;
use sqlx::types::Json;

use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};
use crate::scheduling::slot::Slot;
use crate::scheduling::waitlist::{Freed, JoinOutcome, JoinRequest, Offered, Waiting};
use crate::value::Window;

/// Adds an entry, or brings the one that is there up to date.
pub(in crate::scheduling) async fn join(
    tx: &mut PgConnection,
    request: &JoinRequest,
) -> sqlx::Result<JoinOutcome> {
    let row = sqlx::query!(
        r#"with entry as (
             insert into waitlist as w (center_id, patient_id, appointment_type_id, doctor_id, wanted, conversation_id, created_at)
             values ($1, $2, $3, $4, $5, $6, app_now())
                 on conflict (patient_id, appointment_type_id) where status = 'WAITING' do update
                   set doctor_id = excluded.doctor_id, wanted = excluded.wanted
             -- xmax is set only on a row that was there before
             returning id, created_at, conversation_id, xmax <> 0 as already
           )
           select e.id, e.created_at, e.conversation_id as "conversation?: ConversationId", e.already as "already!",
                  t.name as type_name, p.full_name
             from entry e, appointment_types t, patients p where t.id = $3 and p.id = $2"#,
        request.center.0,
        request.patient.0,
        request.appointment_type.0,
        request.doctor.map(|doctor| doctor.0),
        request.wanted.as_ref().map(Json) as _,
        request.conversation.map(|conversation| conversation.0),
    )
    .fetch_one(tx)
    .await?;
    let waiting = Waiting {
        id: row.id,
        type_name: row.type_name,
        patient_name: row.full_name,
        since: row.created_at,
        conversation: row.conversation,
    };
    Ok(if row.already { JoinOutcome::Already(waiting) } else { JoinOutcome::Joined(waiting) })
}

/// The entries of a patient.
pub(in crate::scheduling) async fn of_patient(
    tx: &mut PgConnection,
    patient: PatientId,
) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as!(
        Waiting,
        r#"select w.id, t.name as type_name, p.full_name as patient_name, w.created_at as since,
                  w.conversation_id as "conversation: ConversationId"
             from waitlist w join appointment_types t on t.id = w.appointment_type_id join patients p on p.id = w.patient_id
            where w.patient_id = $1 and w.status = 'WAITING'
            order by w.created_at, w.id"#,
        patient.0
    )
    .fetch_all(tx)
    .await
}

/// Ends an entry that the patient does not want any more.
pub(in crate::scheduling) async fn end(tx: &mut PgConnection, entry: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update waitlist set status = 'LEFT', ended_at = app_now() where id = $1 and status = 'WAITING'",
        entry
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the entry that a booking answers.
pub(in crate::scheduling) async fn booked(
    tx: &mut PgConnection,
    patient: PatientId,
    appointment_type: AppointmentTypeId,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"with ended as (
             update waitlist set status = 'BOOKED', ended_at = app_now()
              where patient_id = $1 and appointment_type_id = $2 and status = 'WAITING'
             returning id
           )
           update waitlist_offers o
              set answered_at = app_now(),
                  -- booked the hour that was offered, or another while it was
                  answer = case when a.status = 'CONFIRMED' then 'ACCEPTED' else 'REFUSED' end
             from ended, appointments a where o.waitlist_id = ended.id and o.answer is null and a.id = o.appointment_id"#,
        patient.0,
        appointment_type.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An entry that an hour could be offered to.
pub(in crate::scheduling) struct Candidate {
    pub(in crate::scheduling) entry: i64,
    pub(in crate::scheduling) wanted: Option<Window>,
    pub(in crate::scheduling) why: String,
}

/// Who could be offered this hour, the best first. Locks nothing.
pub(in crate::scheduling) async fn candidates(
    tx: &mut PgConnection,
    freed: &Freed,
) -> sqlx::Result<Vec<Candidate>> {
    let rows = sqlx::query!(
        r#"select w.id, w.wanted as "wanted: Json<Window>",
                  format('espera hace %s días%s', s.waited, case when s.elder then '; 60 años o más' else '' end) as "why!"
             from centers c
             join appointment_types t on t.id = $2 and t.center_id = c.id and t.bookable
            cross join lateral (select app_now() at time zone c.tz as here, $4::timestamp at time zone c.tz as starts) n
             join waitlist w on w.center_id = c.id and w.appointment_type_id = t.id and w.status = 'WAITING'
             join patients p on p.id = w.patient_id
             join conversations v on v.id = w.conversation_id
            cross join lateral (
              select (n.here::date - (w.created_at at time zone c.tz)::date) as waited, p.birth_date <= n.here::date - interval '60 years' as elder) s
            where c.id = $1 and c.waitlist_template is not null
              and (w.doctor_id is null or w.doctor_id = $3)
              and w.notices < 3 and (w.noticed_on is null or w.noticed_on < n.here::date)
              -- nobody is woken, and there is time to read it and answer
              and n.here::time between '08:00' and '21:00'
              and n.starts >= app_now() + make_interval(mins => t.min_notice_min + 5)
              and v.opted_out_at is null
              and not exists (
                select from waitlist_offers o join appointments a on a.id = o.appointment_id
                 where o.waitlist_id = w.id and o.answer is null and a.status = 'PENDING' and a.hold_expires_at > app_now())
              and not exists (
                select from appointments a
                 where a.patient_id = w.patient_id and a.blocks and (a.hold_expires_at is null or a.hold_expires_at > app_now())
                   and a.during && tstzrange(n.starts, n.starts + make_interval(mins => t.duration_min)))
            -- law 20.584, article 5 bis: from 60 years on one comes first among those who have waited about as long
            order by s.waited + case when s.elder then 14 else 0 end desc, w.created_at, w.id
            limit 64"#,
        freed.center.0,
        freed.slot.appointment_type.0,
        freed.slot.doctor.0,
        freed.slot.start,
    )
    .fetch_all(tx)
    .await?;
    let candidate = |row: (i64, Option<Json<Window>>, String)| Candidate {
        entry: row.0,
        wanted: row.1.map(|wanted| wanted.0),
        why: row.2,
    };
    Ok(rows.into_iter().map(|row| candidate((row.id, row.wanted, row.why))).collect())
}

/// Holds the hour for the first of these entries that nobody else has locked. None when the hour or they are gone.
pub(in crate::scheduling) async fn offer(
    tx: &mut PgConnection,
    freed: &Freed,
    entries: &[(i64, String)],
) -> sqlx::Result<Option<i64>> {
    let (ids, whys): (Vec<i64>, Vec<String>) = entries.iter().cloned().unzip();
    sqlx::query_scalar!(
        r#"with chosen as materialized (
             select w.id, w.patient_id, w.conversation_id, k.why
               from unnest($5::bigint[], $6::text[]) with ordinality as k(id, why, n)
               join waitlist w on w.id = k.id join patients p on p.id = w.patient_id
               join centers c on c.id = w.center_id
              -- asked again of the row as it is once it is locked: another hour may have been offered meanwhile
              where w.status = 'WAITING' and w.notices < 3
                and (w.noticed_on is null or w.noticed_on < (app_now() at time zone c.tz)::date)
              order by k.n limit 1
                for no key update of w, p skip locked
           ), hour as (
             select c.tz, i.starts, tstzrange(i.starts, i.starts + make_interval(mins => b.lasts)) as during,
                    tstzrange(i.starts, i.starts + make_interval(mins => b.lasts + t.buffer_after_min)) as busy,
                    -- twenty minutes to answer, and never so late that the hour could not be booked any more
                    least(app_now() + interval '20 minutes', i.starts - make_interval(mins => t.min_notice_min)) as until
               from centers c join appointment_types t on t.id = $2 and t.center_id = c.id
              cross join lateral (select min(h.lasts) as lasts from attended($1, $3, $2, $4, null) h where h.on_grid) b
              cross join lateral (select $4::timestamp at time zone c.tz as starts) i
              where c.id = $1 and b.lasts is not null
           ), held as (
             insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy,
                                       status, hold_expires_at, conversation_id, created_at)
             select $1, $3, e.patient_id, $2, $4::timestamp::date, $4::timestamp::time, h.during, h.busy, 'PENDING', h.until, e.conversation_id, app_now()
               from chosen e, hour h
                 on conflict do nothing
             returning id
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, to_status, reason)
             select id, app_now(), 'system', 'PENDING', 'lista de espera' from held
           ), noticed as (
             update waitlist w set notices = w.notices + 1, noticed_on = (app_now() at time zone h.tz)::date
               from chosen e, hour h, held where w.id = e.id
           )
           insert into waitlist_offers (waitlist_id, appointment_id, why, offered_at)
           select e.id, held.id, e.why, app_now() from chosen e, held
           returning id"#,
        freed.center.0,
        freed.slot.appointment_type.0,
        freed.slot.doctor.0,
        freed.slot.start,
        &ids,
        &whys,
    )
    .fetch_optional(tx)
    .await
}

/// Offers that are open and of which nobody was told.
pub(in crate::scheduling) async fn untold(
    conn: &mut PgConnection,
    at_most: i64,
) -> sqlx::Result<Vec<Offered>> {
    let rows = sqlx::query!(
        r#"select o.id, o.waitlist_id, w.conversation_id as "conversation!: ConversationId", w.patient_id as "patient: PatientId",
                  a.id as "appointment: AppointmentId", a.doctor_id as "doctor: DoctorId", a.appointment_type_id as "kind: AppointmentTypeId",
                  a.appointment_date + a.start_local as "start!", a.hold_expires_at as "until!", c.waitlist_template as "template!"
             from waitlist_offers o
             join waitlist w on w.id = o.waitlist_id join appointments a on a.id = o.appointment_id join centers c on c.id = w.center_id
            where o.told_at is null and o.answer is null and a.status = 'PENDING' and a.hold_expires_at > app_now()
              and c.waitlist_template is not null
            order by o.id limit $1"#,
        at_most
    )
    .fetch_all(conn)
    .await?;
    let offered = rows.into_iter().map(|row| Offered {
        offer: row.id,
        entry: row.waitlist_id,
        conversation: row.conversation,
        patient: row.patient,
        appointment: row.appointment,
        slot: Slot { doctor: row.doctor, appointment_type: row.kind, start: row.start },
        until: row.until,
        template: row.template,
    });
    Ok(offered.collect())
}

/// Notes that the patient was written to.
pub(in crate::scheduling) async fn told(tx: &mut PgConnection, offer: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update waitlist_offers set told_at = app_now() where id = $1 and told_at is null and answer is null",
        offer
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes a refusal, and answers the hour that it freed. None when the hold was no offer.
pub(in crate::scheduling) async fn refused(
    tx: &mut PgConnection,
    hold: AppointmentId,
) -> sqlx::Result<Option<Freed>> {
    let row = sqlx::query!(
        r#"with answered as (
             update waitlist_offers set answer = 'REFUSED', answered_at = app_now()
              where appointment_id = $1 and answer is null
             returning waitlist_id, appointment_id
           ), counted as (
             update waitlist w set refusals = w.refusals + 1 from answered where w.id = answered.waitlist_id
           )
           select a.center_id as "center: CenterId", a.doctor_id as "doctor: DoctorId", a.appointment_type_id as "kind: AppointmentTypeId",
                  a.appointment_date + a.start_local as "start!"
             from answered join appointments a on a.id = answered.appointment_id"#,
        hold.0
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Freed {
        center: row.center,
        slot: Slot { doctor: row.doctor, appointment_type: row.kind, start: row.start },
    }))
}

/// Notes offers whose time ran out, and answers the hours among them whose days this transaction has locked.
pub(in crate::scheduling) async fn expired(tx: &mut PgConnection, swept: &[i64]) -> sqlx::Result<Vec<Freed>> {
    let rows = sqlx::query!(
        r#"with answered as (
             update waitlist_offers set answer = 'EXPIRED', answered_at = app_now()
              where appointment_id = any($1) and answer is null
             returning appointment_id
           )
           select a.center_id as "center: CenterId", a.doctor_id as "doctor: DoctorId", a.appointment_type_id as "kind: AppointmentTypeId",
                  a.appointment_date + a.start_local as "start!"
             from answered join appointments a on a.id = answered.appointment_id
            order by a.id"#,
        swept
    )
    .fetch_all(tx)
    .await?;
    let freed = |(center, doctor, appointment_type, start)| Freed {
        center,
        slot: Slot { doctor, appointment_type, start },
    };
    Ok(rows.into_iter().map(|row| freed((row.center, row.doctor, row.kind, row.start))).collect())
}
