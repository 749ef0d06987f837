//! From a host name to an encrypted byte stream.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::deadline::Deadline;
use crate::happy_eyeballs::first_to_connect;
use crate::open_error::{DialStage, OpenError};
use crate::service::{Address, Service};

/// After this much silence TCP asks whether the other machine is still there: nobody else does
/// while a laptop waits for its user, and a network may vanish without a word.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);

/// How often it then asks again.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Plain TCP, or TLS over it.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// A TCP connection to the first address that accepts one.
pub(crate) async fn tcp(
    service: &Service,
    address: &Address,
    deadline: &Deadline,
) -> Result<TcpStream, OpenError> {
    let resolved = deadline.bound(DialStage::Resolve, resolve(address)).await?;
    let mut addresses = resolved.map_err(|source| OpenError::Resolve {
        host: address.host.clone(),
        source,
    })?;
    if service.plaintext {
        addresses.retain(|address| address.ip().is_loopback());
        if addresses.is_empty() {
            return Err(OpenError::PlaintextNotLocal {
                host: address.host.clone(),
            });
        }
    }
    let connected = first_to_connect(&addresses, deadline, TcpStream::connect).await;
    let stream = connected.map_err(|attempts| OpenError::Connect {
        host: address.host.clone(),
        attempts,
    })?;
    if let Err(error) = tune(&stream) {
        // The tunnel works without; it is only slower, or slower to notice a dead network.
        tracing::debug!(%error, "socket options not set");
    }
    Ok(stream)
}

/// TLS over `stream`, unless the service is a plaintext one.
pub(crate) async fn tls(
    service: &Service,
    stream: TcpStream,
    roots: &Arc<RootCertStore>,
    deadline: &Deadline,
) -> Result<Box<dyn ByteStream>, OpenError> {
    if service.plaintext {
        return Ok(Box::new(stream));
    }
    let host = || service.address.host.clone();
    let name = ServerName::try_from(host()).map_err(|e| OpenError::Tls {
        host: host(),
        source: io::Error::other(e),
    })?;
    let config = client_config(roots).map_err(|e| OpenError::Tls {
        host: host(),
        source: io::Error::other(e),
    })?;
    let connector = TlsConnector::from(Arc::new(config));
    // Boxed: a TLS handshake would make every future above this one kilobytes larger.
    let handshake = Box::pin(connector.connect(name, stream));
    let stream = deadline
        .bound(DialStage::Tls, handshake)
        .await?
        .map_err(|source| tls_error(host(), source))?;
    Ok(Box::new(stream))
}

async fn resolve(address: &Address) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = address.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, address.port)]);
    }
    let found: Vec<_> = tokio::net::lookup_host((address.host.as_str(), address.port))
        .await?
        .collect();
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        ));
    }
    Ok(found)
}

/// Messages are small and each waits for the answer to the one before: Nagle's algorithm would
/// only delay them.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Built for each connection, which costs little: the roots are shared, and there is no session to
/// resume, because a tunnel is one connection.
fn client_config(roots: &Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn tls_error(host: String, source: io::Error) -> OpenError {
    let problem = source
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(problem)) = problem else {
        return OpenError::Tls { host, source };
    };
    match problem {
        // A bad signature is an authority of the same name with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            OpenError::CertificateUntrusted { host, source }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            OpenError::CertificateName { host, source }
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            OpenError::CertificateExpired { host, source }
        }
        _ => OpenError::Tls { host, source },
    }
}
