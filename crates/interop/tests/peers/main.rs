//! Our laptop and our phone against programs that are made of other people's published libraries.
//!
//! Each is a workspace of its own under `peers/`, built here into `target/peers`. It is a separate process: neither its
//! licence nor its lock file touches ours.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod kanidm_phone;
mod libwebauthn_laptop;
mod programs;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use hawser_interop::process::Process;
use hawser_interop::rig::RelayUnderTest;
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// A session takes a second; a busy machine gets more.
const PATIENCE: Duration = Duration::from_mins(1);

/// Builds the peer of this name and returns its program.
fn build(peer: &str) -> PathBuf {
    build_in(&Path::new("peers").join(peer), peer)
}

/// Builds a program in a folder beside this one, which takes minutes when it has never been built.
///
/// Never where the other tests have their programs: one of them may be running.
fn build_in(folder: &Path, program: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--bin", program])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} could not be built:\n{said}"
    );
    target.join("debug").join(program)
}

/// Waits for the end of a peer.
async fn ended(peer: &mut Process) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = peer.ended().expect("the peer's state") {
            return status;
        }
        assert!(
            Instant::now() < deadline,
            "the peer does not end:\n{}",
            said(peer)
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// What a peer printed.
fn said(peer: &Process) -> String {
    std::fs::read_to_string(peer.log()).unwrap_or_default()
}

/// The last JSON object that a program printed.
fn last_json(program: &Process) -> Option<Value> {
    let output = said(program);
    let line = output.lines().rev().find(|line| line.starts_with('{'))?;
    Some(serde_json::from_str(line).expect("JSON"))
}

/// The relay's gauges are zero again.
async fn nothing_stays(relay: &RelayUnderTest) {
    relay
        .empty_within(Duration::from_secs(20))
        .await
        .expect("an empty relay");
}
