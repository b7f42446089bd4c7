//! The program as its users start, kill and stop it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::server::{folder, server_process};

/// Longer than anything here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// `smartsalud` with nothing of our environment but the path.
fn smartsalud(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if let Some(home) = std::env::var_os("HOME") {
        command.env("HOME", home);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    smartsalud(arguments).stdin(Stdio::null()).output().unwrap()
}

/// A running `demo`; killed when its test ends.
struct Demo {
    process: Child,
    address: String,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let mut process =
            smartsalud(&["demo", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        let (lines, said) = mpsc::channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        // read to its end, though nobody listens: a demo whose output breaks off ends itself
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
        let mut address = None;
        while address.is_none() {
            let Ok(line) = said.recv_timeout(PATIENCE) else {
                process.kill().unwrap();
                let mut complaint = String::new();
                process.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
                panic!("the demo did not become ready: {complaint}");
            };
            address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned);
        }
        Self { process, address: address.unwrap() }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = smartsalud::http::client(Duration::from_secs(10)).get(url).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let waited = smartsalud::clock::Stopwatch::start();
    while !happened() {
        assert!(waited.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What only the first start makes, so that a second one is seen to have kept it.
fn mark(data: &Path) -> PathBuf {
    data.join("pgdata/PG_VERSION")
}

#[test]
fn a_demo_killed_in_the_hardest_way_leaves_no_server_and_starts_again_with_its_data() {
    let data = folder("killed");
    let mut demo = Demo::start(&data);
    wait_until("never ready", || demo.get("/health/ready").0 == 200);
    let server = server_process(&data).expect("a private server runs");
    let made = std::fs::metadata(mark(&data)).unwrap().modified().unwrap();
    demo.process.kill().unwrap(); // SIGKILL: nothing of ours runs after it
    demo.process.wait().unwrap();
    wait_until("the private server outlived its demo", || !Path::new(&format!("/proc/{server}")).exists());

    let again = Demo::start(&data);
    wait_until("never ready again", || again.get("/health/ready").0 == 200);
    assert_eq!(std::fs::metadata(mark(&data)).unwrap().modified().unwrap(), made, "the same cluster");
    let log = std::fs::read_to_string(data.join("postgres.log.before")).unwrap();
    assert!(!log.contains("PANIC") && !log.contains("FATAL:  could not"), "{log}");
    drop(again);
    wait_until("the second server outlived its demo", || server_process(&data).is_none());
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_second_demo_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let data = folder("twice");
    let first = Demo::start(&data);
    for more in [&[][..], &["--reset"]] {
        let mut arguments = vec!["demo", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
        arguments.extend(more);
        let second = run(&arguments);
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains(&first.process.id().to_string()) && said.contains("--data-dir"), "{said}");
    }
    wait_until("the first is no longer ready", || first.get("/health/ready").0 == 200);
    drop(first);
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_demo_asked_to_stop_stops_cleanly_and_its_server_with_it() {
    let data = folder("stopped");
    let mut demo = Demo::start(&data);
    // the queue's figures are read every few seconds, the first time right after the start
    wait_until("no figures of the queue", || demo.get("/metrics").1.contains("smartsalud_events_due"));
    let (status, figures) = demo.get("/metrics");
    assert_eq!(status, 200);
    for name in ["smartsalud_pool_connections", "smartsalud_events_due", "smartsalud_outbox_age_seconds"] {
        assert!(figures.contains(name), "{name} is missing in:\n{figures}");
    }
    let asked = Command::new("kill").args(["-TERM", &demo.process.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert!(demo.process.wait().unwrap().success(), "SIGTERM ends in exit code 0");
    assert_eq!(server_process(&data), None, "the server stopped before the demo ended");
    drop(demo);
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_port_in_use_is_told_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder("port");
    let output = run(&["demo", "--listen", &address, "--data-dir", data.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!data.exists());
}

#[test]
fn bad_usage_is_exit_code_2_and_says_what_is_missing() {
    for (arguments, wanted) in [
        (&["serve"][..], "WHATSAPP_APP_SECRET"),
        (&["serve", "--listen", "everywhere"], "--listen"),
        (&["demmo"], "demo"),
        (&["generate", "--doctors", "many"], "--doctors"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
}

#[test]
fn a_wrong_log_filter_is_refused() {
    let output = run(&["--log", "smartsalud=loud", "migrate"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("smartsalud=loud"), "{said}");
}

#[test]
fn the_doctor_names_each_thing_that_is_wrong_and_how_to_mend_it() {
    let data = folder("doctor");
    let output = run(&["doctor", "--data-dir", data.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for wanted in
        ["ok     flows", "ok     database", "not applied", "smartsalud migrate", "WHATSAPP_ACCESS_TOKEN"]
    {
        assert!(said.contains(wanted), "`{wanted}` is missing in:\n{said}");
    }
    let migrated = run(&["migrate", "--data-dir", data.to_str().unwrap()]);
    assert!(migrated.status.success());
    let said =
        String::from_utf8_lossy(&run(&["doctor", "--data-dir", data.to_str().unwrap()]).stdout).into_owned();
    assert!(said.contains("ok     migrations") && said.contains("centres: there are none"), "{said}");
    std::fs::remove_dir_all(&data).unwrap();
}
