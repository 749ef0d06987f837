//! What a vendor puts before a relay so that linked phones can be woken: a laptop's `/cable/contact` becomes the relay's
//! `/cable/new`, and the phone is told where to join. Everything else passes as it is.

use std::net::SocketAddr;

use hawser_wire::{ContactId, RoutingId, TunnelId, TunnelPath};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

pub(crate) struct Gateway {
    address: SocketAddr,
    pushed: UnboundedReceiver<Push>,
    _serving: JoinSet<()>,
}

/// What a phone is woken with.
pub(crate) struct Push {
    pub(crate) contact_id: ContactId,
    pub(crate) routing_id: RoutingId,
    pub(crate) tunnel_id: TunnelId,
    pub(crate) client_payload: String,
}

impl Gateway {
    pub(crate) async fn start(relay: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (push, pushed) = unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass_on(client, relay, push.clone()));
            }
        });
        Self {
            address,
            pushed,
            _serving: serving,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next phone that is to be woken.
    pub(crate) async fn push(&mut self) -> Push {
        self.pushed.recv().await.unwrap()
    }
}

async fn pass_on(mut client: TcpStream, relay: SocketAddr, push: UnboundedSender<Push>) {
    let mut service = TcpStream::connect(relay).await.unwrap();
    let mut request = head(&mut client).await;
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let mut woken = None;
    if let Ok(TunnelPath::Contact(contact_id)) = path.parse() {
        let payload = field(&request, "x-cable-client-payload");
        let tunnel_id = tunnel_id_of_its_own();
        request = request.replace(&path, &TunnelPath::New(tunnel_id).to_string());
        woken = Some((contact_id, tunnel_id, payload));
    }
    service.write_all(request.as_bytes()).await.unwrap();
    let answer = head(&mut service).await;
    client.write_all(answer.as_bytes()).await.unwrap();
    if let Some((contact_id, tunnel_id, client_payload)) = woken {
        let routing_id = field(&answer, "x-cable-routing-id").parse().unwrap();
        let told = push.send(Push {
            contact_id,
            routing_id,
            tunnel_id,
            client_payload,
        });
        assert!(told.is_ok(), "the test waits for it");
    }
    // Whoever ends first ends both.
    let _ = copy_bidirectional(&mut client, &mut service).await;
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn field(head: &str, name: &str) -> String {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.unwrap().1.trim().to_owned()
}

/// In this flow the service draws it.
fn tunnel_id_of_its_own() -> TunnelId {
    let secret = hawser_proto::QrSecret::generate(&mut hawser_proto::OsRng).unwrap();
    TunnelId::from_bytes(*secret.expose())
}
