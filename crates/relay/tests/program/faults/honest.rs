//! An honest client: one sign-in after the other, for as long as somebody else misbehaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::sockets::connect_from;
use crate::client::{deliver, upgrade};
use crate::program::PATIENCE;

/// The messages of a sign-in, by their length; the laptop sends the first.
const MESSAGES: [usize; 6] = [81, 81, 324, 500, 1100, 33];

/// An honest client at work.
pub(super) struct Honest {
    stop: CancellationToken,
    work: JoinHandle<Vec<Duration>>,
}

impl Honest {
    /// Starts signing in. Over TLS if `tls` says whom to trust.
    pub(super) fn start(address: SocketAddr, tls: Option<Arc<ClientConfig>>) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let work = tokio::spawn(async move {
            let mut took = Vec::new();
            while !stopped.is_cancelled() || took.is_empty() {
                let start = Instant::now();
                tokio::time::timeout(PATIENCE, sign_in(address, tls.as_ref(), took.len()))
                    .await
                    .expect("a sign-in does not hang");
                took.push(start.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            took
        });
        Self { stop, work }
    }

    /// Stops, and says what it was like. A sign-in that failed has panicked, which is passed on.
    pub(super) async fn report(self, meanwhile: &str) {
        self.stop.cancel();
        let mut took = self.work.await.expect("every sign-in succeeded");
        took.sort_unstable();
        println!(
            "{meanwhile}: the honest client signed in {} times, half of them within {:.2?}, the slowest in {:.2?}, none failed",
            took.len(),
            took[took.len() / 2],
            took[took.len() - 1],
        );
    }
}

/// A whole sign-in: two connections, six messages, and a close that both sides see.
async fn sign_in(address: SocketAddr, tls: Option<&Arc<ClientConfig>>, n: usize) {
    // Somebody else each time, so that nobody's quota is used up.
    let [.., high, low] = n.to_be_bytes();
    let source = Ipv4Addr::new(127, 2, high, low.max(1));
    let id = format!("F0{n:030X}");
    let phone = connect_from(source, address).await.unwrap();
    let laptop = connect_from(source, address).await.unwrap();
    let (new, connect) = (
        format!("/cable/new/{id}"),
        format!("/cable/connect/000000/{id}"),
    );
    if let Some(config) = tls {
        let tls = TlsConnector::from(Arc::clone(config));
        let host = ServerName::try_from("relay.example").unwrap();
        let phone = tls.connect(host.clone(), phone).await.unwrap();
        let phone = upgrade(phone, &new).await.unwrap();
        let laptop = tls.connect(host, laptop).await.unwrap();
        let laptop = upgrade(laptop, &connect).await.unwrap();
        exchange(phone, laptop).await;
    } else {
        let phone = upgrade(phone, &new).await.unwrap();
        let laptop = upgrade(laptop, &connect).await.unwrap();
        exchange(phone, laptop).await;
    }
}

async fn exchange<S>(mut phone: WebSocketStream<S>, mut laptop: WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for (n, len) in MESSAGES.into_iter().enumerate() {
        let payload = vec![7; len];
        if n % 2 == 0 {
            deliver(&mut laptop, &mut phone, payload).await;
        } else {
            deliver(&mut phone, &mut laptop, payload).await;
        }
    }
    laptop.close(None).await.unwrap();
    let last = phone.next().await.unwrap().unwrap();
    assert!(matches!(last, Message::Close(_)), "{last:?}");
    let _ = phone.flush().await;
}
