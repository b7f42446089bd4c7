//! The patients' SQL.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::identity::{Claim, SpokenFor, TRIES, TRY_AGAIN_AFTER_HOURS};
use crate::id::{CenterId, ConversationId, PatientId};
use crate::value::{Phone, RutTail};

/// The patients for whom a conversation may speak: those its phone is registered for, and those it claimed;
/// in order of name.
///
/// # Errors
/// When the database fails.
pub async fn spoken_for(
    conn: &mut PgConnection,
    conversation: ConversationId,
    center: CenterId,
    phone: Option<&Phone>,
) -> sqlx::Result<Vec<SpokenFor>> {
    sqlx::query_as!(
        SpokenFor,
        r#"select p.id as "patient: PatientId", p.full_name, p.birth_date, bool_or(k.verified) as "verified!"
             from (select patient_id, true as verified from patient_phones where phone_e164 = $3
                   union all
                   select patient_id, verified_at is not null from claimed_patients where conversation_id = $1) k
             join patients p on p.id = k.patient_id and p.center_id = $2
            group by p.id
            order by p.full_name, p.id"#,
        conversation.0,
        center.0,
        phone.map(Phone::e164)
    )
    .fetch_all(conn)
    .await
}

/// Tries to say whom the conversation speaks for. The conversation's row must be locked, as in every turn, or
/// two tries at once could count as one.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut PgConnection,
    conversation: ConversationId,
    center: CenterId,
    tail: &RutTail,
    birth: NaiveDate,
) -> sqlx::Result<Claim> {
    let digits = i32::try_from(tail.number()).unwrap_or(-1);
    let row = sqlx::query!(
        r#"with failed as (
             select count(*) as tries from identity_attempts
              where conversation_id = $1 and at > app_now() - make_interval(hours => $6)
           ), found as (
             -- with the tries used up nobody is found, so that asking on tells nothing
             select p.id, p.full_name from patients p, failed
              where failed.tries < $7
                and p.center_id = $2 and p.birth_date = $3 and p.run_num % 10000 = $4 and p.run_dv = $5
              limit 2
           ), claimed as (
             insert into claimed_patients as k (conversation_id, patient_id, claimed_at)
             select $1, id, app_now() from found where (select count(*) from found) = 1
                 on conflict (conversation_id, patient_id) do update set claimed_at = k.claimed_at
             returning verified_at
           ), missed as (
             insert into identity_attempts (conversation_id, at)
             select $1, app_now() from failed where failed.tries < $7 and (select count(*) from found) <> 1
             returning id
           )
           select f.tries as "tries!", (select count(*) from found) as "matches!", (select min(id) from found) as "patient?: PatientId",
                  (select min(full_name) from found) as full_name, (select verified_at is not null from claimed) as verified,
                  exists (select from missed) as "missed!"
             from failed f"#,
        conversation.0,
        center.0,
        birth,
        digits,
        tail.check().to_string(),
        TRY_AGAIN_AFTER_HOURS,
        TRIES
    )
    .fetch_one(tx)
    .await?;
    let left = TRIES - row.tries - i64::from(row.missed);
    Ok(match (row.matches, row.patient, row.full_name) {
        (1, Some(patient), Some(full_name)) => Claim::Found(SpokenFor {
            patient,
            full_name,
            birth_date: birth,
            verified: row.verified.unwrap_or(false),
        }),
        (2.., _, _) => Claim::Several,
        _ if left > 0 => Claim::NoMatch { tries_left: u8::try_from(left).unwrap_or(1) },
        _ => Claim::Blocked,
    })
}

/// The phones registered for a patient: told when somebody else books for them.
///
/// # Errors
/// When the database fails.
pub async fn registered_phones(conn: &mut PgConnection, patient: PatientId) -> sqlx::Result<Vec<Phone>> {
    let phones = sqlx::query_scalar!(
        "select phone_e164 from patient_phones where patient_id = $1 order by 1",
        patient.0
    )
    .fetch_all(conn)
    .await?;
    // the import lets only well-formed numbers in
    Ok(phones.iter().filter_map(|phone| phone.parse().ok()).collect())
}
