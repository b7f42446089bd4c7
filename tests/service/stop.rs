//! A stop ends in time, whatever does not answer, and what hung is settled by the next run.

use std::time::Duration;

use smartsalud::app::LONGEST_STOP;
use smartsalud::clock::Stopwatch;
use smartsalud::whatsapp::simulator::Fault;

use super::clinic::{Clinic, count, quiet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_whatsapp_that_hangs_and_loses_nothing() {
    let clinic = Clinic::open().await;
    let phone = "56911112222";
    clinic.says(phone, "hola").await;
    quiet(&clinic.database).await;
    clinic.whatsapp.fail_next(1, Fault::Hang { sent: false });
    clinic.whatsapp.patient_says(phone, "quiero hora con matrona").await.unwrap();
    while clinic.count("select count(*) from outbox where status = 'sending'").await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = Stopwatch::start();
    let (database, _whatsapp) = clinic.stop().await;
    assert!(took.elapsed() < LONGEST_STOP + Duration::from_secs(1), "it took {:?}", took.elapsed());
    let waiting = count(&database, "select count(*) from outbox where status = 'sending'").await;
    assert_eq!(waiting, 1, "of unknown outcome: kept for its status or the next run");
}
