//! The answer to a request, and the end of a connection that gets no tunnel.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};

use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use crate::metrics::Limit;
use crate::pump::with_read_buffer;
use crate::shared::Shared;
use crate::socket::Socket;

impl Shared {
    /// Answers and ends the connection.
    pub(super) async fn answer(&self, socket: &mut Socket, answer: &str) {
        if self.write(socket, answer).await.is_ok() {
            let _ = timeout(self.config.limits.close_time, linger(socket)).await;
        }
    }

    /// Writes an answer, as long as the client takes it in time.
    pub(super) async fn write(&self, socket: &mut Socket, answer: &str) -> io::Result<()> {
        let write = async {
            socket.write_all(answer.as_bytes()).await?;
            socket.flush().await
        };
        match timeout(self.config.limits.upgrade_time, write).await {
            Ok(written) => written,
            Err(late) => {
                self.metrics.count_limit(Limit::UpgradeTime);
                Err(late.into())
            }
        }
    }
}

/// Closes our side and reads what is still coming, so that the kernel does not answer it with a
/// reset that would take the answer away from the client.
async fn linger(socket: &mut Socket) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let mut reading = pin!(std::future::poll_fn(|cx| {
        with_read_buffer(|buffer| {
            let mut read = ReadBuf::new(buffer);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut read))?;
            Poll::Ready(io::Result::Ok(read.filled().len()))
        })
    }));
    while matches!(reading.as_mut().await, Ok(1..)) {}
}
