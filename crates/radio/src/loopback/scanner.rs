//! Hearing adverts.

use std::net::Ipv4Addr;

use hawser_laptop::{ScanError, Scanner};
use hawser_proto::{LEGACY_SERVICE_UUID, SERVICE_UUID};
use tokio::net::UdpSocket;

use super::air::{Air, AirError};
use super::datagram;
use super::registration::Registration;

/// Hears the adverts of an [`Air`], from its creation on: those that come before the first call of
/// [`next`](Scanner::next) wait in the socket.
#[derive(Debug)]
pub struct LoopbackScanner {
    socket: UdpSocket,
    _registration: Registration,
}

impl Air {
    /// Starts to listen. Hears every advert in this air until it is dropped.
    ///
    /// # Errors
    /// [`AirError::Bind`], [`AirError::Register`].
    ///
    /// # Cancel safety
    /// A future that is dropped leaves nothing behind.
    pub async fn scanner(&self) -> Result<LoopbackScanner, AirError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(AirError::Bind)?;
        let port = socket.local_addr().map_err(AirError::Bind)?.port();
        let registration = Registration::create(self.directory(), port)?;
        Ok(LoopbackScanner {
            socket,
            _registration: registration,
        })
    }
}

impl Scanner for LoopbackScanner {
    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        // One byte more than the longest advert, so that a longer datagram, of which the rest is
        // cut off, does not fit.
        let mut buffer = [0; datagram::MAX_LEN + 1];
        loop {
            // Cancel safe: a datagram that was not returned stays in the socket.
            let (len, _) = self
                .socket
                .recv_from(&mut buffer)
                .await
                .map_err(ScanError::failed)?;
            let advert = buffer.get(..len).and_then(datagram::decode);
            if let Some((SERVICE_UUID | LEGACY_SERVICE_UUID, data)) = advert {
                return Ok(data.to_vec());
            }
            tracing::trace!(len, "a datagram that is no advert of ours");
        }
    }
}
