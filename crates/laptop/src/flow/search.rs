//! Listening for the one advert that was made for us.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::task::coop::consume_budget;

use crate::scanner::{ScanError, Scanner};

/// A scan that is under way. Ends when it is dropped.
pub(super) struct Search<S> {
    scanner: S,
    heard: Option<Vec<u8>>,
}

impl<S: Scanner> Search<S> {
    /// Starts the scan. It goes on between the calls, because a scanner is cancel safe.
    pub(super) async fn start(mut scanner: S) -> Result<Self, ScanError> {
        scanner.start().await?;
        // Some begin to listen only now.
        let first = {
            let mut next = pin!(scanner.next());
            poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
        };
        let heard = match first {
            Poll::Ready(data) => Some(data?),
            Poll::Pending => None,
        };
        Ok(Self { scanner, heard })
    }

    /// The first advert that `open` understands. Everybody else's are skipped without a word; there may be
    /// thousands. Ends the scan when it returns.
    pub(super) async fn first<T>(
        mut self,
        open: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, ScanError> {
        loop {
            let data = match self.heard.take() {
                Some(data) => data,
                None => self.scanner.next().await?,
            };
            if let Some(advert) = open(&data) {
                return Ok(advert);
            }
            // A scanner that never pends must not keep the deadline from being noticed.
            consume_budget().await;
        }
    }
}
