//! From an accepted connection to one that can be asked what it wants: whose it is, and TLS.

use std::net::IpAddr;

use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::address::{Told, read_header};
use crate::config::AddressFrom;
use crate::metrics::Limit;
use crate::seat::Seat;
use crate::shared::Shared;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus::{Registry, TextEncoder};
    use rustls::pki_types::ServerName;
    use tokio::io::{AsyncWriteExt as _, duplex};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::{Instant, sleep};
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::tls::Tls;
    use crate::{Config, Relay};

    const LIMIT: Duration = Duration::from_secs(3);

    /// What is left of the limit when something comes at its last moment.
    const MOMENT: Duration = Duration::from_millis(10);

    struct Door {
        relay: Relay,
        registry: Registry,
        tls: Tls,
        client: TlsConnector,
    }

    impl Door {
        fn new() -> Self {
            let mut config = Config::default();
            config.limits.handshake_time = LIMIT;
            config.proxies.address_from = AddressFrom::ProxyProtocol;
            let relay = Relay::new(config).unwrap();
            let registry = Registry::new();
            relay.register_metrics(&registry).unwrap();
            let (tls, client) = crate::tls::self_signed();
            Self {
                relay,
                registry,
                tls,
                client,
            }
        }

        async fn admits(&self, socket: Socket, proxy: Option<IpAddr>, tls: bool) -> bool {
            let shared = &self.relay.shared;
            let arrival = Arrival {
                socket,
                seat: Seat::new(&shared.metrics),
                proxy,
                tls: tls.then(|| self.tls.acceptor()),
            };
            shared.admit(arrival).await.is_some()
        }

        fn metric(&self, series: &str) -> u64 {
            let text = TextEncoder::new()
                .encode_to_string(&self.registry.gather())
                .unwrap();
            text.lines()
                .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
                .unwrap_or_else(|| panic!("no series {series} in {text}"))
                .parse()
                .unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tls_handshake_at_its_time_and_past_it() {
        let door = Door::new();
        let late = "hawser_relay_tls_handshakes_total{result=\"timed_out\"}";
        for (pause, admitted, count) in [
            (LIMIT.saturating_sub(MOMENT), true, 0),
            (LIMIT + MOMENT, false, 1),
        ] {
            let (ours, theirs) = duplex(64 * 1024);
            let client = door.client.clone();
            let slow = tokio::spawn(async move {
                sleep(pause).await;
                let host = ServerName::try_from("relay.example").unwrap();
                client.connect(host, ours).await.is_ok()
            });
            let start = Instant::now();
            let socket = Socket::Other(Box::new(theirs));
            assert_eq!(door.admits(socket, None, true).await, admitted);
            assert!(start.elapsed() <= LIMIT + MOMENT);
            assert_eq!(slow.await.unwrap(), admitted);
            assert_eq!(door.metric(late), count);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_header_at_its_time_and_past_it() {
        let door = Door::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let late = "hawser_relay_proxied_connections_total{told=\"timed_out\"}";
        for (pause, admitted, count) in [
            (LIMIT.saturating_sub(MOMENT), true, 0),
            (LIMIT + MOMENT, false, 1),
        ] {
            let mut proxy = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let (accepted, address) = listener.accept().await.unwrap();
            let header = b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n";
            let (first, last) = header.split_at(20);
            proxy.write_all(first).await.unwrap();
            let judged = CancellationToken::new();
            let slow = tokio::spawn({
                let judged = judged.clone();
                async move {
                    sleep(pause).await;
                    let _ = proxy.write_all(last).await;
                    // The clock stands while a task is busy, and the kernel takes a moment.
                    while !judged.is_cancelled() {
                        tokio::task::yield_now().await;
                    }
                }
            });
            let socket = Socket::Tcp(accepted);
            let is_admitted = door.admits(socket, Some(address.ip()), false).await;
            assert_eq!(is_admitted, admitted);
            judged.cancel();
            slow.await.unwrap();
            assert_eq!(door.metric(late), count);
        }
    }
}
