//! TLS towards clients: the certificate that a relay shows, which can be replaced while it runs.
//!
//! Sessions are not resumed: a sign-in takes one connection of each peer, and a ticket would let an
//! observer tie two of them together.

mod error;
mod files;
mod pair;

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

pub use self::error::{HandshakeFailure, PairError};
pub use self::files::Files;
pub use self::pair::{Pair, Validity};

/// The TLS side of a listener. Clones share the certificate.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

/// What new handshakes use. Connections that exist keep what they began with.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Tls {
    /// TLS with this certificate. Offers TLS 1.3 and 1.2, and `http/1.1` as the one application
    /// protocol, because a browser's WebSocket is an HTTP/1.1 upgrade.
    ///
    /// # Errors
    /// [`PairError::Provider`], which no certificate causes.
    pub fn new(pair: Pair) -> Result<Self, PairError> {
        let shown = Arc::new(Shown(RwLock::new(pair.into_key())));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(PairError::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Shown>::clone(&shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            shown,
        })
    }

    /// Shows another certificate from the next handshake on.
    pub fn replace(&self, pair: Pair) {
        let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = pair.into_key();
    }

    /// Whether new handshakes use this certificate.
    fn shows(&self, pair: &Pair) -> bool {
        let shown = self.shown.0.read().unwrap_or_else(PoisonError::into_inner);
        pair.is_of(&shown)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl ResolvesServerCert for Shown {
    /// The one certificate, whatever name the client asks for: one that asks for another name
    /// refuses it by itself.
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// TLS with a certificate for `relay.example`, and a client that trusts it.
#[cfg(test)]
pub(crate) fn self_signed() -> (Tls, tokio_rustls::TlsConnector) {
    let signed = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let key = signed.signing_key.serialize_pem();
    let pair = Pair::from_pem(signed.cert.pem().as_bytes(), key.as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(signed.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Tls::new(pair).unwrap(), Arc::new(client).into())
}
