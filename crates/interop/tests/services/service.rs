//! A tunnel service with a phone in the same chair, which does one thing wrong.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use futures_util::{SinkExt as _, StreamExt as _};
use hawser_laptop::ctap::{CtapRequest, GetAssertion};
use hawser_laptop::{Hint, Laptop, LaptopError, ScanError, Scanner};
use hawser_proto::{
    Advert, Invitation, OsRng, PhoneEvent, PhoneHello, PhoneSession, PostHandshake,
};
use hawser_tunnel::Dialer;
use hawser_wire::{RoutingId, TunnelDomain};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::fragments;

/// What the service does.
pub(crate) struct Behaviour {
    pub(crate) status: u16,
    pub(crate) protocol: Option<&'static str>,
    /// Further header lines of the 101.
    pub(crate) headers: String,
    /// Sent as soon as the laptop is in.
    pub(crate) first: Option<Message>,
    /// Every message comes in two parts.
    pub(crate) fragmented: bool,
    pub(crate) instead_of_reply: Option<Message>,
    /// Breaks the connection when the request has come.
    pub(crate) drops: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            status: 101,
            protocol: Some("fido.cable"),
            headers: String::new(),
            first: None,
            fragmented: false,
            instead_of_reply: None,
            drops: false,
        }
    }
}

/// A successful reply; what it says does not matter here.
pub(crate) const REPLY: &[u8] = &[0x00, 0xa0];

/// What these phones can do: `{1: ["FIDO_2_0"], 3: AAGUID}`.
const INFO: &[u8] = &[
    0xa2, 0x01, 0x81, 0x68, b'F', b'I', b'D', b'O', b'_', b'2', b'_', b'0', 0x03, 0x50, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Longer than any of these takes; a laptop that hangs is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// One transaction of our laptop through such a service.
pub(crate) fn laptop_against(
    behaviour: Behaviour,
) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, LaptopError>>>> {
    Box::pin(transaction(behaviour))
}

async fn transaction(behaviour: Behaviour) -> Result<Vec<u8>, LaptopError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let dialer = Dialer::new()
        .tunnel_service(&format!("ws://{address}"))
        .expect("a URL");
    let invite = Laptop::new(dialer)
        .invite(Hint::GetAssertion, SystemTime::now())
        .expect("keys");
    let phone = Phone::scan(&invite.uri());
    let once = Once(Some(
        phone.advert.seal(&phone.invitation.eid_key()).to_vec(),
    ));
    let request = CtapRequest::from(&GetAssertion {
        relying_party_id: "example.com".into(),
        client_data_hash: [0xab; 32],
        allow: vec![],
        verify_user: true,
    });
    let laptop = timeout(PATIENCE, invite.run(once, &request, |_| {}));
    let (result, ()) = tokio::join!(laptop, serve(&listener, phone, behaviour));
    result.expect("the laptop does not hang")
}

struct Phone {
    invitation: Invitation,
    advert: Advert,
}

impl Phone {
    fn scan(uri: &str) -> Self {
        let domain = TunnelDomain::from_id(266).expect("a domain");
        Self {
            invitation: Invitation::parse(uri).expect("a code"),
            advert: Advert::new(&mut OsRng, RoutingId::from_bytes([10, 11, 12]), domain)
                .expect("a nonce"),
        }
    }

    fn session(&self) -> PhoneSession {
        let hello = PhoneHello::new(PostHandshake::ctap(INFO));
        PhoneSession::new(&self.invitation, &self.advert, hello, &mut OsRng).expect("a session")
    }
}

/// One advert, and then silence.
struct Once(Option<Vec<u8>>);

impl Scanner for Once {
    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        match self.0.take() {
            Some(advert) => Ok(advert),
            None => std::future::pending().await,
        }
    }
}

/// Serves the one laptop until it has gone. Whatever it does to the service's messages is its right.
async fn serve(listener: &TcpListener, phone: Phone, behaviour: Behaviour) {
    let (mut stream, _) = listener.accept().await.expect("a laptop");
    let head = request(&mut stream).await;
    let answer = answer(&head, &behaviour);
    stream
        .write_all(answer.as_bytes())
        .await
        .expect("an answer");
    if behaviour.status != 101 {
        return;
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    if let Some(first) = behaviour.first {
        let _ = socket.send(first).await;
    }
    let mut session = phone.session();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(message) = message else {
            continue;
        };
        let Ok(step) = session.receive(&message) else {
            break;
        };
        let mut messages = step.send;
        match step.event {
            Some(PhoneEvent::Request(_)) if behaviour.drops => return,
            Some(PhoneEvent::Request(_)) => match behaviour.instead_of_reply.clone() {
                Some(other) => {
                    let _ = socket.send(other).await;
                }
                None => messages.push(session.respond(REPLY).expect("a reply")),
            },
            Some(PhoneEvent::Shutdown) => break,
            _ => {}
        }
        for message in messages {
            if behaviour.fragmented {
                for part in fragments(&message) {
                    let _ = socket.send(part).await;
                }
            } else {
                let _ = socket.send(Message::binary(message)).await;
            }
        }
    }
    let _ = socket.close(None).await;
    while let Some(Ok(_)) = socket.next().await {}
}

async fn request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    String::from_utf8(head).expect("text")
}

fn answer(head: &str, behaviour: &Behaviour) -> String {
    let Behaviour {
        status, headers, ..
    } = behaviour;
    if *status != 101 {
        return format!(
            "HTTP/1.1 {status} No\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
    let protocol = behaviour
        .protocol
        .map(|protocol| format!("Sec-WebSocket-Protocol: {protocol}\r\n"))
        .unwrap_or_default();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{protocol}{headers}\r\n"
    )
}
