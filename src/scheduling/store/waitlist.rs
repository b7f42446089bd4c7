//! The waitlist's SQL. No lock but the entry's own: nothing here waits for a day or a patient.

use sqlx::PgConnection;
use sqlx::types::Json;

use crate::id::{AppointmentTypeId, ConversationId, PatientId};
use crate::scheduling::waitlist::{JoinOutcome, JoinRequest, Waiting};

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
        "update waitlist set status = 'BOOKED', ended_at = app_now()
          where patient_id = $1 and appointment_type_id = $2 and status = 'WAITING'",
        patient.0,
        appointment_type.0
    )
    .execute(tx)
    .await?;
    Ok(())
}
