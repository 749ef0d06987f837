//! What a connection occupies, from accepting to closing its socket.

use crate::clients::ClientConnection;
use crate::metrics::{Counted, Metrics};

/// One connection's place in every count. It goes where the socket goes.
#[derive(Debug)]
pub(crate) struct Seat {
    _counted: Counted,
    /// `None` for a connection without a known address.
    client: Option<ClientConnection>,
}

impl Seat {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            _counted: Counted::new(&metrics.connections),
            client: None,
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
