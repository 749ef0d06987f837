//! Chromium behind chromedriver.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use axum::http::Method;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use serde_json::{Value, json};
use webauthn_rs::prelude::Url;

/// The browser's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// Ends with the test.
pub(super) struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts chromedriver on a port that it chooses, and returns its address.
///
/// It takes the port for IPv6 first, and ends when somebody has the same one for IPv4: tests beside this one have many.
pub(super) fn start_driver(folder: &Path) -> (Driver, String) {
    let mut said = String::new();
    for _ in 0..10 {
        match try_driver(folder) {
            Ok(started) => return started,
            Err(last) => said = last,
        }
    }
    panic!("chromedriver tells no port: {said}");
}

/// What it said instead is the error.
fn try_driver(folder: &Path) -> Result<(Driver, String), String> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        // What a browser that is killed leaves behind goes with the folder.
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts: is the package chromium-driver installed?");
    let out = BufReader::new(child.stdout.take().unwrap());
    let driver = Driver(child);
    let mut said = String::new();
    for line in out.lines().map_while(Result::ok) {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            let port: u16 = port.trim_end_matches('.').parse().unwrap();
            return Ok((driver, format!("http://127.0.0.1:{port}")));
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(said)
}

pub(super) fn capabilities(profile: &str, scheme: Scheme, camera: Option<&Path>) -> Capabilities {
    let colours = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let mut wanted = json!({
        "goog:chromeOptions": {
            "args": [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                format!("--user-data-dir={profile}"),
                format!("--blink-settings=preferredColorScheme={colours}"),
            ],
        },
    });
    if let Some(film) = camera {
        let arguments = wanted["goog:chromeOptions"]["args"].as_array_mut().unwrap();
        arguments.extend([
            json!("--use-fake-ui-for-media-stream"),
            json!("--use-fake-device-for-media-stream"),
            json!(format!(
                "--use-file-for-fake-video-capture={}",
                film.display()
            )),
        ]);
    }
    match wanted {
        Value::Object(wanted) => wanted,
        _ => Capabilities::new(),
    }
}

/// A command of the protocol of Chrome's developer tools, which chromedriver passes on.
#[derive(Debug)]
pub(super) struct DevTools {
    pub(super) method: &'static str,
    pub(super) parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.method, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}
