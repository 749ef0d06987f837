//! The radio: the real one, and its simulation.

use std::time::Duration;

use hawser_laptop::Scanner as _;
use hawser_phone::Advertiser as _;
use hawser_radio::loopback::Air;
use tokio::time::timeout;

use super::Finding;
use crate::ending::in_words;

const BLUETOOTH: &str = "Bluetooth";
const SIMULATED: &str = "simulated radio";

/// D-Bus, the Bluetooth service and its adapter: the first that fails is what has to be mended.
#[cfg(all(feature = "bluez", target_os = "linux"))]
pub(super) async fn adapter() -> Finding {
    match hawser_radio::bluez::check().await {
        Ok(adapter) if adapter.can_advertise => Finding::good(
            BLUETOOTH,
            format!("{} is on, and can listen and advertise", adapter.path),
        ),
        Ok(adapter) => Finding::fair(
            BLUETOOTH,
            format!(
                "{} is on and can listen, so this computer can be the laptop; it cannot advertise, so it cannot be the phone",
                adapter.path
            ),
        ),
        Err(error) => Finding::bad(BLUETOOTH, in_words(&error)),
    }
}

#[cfg(not(all(feature = "bluez", target_os = "linux")))]
pub(super) async fn adapter() -> Finding {
    Finding::skipped(
        BLUETOOTH,
        "this program was built without Bluetooth: on Linux, build it with the feature bluez",
    )
}

/// An advert of our own, heard by ourselves.
pub(super) async fn simulated_radio() -> Finding {
    let heard = async {
        let air = Air::of_this_user().map_err(|error| in_words(&error))?;
        let mut scanner = air.scanner().await.map_err(|error| in_words(&error))?;
        let advertiser = air.advertiser();
        let _on_the_air = advertiser
            .advertise(PROBE)
            .await
            .map_err(|error| in_words(&error))?;
        // Other programs may be heard as well.
        while scanner.next().await.map_err(|error| in_words(&error))? != PROBE {}
        Ok::<_, String>(air.directory().display().to_string())
    };
    match timeout(PATIENCE, heard).await {
        Ok(Ok(directory)) => Finding::good(SIMULATED, format!("adverts are heard in {directory}")),
        Ok(Err(words)) => Finding::bad(SIMULATED, words),
        Err(_) => Finding::bad(
            SIMULATED,
            "an advert was sent and not heard: does a firewall drop UDP on 127.0.0.1?",
        ),
    }
}

/// No phone says this: adverts have twenty bytes.
const PROBE: &[u8] = b"hawser doctor";
/// Adverts are repeated ten times a second.
const PATIENCE: Duration = Duration::from_secs(3);
