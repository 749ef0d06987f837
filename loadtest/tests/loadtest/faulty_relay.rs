//! A relay that breaks its word on purpose, about once in 600 messages for each way to do so, and
//! keeps count of it.

mod book;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use self::book::Book;
pub(crate) use self::book::Sin;
use crate::rig::Service;

/// How long it stalls.
pub(crate) const STALL: Duration = Duration::from_millis(200);

/// A faulty relay, with its book.
pub(crate) struct Faulty {
    pub(crate) service: Service,
    book: Arc<Mutex<Book>>,
}

impl Faulty {
    pub(crate) fn new(sins: &[Sin]) -> Self {
        Self::start(sins, Book::default())
    }

    /// Honest, but for one pause of everything after so many messages.
    pub(crate) fn pausing(after: u64, pause: Duration) -> Self {
        let mut book = Book::default();
        book.pause_at = Some((after, pause));
        Self::start(&[], book)
    }

    /// Honest, until it passes nothing on any more.
    pub(crate) fn falling_silent(after: u64) -> Self {
        let mut book = Book::default();
        book.silent_after = Some(after);
        Self::start(&[], book)
    }

    /// That, with a pause on the way.
    pub(crate) fn pausing_and_falling_silent(at: u64, pause: Duration, after: u64) -> Self {
        let mut book = Book::default();
        book.pause_at = Some((at, pause));
        book.silent_after = Some(after);
        Self::start(&[], book)
    }

    /// Whether it has fallen silent.
    pub(crate) fn is_silent(&self) -> bool {
        self.book.lock().unwrap().is_silent()
    }

    fn start(sins: &[Sin], book: Book) -> Self {
        let relay = Relay {
            sins: sins.into(),
            book: Arc::new(Mutex::new(book)),
            waiting: Arc::default(),
            tunnels: Arc::default(),
        };
        let book = Arc::clone(&relay.book);
        let service = Service::start(|| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address: SocketAddr = listener.local_addr().unwrap();
            (address, async move {
                while let Ok((stream, _)) = listener.accept().await {
                    stream.set_nodelay(true).unwrap();
                    tokio::spawn(relay.clone().serve(stream));
                }
            })
        });
        Self { service, book }
    }

    /// How often it has committed this.
    pub(crate) fn count(&self, sin: Sin) -> u64 {
        self.book.lock().unwrap().count(sin)
    }
}

type Laptop = WebSocketStream<TcpStream>;

#[derive(Clone)]
struct Relay {
    sins: Arc<[Sin]>,
    book: Arc<Mutex<Book>>,
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Laptop>>>>,
    tunnels: Arc<Mutex<Tunnels>>,
}

/// Ends of tunnels that a stray message may be put into, by tunnel.
#[derive(Default)]
struct Tunnels {
    ends: HashMap<u64, UnboundedSender<Message>>,
    count: u64,
}

