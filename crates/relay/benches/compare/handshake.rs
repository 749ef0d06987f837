//! What rustls needs for the server's side of a handshake, without a socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData,
};

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
        spent += server_time(&client_config, &server_config);
        count += HANDSHAKES as f64;
    }
    spent.as_secs_f64() * 1e6 / count
}

/// Handshakes at once, so that the clock is read rarely.
const HANDSHAKES: usize = 200;

/// This thread's CPU time for the server's part of so many handshakes.
fn server_time(client_config: &Arc<ClientConfig>, server_config: &Arc<ServerConfig>) -> Duration {
    let hello = || {
        let host = ServerName::try_from("relay.example").unwrap();
        let mut client = ClientConnection::new(Arc::clone(client_config), host).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        (client, bytes)
    };
    let clients: Vec<_> = (0..HANDSHAKES).map(|_| hello()).collect();

    let begin = thread_cpu();
    let answered: Vec<_> = clients
        .into_iter()
        .map(|(client, hello)| {
            let mut server = ServerConnection::new(Arc::clone(server_config)).unwrap();
            take(&mut server, &hello);
            let mut flight = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut flight).unwrap();
            }
            (client, server, flight)
        })
        .collect();
    let mut spent = thread_cpu().saturating_sub(begin);

    let finished: Vec<_> = answered
        .into_iter()
        .map(|(mut client, server, flight)| {
            take(&mut client, &flight);
            let mut finished = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut finished).unwrap();
            }
            (server, finished)
        })
        .collect();

    let begin = thread_cpu();
    for (mut server, finished) in finished {
        take(&mut server, &finished);
        assert!(!server.is_handshaking());
    }
    spent += thread_cpu().saturating_sub(begin);
    spent
}

fn take<Data>(connection: &mut ConnectionCommon<Data>, mut bytes: &[u8])
where
    Data: SideData,
{
    while !bytes.is_empty() {
        connection.read_tls(&mut bytes).unwrap();
        connection.process_new_packets().unwrap();
    }
}

/// CPU time of this thread, to a tick of the scheduler.
fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = stat.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}
