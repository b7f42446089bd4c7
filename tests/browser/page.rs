//! The page of phones in a real browser, and what a patient does on one of its phones.
//!
//! Whatever takes time is waited for by looking again and again, up to a deadline: no fixed pause decides.

use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde_json::{Value, json};
use smartsalud::clock::Stopwatch;

use crate::process::{Browser, Folder, PATIENCE, Programs, Running};

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 900;

/// The page, open, with everything that runs behind it. What is dropped first is written first.
pub(crate) struct Page {
    client: Client,
    _browser: Browser,
    _driver: Running,
    _demo: Running,
    _folder: Folder,
}

impl Page {
    /// Opens the page of a demo of its own. Nothing when no browser is wanted.
    pub(crate) async fn open(name: &str) -> Option<Self> {
        let programs = Programs::find()?;
        let folder = Folder::new(name);
        let demo = Running::demo(&folder.0);
        let driver = Running::chromedriver(&programs, &folder.0);
        let arguments = [
            "--headless=new",
            "--no-sandbox", // Chromium refuses to run as root without it
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--force-prefers-reduced-motion",
            "--lang=es-CL",
            &format!("--user-data-dir={}", folder.0.join("profile").display()),
        ];
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": programs.chromium, "args": arguments },
        });
        let Value::Object(wanted) = wanted else { unreachable!("it was written as an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://{}", driver.address))
            .await
            .unwrap();
        let browser = Browser::of(client.capabilities());
        client.goto(&format!("http://{}/phone", demo.address)).await.unwrap();
        let page = Self { client, _browser: browser, _driver: driver, _demo: demo, _folder: folder };
        // the page itself that size, whatever the window has around it
        let around: [u32; 2] =
            page.ask("return [outerWidth - innerWidth, outerHeight - innerHeight]", "").await;
        page.client.set_window_size(WIDTH + around[0], HEIGHT + around[1]).await.unwrap();
        page.until("the page receives what happens", "#connection[data-live='true']").await;
        Some(page)
    }

    /// One phone of the page, nothing of whose chat has been read yet.
    pub(crate) async fn phone(&self, number: &str) -> Phone<'_> {
        let phone = Phone { page: self, number: number.to_owned(), read: 0 };
        self.until("the chat is loaded", &phone.within("[data-log][data-loaded='true']")).await;
        phone
    }

    /// Waits until something on the page matches.
    pub(crate) async fn until(&self, what: &str, selector: &str) {
        let waited = Stopwatch::start();
        while self.client.find_all(Locator::Css(selector)).await.unwrap().is_empty() {
            assert!(waited.elapsed() < PATIENCE, "not in time: {what} ({selector})");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Runs a script in the page.
    pub(crate) async fn ask<T: for<'a> Deserialize<'a>>(&self, script: &str, about: &str) -> T {
        let answer = self.client.execute(script, vec![json!(about)]).await.unwrap();
        serde_json::from_value(answer).unwrap()
    }

    /// Presses a key, and releases it, wherever the focus is.
    pub(crate) async fn press(&self, key: Key) {
        self.strike(&[char::from(key)]).await;
    }

    /// Shift and Tab.
    pub(crate) async fn press_back(&self) {
        let (shift, tab) = (char::from(Key::Shift), char::from(Key::Tab));
        let keys = KeyActions::new("keys".to_owned())
            .then(KeyAction::Down { value: shift })
            .then(KeyAction::Down { value: tab })
            .then(KeyAction::Up { value: tab })
            .then(KeyAction::Up { value: shift });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Types words wherever the focus is.
    pub(crate) async fn strike(&self, keys: &[char]) {
        let actions = keys.iter().fold(KeyActions::new("keys".to_owned()), |actions, key| {
            actions.then(KeyAction::Down { value: *key }).then(KeyAction::Up { value: *key })
        });
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Whether the focus is on, or in, what matches.
    pub(crate) async fn focus_is_in(&self, selector: &str) -> bool {
        self.ask("return document.activeElement.closest(arguments[0]) !== null", selector).await
    }

    /// What `attribute` says of the one thing that matches.
    pub(crate) async fn attribute(&self, selector: &str, attribute: &str) -> Option<String> {
        let found = self.client.find(Locator::Css(selector)).await.unwrap();
        found.attr(attribute).await.unwrap()
    }

    /// Saves what is seen, when the environment names a file for it; `which` is added to its name.
    pub(crate) async fn picture(&self, which: &str) {
        let Some(file) = std::env::var_os("SMARTSALUD_SCREENSHOT") else { return };
        let file = std::path::PathBuf::from(file);
        let stem = file.file_stem().unwrap().to_string_lossy();
        let file = file.with_file_name(format!("{stem}{which}.png"));
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    async fn click(&self, selector: &str) {
        self.until("it can be clicked", selector).await;
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }
}

/// A phone of the page, and how much of its chat has been read.
pub(crate) struct Phone<'a> {
    pub(crate) page: &'a Page,
    number: String,
    read: usize,
}

/// A bubble of the centre.
#[derive(Debug, Deserialize)]
pub(crate) struct Bubble {
    pub(crate) id: String,
    pub(crate) shape: String,
    pub(crate) words: String,
    pub(crate) buttons: Vec<String>,
}

/// A row of an open list.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Row {
    id: String,
    pub(crate) title: String,
    pub(crate) detail: String,
}

impl Phone<'_> {
    /// A selector of something on this phone.
    pub(crate) fn within(&self, selector: &str) -> String {
        format!("[data-phone='{}'] {selector}", self.number)
    }

    /// Types and sends.
    pub(crate) async fn say(&self, words: &str) {
        let input = self.page.client.find(Locator::Css(&self.within("[data-input]"))).await.unwrap();
        input.send_keys(words).await.unwrap();
        self.page.click(&self.within("[data-send]")).await;
    }

    /// The bubbles of the centre so far.
    async fn bubbles(&self) -> Vec<Bubble> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((bubble) => ({
            id: bubble.dataset.bubble,
            shape: bubble.dataset.shape,
            words: bubble.querySelector('[data-words]').textContent,
            buttons: [...bubble.querySelectorAll('[data-option]')].map((button) => button.textContent),
        }))";
        self.page.ask(script, &self.within("[data-bubble][data-from='center']")).await
    }

    /// The next bubble of the centre, as soon as it is there.
    pub(crate) async fn next(&mut self) -> Bubble {
        let waited = Stopwatch::start();
        loop {
            let mut bubbles = self.bubbles().await;
            if bubbles.len() > self.read {
                self.read += 1;
                return bubbles.swap_remove(self.read - 1);
            }
            assert!(waited.elapsed() < PATIENCE, "the centre does not answer; before: {bubbles:#?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Taps the reply button with this title.
    pub(crate) async fn tap(&self, bubble: &Bubble, title: &str) {
        let at = bubble.buttons.iter().position(|button| button == title);
        let at = at.unwrap_or_else(|| panic!("no «{title}» in {bubble:#?}"));
        let selector = format!("[data-bubble='{}'] [data-option]:nth-child({})", bubble.id, at + 1);
        self.page.click(&self.within(&selector)).await;
    }

    /// Opens the list of a bubble and reads its rows.
    pub(crate) async fn open_list(&self, bubble: &Bubble) -> Vec<Row> {
        assert_eq!(bubble.shape, "list", "{bubble:#?}");
        let selector = format!("[data-bubble='{}'] [data-open-list]", bubble.id);
        self.page.click(&self.within(&selector)).await;
        self.rows().await
    }

    /// The rows of the open list.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let rows = self.within("[data-sheet]:not([hidden]) [data-option]");
        self.page.until("the list is open", &rows).await;
        let script = "return [...document.querySelectorAll(arguments[0])].map((row) => ({
            id: row.dataset.option,
            title: row.querySelector('.row-title').textContent,
            detail: row.querySelector('.row-detail')?.textContent ?? '',
        }))";
        self.page.ask(script, &rows).await
    }

    /// Chooses a row of the open list.
    pub(crate) async fn choose(&self, row: &Row) {
        self.page.click(&self.within(&format!("[data-sheet] [data-option='{}']", row.id))).await;
    }
}

