//! The programs behind a browser test: the demo, chromedriver and its browser. All end with it, even when it fails.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use fantoccini::wd::Capabilities;
use serde_json::Value;
use smartsalud::clock::Stopwatch;

/// Longer than anything here takes, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const SKIP: &str = "SMARTSALUD_NO_BROWSER";
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// What drives the browser, and the browser.
pub(crate) struct Programs {
    pub(crate) chromedriver: PathBuf,
    pub(crate) chromium: PathBuf,
}

impl Programs {
    /// Nothing when the environment asks for no browser; a missing one fails the test.
    pub(crate) fn find() -> Option<Self> {
        if std::env::var_os(SKIP).is_some_and(|value| value == "1") {
            // not `println!`, which nobody sees when a test passes
            let mut terminal = std::io::stderr();
            writeln!(terminal, "skipped: {SKIP}=1 asks for no browser").ok();
            return None;
        }
        let chromedriver = on_path("chromedriver");
        let chromium = BROWSERS.into_iter().find_map(on_path);
        let (Some(chromedriver), Some(chromium)) = (chromedriver, chromium) else {
            panic!(
                "Chromium and chromedriver are needed for this test and were not both found on the path. \
                 On Debian: apt-get install chromium chromium-driver. Or set {SKIP}=1 to go without."
            );
        };
        Some(Self { chromedriver, chromium })
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A program that has said what it was waited for; killed when dropped.
pub(crate) struct Running {
    process: Child,
    /// What `ready` made of the line that said that it is ready.
    pub(crate) address: String,
}

impl Running {
    /// `smartsalud demo` with its data in this folder and nothing of our environment but the path.
    pub(crate) fn demo(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data")).env_clear();
        for kept in ["PATH", "HOME", "SMARTSALUD_POSTGRES_BIN"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        Self::start(command, &folder.join("demo.log"), |line| {
            line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned)
        })
    }

    /// chromedriver on a free port.
    pub(crate) fn chromedriver(programs: &Programs, folder: &Path) -> Self {
        let mut command = Command::new(&programs.chromedriver);
        command.arg("--port=0").env("TMPDIR", folder);
        Self::start(command, &folder.join("chromedriver.log"), |line| {
            let port = line.split("successfully on port ").nth(1)?.trim_end_matches('.');
            Some(format!("127.0.0.1:{port}"))
        })
    }

    /// Starts it and reads what it says until `ready` finds its address there.
    fn start(mut command: Command, complaints: &Path, ready: impl Fn(&str) -> Option<String>) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(complaints).unwrap());
        let mut process = command.spawn().unwrap();
        let (lines, said) = mpsc::channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        // goes on reading when nobody listens any more: a full pipe would stop the program
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
        let mut running = Self { process, address: String::new() };
        while running.address.is_empty() {
            let Ok(line) = said.recv_timeout(PATIENCE) else {
                panic!("{command:?} did not start: {}", std::fs::read_to_string(complaints).unwrap());
            };
            running.address = ready(&line).unwrap_or_default();
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // asked first, so that it can stop what it started itself
        Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().ok();
        let asked = Stopwatch::start();
        while asked.elapsed() < Duration::from_secs(10) {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The browser that chromedriver started, which would outlive it; killed when dropped.
pub(crate) struct Browser(u64);

impl Browser {
    /// From what chromedriver says of the session.
    pub(crate) fn of(session: Option<&Capabilities>) -> Self {
        let process = session.and_then(|said| said.get("goog:processID")).and_then(Value::as_u64);
        Self(process.expect("chromedriver says which process the browser is"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        Command::new("kill").args(["-KILL", &self.0.to_string()]).status().ok();
    }
}

/// A folder of its own for a test; removed with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("smartsalud-browser-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // the last of the browser's processes may still be writing in it
        for _ in 0..100 {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
