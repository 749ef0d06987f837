//! The relay under test: the library with its own TLS, on a thread of its own.

mod tamper;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hawser_relay::tls::{Pair, Tls};
use hawser_relay::{Config, Listener, Relay, bind};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// A relay of the test's own. Dropping it breaks every connection, as the end of its process would.
#[derive(Debug)]
pub struct RelayUnderTest {
    address: String,
    relay: Relay,
    metrics: Registry,
    // What a process is to the real one: with it, everything of the relay ends at once.
    runtime: Option<Runtime>,
}

/// Why there is no relay.
pub type NotStarted = Box<dyn Error + Send + Sync>;

/// Something that a relay must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// Changes a bit in the last byte of every encrypted message to the laptop that is longer than a handshake message.
    FlipByte,
}

impl RelayUnderTest {
    /// Starts one with TLS, under the names that the authority has certified.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub fn start(
        authority: &Authority,
        config: Config,
        disturbance: Option<Disturbance>,
    ) -> Result<Self, NotStarted> {
        Self::serve(config, |listener, relay, runtime| {
            if let Some(disturbance) = disturbance {
                let acceptor = TlsAcceptor::from(Arc::new(tamper::tls(authority)?));
                runtime.spawn(tamper::serve(listener, acceptor, relay, disturbance));
            } else {
                let pair = Pair::from_files(&authority.certificate, &authority.key)?;
                let listener = Listener::with_tls(listener, Tls::new(pair)?);
                runtime.spawn(relay.serve(listener, std::future::pending()));
            }
            Ok(())
        })
    }

    /// Starts one without TLS, for programs that cannot be told to trust a test authority.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub fn plain(config: Config) -> Result<Self, NotStarted> {
        Self::serve(config, |listener, relay, runtime| {
            runtime.spawn(relay.serve(listener, std::future::pending()));
            Ok(())
        })
    }

    fn serve(
        config: Config,
        accept: impl FnOnce(TcpListener, Relay, &Runtime) -> Result<(), NotStarted>,
    ) -> Result<Self, NotStarted> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("relay")
            .enable_all()
            .build()?;
        let relay = Relay::new(config)?;
        let metrics = Registry::new();
        relay.register_metrics(&metrics)?;
        let on_its_thread = runtime.enter();
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?.to_string();
        accept(listener, relay.clone(), &runtime)?;
        drop(on_its_thread);
        Ok(Self {
            address,
            relay,
            metrics,
            runtime: Some(runtime),
        })
    }

    /// HOST:PORT of its port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it counts.
    #[must_use]
    pub fn stats(&self) -> hawser_relay::Stats {
        self.relay.stats()
    }

    /// How many tunnels phones have opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.count("hawser_relay_tunnels_opened_total", &[])
    }

    /// How many of them laptops have joined.
    #[must_use]
    pub fn joined(&self) -> u64 {
        self.count("hawser_relay_tunnels_joined_total", &[])
    }

    /// How many requests it has turned down.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.count("hawser_relay_requests_refused_total", &[])
    }

    /// How many tunnels ended in this state (`waiting`, `paired`), for this reason.
    #[must_use]
    pub fn closed(&self, state: &str, reason: hawser_wire::CloseReason) -> u64 {
        self.count(
            "hawser_relay_tunnels_closed_total",
            &[("state", state), ("reason", reason.label())],
        )
    }

    /// The sum of a metric over everything that has these labels, as an operator would read it.
    #[must_use]
    pub fn count(&self, metric: &str, labels: &[(&str, &str)]) -> u64 {
        let families = self.metrics.gather();
        let family = families.iter().find(|family| family.name() == metric);
        let metrics = family.map_or(&[][..], |family| family.get_metric());
        let wanted = |metric: &&prometheus::proto::Metric| {
            labels.iter().all(|(name, value)| {
                let mut has = metric.get_label().iter();
                has.any(|label| label.name() == *name && label.value() == *value)
            })
        };
        let value = |metric: &prometheus::proto::Metric| {
            // Whole numbers: these are counts.
            format!("{:.0}", metric.get_counter().get_value())
                .parse::<u64>()
                .unwrap_or_default()
        };
        metrics.iter().filter(wanted).map(value).sum()
    }

    /// Kills it: every connection breaks without a word.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Waits until it has no connection, no waiting phone and no tunnel.
    ///
    /// # Errors
    /// What it still has after `limit`.
    pub async fn empty_within(&self, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        loop {
            let stats = self.stats();
            if stats.panics == 0 && stats.connections + stats.waiting + stats.paired == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{stats:?}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for RelayUnderTest {
    fn drop(&mut self) {
        self.kill();
    }
}
