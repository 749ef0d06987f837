//! The relay under test: the library, behind TLS.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hawser_relay::{Config, Relay};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::authority::Authority;

/// A relay of the test's own. Dropping it breaks every connection, as the end of its process would.
#[derive(Debug)]
pub struct RelayUnderTest {
    address: String,
    relay: Relay,
    joined: Arc<AtomicU64>,
    server: Option<AbortOnDropHandle<()>>,
}

/// Something that a relay must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// Changes a bit in the last byte of every encrypted message to the laptop that is longer than a handshake message.
    FlipByte,
}

impl RelayUnderTest {
    pub(super) async fn start(
        authority: &Authority,
        disturbance: Option<Disturbance>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let acceptor = TlsAcceptor::from(Arc::new(tls(authority)?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let relay = Relay::new(Config::default())?;
        let joined = Arc::new(AtomicU64::new(0));
        let server = tokio::spawn(accept(
            listener,
            acceptor,
            relay.clone(),
            Arc::clone(&joined),
            disturbance,
        ));
        Ok(Self {
            address,
            relay,
            joined,
            server: Some(AbortOnDropHandle::new(server)),
        })
    }

    /// HOST:PORT of its TLS port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it counts.
    #[must_use]
    pub fn stats(&self) -> hawser_relay::Stats {
        self.relay.stats()
    }

    /// How many requests for `/cable/connect/` it has read.
    #[must_use]
    pub fn joined(&self) -> u64 {
        self.joined.load(Ordering::Relaxed)
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.server = None;
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

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    relay: Relay,
    joined: Arc<AtomicU64>,
    disturbance: Option<Disturbance>,
) {
    // Owns every connection, so that the end of this task is the end of them all.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, peer)) = accepted else { return };
                let (acceptor, relay, joined) = (acceptor.clone(), relay.clone(), Arc::clone(&joined));
                connections.spawn(async move {
                    match acceptor.accept(socket).await {
                        Ok(stream) => {
                            let stream = Watched { inner: stream, joined, first: true, to_laptop: false, disturbance };
                            relay.serve_io(stream, Some(peer.ip())).await;
                        }
                        Err(error) => tracing::info!(%error, "TLS handshake"),
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn tls(authority: &Authority) -> Result<ServerConfig, Box<dyn Error + Send + Sync>> {
    let certificate = CertificateDer::from_pem_file(&authority.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&authority.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A connection whose first bytes are looked at, and whose later bytes may be disturbed.
#[derive(Debug)]
struct Watched<S> {
    inner: S,
    joined: Arc<AtomicU64>,
    first: bool,
    to_laptop: bool,
    disturbance: Option<Disturbance>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if let Some(read) = buffer
            .filled()
            .get(before..)
            .filter(|read| self.first && !read.is_empty())
        {
            self.first = false;
            self.to_laptop = read.starts_with(b"GET /cable/connect/");
            if self.to_laptop {
                self.joined.fetch_add(1, Ordering::Relaxed);
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let spoil = self.disturbance == Some(Disturbance::FlipByte)
            && self.to_laptop
            && bytes.len() > HANDSHAKE_FRAME
            && bytes.first() == Some(&BINARY_FRAME);
        if !spoil {
            return Pin::new(&mut self.inner).poll_write(cx, bytes);
        }
        let mut spoilt = bytes.to_owned();
        if let Some(last) = spoilt.last_mut() {
            *last ^= 1;
        }
        Pin::new(&mut self.inner).poll_write(cx, &spoilt)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A whole, final, binary WebSocket frame.
const BINARY_FRAME: u8 = 0x82;
/// A frame with a handshake message: 81 bytes and a header of 2.
const HANDSHAKE_FRAME: usize = 83;
