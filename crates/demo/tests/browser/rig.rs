//! A console, a Chromium driven by `WebDriver`, and what a person does with them.

mod driver;

use std::path::Path;
use std::time::Duration;

use axum::Router;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hawser_demo::console::{Console, DEMO_PASSWORD, Options};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use driver::{DevTools, Driver, capabilities, start_driver};

pub(crate) use driver::Scheme;

/// The console and a browser with two windows: the laptop's, and the phone's.
pub(crate) struct Rig {
    pub(crate) browser: Client,
    pub(crate) origin: String,
    /// The console without a browser in front.
    pub(crate) router: Router,
    laptop: WindowHandle,
    phone: WindowHandle,
    server: JoinHandle<()>,
    _driver: Driver,
    _profile: TempDir,
}

/// What a person does with the sheet on the phone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decision {
    Approve,
    Decline,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with_scheme(Scheme::Light).await
    }

    pub(crate) async fn with_scheme(scheme: Scheme) -> Self {
        Self::with(scheme, None).await
    }

    /// A browser whose camera sees a film.
    pub(crate) async fn with(scheme: Scheme, camera: Option<&Path>) -> Self {
        let console = Console::open(Options::default()).await.unwrap();
        let origin = console.origin().origin().ascii_serialization();
        let router = console.router();
        let server = tokio::spawn(async move {
            console.serve(std::future::pending()).await.unwrap();
        });
        let profile = TempDir::new().unwrap();
        let (driver, address) = start_driver(profile.path());
        let browser = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(
                profile.path().to_str().unwrap(),
                scheme,
                camera,
            ))
            .connect(&address)
            .await
            .unwrap();
        browser.set_window_size(1280, 900).await.unwrap();
        let laptop = browser.window().await.unwrap();
        let phone = browser.new_window(false).await.unwrap().handle;
        Self {
            browser,
            origin,
            router,
            laptop,
            phone,
            server,
            _driver: driver,
            _profile: profile,
        }
    }

    pub(crate) async fn stop(self) {
        self.browser.close().await.unwrap();
        self.server.abort();
    }

    /// Looks at the laptop from now on.
    pub(crate) async fn laptop(&self) {
        self.browser
            .switch_to_window(self.laptop.clone())
            .await
            .unwrap();
    }

    /// Looks at a phone from now on.
    pub(crate) async fn phone(&self, name: &str) {
        self.browser
            .switch_to_window(self.phone.clone())
            .await
            .unwrap();
        let wanted = format!("{}/phone/{name}", self.origin);
        if self.browser.current_url().await.unwrap().as_str() != wanted {
            self.browser.goto(&wanted).await.unwrap();
        }
    }

    /// Opens a page in a tab of its own, and looks at it from now on.
    pub(crate) async fn tab(&self, path: &str) -> WindowHandle {
        let tab = self.browser.new_window(true).await.unwrap().handle;
        self.look_at(&tab).await;
        self.go(path).await;
        tab
    }

    /// Looks at a tab from now on.
    pub(crate) async fn look_at(&self, tab: &WindowHandle) {
        self.browser.switch_to_window(tab.clone()).await.unwrap();
    }

    /// Tells the page of this window whether it can be seen: without a screen, all of them can.
    pub(crate) async fn is_seen(&self, seen: bool) {
        let script = "const [seen] = arguments;
            const state = seen ? 'visible' : 'hidden';
            Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
            Object.defineProperty(document, 'hidden', { configurable: true, value: !seen });
            document.dispatchEvent(new Event('visibilitychange'));";
        let seen = vec![json!(seen)];
        self.browser.execute(script, seen).await.unwrap();
    }

    /// Runs a script in this window before those of every page.
    pub(crate) async fn before_every_page(&self, script: &str) {
        let command = DevTools {
            method: "Page.addScriptToEvaluateOnNewDocument",
            parameters: json!({ "source": script }),
        };
        self.browser.issue_cmd(command).await.unwrap();
    }

    pub(crate) async fn go(&self, path: &str) {
        self.browser
            .goto(&format!("{}{path}", self.origin))
            .await
            .unwrap();
    }

    pub(crate) async fn path(&self) -> String {
        self.browser.current_url().await.unwrap().path().to_owned()
    }

    /// Waits until the browser is at a path.
    pub(crate) async fn arrive(&self, path: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.path().await != path {
            if Instant::now() > deadline {
                let seen = self.text().await;
                panic!("still at {} and not at {path}: {seen}", self.path().await);
            }
            sleep(PAUSE).await;
        }
    }

    /// Everything that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let script = "return document.body.innerText";
        let text = self.browser.execute(script, Vec::new()).await.unwrap();
        text.as_str().unwrap().to_owned()
    }

    /// Waits until something can be read.
    pub(crate) async fn read(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.text().await;
            if seen.contains(words) {
                return;
            }
            assert!(Instant::now() < deadline, "no {words:?} in: {seen}");
            sleep(PAUSE).await;
        }
    }

    /// Clicks what a selector finds, as soon as it can be seen.
    pub(crate) async fn click(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(found) = self.browser.find(Locator::Css(selector)).await
                && found.is_displayed().await.unwrap_or(false)
                && found.click().await.is_ok()
            {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "no {selector} in: {}",
                self.text().await
            );
            sleep(PAUSE).await;
        }
    }

    /// Clicks the link or button of this name.
    pub(crate) async fn press(&self, name: &str) {
        let path =
            format!("//*[self::a or self::button or self::summary][normalize-space()='{name}']");
        let deadline = Instant::now() + PATIENCE;
        loop {
            for found in self.browser.find_all(Locator::XPath(&path)).await.unwrap() {
                if found.is_displayed().await.unwrap_or(false) && found.click().await.is_ok() {
                    return;
                }
            }
            assert!(
                Instant::now() < deadline,
                "no {name:?} in: {}",
                self.text().await
            );
            sleep(PAUSE).await;
        }
    }

    pub(crate) async fn write(&self, selector: &str, text: &str) {
        let field = self.browser.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Enters a password on the sign-in page.
    pub(crate) async fn password(&self, user: &str) {
        self.laptop().await;
        self.go("/sign-in").await;
        if self.path().await != "/sign-in" {
            self.press("Sign out").await;
            self.arrive("/sign-in").await;
        }
        self.write("input[name=user]", user).await;
        self.write("input[name=password]", DEMO_PASSWORD).await;
        self.press("Continue").await;
    }

    /// Waits until the code is on the laptop's screen, picture and all. Its address.
    pub(crate) async fn code(&self) -> String {
        self.laptop().await;
        let shown = Locator::Css("img[data-code]:not([hidden])");
        let wait = self.browser.wait().at_most(PATIENCE);
        wait.for_element(shown).await.unwrap();
        let painted = "const [done] = arguments;
            const code = document.querySelector('img[data-code]');
            code.decode().then(() => done(code.src), (error) => done(String(error)));";
        let address = self.browser.execute_async(painted, Vec::new()).await;
        let address = address.unwrap().as_str().unwrap().to_owned();
        assert!(address.contains("/code.png"), "no picture: {address}");
        address
    }

    /// Holds a phone to the code on the laptop's screen, and decides when it asks.
    pub(crate) async fn answer(&self, phone: &str, decision: Decision) {
        self.code().await;
        self.phone(phone).await;
        self.click("[data-look]").await;
        let button = match decision {
            Decision::Approve => "[data-approve]",
            Decision::Decline => "[data-decline]",
        };
        self.click(button).await;
    }

    /// Presses the right arrow in a field.
    pub(crate) async fn walk_right(&self, selector: &str) {
        let field = self.browser.find(Locator::Css(selector)).await.unwrap();
        field.send_keys("\u{e014}").await.unwrap();
    }

    /// On the roll-out page: chooses a mode, and waits for the page that shows it.
    pub(crate) async fn set_mode(&self, population: &str, mode: &str) {
        let before = "document.documentElement.dataset.before = 'yes'";
        self.browser.execute(before, Vec::new()).await.unwrap();
        let row = format!("li:has(input[value={population}])");
        self.click(&format!("{row} label:has(input[value={mode}])"))
            .await;
        let shown = format!("html:not([data-before]) {row} input[value={mode}]:checked");
        let shown = Locator::Css(&shown);
        self.browser
            .wait()
            .at_most(PATIENCE)
            .for_element(shown)
            .await
            .unwrap();
    }

    /// From the page for a new device to the one behind it.
    pub(crate) async fn enrol(&self, phone: &str, name: &str, next: &str) {
        self.arrive("/devices/new").await;
        self.write("[data-name]", name).await;
        self.press("Show the code").await;
        self.answer(phone, Decision::Approve).await;
        self.laptop().await;
        self.arrive(next).await;
    }

    /// From the password to the overview, with a phone.
    pub(crate) async fn sign_in(&self, user: &str, phone: &str) {
        self.password(user).await;
        self.arrive("/sign-in/passkey").await;
        self.answer(phone, Decision::Approve).await;
        self.laptop().await;
        self.arrive("/").await;
    }
}

/// A whole ceremony takes a second or two; a machine with other work to do takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
pub(crate) const PAUSE: Duration = Duration::from_millis(50);
