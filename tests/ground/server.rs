//! The private server, the pool, the databases of tests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use smartsalud::clock::Clock;
use smartsalud::database::pool::{PoolSettings, connect};
use smartsalud::database::{Durability, Server};

use crate::harness;

/// A folder of its own for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
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

#[tokio::test]
async fn starting_over_throws_away_the_cluster_and_nothing_else() {
    let folder = folder("reset");
    let running = Server::start(&folder, None, Durability::None).await.unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let refused = Server::reset(&folder).await.unwrap_err().to_string();
    assert!(refused.contains("is using"), "the data of a running server is left alone: {refused}");
    drop(running);
    Server::reset(&folder).await.unwrap();
    assert!(!folder.join("pgdata").exists());
    assert!(folder.join("notes.txt").exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_half_made() {
    let folder = folder("interrupted");
    std::fs::create_dir_all(folder.join("pgdata.unfinished/base")).unwrap();
    std::fs::write(folder.join("pgdata.unfinished/PG_VERSION"), "15\n").unwrap();
    drop(Server::start(&folder, None, Durability::Full).await.unwrap());
    assert!(folder.join("pgdata/PG_VERSION").exists());
    assert!(!folder.join("pgdata.unfinished").exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_folder_with_a_long_path_gets_its_socket_elsewhere() {
    let folder = folder("long").join("a".repeat(60)).join("b".repeat(60));
    let server = Server::start(&folder, None, Durability::None).await.unwrap();
    let options = server.options("postgres");
    let sockets = options.get_socket().unwrap().clone();
    assert!(sockets.as_os_str().len() < 90, "{}", sockets.display());
    let pool = connect(options, PoolSettings::default(), &Clock::system()).await.unwrap();
    pool.close().await;
    drop(server);
    assert!(!sockets.exists(), "the folder of the socket ends with the server");
    std::fs::remove_dir_all(folder.ancestors().nth(2).unwrap()).unwrap();
}

#[tokio::test]
async fn others_cannot_enter_the_folder_of_the_socket() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("closed");
    let server = Server::start(&folder, None, Durability::None).await.unwrap();
    let options = server.options("postgres");
    let mode = std::fs::metadata(options.get_socket().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "connections through it are trusted: {mode:o}");
    let pool = connect(options, PoolSettings::default(), &Clock::system()).await.unwrap();
    let network: String = sqlx::query_scalar("show listen_addresses").fetch_one(&pool).await.unwrap();
    assert_eq!(network, "", "it listens on no network");
    let word: String = sqlx::query_scalar("select lower('MUÑOZ')").fetch_one(&pool).await.unwrap();
    assert_eq!(word, "muñoz");
    pool.close().await;
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn without_server_programs_it_says_where_it_looked_and_what_to_install() {
    let nowhere = folder("nowhere");
    let said = match smartsalud::database::binaries::find_in(vec![nowhere.clone()]) {
        Ok(found) => panic!("there is nothing in {}", found.folder.display()),
        Err(error) => error.to_string(),
    };
    assert!(said.contains(nowhere.to_str().unwrap()) && said.contains("Install them with"), "{said}");
    assert!(said.contains("SMARTSALUD_POSTGRES_BIN") && said.contains("DATABASE_URL"), "{said}");
}

#[tokio::test]
async fn programs_that_are_too_old_are_named_with_their_version() {
    use std::os::unix::fs::PermissionsExt;
    let old = folder("old");
    std::fs::create_dir_all(&old).unwrap();
    for (name, text) in
        [("initdb", "#!/bin/sh\n"), ("postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 13.4'\n")]
    {
        std::fs::write(old.join(name), text).unwrap();
        std::fs::set_permissions(old.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let said = smartsalud::database::binaries::find_in(vec![old.clone()]).unwrap_err().to_string();
    assert!(said.contains("version 13") && said.contains("15 or later"), "{said}");
    std::fs::remove_dir_all(&old).unwrap();
}

#[tokio::test]
async fn a_pool_whose_connections_are_all_busy_says_what_to_do() {
    let database = harness::database().await;
    let settings = PoolSettings { max: 1, acquire_timeout: Duration::from_millis(50) };
    let pool = connect(database.options(), settings, &Clock::system()).await.unwrap();
    let held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    let said = smartsalud::database::pool::explain(&pool, &error);
    assert!(
        said.contains("all 1 connections were busy") && said.contains("DATABASE_MAX_CONNECTIONS"),
        "{said}"
    );
    drop(held);
}

#[tokio::test]
async fn a_connection_that_died_while_it_rested_is_replaced_unnoticed() {
    let database = harness::database_in_real_time().await;
    let settings = PoolSettings { max: 1, ..Default::default() };
    let pool = connect(database.options(), settings, &Clock::system()).await.unwrap();
    let old: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&pool).await.unwrap();
    sqlx::query("select pg_terminate_backend($1)").bind(old).execute(&database.pool).await.unwrap();
    // longer than a connection may rest before it is asked whether it lives
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let new: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&pool).await.unwrap();
    assert_ne!(old, new);
}

/// Whether a server works in the folder, by the process that `postmaster.pid` names.
pub(crate) fn server_process(folder: &Path) -> Option<u32> {
    let file = std::fs::read_to_string(folder.join("pgdata/postmaster.pid")).ok()?;
    let pid: u32 = file.lines().next()?.trim().parse().ok()?;
    Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
}
