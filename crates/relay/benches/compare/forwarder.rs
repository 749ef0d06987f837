//! The yardstick: pairs two TCP connections by a name and copies bytes between them. No HTTP, no
//! frames, no limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

type Waiting = Arc<Mutex<HashMap<[u8; 32], oneshot::Sender<TcpStream>>>>;

/// Serves until it is killed. Prints its address first.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        println!("{}", listener.local_addr().unwrap());
        let waiting = Waiting::default();
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&waiting)));
            }
        }
    });
}

/// Reads `N` or `C` and 32 bytes of a name, answers `K` once both are there or waiting, and copies.
async fn serve(mut stream: TcpStream, waiting: Waiting) {
    stream.set_nodelay(true).unwrap();
    let mut head = [0; 33];
    if stream.read_exact(&mut head).await.is_err() {
        return;
    }
    let [kind, name @ ..] = head;
    if kind == b'N' {
        let (ticket, joined) = oneshot::channel();
        waiting.lock().unwrap().insert(name, ticket);
        let _ = stream.write_all(b"K").await;
        if let Ok(mut peer) = joined.await {
            let _ = peer.write_all(b"K").await;
            let _ = copy_bidirectional(&mut stream, &mut peer).await;
        }
    } else if let Some(ticket) = waiting.lock().unwrap().remove(&name) {
        let _ = ticket.send(stream);
    }
}