impl Relay {
    async fn serve(self, stream: TcpStream) {
        let mut path = String::new();
        let arrival = self.waiting.clone();
        let mut joined = None;
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let answer = |request: &Request, mut response: Response| {
            request.uri().path().clone_into(&mut path);
            let headers = response.headers_mut();
            headers.insert("sec-websocket-protocol", "fido.cable".parse().unwrap());
            if let Some(id) = path.strip_prefix("/cable/new/") {
                // Before the answer, so that a fast laptop finds it.
                let (sender, laptop) = oneshot::channel();
                arrival.lock().unwrap().insert(id.to_owned(), sender);
                joined = Some(laptop);
                headers.insert("x-cable-routing-id", "0A0B0C".parse().unwrap());
            }
            Ok(response)
        };
        let Ok(mut socket) = accept_hdr_async(stream, answer).await else {
            return;
        };
        if let Some(laptop) = joined {
            if self.sins.contains(&Sin::HangUp) {
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_close() {
                        self.book.lock().unwrap().commit(Sin::HangUp);
                        return;
                    }
                }
            }
            if let Ok(laptop) = laptop.await {
                self.pair(socket, laptop).await;
            }
            return;
        }
        let id = path.rsplit('/').next().unwrap_or_default();
        let phone = self.waiting.lock().unwrap().remove(id);
        if let Some(phone) = phone {
            let _ = phone.send(socket);
        }
    }

    async fn pair(self, phone: Laptop, laptop: Laptop) {
        let (to_laptop, out_laptop) = unbounded_channel();
        let (to_phone, out_phone) = unbounded_channel();
        let tunnel = {
            let mut tunnels = self.tunnels.lock().unwrap();
            tunnels.count += 1;
            let tunnel = tunnels.count;
            tunnels.ends.insert(tunnel, to_laptop.clone());
            tunnel
        };
        tokio::join!(
            self.end(tunnel, phone, to_laptop, out_phone),
            self.end(tunnel, laptop, to_phone, out_laptop),
        );
        self.tunnels.lock().unwrap().ends.remove(&tunnel);
    }

    /// One end: what it sends goes to the other, what comes for it goes out.
    async fn end(
        &self,
        tunnel: u64,
        mut socket: Laptop,
        other: UnboundedSender<Message>,
        mut out: UnboundedReceiver<Message>,
    ) {
        let mut kept: Option<Message> = None;
        let mut is_first = true;
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message @ Message::Binary(_))) => {
                        // A message that was kept back goes out behind the next one.
                        let late = kept.take();
                        // A message with another one under way behind it can be overtaken.
                        if !self.forward(tunnel, message, &other, &mut kept, is_first).await {
                            let _ = other.send(close(1000));
                            let _ = socket.send(close(1000)).await;
                            return;
                        }
                        is_first = false;
                        if let Some(late) = late {
                            let _ = other.send(late);
                        }
                    }
                    Some(Ok(Message::Close(_))) => {
                        if let Some(kept) = kept.take() {
                            let _ = other.send(kept);
                        }
                        let _ = other.send(close(self.book.lock().unwrap().goodbye(&self.sins)));
                        // The answer to the close frame.
                        let _ = socket.flush().await;
                        while let Some(Ok(_)) = socket.next().await {}
                        return;
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => {
                        let _ = other.send(close(1001));
                        return;
                    }
                },
                message = out.recv() => {
                    let Some(message) = message else { return };
                    let is_close = message.is_close();
                    if socket.send(message).await.is_err() {
                        return;
                    }
                    if is_close {
                        while let Some(Ok(_)) = socket.next().await {}
                        return;
                    }
                }
            }
        }
    }

    /// Whether the tunnel lives on.
    async fn forward(
        &self,
        tunnel: u64,
        message: Message,
        other: &UnboundedSender<Message>,
        kept: &mut Option<Message>,
        is_first: bool,
    ) -> bool {
        let (sin, pause, is_silent) = {
            let mut book = self.book.lock().unwrap();
            let sin = book.choose(&self.sins, is_first);
            (sin, book.paused_until, book.is_silent())
        };
        if is_silent {
            return true;
        }
        if let Some(until) = pause {
            sleep_until(until).await;
        }
        let mut bytes = message.clone().into_data().to_vec();
        let send = |message| {
            let _ = other.send(message);
        };
        match sin {
            None => send(message),
            Some(Sin::Lose) => {}
            Some(Sin::Double) => {
                send(message.clone());
                send(message);
            }
            Some(Sin::Swap) => *kept = Some(message),
            Some(Sin::Alter) => {
                let last = bytes.len() - 1;
                bytes[last] ^= 0x40;
                send(Message::binary(bytes));
            }
            Some(Sin::Truncate) => {
                bytes.truncate(bytes.len() - 3);
                send(Message::binary(bytes));
            }
            Some(Sin::Text) => send(Message::text("x".repeat(bytes.len()))),
            Some(Sin::CloseEarly) => return false,
            Some(Sin::Misdeliver) => {
                send(message.clone());
                let stranger = {
                    let tunnels = self.tunnels.lock().unwrap();
                    let others = tunnels.ends.iter().filter(|(id, _)| **id != tunnel);
                    // The newest: an older one may have been given up by its client.
                    let newest = others.max_by_key(|(id, _)| **id);
                    newest.map(|(_, sender)| sender.clone())
                };
                match stranger {
                    Some(stranger) if stranger.send(message).is_ok() => {}
                    _ => self.book.lock().unwrap().take_back(Sin::Misdeliver),
                }
            }
            Some(Sin::Stall) => {
                sleep(STALL).await;
                send(message);
            }
            Some(Sin::WrongCode | Sin::HangUp) => unreachable!("not of messages"),
        }
        true
    }
}

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame {
        code: CloseCode::from(code),
        reason: "".into(),
    }))
}
