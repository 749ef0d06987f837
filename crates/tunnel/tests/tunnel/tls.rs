//! TLS: whom the client trusts, and what stays of the domain when another address is dialled.

use std::sync::Arc;

use hawser_tunnel::{Dialer, OpenError, Tunnel};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::server::{BINARY, Connection, ID, ROUTING, Service, domain, frame};

/// A certificate authority of the test's own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

const NAME: &str = "Authority of the test";

impl Authority {
    fn new() -> Self {
        Self::named(NAME)
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A server with a certificate for `name`.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Dials a service that does TLS with `acceptor` and, if that succeeds, sends one message.
async fn join(dialer: Dialer, acceptor: TlsAcceptor) -> Result<Tunnel, OpenError> {
    let service = Service::start().await;
    let dialer = dialer.connect_to(&service.address()).unwrap();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let Ok(stream) = acceptor.accept(service.accept_tcp().await).await else {
            return None;
        };
        let connection = Connection::read(stream).await;
        let tls = connection.stream.get_ref().1;
        assert_eq!(tls.server_name(), Some("cable.my4kstlhndi4c.net"));
        assert_eq!(tls.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(connection.header("Host"), ["cable.my4kstlhndi4c.net"]);
        assert_eq!(
            connection.header("Origin"),
            ["wss://cable.my4kstlhndi4c.net"]
        );
        let mut stream = connection.upgrade("").await;
        stream.write_all(&frame(BINARY, b"over TLS")).await.unwrap();
        stream.flush().await.unwrap();
        Some(stream)
    });
    result
}

fn trusting(authority: &Authority) -> Dialer {
    Dialer::new().trust_pem(authority.pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_trusted_certificate_for_the_domain_is_good() {
    let authority = Authority::new();
    let acceptor = authority.server(&domain().host(), |_| {});
    let mut tunnel = join(trusting(&authority), acceptor).await.unwrap();
    assert_eq!(tunnel.receive().await.unwrap().unwrap(), b"over TLS");
    // The service went away without TLS's own goodbye: that is no good order.
    assert!(matches!(
        tunnel.receive().await,
        Err(hawser_tunnel::TunnelError::Lost(_))
    ));
}

#[tokio::test]
async fn one_of_several_trusted_authorities_is_enough() {
    let authority = Authority::new();
    let pem = format!("{}\n{}", Authority::new().pem, authority.pem);
    let dialer = Dialer::new().trust_pem(pem.as_bytes()).unwrap();
    join(dialer, authority.server(&domain().host(), |_| {}))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_certificate_of_nobody_trusted_is_told_apart() {
    let stranger = Authority::new();
    let same_name = Authority::new();
    let other_name = Authority::named("Another authority");
    for dialer in [Dialer::new(), trusting(&same_name), trusting(&other_name)] {
        let acceptor = stranger.server(&domain().host(), |_| {});
        let error = join(dialer, acceptor).await.unwrap_err();
        assert!(
            matches!(error, OpenError::CertificateUntrusted { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(&domain().host()), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_apart() {
    let authority = Authority::new();
    let acceptor = authority.server("cable.example", |_| {});
    let error = join(trusting(&authority), acceptor).await.unwrap_err();
    assert!(
        matches!(error, OpenError::CertificateName { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_told_apart() {
    let authority = Authority::new();
    let acceptor = authority.server(&domain().host(), |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let error = join(trusting(&authority), acceptor).await.unwrap_err();
    assert!(
        matches!(error, OpenError::CertificateExpired { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_service_without_tls_is_told_apart() {
    let service = Service::start().await;
    let dialer = Dialer::new().connect_to(&service.address()).unwrap();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let mut stream = service.accept_tcp().await;
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    });
    let error = result.unwrap_err();
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wss_service_elsewhere_is_checked_against_its_own_name() {
    let authority = Authority::new();
    let acceptor = authority.server("localhost", |_| {});
    let service = Service::start().await;
    let port = service.address().rsplit_once(':').unwrap().1.to_owned();
    let dialer = trusting(&authority)
        .tunnel_service(&format!("wss://localhost:{port}"))
        .unwrap();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let stream = acceptor.accept(service.accept_tcp().await).await.unwrap();
        let connection = Connection::read(stream).await;
        assert_eq!(connection.header("Host"), [format!("localhost:{port}")]);
        assert_eq!(connection.header("Origin"), ["wss://localhost"]);
        connection.upgrade("").await
    });
    result.unwrap();
}
