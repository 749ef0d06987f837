//! A relay that spoils what it forwards. It takes the place of the TLS side of the real one, because behind it there is
//! nothing left that a test could change.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hawser_relay::Relay;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Disturbance;
use crate::authority::Authority;

/// Accepts connections until its runtime ends.
pub(super) async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    relay: Relay,
    disturbance: Disturbance,
) {
    while let Ok((socket, peer)) = listener.accept().await {
        let (acceptor, relay) = (acceptor.clone(), relay.clone());
        tokio::spawn(async move {
            match acceptor.accept(socket).await {
                Ok(stream) => {
                    let stream = Spoilt {
                        inner: stream,
                        first: true,
                        to_laptop: false,
                        disturbance,
                    };
                    relay.serve_io(stream, Some(peer.ip())).await;
                }
                Err(error) => tracing::info!(%error, "TLS handshake"),
            }
        });
    }
}

pub(super) fn tls(authority: &Authority) -> Result<ServerConfig, Box<dyn Error + Send + Sync>> {
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
struct Spoilt<S> {
    inner: S,
    first: bool,
    to_laptop: bool,
    disturbance: Disturbance,
}

impl<S: AsyncRead + Unpin> AsyncRead for Spoilt<S> {
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
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spoilt<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let spoil = self.disturbance == Disturbance::FlipByte
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
