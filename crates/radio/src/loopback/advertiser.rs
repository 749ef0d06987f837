//! Sending adverts.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use hawser_phone::{AdvertiseError, Advertiser};
use hawser_proto::SERVICE_UUID;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::air::Air;
use super::datagram::{self, MAX_SERVICE_DATA};
use super::registration::listeners;

/// How often an advert is repeated: as often as an Android phone does in its low-latency mode.
pub const ADVERT_INTERVAL: Duration = Duration::from_millis(100);

/// Sends adverts into an [`Air`].
#[derive(Debug, Clone)]
pub struct LoopbackAdvertiser {
    air: Air,
}

/// Keeps an advert on the air. Dropping it takes the advert off.
#[derive(Debug)]
#[must_use = "the advert goes off the air when the guard is dropped"]
pub struct AdvertGuard {
    task: AbortHandle,
}

impl Air {
    /// Sends adverts into this air.
    #[must_use]
    pub fn advertiser(&self) -> LoopbackAdvertiser {
        LoopbackAdvertiser { air: self.clone() }
    }
}

impl Advertiser for LoopbackAdvertiser {
    type Guard = AdvertGuard;

    /// Sends the advert at once and then every [`ADVERT_INTERVAL`].
    ///
    /// # Errors
    /// [`AdvertiseError::Unsupported`] for more than [`MAX_SERVICE_DATA`] bytes,
    /// [`AdvertiseError::Other`] when the air's directory has gone.
    async fn advertise(&self, service_data: &[u8]) -> Result<AdvertGuard, AdvertiseError> {
        let Some(datagram) = datagram::encode(SERVICE_UUID, service_data) else {
            let limit = format!("at most {MAX_SERVICE_DATA} bytes of service data");
            return Err(AdvertiseError::Unsupported(limit.into()));
        };
        let mut transmitter = Transmitter::new(self.air.clone(), datagram);
        transmitter
            .transmit()
            .map_err(|error| AdvertiseError::Other(error.into()))?;
        let task = tokio::spawn(transmitter.repeat());
        Ok(AdvertGuard {
            task: task.abort_handle(),
        })
    }
}

impl Drop for AdvertGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One advert and the sockets that it goes out by.
struct Transmitter {
    air: Air,
    datagram: Vec<u8>,
    /// By the listener's file. Connected, because a system tells only a connected socket that
    /// nobody listens at the other end; and kept, because it tells with the next datagram.
    sockets: HashMap<PathBuf, UdpSocket>,
}

impl Transmitter {
    fn new(air: Air, datagram: Vec<u8>) -> Self {
        Self {
            air,
            datagram,
            sockets: HashMap::new(),
        }
    }

    async fn repeat(mut self) {
        let mut ticks = interval_at(Instant::now() + ADVERT_INTERVAL, ADVERT_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.transmit() {
                tracing::debug!(%error, "advert not sent");
            }
        }
    }

    /// Sends the advert to every listener once. Blocks, for a look into one small directory.
    fn transmit(&mut self) -> io::Result<()> {
        let listeners = listeners(self.air.directory())?;
        self.sockets
            .retain(|known, _| listeners.iter().any(|(path, _)| path == known));
        for (path, port) in listeners {
            match self.send(&path, port) {
                Err(error) if nobody_listens(&error) => {
                    self.sockets.remove(&path);
                    let removed = fs::remove_file(&path).is_ok();
                    tracing::debug!(port, removed, "a listener has gone without a word");
                }
                Err(error) => tracing::debug!(port, %error, "advert not sent to one listener"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn send(&mut self, path: &PathBuf, port: u16) -> io::Result<()> {
        let socket = if let Some(socket) = self.sockets.get(path) {
            socket
        } else {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect((Ipv4Addr::LOCALHOST, port))?;
            socket.set_nonblocking(true)?;
            self.sockets.entry(path.clone()).or_insert(socket)
        };
        socket.send(&self.datagram).map(|_| ())
    }
}

/// Unix says refused, Windows says reset.
fn nobody_listens(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
