//! From an accepted connection to one that can be asked what it wants: whose it is, and TLS.

use std::net::IpAddr;

use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::address::{Told, read_header};
use crate::config::AddressFrom;
use crate::metrics::Limit;
use crate::relay::Shared;
use crate::seat::Seat;
use crate::socket::Socket;
use crate::tls::HandshakeFailure;

/// A connection that has just been accepted.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    pub(crate) seat: Seat,
    /// The trusted proxy that it comes from, which has yet to say whose it is.
    pub(crate) proxy: Option<IpAddr>,
    /// Of the listener that it came through, if that one speaks TLS.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// A connection that can be asked what it wants.
pub(crate) struct Admitted {
    pub(crate) socket: Socket,
    pub(crate) seat: Seat,
    /// The trusted proxy whose request has yet to say whose it is.
    pub(crate) proxy: Option<IpAddr>,
}

impl Shared {
    /// Does what comes before the request. `None` for a connection that fails at it.
    pub(crate) async fn admit(&self, arrival: Arrival) -> Option<Admitted> {
        if arrival.proxy.is_none() && arrival.tls.is_none() {
            return Some(Admitted {
                socket: arrival.socket,
                seat: arrival.seat,
                proxy: None,
            });
        }
        // Boxed, so that a plain connection keeps no room for it.
        Box::pin(self.greet(arrival)).await
    }

    async fn greet(&self, arrival: Arrival) -> Option<Admitted> {
        let Arrival {
            mut socket,
            mut seat,
            mut proxy,
            tls,
        } = arrival;
        if self.config.proxies.address_from == AddressFrom::ProxyProtocol
            && let Some(address) = proxy.take()
        {
            self.read_proxy_header(&mut socket, &mut seat, address)
                .await?;
        }
        if let Some(tls) = tls {
            socket = self.handshake(socket, &tls).await?;
        }
        Some(Admitted {
            socket,
            seat,
            proxy,
        })
    }

    async fn read_proxy_header(
        &self,
        socket: &mut Socket,
        seat: &mut Seat,
        proxy: IpAddr,
    ) -> Option<()> {
        let Socket::Tcp(stream) = socket else {
            return None;
        };
        let time = self.config.limits.handshake_time;
        let told = timeout(time, read_header(stream))
            .await
            .unwrap_or(Told::TimedOut);
        self.metrics.count_told(told);
        let client = match told {
            Told::Client(address) => address,
            Told::Nothing => proxy,
            Told::Malformed | Told::TimedOut | Told::Lost => {
                tracing::debug!(reason = told.label(), "a proxy sent no PROXY header");
                return None;
            }
        };
        if let Ok(client) = self.clients.connect(client) {
            seat.assign(client);
            return Some(());
        }
        self.metrics.count_limit(Limit::ClientConnections);
        None
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