impl Bubble {
    /// Fails unless all of this is among its words.
    pub(crate) fn says(&self, wanted: &[&str]) {
        for words in wanted {
            assert!(self.words.contains(words), "«{words}» is not in {self:#?}");
        }
    }

    /// The code in it.
    pub(crate) fn code(&self) -> &str {
        let code = self.words.lines().find_map(|line| line.strip_prefix("Código "));
        code.unwrap_or_else(|| panic!("no code in {self:#?}"))
    }
}

impl Row {
    /// Its time of day, `15:30`.
    pub(crate) fn time(&self) -> &str {
        self.title.rsplit(' ').next().unwrap()
    }

    /// The two parts of `mar 1 15:30` or `mar 1 dic 15:30` when it is written out: `martes 1 de`, `a las 15:30`.
    pub(crate) fn written_out(&self) -> [String; 2] {
        let parts: Vec<&str> = self.title.split(' ').collect();
        let ([weekday, day, time] | [weekday, day, _, time]) = parts[..] else {
            panic!("not an hour: {self:?}");
        };
        let weekday = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]
            .into_iter()
            .find(|name| name.starts_with(weekday))
            .unwrap_or_else(|| panic!("no weekday in {self:?}"));
        let hour = if time.starts_with("13:") || time.starts_with("01:") { "a la" } else { "a las" };
        [format!("{weekday} {day} de"), format!("{hour} {time}")]
    }
}
