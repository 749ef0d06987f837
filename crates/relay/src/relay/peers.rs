//! Taking connections of other instances.

use std::convert::Infallible;

use tokio::net::TcpListener;
use tokio::time::sleep;

use super::Relay;
use super::accept::ACCEPT_PAUSE;
use crate::seat::Origin;

impl Relay {
    /// Accepts other instances' connections for ever, on a listener that no client may reach. There
    /// are none unless [`Config::peers`](crate::Config::peers) says so.
    ///
    /// # Cancel safety
    /// Dropping the future stops accepting; tunnels live on in the runtime.
    pub async fn serve_peers(&self, listener: TcpListener) -> Infallible {
        let mut failing = false;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    failing = false;
                    let mut seat = self.next_seat().await;
                    seat.come_from(Origin::Peer);
                    self.begin(stream, seat, None, None);
                }
                Err(error) => {
                    self.shared.metrics.accept_errors.inc();
                    if !failing {
                        tracing::warn!(%error, "cannot accept connections of other instances");
                    }
                    failing = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
