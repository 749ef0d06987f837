//! What rustls needs for the server's side of a handshake, without a socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::server::client_config;

/// Microseconds of one full handshake with a P-256 key, on the server's side only.
pub(crate) fn server_microseconds(time: Duration) -> f64 {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["relay.example".into()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client_config = Arc::new(client_config(roots));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut server_config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    server_config.alpn_protocols = vec![b"http/1.1".to_vec()];
    server_config.send_tls13_tickets = 0;
    let server_config = Arc::new(server_config);

    let start = Instant::now();
    let (mut spent, mut count) = (Duration::ZERO, 0.0);
    while start.elapsed() < time {
        let host = ServerName::try_from("relay.example").unwrap();
        let mut client = ClientConnection::new(Arc::clone(&client_config), host).unwrap();
        let mut to_server = Vec::new();
        let mut to_client = Vec::new();
        client.write_tls(&mut to_server).unwrap();
        let begin = Instant::now();
        let mut server = ServerConnection::new(Arc::clone(&server_config)).unwrap();
        spent += begin.elapsed();
        while server.is_handshaking() {
            let begin = Instant::now();
            let mut rest = to_server.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets().unwrap();
            }
            while server.wants_write() {
                server.write_tls(&mut to_client).unwrap();
            }
            spent += begin.elapsed();
            to_server.clear();
            let mut rest = to_client.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets().unwrap();
            }
            to_client.clear();
            while client.wants_write() {
                client.write_tls(&mut to_server).unwrap();
            }
        }
        count += 1.0;
    }
    spent.as_secs_f64() * 1e6 / count
}
