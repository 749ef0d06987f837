//! A scan that a system's Bluetooth does: a task that goes on whatever the laptop does with its futures.

use std::convert::Infallible;
use std::future::Future;

use hawser_laptop::ScanError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// A system's Bluetooth.
pub(crate) trait Radio: Clone + Send + 'static {
    type Error: Into<ScanError> + Send + 'static;

    /// What is wrong when the task is gone and has said nothing, as after a panic.
    const NO_ANSWER: Self::Error;

    /// Scans until that fails.
    fn scan(
        self,
        laptop: Laptop<Self::Error>,
    ) -> impl Future<Output = Result<Infallible, Self::Error>> + Send;
}

/// The laptop, as the radio sees it.
#[derive(Debug)]
pub(crate) struct Laptop<E> {
    heard: mpsc::Sender<Result<Vec<u8>, E>>,
    started: watch::Sender<bool>,
}

impl<E> Laptop<E> {
    /// Says that the system has started the scan.
    pub(crate) fn started(&self) {
        self.started.send_replace(true);
    }

    /// Gives it the service data of an advert.
    pub(crate) fn hand_over(&self, service_data: Vec<u8>) {
        // A full backlog means that nobody collects.
        let _ = self.heard.try_send(Ok(service_data));
    }
}

/// Adverts that may wait for the laptop, which needs microseconds for each.
const BACKLOG: usize = 256;

/// The radio of a scanner, and its scan while there is one.
#[derive(Debug)]
pub(crate) struct Scanning<R: Radio> {
    radio: R,
    scan: Option<Scan<R::Error>>,
}

/// A task that owns everything, so that a dropped future loses nothing.
#[derive(Debug)]
struct Scan<E> {
    heard: mpsc::Receiver<Result<Vec<u8>, E>>,
    /// Whether the system has started it. Closed when it never will.
    started: watch::Receiver<bool>,
    _task: JoinSet<()>,
}

impl<R: Radio> Scanning<R> {
    pub(crate) const fn with(radio: R) -> Self {
        Self { radio, scan: None }
    }

    /// Waits until the system has started the scan. Cancel safe.
    pub(crate) async fn start(&mut self) -> Result<(), ScanError> {
        let started = &mut self.scan().started;
        if started.wait_for(|started| *started).await.is_ok() {
            return Ok(());
        }
        // It has ended, and its error stands behind whatever it heard before.
        loop {
            self.next().await?;
        }
    }

    /// The service data of the next advert. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        // The task sends its error before it ends.
        let heard = self.scan().heard.recv().await;
        heard.unwrap_or(Err(R::NO_ANSWER)).map_err(|error| {
            self.scan = None;
            error.into()
        })
    }

    fn scan(&mut self) -> &mut Scan<R::Error> {
        self.scan.get_or_insert_with(|| begin(self.radio.clone()))
    }
}

fn begin<R: Radio>(radio: R) -> Scan<R::Error> {
    let (sender, heard) = mpsc::channel(BACKLOG);
    let (tell, started) = watch::channel(false);
    let laptop = Laptop {
        heard: sender.clone(),
        started: tell,
    };
    let mut task = JoinSet::new();
    task.spawn(async move {
        let Err(error) = radio.scan(laptop).await;
        let _ = sender.send(Err(error)).await;
    });
    Scan {
        heard,
        started,
        _task: task,
    }
}
