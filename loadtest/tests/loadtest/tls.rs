//! wss: an authority of one's own, another name than the address, and whom not to trust.

use std::sync::Arc;

use hawser_relay::{Config, Relay};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::rig::{Service, drive};

/// The relay behind TLS with a certificate for `cable.example`, and its authority's certificate.
fn service() -> (Service, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["cable.example".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut config = Config::default();
    config.lift_quotas();
    let relay = Relay::new(config).unwrap();
    let service = Service::start(|| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (address, async move {
            while let Ok((tcp, peer)) = listener.accept().await {
                let (acceptor, relay) = (acceptor.clone(), relay.clone());
                tokio::spawn(async move {
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        relay.serve_io(tls, Some(peer.ip())).await;
                    }
                });
            }
        })
    });
    (service, pem)
}

#[test]
fn sign_ins_over_tls_with_an_authority_of_ones_own() {
    let (service, pem) = service();
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let ca = ca.to_str().unwrap();
    let connect = service.address.to_string();
    let arguments = ["--connect", &connect, "--count=20", "--warm-up=0s"];

    let run = drive(
        "sign-ins",
        "wss://cable.example",
        &[&arguments[..], &["--ca", ca]].concat(),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/totals/done"), 20);

    let by_name = ["--ca", ca, "--server-name=cable.example"];
    let url = format!("wss://{}", service.address);
    let run = drive(
        "sign-ins",
        &url,
        &[&["--count=5", "--warm-up=0s"][..], &by_name].concat(),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);

    let run = drive(
        "sign-ins",
        "wss://other.example",
        &[&arguments[..], &["--ca", ca]].concat(),
    );
    assert_eq!(
        run.count("/failures/tls"),
        20,
        "another name: {}",
        run.stdout
    );

    let run = drive("sign-ins", "wss://cable.example", &arguments);
    assert_eq!(
        run.count("/failures/tls"),
        20,
        "no such authority: {}",
        run.stdout
    );
    assert_eq!(run.code, 1);
    // One line says why, so that nobody has to guess.
    assert!(run.stdout.contains("UnknownIssuer"), "{}", run.stdout);
    let cause = run.record["causes"]["tls"].as_str().unwrap();
    assert!(cause.contains("UnknownIssuer"), "{cause}");
}
