//! The signals that ask the program to end.
//!
//! Whoever listens ends in its own time, so that what must not be left behind, such as a picture of
//! the QR code, goes with it.

use std::process::ExitCode;

/// What asked the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: `kill`, a service manager, a computer that shuts down.
    Terminate,
    /// SIGHUP: the terminal was closed.
    HangUp,
}

impl Signal {
    /// What shells report for a program that a signal ended: 128 and its number.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        })
    }

    /// The error in a result that the signal has cut short.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::HangUp => "ended by SIGHUP: the terminal was closed",
            Self::Interrupt => "ended with Ctrl-C",
            Self::Terminate => "ended by SIGTERM",
        }
    }
}

pub(crate) use system::Signals;

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{self, SignalKind};

    use super::Signal;

    /// The signals from [`Self::listen`] on, each as often as it is asked for.
    pub(crate) struct Signals {
        interrupt: Option<unix::Signal>,
        terminate: Option<unix::Signal>,
        hang_up: Option<unix::Signal>,
    }

    impl Signals {
        /// From now on none of them ends the program by itself. Needs the runtime.
        pub(crate) fn listen() -> Self {
            // `nohup` has the program outlive its terminal.
            let hang_up = if hang_up_is_ignored() {
                None
            } else {
                hear(SignalKind::hangup())
            };
            Self {
                interrupt: hear(SignalKind::interrupt()),
                terminate: hear(SignalKind::terminate()),
                hang_up,
            }
        }

        /// Resolves at the next one; never when the system has no such thing.
        ///
        /// # Cancel safety
        /// A signal that was not returned comes next time.
        pub(crate) async fn next(&mut self) -> Signal {
            tokio::select! {
                biased;
                () = came(&mut self.hang_up) => Signal::HangUp,
                () = came(&mut self.terminate) => Signal::Terminate,
                () = came(&mut self.interrupt) => Signal::Interrupt,
            }
        }
    }

    fn hear(kind: SignalKind) -> Option<unix::Signal> {
        unix::signal(kind)
            .inspect_err(|error| tracing::warn!(%error, ?kind, "a signal cannot be heard"))
            .ok()
    }

    async fn came(signal: &mut Option<unix::Signal>) {
        let heard = match signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// What the program was started with. Only Linux tells without unsafe code.
    #[cfg(target_os = "linux")]
    fn hang_up_is_ignored() -> bool {
        const SIGHUP: u64 = 1;
        let status = procfs::process::Process::myself().and_then(|process| process.status());
        status.is_ok_and(|status| status.sigign & SIGHUP != 0)
    }

    #[cfg(not(target_os = "linux"))]
    const fn hang_up_is_ignored() -> bool {
        false
    }
}

#[cfg(not(unix))]
mod system {
    use super::Signal;

    /// Ctrl-C, the only one here.
    pub(crate) struct Signals(());

    impl Signals {
        pub(crate) const fn listen() -> Self {
            Self(())
        }

        /// Resolves at the next one; never when the system has no such thing.
        pub(crate) async fn next(&mut self) -> Signal {
            if let Err(error) = tokio::signal::ctrl_c().await {
                tracing::warn!(%error, "Ctrl-C cannot be heard");
                std::future::pending::<()>().await;
            }
            Signal::Interrupt
        }
    }
}
