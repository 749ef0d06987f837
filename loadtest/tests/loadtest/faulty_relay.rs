//! A relay that breaks its word on purpose, about once in 600 messages for each way to do so, and
//! keeps count of it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::rig::Service;

/// Messages between two faults of one kind.
const EVERY: u64 = 600;

/// How long it stalls.
pub(crate) const STALL: Duration = Duration::from_millis(200);

/// A way to break one's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sin {
    Lose,
    Double,
    Swap,
    Alter,
    Truncate,
    Text,
    CloseEarly,
    Misdeliver,
    Stall,
    /// Not by messages: every 50th goodbye gets another code.
    WrongCode,
}

impl Sin {
    pub(crate) const OF_MESSAGES: [Self; 9] = [
        Self::Lose,
        Self::Double,
        Self::Swap,
        Self::Alter,
        Self::Truncate,
        Self::Text,
        Self::CloseEarly,
        Self::Misdeliver,
        Self::Stall,
    ];
}

/// What has been done.
#[derive(Debug, Default)]
pub(crate) struct Book {
    messages: u64,
    goodbyes: u64,
    done: BTreeMap<Sin, u64>,
    /// Ends of tunnels that a stray message may be put into, by tunnel.
    ends: HashMap<u64, UnboundedSender<Message>>,
    tunnels: u64,
    /// When a one-off pause of the whole relay is due, by number of messages.
    pause_at: Option<(u64, Duration)>,
    paused_until: Option<Instant>,
    /// After so many messages, nothing is passed on any more, and nothing is said.
    silent_after: Option<u64>,
}

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
        let book = Book {
            pause_at: Some((after, pause)),
            ..Book::default()
        };
        Self::start(&[], book)
    }

    /// Honest, until it passes nothing on any more.
    pub(crate) fn falling_silent(after: u64) -> Self {
        let book = Book {
            silent_after: Some(after),
            ..Book::default()
        };
        Self::start(&[], book)
    }

    fn start(sins: &[Sin], book: Book) -> Self {
        let relay = Relay {
            sins: sins.into(),
            book: Arc::new(Mutex::new(book)),
            waiting: Arc::default(),
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
        let book = self.book.lock().unwrap();
        book.done.get(&sin).copied().unwrap_or_default()
    }
}

type Laptop = WebSocketStream<TcpStream>;

#[derive(Clone)]
struct Relay {
    sins: Arc<[Sin]>,
    book: Arc<Mutex<Book>>,
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Laptop>>>>,
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
        let Ok(socket) = accept_hdr_async(stream, answer).await else {
            return;
        };
        if let Some(laptop) = joined {
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
            let mut book = self.book.lock().unwrap();
            book.tunnels += 1;
            let tunnel = book.tunnels;
            book.ends.insert(tunnel, to_laptop.clone());
            tunnel
        };
        tokio::join!(
            self.end(tunnel, phone, to_laptop, out_phone),
            self.end(tunnel, laptop, to_phone, out_laptop),
        );
        self.book.lock().unwrap().ends.remove(&tunnel);
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
                        let _ = other.send(close(self.goodbye()));
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

    fn goodbye(&self) -> u16 {
        let mut book = self.book.lock().unwrap();
        book.goodbyes += 1;
        if self.sins.contains(&Sin::WrongCode) && book.goodbyes.is_multiple_of(50) {
            *book.done.entry(Sin::WrongCode).or_default() += 1;
            return 1011;
        }
        1000
    }

    /// The sin that this message is due for.
    fn choose(&self, can_swap: bool) -> Option<Sin> {
        let mut book = self.book.lock().unwrap();
        book.messages += 1;
        let count = book.messages;
        if let Some((at, pause)) = book.pause_at
            && count == at
        {
            book.paused_until = Some(Instant::now() + pause);
        }
        let step = EVERY / 10;
        for (at, sin) in (1..).zip(Sin::OF_MESSAGES) {
            let owed = (count + EVERY - step * at) / EVERY;
            let done = book.done.get(&sin).copied().unwrap_or_default();
            if self.sins.contains(&sin) && owed > done && (sin != Sin::Swap || can_swap) {
                *book.done.entry(sin).or_default() += 1;
                return Some(sin);
            }
        }
        None
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
        let sin = self.choose(is_first);
        let (pause, is_silent) = {
            let book = self.book.lock().unwrap();
            let is_silent = book.silent_after.is_some_and(|n| book.messages > n);
            (book.paused_until, is_silent)
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
                    let book = self.book.lock().unwrap();
                    let others = book.ends.iter().filter(|(id, _)| **id != tunnel);
                    // The newest: an older one may have been given up by its client.
                    let newest = others.max_by_key(|(id, _)| **id);
                    newest.map(|(_, sender)| sender.clone())
                };
                match stranger {
                    Some(stranger) if stranger.send(message).is_ok() => {}
                    _ => {
                        let mut book = self.book.lock().unwrap();
                        *book.done.get_mut(&Sin::Misdeliver).unwrap() -= 1;
                    }
                }
            }
            Some(Sin::Stall) => {
                sleep(STALL).await;
                send(message);
            }
            Some(Sin::WrongCode) => unreachable!("not of messages"),
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
