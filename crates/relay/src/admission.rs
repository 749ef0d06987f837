//! From an accepted connection to one that can be asked what it wants: the TLS handshake.

use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::relay::Shared;
use crate::seat::Seat;
use crate::socket::Socket;
use crate::tls::HandshakeFailure;

/// A connection that has just been accepted.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    pub(crate) seat: Seat,
    /// Of the listener that it came through, if that one speaks TLS.
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Shared {
    /// Does what comes before the request. `None` for a connection that fails at it.
    pub(crate) async fn admit(&self, arrival: Arrival) -> Option<(Socket, Seat)> {
        let Arrival { socket, seat, tls } = arrival;
        let socket = match tls {
            None => socket,
            // Boxed, so that a plaintext connection keeps no room for it.
            Some(tls) => Box::pin(self.handshake(socket, &tls)).await?,
        };
        Some((socket, seat))
    }

    async fn handshake(&self, socket: Socket, tls: &TlsAcceptor) -> Option<Socket> {
        let time = self.config.limits.handshake_time;
        let failure = match timeout(time, tls.accept(socket)).await {
            Ok(Ok(stream)) => {
                self.metrics.count_handshake(None);
                return Some(Socket::Tls(Box::new(stream)));
            }
            Ok(Err(error)) => HandshakeFailure::from(&error),
            Err(_) => HandshakeFailure::TimedOut,
        };
        self.metrics.count_handshake(Some(failure));
        tracing::debug!(reason = failure.label(), "TLS handshake failed");
        None
    }
}
