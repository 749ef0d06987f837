//! Phones and laptops, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

pub(crate) const ID: &str = "3EEF97097986413B059EAA2A30D653D4";

/// A WebSocket to the relay, over any connection.
pub(crate) async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    path: &str,
) -> Result<WebSocketStream<S>, Error> {
    let mut request = format!("ws://relay{path}").into_client_request().unwrap();
    request.headers_mut().insert(
        "sec-websocket-protocol",
        HeaderValue::from_static("fido.cable"),
    );
    tokio_tungstenite::client_async(request, stream)
        .await
        .map(|(socket, _)| socket)
}

/// A TLS connection that trusts what `config` trusts.
pub(crate) async fn tls(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    host: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    tls_over(TcpStream::connect(address).await?, config, host).await
}

/// The same over a connection that is there.
pub(crate) async fn tls_over(
    tcp: TcpStream,
    config: &Arc<ClientConfig>,
    host: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    TlsConnector::from(Arc::clone(config))
        .connect(ServerName::try_from(host).unwrap(), tcp)
        .await
}

/// Sends a message and waits until it comes out at the other end.
pub(crate) async fn deliver<A, B>(
    from: &mut WebSocketStream<A>,
    to: &mut WebSocketStream<B>,
    payload: Vec<u8>,
) where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let sent = Message::binary(payload);
    from.send(sent.clone()).await.unwrap();
    loop {
        match to.next().await.expect("the tunnel is open").unwrap() {
            Message::Ping(_) => {}
            message => {
                assert!(message == sent, "another message arrived");
                return;
            }
        }
    }
}

/// The whole answer to a plain request.
pub(crate) fn plain_get(address: SocketAddr, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: relay\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
