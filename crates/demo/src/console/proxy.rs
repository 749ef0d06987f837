//! A TCP proxy in front of the demo's relay that tells the wire view what passes.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::frames::{FrameReader, Seen};
use super::wire::{Eye, Wire};

/// Forwards connections to `relay` until dropped.
pub(super) async fn observe(listener: TcpListener, relay: SocketAddr, wire: Wire) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let wire = wire.clone();
                    connections.spawn(async move {
                        if let Err(error) = forward(client, relay, &wire).await {
                            tracing::debug!(%error, "a connection to the demo's relay broke");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the demo's proxy cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn forward(client: TcpStream, relay: SocketAddr, wire: &Wire) -> io::Result<()> {
    let server = TcpStream::connect(relay).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut inbound = Inbound::default();
    let (up, down) = tokio::join!(
        copy(from_client, to_server, |seen| inbound.tell(&seen, wire)),
        copy(from_server, to_client, |_| {}),
    );
    up.and(down)
}

/// Copies one direction to its end, and passes the end on.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut tell: impl FnMut(Seen),
) -> io::Result<()> {
    let mut reader = FrameReader::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return to.shutdown().await;
        }
        reader.read(piece).into_iter().for_each(&mut tell);
        to.write_all(piece).await?;
    }
}

/// What comes from one client.
#[derive(Default)]
struct Inbound {
    client: Option<Eye>,
}

impl Inbound {
    fn tell(&mut self, seen: &Seen, wire: &Wire) {
        match seen {
            Seen::Head(line) => {
                let Some((who, what)) = request(line) else {
                    return;
                };
                self.client = Some(who);
                wire.saw(Eye::Relay, what);
            }
            Seen::Message(bytes) => match self.client {
                Some(Eye::Phone) => wire.saw_message(Eye::Laptop, *bytes),
                Some(Eye::Laptop) => wire.saw_message(Eye::Phone, *bytes),
                _ => {}
            },
            Seen::Close => match self.client {
                Some(Eye::Phone) => wire.saw(Eye::Relay, "the phone hangs up"),
                Some(Eye::Laptop) => wire.saw(Eye::Relay, "the laptop hangs up"),
                _ => {}
            },
            Seen::Control => {}
        }
    }
}

/// Whose request it is, and all that it says. Ids are cut short, as in any log.
fn request(line: &str) -> Option<(Eye, String)> {
    let path = line.strip_prefix("GET /cable/")?.split(' ').next()?;
    let mut segments = path.split('/');
    match (segments.next()?, segments.next()?, segments.next()) {
        ("new", tunnel, None) => Some((
            Eye::Phone,
            format!("a phone waits in tunnel {}", short(tunnel)),
        )),
        ("connect", _, Some(tunnel)) => Some((
            Eye::Laptop,
            format!("a laptop joins tunnel {}", short(tunnel)),
        )),
        _ => None,
    }
}

fn short(id: &str) -> String {
    let start: String = id.chars().take(6).collect();
    format!("{}\u{2026}", start.to_lowercase())
}

const BUFFER: usize = 16 * 1024;
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_with_short_ids() {
        let told = request("GET /cable/new/0123456789ABCDEF0123456789ABCDEF HTTP/1.1");
        let phone = (
            Eye::Phone,
            "a phone waits in tunnel 012345\u{2026}".to_owned(),
        );
        assert_eq!(told, Some(phone));
        let told = request("GET /cable/connect/000000/ABCDEF0123 HTTP/1.1");
        let laptop = (
            Eye::Laptop,
            "a laptop joins tunnel abcdef\u{2026}".to_owned(),
        );
        assert_eq!(told, Some(laptop));
        assert_eq!(request("GET / HTTP/1.1"), None);
    }
}
