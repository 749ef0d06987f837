//! What a connection occupies, from accepting to closing its socket.

use crate::clients::ClientConnection;
use crate::metrics::{Counted, Metrics};

/// One connection's place in every count. It goes where the socket goes.
#[derive(Debug)]
pub(crate) struct Seat {
    _counted: Counted,
    /// `None` for a connection without a known address.
    client: Option<ClientConnection>,
    /// Its place among the connections of other instances, if it is one.
    peer: Option<Counted>,
}

/// Which listener a connection came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The one for clients.
    Client,
    /// The one for other instances, which count their clients themselves.
    Peer,
}

impl Seat {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            _counted: Counted::new(&metrics.connections),
            client: None,
            peer: None,
        }
    }

    /// Counts it among the connections of other instances.
    pub(crate) fn of_peer(mut self, metrics: &Metrics) -> Self {
        self.peer = Some(Counted::new(&metrics.peers.connections));
        self
    }

    /// Which listener it came through.
    pub(crate) fn origin(&self) -> Origin {
        match self.peer {
            Some(_) => Origin::Peer,
            None => Origin::Client,
        }
    }

    /// Whose connection this is.
    pub(crate) fn client(&self) -> Option<&ClientConnection> {
        self.client.as_ref()
    }

    /// Counts the connection against its client too.
    pub(crate) fn assign(&mut self, client: ClientConnection) {
        self.client = Some(client);
    }
}
