//! Ctrl-C and SIGTERM.

use std::io;

use tokio_util::sync::CancellationToken;

/// The first Ctrl-C or SIGTERM ends the run with its report so far; the second ends it at once.
pub(crate) fn stop_when_told(stop: CancellationToken) {
    tokio::spawn(async move {
        if told_to_stop().await.is_ok() {
            stop.cancel();
        }
        if told_to_stop().await.is_ok() {
            std::process::exit(130);
        }
    });
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // What a Job's or a CI runner's deadline sends.
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
