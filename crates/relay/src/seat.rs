//! What a connection occupies, from accepting to closing its socket.

use crate::clients::ClientConnection;
use crate::metrics::{Counted, Metrics};

/// One connection's place in every count. It goes where the socket goes.
#[derive(Debug)]
pub(crate) struct Seat {
    _counted: Counted,
    /// `None` for a connection without a known address.
    client: Option<ClientConnection>,
    origin: Origin,
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
            origin: Origin::Client,
        }
    }

    /// Says which listener it came through, if it is not the one for clients.
    pub(crate) fn come_from(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Which listener it came through.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
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
