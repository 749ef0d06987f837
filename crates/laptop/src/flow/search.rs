//! Listening for the one advert that was made for us.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::task::coop::consume_budget;

use crate::flow::Sink;
use crate::progress::Progress;
use crate::scanner::{ScanError, Scanner};

/// The first advert that `open` understands. Everybody else's are skipped without a word; there may be
/// thousands. Ends the scan when it returns.
///
/// The scan is started before the app is told to show the QR code.
pub(super) async fn first<T>(
    mut scanner: impl Scanner,
    open: impl Fn(&[u8]) -> Option<T>,
    progress: Sink<'_>,
) -> Result<T, ScanError> {
    let mut data = {
        let mut next = pin!(scanner.next());
        let heard = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
        if let Poll::Ready(Err(error)) = heard {
            return Err(error);
        }
        progress(Progress::WaitingForScan);
        match heard {
            Poll::Ready(data) => data?,
            Poll::Pending => next.await?,
        }
    };
    loop {
        if let Some(advert) = open(&data) {
            return Ok(advert);
        }
        // A scanner that never pends must not keep the deadline from being noticed.
        consume_budget().await;
        data = scanner.next().await?;
    }
}
