//! Hearing phones: an unfiltered scan.

use std::convert::Infallible;
use std::pin::Pin;

use btleplug::api::bleuuid::uuid_from_u16;
use btleplug::api::{Central as _, CentralEvent, CentralState, Manager as _, ScanFilter};
use btleplug::platform::{Adapter, Manager};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use hawser_laptop::ScanError;
use hawser_proto::{LEGACY_SERVICE_UUID, SERVICE_UUID};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::BtleplugError;

/// Hears the adverts of phones through the Bluetooth of Windows or macOS.
///
/// The scan starts with the first call of [`start`](hawser_laptop::Scanner::start) or [`next`](hawser_laptop::Scanner::next)
/// and ends when this is dropped. After an error the next call starts a new one. Adverts that nobody collects are dropped: a phone repeats its own several times a
/// second.
///
/// On macOS btleplug keeps a thread for each scan until the program ends, idle once the scan is over.
#[derive(Debug, Default)]
pub struct Scanner {
    scan: Option<Scan>,
}

impl Scanner {
    /// Scans with the first adapter that is switched on.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn scan(&mut self) -> &mut Scan {
        self.scan.get_or_insert_with(Scan::start)
    }
}

impl hawser_laptop::Scanner for Scanner {
    async fn start(&mut self) -> Result<(), ScanError> {
        if self
            .scan()
            .started
            .wait_for(|started| *started)
            .await
            .is_ok()
        {
            return Ok(());
        }
        // It has ended, and its error stands behind whatever it heard before.
        loop {
            self.next().await?;
        }
    }

    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        let scan = self.scan();
        match scan.heard.recv().await {
            Some(Ok(service_data)) => Ok(service_data),
            Some(Err(error)) => {
                self.scan = None;
                Err(error.into())
            }
            // The task sends its error before it ends, unless btleplug panics.
            None => {
                self.scan = None;
                Err(BtleplugError::NoAnswer.into())
            }
        }
    }
}

/// A scan under way: a task that reads all the time, so that a dropped future loses nothing.
#[derive(Debug)]
struct Scan {
    heard: mpsc::Receiver<Result<Vec<u8>, BtleplugError>>,
    /// Whether the system has started it. Closed when it never will.
    started: watch::Receiver<bool>,
    _task: JoinSet<()>,
}

impl Scan {
    fn start() -> Self {
        let (sender, heard) = mpsc::channel(BACKLOG);
        let (tell, started) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let Err(error) = run(&sender, tell).await;
            let _ = sender.send(Err(error)).await;
        });
        Self {
            heard,
            started,
            _task: task,
        }
    }
}

/// Adverts that may wait for the laptop, which needs microseconds for each.
const BACKLOG: usize = 256;

async fn run(
    heard: &mpsc::Sender<Result<Vec<u8>, BtleplugError>>,
    tell: watch::Sender<bool>,
) -> Result<Infallible, BtleplugError> {
    let (adapter, mut events) = adapter().await?;
    let adapter = StopOnDrop(adapter);
    // No filter on service UUIDs: it would hide adverts whose UUID is in the service data only. Duplicates are reported
    // unasked: btleplug asks macOS for them, and Windows reports every advert.
    adapter.0.start_scan(ScanFilter::default()).await?;
    tell.send_replace(true);
    while let Some(event) = events.next().await {
        match event {
            CentralEvent::ServiceDataAdvertisement {
                mut service_data, ..
            } => {
                // What is under the two UUIDs of the hybrid transport.
                for uuid in [SERVICE_UUID, LEGACY_SERVICE_UUID] {
                    if let Some(data) = service_data.remove(&uuid_from_u16(uuid)) {
                        // A full backlog means that nobody collects.
                        let _ = heard.try_send(Ok(data));
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
