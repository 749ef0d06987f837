//! What an operator's machines ask: whether it lives, whether it is ready, and what it counts.
//!
//! | path | answer |
//! |---|---|
//! | `/livez` | 200 while every event loop turns, else 503: restart it |
//! | `/readyz` | 200 while new tunnels are welcome, else 503: send phones elsewhere |
//! | `/metrics` | all metrics, in the text format of Prometheus |
//! | `/debug/tunnels` | the state and age of each tunnel, if that is switched on |
//!
//! It has a listener of its own, and is served by a thread of its own, so that neither can slow the
//! other down.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::{Encoder as _, Registry, TextEncoder};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::listen::{BindError, Listeners};
use crate::metrics::Limit;
use crate::relay::Relay;

/// Connections at once. A scraper and a few probes have one each; the rest wait.
const CONNECTIONS: usize = 32;

/// Longest life of a connection, so that idle ones do not keep others out.
const CONNECTION_TIME: Duration = Duration::from_mins(1);

/// Time for a request head.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// Time for an event loop to take its turn. It is busy for milliseconds at worst.
const TURN_TIME: Duration = Duration::from_secs(5);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The admin listener of a relay.
#[derive(Debug)]
pub struct Admin {
    listener: std::net::TcpListener,
    desk: Desk,
}

/// What answers requests.
#[derive(Debug, Clone)]
struct Desk {
    relay: Relay,
    registry: Registry,
    debug_tunnels: bool,
}

impl Admin {
    /// Listens on an address. `registry` holds what `/metrics` shows.
    ///
    /// # Errors
    /// [`BindError`], which names the address.
    pub fn bind(
        address: SocketAddr,
        relay: Relay,
        registry: Registry,
        debug_tunnels: bool,
    ) -> Result<Self, BindError> {
        let listeners = Listeners::bind(address, NonZeroUsize::MIN)?;
        Ok(Self {
            listener: listeners.first,
            desk: Desk {
                relay,
                registry,
                debug_tunnels,
            },
        })
    }

    /// The address, which says the port if it was 0.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests for ever.
    ///
    /// # Errors
    /// What the operating system says to the listener at the start.
    ///
    /// # Cancel safety
    /// Dropping the future stops accepting; requests that are being answered live on.
    pub async fn serve(self) -> std::io::Result<Infallible> {
        let Self { listener, desk } = self;
        let listener = TcpListener::from_std(listener)?;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            if places.available_permits() == 0 {
                let metrics = &desk.relay.shared.metrics;
                metrics.count_limit(Limit::AdminConnections);
            }
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                unreachable!("nobody closes the semaphore");
            };
            let desk = desk.clone();
            tokio::spawn(async move {
                desk.attend(stream).await;
                drop(place);
            });
        }
    }
}

impl Desk {
    /// Answers what comes over a connection, for as long as one may last.
    async fn attend(&self, io: impl AsyncRead + AsyncWrite + Unpin) {
        let answer = service_fn(|request| self.answer(request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .serve_connection(TokioIo::new(io), answer);
        let _ = timeout(CONNECTION_TIME, connection).await;
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut refusal = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are allowed\n",
            );
            let allowed = header::HeaderValue::from_static("GET, HEAD");
            refusal.headers_mut().insert(header::ALLOW, allowed);
            return Ok(refusal);
        }
        Ok(match request.uri().path() {
            "/livez" => self.lives().await,
            "/readyz" => self.readiness(),
            "/metrics" => self.metrics(),
            "/debug/tunnels" if self.debug_tunnels => {
                text(StatusCode::OK, self.relay.tunnels_now())
            }
            _ => text(StatusCode::NOT_FOUND, "try /livez, /readyz or /metrics\n"),
        })
    }

    async fn lives(&self) -> Response<Full<Bytes>> {
        if timeout(TURN_TIME, self.relay.turn()).await == Ok(true) {
            text(StatusCode::OK, "alive\n")
        } else {
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "an event loop is stuck or gone\n",
            )
        }
    }

    fn readiness(&self) -> Response<Full<Bytes>> {
        if self.relay.is_ready() {
            text(StatusCode::OK, "ready\n")
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut body = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut body) {
            Ok(()) => with_type(StatusCode::OK, prometheus::TEXT_FORMAT, body),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    with_type(status, "text/plain; charset=utf-8", body)
}

fn with_type(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::runtime::Builder;
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::*;
    use crate::Config;

    fn desk() -> Desk {
        Desk {
            relay: Relay::new(Config::default()).unwrap(),
            registry: Registry::new(),
            debug_tunnels: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_in_its_time_whether_it_asks_or_not() {
        for (asks, seconds) in [(false, 5), (true, 60)] {
            let (ours, theirs) = duplex(1024);
            let (mut answers, mut requests) = tokio::io::split(ours);
            let desk = desk();
            tokio::spawn(async move { desk.attend(theirs).await });
            let start = Instant::now();
            let asking = async {
                let request = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
                while asks && requests.write_all(request).await.is_ok() {
                    sleep(Duration::from_secs(4)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut answered = Vec::new();
            tokio::select! {
                () = asking => {}
                _ = answers.read_to_end(&mut answered) => {}
            }
            assert_eq!(answered.is_empty(), !asks);
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
    }

    /// A thread that serves clients does one bad thing after the other.
    #[tokio::test]
    async fn an_event_loop_that_is_stuck_or_gone_is_no_life() {
        let desk = desk();
        let relay = desk.relay.clone();
        let (seize, seized) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (grip, let_go) = mpsc::channel::<()>();
        let (at_work, works) = oneshot::channel();
        let event_loop = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = crate::bind("127.0.0.1:0".parse().unwrap()).unwrap();
                tokio::spawn(relay.serve(listener, std::future::pending()));
                tokio::task::yield_now().await;
                at_work.send(()).unwrap();
                seized.await.unwrap();
                stop.send(()).unwrap();
                // Until the test hangs up.
                let_go.recv().unwrap_err();
            });
        });
        works.await.unwrap();
        assert_eq!(desk.lives().await.status(), StatusCode::OK);
        seize.send(()).unwrap();
        stopped.await.unwrap();
        // By the real clock: the tests' own would not wait for the other thread, whatever that does.
        assert_eq!(desk.lives().await.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(grip);
        event_loop.join().unwrap();
        assert!(!desk.relay.turn().await, "it is known at once");
        assert_eq!(desk.lives().await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
