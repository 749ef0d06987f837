//! Scenarios with a real Chromium as the laptop: what the page, the site, the phone and the relay saw.
#![cfg(target_os = "linux")]
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod air;
mod ceremonies;
mod console;
mod endings;

use std::path::Path;
use std::pin::Pin;

use hawser_interop::rig::{Rig, Setup, run};
use hawser_interop::site::{Registration, UserVerificationPolicy};
use hawser_phone::PhoneOutcome;
use hawser_wire::CloseReason;

type Played = Result<(), Box<dyn std::error::Error>>;

/// Plays a scenario in a world of its own. The name is that of the test.
fn play<'a>(
    name: &'a str,
    setup: Setup,
    scenario: impl AsyncFn(&mut Rig) -> Played + 'a,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    Box::pin(async move {
        if let Err(failed) = run(folder, name, &setup, scenario).await {
            panic!("{failed}");
        }
    })
}

/// A new passkey for this account.
fn passkey_for(account: &str) -> Registration {
    Registration {
        account: account.to_owned(),
        user_verification: UserVerificationPolicy::Preferred,
        exclude: Vec::new(),
    }
}

/// The relay's view of tunnels that all ended in good order: as many as were opened, and nothing left.
async fn relay_saw_good_tunnels(rig: &Rig, tunnels: u64) -> Played {
    rig.relay_is_empty().await?;
    let relay = &rig.relay;
    assert_eq!((relay.opened(), relay.joined()), (tunnels, tunnels));
    assert_eq!(relay.closed("paired", CloseReason::PeerClosed), tunnels);
    assert_eq!(relay.refused(), 0);
    Ok(())
}

/// The CTAP status of every reply of the phone.
fn statuses(outcome: &PhoneOutcome) -> Vec<u8> {
    outcome.answers.iter().map(|answer| answer.status).collect()
}
