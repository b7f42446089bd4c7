//! The ground everything stands on: the private server, the pool, the databases of tests.

mod harness;

use std::path::PathBuf;
use std::time::Duration;

use smartsalud::clock::Clock;
use smartsalud::database::pool::{PoolSettings, connect};
use smartsalud::database::{Durability, Server};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("smartsalud-ground-{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&folder).ok();
    folder
}

#[tokio::test]
async fn the_time_of_the_database_follows_a_frozen_clock() {
    let database = harness::database().await;
    let read = "select app_now() = $1";
    let mut same: bool =
        sqlx::query_scalar(read).bind(database.clock.now()).fetch_one(&database.pool).await.unwrap();
    assert!(same);
    database.clock.advance(Duration::from_mins(31));
    same = sqlx::query_scalar(read).bind(database.clock.now()).fetch_one(&database.pool).await.unwrap();
    assert!(same, "a connection that was used before is told the new time");
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, other) = (harness::database().await, harness::database().await);
    assert_ne!(one.name, other.name);
    sqlx::query("insert into centers (code, name, tz) values ('a', 'A', 'America/Santiago')")
        .execute(&one.pool)
        .await
        .unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from centers").fetch_one(&other.pool).await.unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_with_the_process_that_has_it() {
    let folder = folder("second");
    let first = Server::start(&folder, None, Durability::None).await.unwrap();
    let refused = Server::start(&folder, None, Durability::None).await.unwrap_err().to_string();
    assert!(refused.contains(&std::process::id().to_string()), "{refused}");
    drop(first);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_server_starts_again_with_its_data() {
    let folder = folder("again");
    let first = Server::start(&folder, None, Durability::None).await.unwrap();
    let pool = connect(first.options("postgres"), PoolSettings::default(), &Clock::system()).await.unwrap();
    sqlx::query("create table kept as select 1 as one").execute(&pool).await.unwrap();
    pool.close().await;
    drop(first);
    let second = Server::start(&folder, None, Durability::None).await.unwrap();
    let pool = connect(second.options("postgres"), PoolSettings::default(), &Clock::system()).await.unwrap();
    let one: i32 = sqlx::query_scalar("select one from kept").fetch_one(&pool).await.unwrap();
    assert_eq!(one, 1);
    drop(second);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn data_of_another_version_is_refused_with_both_versions_named() {
    let folder = folder("version");
    drop(Server::start(&folder, None, Durability::None).await.unwrap());
    std::fs::write(folder.join("pgdata/PG_VERSION"), "12\n").unwrap();
    let refused = Server::start(&folder, None, Durability::None).await.unwrap_err().to_string();
    assert!(refused.contains("PostgreSQL 12") && refused.contains("--reset"), "{refused}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_in_one_sentence() {
    let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(1)
        .username("x")
        .password("secret-word")
        .database("clinic");
    let settings = PoolSettings { acquire_timeout: Duration::from_secs(2), ..Default::default() };
    let error = connect(options, settings, &Clock::system()).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1/clinic") && error.contains("DATABASE_URL"), "{error}");
    assert!(!error.contains("secret-word"), "{error}");
}
