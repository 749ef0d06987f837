//! The runtime of the commands that wait for something, and Ctrl-C.

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::ending::{Failure, INTERRUPTED};

/// One thread is plenty: a command waits for people and sockets.
pub(crate) fn start() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error).about("the program cannot start"))
}

/// Resolves at Ctrl-C; never when the system has no such thing.
pub(crate) async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "Ctrl-C cannot be heard");
        std::future::pending::<()>().await;
    }
}

pub(crate) fn interrupted_code() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}
