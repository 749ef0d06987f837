//! Phones and laptops.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

pub(crate) type Peer = WebSocketStream<TcpStream>;

/// Longest wait for anything. Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A refused request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) retry_after: bool,
    pub(crate) body: String,
}

/// A tunnel id.
pub(crate) fn id(n: u32) -> String {
    format!("{n:032X}")
}

/// A WebSocket to `path`, with the answer's routing id if it has one.
pub(crate) async fn ask(
    address: SocketAddr,
    path: &str,
    token: Option<&str>,
) -> Result<(Peer, String), Refused> {
    let mut request = format!("ws://relay{path}").into_client_request().unwrap();
    let fields = request.headers_mut();
    fields.insert(
        "sec-websocket-protocol",
        HeaderValue::from_static("fido.cable"),
    );
    if let Some(token) = token {
        fields.insert("hawser-peer", HeaderValue::from_str(token).unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let asked = tokio_tungstenite::client_async(request, stream);
    match within(asked).await {
        Ok((socket, answer)) => {
            let routing = answer.headers().get("x-cable-routing-id");
            let routing = routing.map(|id| id.to_str().unwrap().to_owned());
            Ok((socket, routing.unwrap_or_default()))
        }
        Err(Error::Http(answer)) => Err(Refused::from(*answer)),
        Err(error) => panic!("no answer: {error}"),
    }
}

impl From<Response<Option<Vec<u8>>>> for Refused {
    fn from(answer: Response<Option<Vec<u8>>>) -> Self {
        Self {
            status: answer.status().as_u16(),
            retry_after: answer.headers().contains_key("retry-after"),
            body: String::from_utf8(answer.into_body().unwrap_or_default()).unwrap(),
        }
    }
}

/// A phone that waits, and the routing id of its instance.
pub(crate) async fn phone(address: SocketAddr, id: &str) -> (Peer, String) {
    let path = format!("/cable/new/{id}");
    ask(address, &path, None).await.unwrap()
}

pub(crate) async fn laptop(address: SocketAddr, routing: &str, id: &str) -> Result<Peer, Refused> {
    let path = format!("/cable/connect/{routing}/{id}");
    ask(address, &path, None).await.map(|(peer, _)| peer)
}

/// Sends a message and waits until it comes out at the other end.
pub(crate) async fn deliver(from: &mut Peer, to: &mut Peer, payload: Vec<u8>) {
    let sent = Message::binary(payload);
    let (write, read) = tokio::join!(from.send(sent.clone()), next(to));
    write.unwrap();
    assert!(read == sent, "another message arrived");
}

/// The next message, or the close frame.
pub(crate) async fn next(from: &mut Peer) -> Message {
    loop {
        match within(from.next()).await.expect("still open").unwrap() {
            Message::Ping(_) | Message::Pong(_) => {}
            message => return message,
        }
    }
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("nothing happened for long")
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}
