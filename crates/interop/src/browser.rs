//! A real Chromium as the laptop.

mod devtools;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::process::Process;
use devtools::Devtools;
pub use devtools::DevtoolsError;

/// What a browser needs to know of the world that the test made for it.
#[derive(Debug)]
pub struct World<'a> {
    /// A folder of its own; the profile, the home folder and the log go there.
    pub folder: &'a Path,
    /// The X display.
    pub display: &'a str,
    /// The address of the D-Bus with the BlueZ stand-in.
    pub bus: &'a str,
    /// Tunnel domains, and the address of the relay behind all of them. No other name resolves, except `localhost`.
    pub domains: &'a [String],
    /// HOST:PORT of the relay's TLS port.
    pub relay: &'a str,
    /// The page to open.
    pub url: &'a str,
}

/// A Chromium with one page open. It ends when dropped.
#[derive(Debug)]
pub struct Browser {
    process: Process,
    devtools: Devtools,
    page: Page,
}

/// A tab.
#[derive(Clone, Debug)]
pub struct Page {
    target: String,
    session: String,
}

/// Why there is no browser, or no answer from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// It could not be started.
    #[error("Chromium did not start: is the package chromium installed?")]
    Start(#[source] io::Error),
    /// It started and did not come up; its log says why.
    #[error("Chromium did not come up: see {}", log.display())]
    NotUp {
        /// What it printed.
        log: PathBuf,
    },
    /// Its remote control failed.
    #[error("Chromium's remote control failed")]
    Devtools(#[from] DevtoolsError),
    /// A script of the test threw.
    #[error("a script failed in the page: {0}")]
    Script(String),
}

impl Browser {
    /// Starts a browser with a fresh profile and waits until the page has loaded.
    ///
    /// # Errors
    /// [`BrowserError`], at the latest after a minute.
    pub async fn start(world: &World<'_>) -> Result<Self, BrowserError> {
        let profile = world.folder.join("profile");
        let log = world.folder.join("chromium.log");
        fs::create_dir_all(&profile).map_err(BrowserError::Start)?;
        let mut process = Process::start("chromium", &log, |command| {
            command
                .args(SWITCHES)
                .arg(format!("--user-data-dir={}", profile.display()))
                .arg(format!("--host-resolver-rules={}", resolver_rules(world)))
                .arg("about:blank")
                .env("HOME", world.folder)
                // What a browser that is killed leaves behind goes with the folder.
                .env("TMPDIR", world.folder)
                .env("DISPLAY", world.display)
                .env("DBUS_SYSTEM_BUS_ADDRESS", world.bus)
                .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
                .env("NO_AT_BRIDGE", "1")
                .env_remove("WAYLAND_DISPLAY");
        })
        .map_err(BrowserError::Start)?;
        let not_up = || BrowserError::NotUp { log: log.clone() };
        let deadline = Instant::now() + START;
        // Chromium chooses the port of its remote control and writes it into the profile.
        let url = loop {
            if let Some(url) = remote_control(&profile) {
                break url;
            }
            if Instant::now() > deadline || !matches!(process.ended(), Ok(None)) {
                return Err(not_up());
            }
            sleep(POLL).await;
        };
        let mut devtools = Devtools::connect(&url).await?;
        let page = open(&mut devtools, world.url).await?;
        let mut browser = Self {
            process,
            devtools,
            page,
        };
        while !browser.shows(world.url).await? {
            if Instant::now() > deadline {
                return Err(not_up());
            }
            sleep(POLL).await;
        }
        Ok(browser)
    }

    /// The value of a JavaScript expression in the page, as if the user had just clicked.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value, BrowserError> {
        let page = self.page.clone();
        self.evaluate_in(&page, expression).await
    }

    /// Closes the page, as a user who closes the tab. The browser stays, with another empty tab.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn close_page(&mut self) -> Result<(), BrowserError> {
        let next = open(&mut self.devtools, "about:blank").await?;
        let closed = std::mem::replace(&mut self.page, next);
        self.devtools
            .call(
                None,
                "Target.closeTarget",
                json!({ "targetId": closed.target }),
            )
            .await?;
        Ok(())
    }

    /// Whether the page is there, complete: a new tab is a complete empty page first.
    async fn shows(&mut self, url: &str) -> Result<bool, BrowserError> {
        let state = self.evaluate("[location.href, document.readyState]").await;
        match state {
            // A page that is just being left does not answer.
            Err(BrowserError::Devtools(DevtoolsError::Refused { .. })) => Ok(false),
            state => Ok(state? == json!([url, "complete"])),
        }
    }

    /// What Chromium's own log says of security keys and Bluetooth: `chrome://device-log`, newest entry first.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn device_log(&mut self) -> Result<String, BrowserError> {
        let page = open(
            &mut self.devtools,
            "chrome://device-log/?types=FIDO,Bluetooth",
        )
        .await?;
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut log = String::new();
        while log.is_empty() && Instant::now() < deadline {
            sleep(POLL).await;
            let text = self.evaluate_in(&page, DEVICE_LOG).await?;
            text.as_str().unwrap_or_default().clone_into(&mut log);
        }
        self.devtools
            .call(
                None,
                "Target.closeTarget",
                json!({ "targetId": page.target }),
            )
            .await?;
        Ok(log)
    }

    /// Kills it and everything it started.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    async fn evaluate_in(&mut self, page: &Page, expression: &str) -> Result<Value, BrowserError> {
        let parameters = json!({
            "expression": expression, "userGesture": true, "awaitPromise": false, "returnByValue": true,
        });
        let mut reply = self
            .devtools
            .call(Some(&page.session), "Runtime.evaluate", parameters)
            .await?;
        if let Some(exception) = reply.get("exceptionDetails") {
            return Err(BrowserError::Script(exception.to_string()));
        }
        Ok(reply
            .pointer_mut("/result/value")
            .map(Value::take)
            .unwrap_or_default())
    }
}

async fn open(devtools: &mut Devtools, url: &str) -> Result<Page, BrowserError> {
    let created = devtools
        .call(None, "Target.createTarget", json!({ "url": url }))
        .await?;
    let target = text(&created, "targetId");
    let attached = devtools
        .call(
            None,
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        )
        .await?;
    Ok(Page {
        target,
        session: text(&attached, "sessionId"),
    })
}

fn text(reply: &Value, field: &str) -> String {
    reply
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn remote_control(profile: &Path) -> Option<String> {
    let written = fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
    let (port, path) = written.trim().split_once('\n')?;
    Some(format!("ws://127.0.0.1:{port}{path}"))
}

fn resolver_rules(world: &World<'_>) -> String {
    let mut rules: Vec<String> = world
        .domains
        .iter()
        .map(|domain| format!("MAP {domain}:443 {}", world.relay))
        .collect();
    rules.extend(["MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1"].map(str::to_owned));
    rules.join(", ")
}

/// A browser that does nothing of its own accord. The logging is what `chrome://device-log` does not keep.
const SWITCHES: [&str; 17] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--no-proxy-server",
    "--password-store=basic",
    "--remote-debugging-port=0",
    "--window-size=1200,940",
    "--window-position=0,0",
    "--enable-logging=stderr",
    "--vmodule=*fido*=2,*cable*=2,*websocket*=1",
];

const DEVICE_LOG: &str = "(() => { \
    const app = document.querySelector('device-log-app'); \
    const list = app && app.shadowRoot && app.shadowRoot.querySelector('#logContainer'); \
    return list ? list.innerText : ''; })()";

const START: Duration = Duration::from_mins(1);
/// The browser tells nobody when it is ready, so it is asked.
const POLL: Duration = Duration::from_millis(50);
