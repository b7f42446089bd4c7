//! Bad input gets one clear sentence, with what to do.

use std::process::{Command, Output};

use super::clinic::simulator;
use super::harness;

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smartsalud"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .env("PATH", "/usr/bin:/bin")
        .env("SMARTSALUD_LOG", "error")
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const WHATSAPP: [(&str, &str); 3] =
    [("WHATSAPP_APP_SECRET", "s"), ("WHATSAPP_VERIFY_TOKEN", "v"), ("WHATSAPP_ACCESS_TOKEN", "t")];

#[test]
fn a_wrong_setting_is_bad_usage_and_says_which() {
    let output = run(&["serve", "--database-max-connections", "500"], &WHATSAPP);
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(said.contains("500") && said.contains("5..=50"), "{said}");
}

#[test]
fn a_wait_shorter_than_a_call_may_take_is_refused_with_the_reason() {
    for (seconds, range) in
        [("1", "30..=3600"), ("29", "30..=3600"), ("3601", "30..=3600"), ("un rato", "whole number")]
    {
        let output = run(&["serve", "--unconfirmed-seconds", seconds], &WHATSAPP);
        assert_eq!(output.status.code(), Some(2));
        let said = complaint(&output);
        assert!(said.contains(range) && said.contains("--unconfirmed-seconds"), "{said}");
    }
}

#[test]
fn a_missing_secret_says_where_to_find_it() {
    let said = complaint(&run(&["serve"], &[]));
    assert!(said.contains("WHATSAPP_APP_SECRET is not set"), "{said}");
}

#[test]
fn a_database_that_is_down_at_start_is_named_without_its_password() {
    let url = ("DATABASE_URL", "postgres://clinic:hush@127.0.0.1:1/agenda");
    let mut environment = WHATSAPP.to_vec();
    environment.push(url);
    environment.push(("DATABASE_ACQUIRE_SECONDS", "1"));
    let said = complaint(&run(&["serve"], &environment));
    assert!(said.contains("127.0.0.1:1/agenda") && said.contains("Is it running"), "{said}");
    assert!(!said.contains("hush"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_flow_with_a_typo_is_refused_with_its_line() {
    let folder = std::env::temp_dir().join(format!("smartsalud-flows-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("agendar.yaml"), "flow: agendar\nsteps:\n  - sya: hola\n").unwrap();
    let output = run(&["flows", "check", folder.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("agendar.yaml:3") && said.contains("say"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_port_in_use_says_so() {
    let database = harness::database_in_real_time().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let url = database.url();
    let mut environment = WHATSAPP.to_vec();
    environment.push(("DATABASE_URL", &url));
    let said = complaint(&run(&["serve", "--listen", &address], &environment));
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn an_import_with_a_broken_row_names_file_row_and_column_and_writes_nothing() {
    let database = harness::database_in_real_time().await;
    let folder = std::env::temp_dir().join(format!("smartsalud-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("centers.csv"),
        "code,name,tz,phone_number_id,address,phone\nuno,CESFAM Uno,America/Santiago,1,,\ndos,CESFAM Dos,Marte/Base,2,,\n",
    )
    .unwrap();
    let url = database.url();
    let said = complaint(&run(&["import", folder.to_str().unwrap()], &[("DATABASE_URL", &url)]));
    assert!(said.contains("centers.csv:3:tz") && said.contains("America/Santiago"), "{said}");
    let count: i64 =
        sqlx::query_scalar("select count(*) from centers").fetch_one(&database.pool).await.unwrap();
    assert_eq!(count, 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_in_the_middle_is_not_ready_and_comes_back() {
    // a cluster of its own, because it is stopped
    let folder = std::env::temp_dir().join(format!("smartsalud-away-{}", std::process::id()));
    std::fs::remove_dir_all(&folder).ok();
    let server = smartsalud::database::Server::start(&folder, None, smartsalud::database::Durability::None)
        .await
        .unwrap();
    let clock = smartsalud::clock::Clock::system();
    let settings = smartsalud::database::pool::PoolSettings {
        max: 5,
        acquire_timeout: std::time::Duration::from_secs(1),
    };
    let pool = smartsalud::database::connect(server.options("postgres"), settings, &clock).await.unwrap();
    smartsalud::database::migrate(&pool).await.unwrap();
    let today = clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    smartsalud::transfer::load_demo(&pool, today).await.unwrap();
    let whatsapp = simulator().await;
    let service = smartsalud::app::Service::start(smartsalud::app::Parts {
        pool: pool.clone(),
        map_pool: smartsalud::database::connect(server.options("postgres"), settings, &clock).await.unwrap(),
        clock: clock.clone(),
        flows: smartsalud::flow::built_in::sources(),
        client: smartsalud::whatsapp::Client::new(
            smartsalud::http::client(std::time::Duration::from_secs(5)),
            whatsapp.graph_url().unwrap(),
            "v25.0",
            whatsapp.settings().access_token.clone().into(),
        ),
        app_secrets: vec![whatsapp.settings().app_secret.clone().into()],
        verify_token: "word".into(),
        settle: std::time::Duration::from_millis(20),
        hold_for: chrono::TimeDelta::minutes(10),
        workers: 2,
        unconfirmed_after: std::time::Duration::from_secs(120),
    })
    .await
    .unwrap();
    let (address, _server) = service.serve("127.0.0.1:0".parse().unwrap(), service.routes()).await.unwrap();
    whatsapp.point_to(&format!("http://{address}/webhook"));
    let ready = async || {
        let answer = smartsalud::http::client(std::time::Duration::from_secs(5))
            .get(format!("http://{address}/health/ready"))
            .send();
        answer.await.unwrap().status().as_u16()
    };
    assert_eq!(ready().await, 200);
    drop(server);
    assert_eq!(ready().await, 503);
    // Meta delivers again until it is answered 200; the simulator does the same
    let phone = "56911112222";
    let writer = {
        let whatsapp = whatsapp.clone();
        tokio::spawn(async move { whatsapp.patient_says(phone, "hola").await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let server = smartsalud::database::Server::start(&folder, None, smartsalud::database::Durability::None)
        .await
        .unwrap();
    writer.await.unwrap().unwrap();
    let reply = whatsapp.next_reply(phone).await;
    assert!(reply.text.contains("CESFAM Los Aromos"), "{reply}");
    assert_eq!(ready().await, 200);
    service.stop().await;
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}
