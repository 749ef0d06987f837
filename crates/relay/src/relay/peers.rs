//! Taking connections of other instances, no more than allowed.

use std::convert::Infallible;

use tokio::net::TcpListener;
use tokio::time::sleep;

use super::Relay;
use super::door::ACCEPT_PAUSE;
use crate::config::Ceiling;
use crate::metrics::Limit;

impl Relay {
    /// Accepts other instances' connections for ever, on a listener that no client may reach. There
    /// are none unless [`Config::peers`](crate::Config::peers) says so.
    ///
    /// # Cancel safety
    /// Dropping the future stops accepting; tunnels live on in the runtime.
    pub async fn serve_peers(&self, listener: TcpListener) -> Infallible {
        let metrics = &self.shared.metrics;
        let most = self.most_peer_connections();
        let mut door = self.door(&listener, "other instances");
        loop {
            while most.is_some_and(|most| metrics.peers.connections.get() >= most) {
                metrics.count_limit(Limit::PeerConnections);
                sleep(ACCEPT_PAUSE).await;
            }
            let (stream, _) = door.next().await;
            let seat = self.next_seat().await.of_peer(metrics);
            self.begin(stream, seat, None, None);
        }
    }

    /// Most connections of other instances at once; `None` is any number.
    fn most_peer_connections(&self) -> Option<i64> {
        let peers = self.shared.config.peers.as_ref();
        let most = match peers.map_or(Ceiling::Auto, |peers| peers.limits.connections) {
            Ceiling::Auto => self.most_connections().map(|all| (all / 2).max(1)),
            Ceiling::At(most) => Some(most),
            Ceiling::None => None,
        };
        most.map(|most| i64::try_from(most).unwrap_or(i64::MAX))
    }
}
