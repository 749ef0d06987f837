//! Hearing phones: an unfiltered scan.

use std::convert::Infallible;
use std::pin::Pin;

use btleplug::api::bleuuid::uuid_from_u16;
use btleplug::api::{Central as _, CentralEvent, CentralState, Manager as _, ScanFilter};
use btleplug::platform::{Adapter, Manager};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use hawser_laptop::ScanError;
use hawser_proto::{LEGACY_SERVICE_UUID, SERVICE_UUID};

use super::BtleplugError;
use crate::scan::{Laptop, Radio, Scanning};

/// Hears the adverts of phones through the Bluetooth of Windows or macOS.
///
/// The scan starts with the first call of [`start`](hawser_laptop::Scanner::start) or [`next`](hawser_laptop::Scanner::next)
/// and ends when this is dropped. After an error the next call starts a new one. Adverts that nobody collects are dropped: a phone repeats its own several times a
/// second.
///
/// On macOS btleplug keeps a thread for each scan until the program ends, idle once the scan is over.
#[derive(Debug)]
pub struct Scanner(Scanning<System>);

impl Scanner {
    /// Scans with the first adapter that is switched on.
    #[must_use]
    pub const fn new() -> Self {
        Self(Scanning::with(System))
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl hawser_laptop::Scanner for Scanner {
    async fn start(&mut self) -> Result<(), ScanError> {
        self.0.start().await
    }

    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        self.0.next().await
    }
}

/// The Bluetooth of the operating system.
#[derive(Debug, Clone)]
struct System;

impl Radio for System {
    type Error = BtleplugError;

    const NO_ANSWER: BtleplugError = BtleplugError::NoAnswer;

    async fn scan(self, laptop: Laptop<BtleplugError>) -> Result<Infallible, BtleplugError> {
        run(&laptop).await
    }
}

async fn run(laptop: &Laptop<BtleplugError>) -> Result<Infallible, BtleplugError> {
    let (adapter, mut events) = adapter().await?;
    let adapter = StopOnDrop(adapter);
    // No filter on service UUIDs: it would hide adverts whose UUID is in the service data only. Duplicates are reported
    // unasked: btleplug asks macOS for them, and Windows reports every advert.
    adapter.0.start_scan(ScanFilter::default()).await?;
    laptop.started();
    while let Some(event) = events.next().await {
        match event {
            CentralEvent::ServiceDataAdvertisement {
                mut service_data, ..
            } => {
                // What is under the two UUIDs of the hybrid transport.
                for uuid in [SERVICE_UUID, LEGACY_SERVICE_UUID] {
                    if let Some(data) = service_data.remove(&uuid_from_u16(uuid)) {
                        laptop.hand_over(data);
                    }
                }
            }
            CentralEvent::StateUpdate(CentralState::PoweredOff) => {
                return Err(BtleplugError::PoweredOff);
            }
            // The system forgets the scan then, even if Bluetooth comes back at once.
            CentralEvent::StateUpdate(CentralState::Unknown) => {
                return Err(BtleplugError::NotReady);
            }
            _ => {}
        }
    }
    Err(BtleplugError::NoAnswer)
}

type Events = Pin<Box<dyn Stream<Item = CentralEvent> + Send>>;

/// The first adapter that is switched on, and what it reports from before it was looked at.
async fn adapter() -> Result<(Adapter, Events), BtleplugError> {
    let mut reason = BtleplugError::NoAdapter;
    for adapter in Manager::new().await?.adapters().await? {
        let events = adapter.events().await?;
        match adapter.adapter_state().await? {
            CentralState::PoweredOn => return Ok((adapter, events)),
            CentralState::PoweredOff => reason = BtleplugError::PoweredOff,
            CentralState::Unknown if matches!(reason, BtleplugError::NoAdapter) => {
                reason = BtleplugError::NotReady;
            }
            CentralState::Unknown => {}
        }
    }
    Err(reason)
}

/// Ends the scan however the task ends, also when it is cut off: btleplug goes on scanning for nobody otherwise.
struct StopOnDrop(Adapter);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        // One poll is enough: it stops the watcher of Windows, or posts the order to the thread that btleplug has on macOS.
        if let Some(Err(error)) = self.0.stop_scan().now_or_never() {
            tracing::debug!(%error, "the Bluetooth scan did not stop");
        }
    }
}
