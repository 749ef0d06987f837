//! Plays a scenario and keeps what explains a failure.

use std::any::Any;
use std::fs::{self, File};
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use futures_util::FutureExt as _;

use super::{Rig, RigError, Setup};

/// A scenario that went as it should.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Passed {
    /// The browser stalled once and everything was done again. To be reported.
    pub retried: bool,
}

/// A scenario that did not.
#[derive(Debug, thiserror::Error)]
#[error("{name} failed: {reason}\nkept in {}: {}", kept.display(), files.join(", "))]
pub struct Failed {
    name: String,
    reason: String,
    kept: PathBuf,
    files: Vec<String>,
}

/// Builds the world, plays the scenario in it, and takes it down.
///
/// A [stall](RigError::Stall) of the browser, and nothing else, is tried again once, and written into `folder`/`interop`/[`STALLS`]. On failure the screenshot, the browser's device log
/// and the relay's log stay in `folder`/`name`.
///
/// # Errors
/// [`Failed`], which names what was kept.
pub async fn run(
    folder: &Path,
    name: &str,
    setup: &Setup,
    scenario: impl AsyncFn(&mut Rig) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Passed, Failed> {
    let kept = folder.join("interop").join(name);
    // Of an earlier run; a folder that cannot be made shows when something is written to it.
    let _ = fs::remove_dir_all(&kept);
    let _ = fs::create_dir_all(&kept);
    log_into(&kept.join("relay.log"));
    for retried in [false, true] {
        match once(&kept, setup, &scenario).await {
            Ok(()) => {
                let _ = fs::remove_dir_all(&kept);
                if retried {
                    report(folder, name);
                }
                return Ok(Passed { retried });
            }
            Err(Broken::Stall) if !retried => {}
            Err(broken) => {
                let reason = match broken {
                    Broken::Stall => "the browser stalled twice".to_owned(),
                    Broken::Because(reason) => reason,
                };
                return Err(Failed {
                    name: name.to_owned(),
                    reason,
                    files: files_in(&kept),
                    kept,
                });
            }
        }
    }
    // The second round always returns.
    Err(Failed {
        name: name.to_owned(),
        reason: String::new(),
        files: Vec::new(),
        kept,
    })
}

/// The file that has a line for each scenario that passed only at its second try.
pub const STALLS: &str = "stalls.txt";

/// A runner shows nothing of a test that passes, so this goes to a file.
fn report(folder: &Path, name: &str) {
    let file = File::options()
        .create(true)
        .append(true)
        .open(folder.join("interop").join(STALLS));
    let line = format!("{name}: the browser stalled once, and passed at the second try\n");
    if let Ok(mut file) = file {
        // One write of a short line: several tests may do this at once.
        let _ = file.write_all(line.as_bytes());
    }
}

enum Broken {
    Stall,
    Because(String),
}

async fn once(
    kept: &Path,
    setup: &Setup,
    scenario: &impl AsyncFn(&mut Rig) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Broken> {
    let mut rig = match Rig::build(setup).await {
        Ok(rig) => rig,
        Err(error) => return Err(Broken::Because(chain(&error))),
    };
    let broken = match AssertUnwindSafe(scenario(&mut rig)).catch_unwind().await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) if matches!(error.downcast_ref(), Some(RigError::Stall)) => Broken::Stall,
        Ok(Err(error)) => Broken::Because(chain(&*error)),
        Err(panic) => Broken::Because(panic_message(&*panic)),
    };
    keep(&mut rig, kept).await;
    Err(broken)
}

/// As much as can still be had: the browser may be the part that broke.
async fn keep(rig: &mut Rig, kept: &Path) {
    if let Ok(picture) = rig.laptop.screen.photograph() {
        let _ = picture.save(kept.join("screenshot.png"));
    }
    if let Ok(log) = rig.laptop.browser.device_log().await {
        let _ = fs::write(kept.join("device-log.txt"), log);
    }
    let _ = fs::copy(rig.laptop.log(), kept.join("chromium.log"));
    let _ = fs::write(
        kept.join("radio.txt"),
        format!("{:#?}\n{:#?}\n", rig.bluez.radio(), rig.relay.stats()),
    );
}

/// Sends the log of the libraries to a file. The first one of a process wins; nextest gives each test its own process.
fn log_into(path: &Path) {
    let Ok(file) = File::create(path) else { return };
    let filter = tracing_subscriber::EnvFilter::new("hawser=debug,hawser_interop::bluez=info");
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init();
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
