//! A listening socket as the relay meets it: a failed accept is counted, told, and tried again.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::Relay;
use crate::listen::BACKLOG;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::socket::{abandon_after, prepare};

/// Pause after a failed accept: long enough not to spin while there are no file descriptors left.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Between two warnings. Whoever makes accepts fail now and then shall not fill the log with it.
const NEWS: Duration = Duration::from_mins(1);

/// Where connections come in.
pub(super) struct Door<'a> {
    tcp: &'a TcpListener,
    metrics: &'a Metrics,
    /// Who comes in here, for the log.
    who: &'static str,
    told: Option<Instant>,
    /// For what is prepared here.
    write_stall_time: Duration,
    /// Connections that may have come before the listening socket was prepared, and have not what it has.
    unprepared: u16,
}

impl Relay {
    /// Prepares a listening socket, which an app may have made in its own way.
    pub(super) fn door<'a>(&'a self, tcp: &'a TcpListener, who: &'static str) -> Door<'a> {
        let Shared {
            config, metrics, ..
        } = &*self.shared;
        let write_stall_time = config.limits.write_stall_time;
        if let Err(error) = prepare(tcp) {
            tracing::warn!(%error, from = who, "small messages will be late: TCP_NODELAY is refused");
        }
        abandon_after(tcp, write_stall_time);
        Door::new(tcp, metrics, who, write_stall_time)
    }
}

impl<'a> Door<'a> {
    fn new(
        tcp: &'a TcpListener,
        metrics: &'a Metrics,
        who: &'static str,
        write_stall_time: Duration,
    ) -> Self {
        Self {
            tcp,
            metrics,
            who,
            told: None,
            write_stall_time,
            unprepared: BACKLOG,
        }
    }

    /// The next connection, as soon as the kernel gives one.
    ///
    /// # Cancel safety
    /// No connection is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.tcp.accept().await {
                Ok(accepted) => {
                    self.prepare_early(&accepted.0);
                    return accepted;
                }
                Err(error) => {
                    self.metrics.accept_errors.inc();
                    if self.is_news(Instant::now()) {
                        tracing::warn!(%error, from = self.who, "cannot accept connections");
                    }
                    if !is_of_one_connection(&error) {
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    fn prepare_early(&mut self, stream: &TcpStream) {
        if let Some(left) = self.unprepared.checked_sub(1) {
            self.unprepared = left;
            // If it is refused, that has been told of the listening socket.
            let _ = prepare(stream);
            abandon_after(stream, self.write_stall_time);
        }
    }

    fn is_news(&mut self, now: Instant) -> bool {
        let is_news = self.told.is_none_or(|told| now >= told + NEWS);
        if is_news {
            self.told = Some(now);
        }
        is_news
    }
}

/// Whether only the connection that would have come has failed, and the next one may be good.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn connections_have_their_options_whoever_made_the_listening_socket() {
        for address in ["127.0.0.1:0", "[::]:0"] {
            let listener = TcpListener::bind(address).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let _waits = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let relay = Relay::new(Config::default()).unwrap();
            let mut door = relay.door(&listener, "clients");
            let _comes = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            for when in ["before", "after"] {
                let (stream, _) = door.next().await;
                let options = socket2::SockRef::from(&stream);
                assert!(options.tcp_nodelay().unwrap(), "{address}, {when}");
                let timeout = options.tcp_user_timeout().unwrap();
                assert_eq!(timeout, Some(Duration::from_secs(35)), "{address}, {when}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_news_once_a_minute() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metrics = Metrics::new().unwrap();
        let mut door = Door::new(&listener, &metrics, "clients", Duration::ZERO);
        assert!(door.is_news(Instant::now()));
        for _ in 0..1199 {
            advance(ACCEPT_PAUSE).await;
            assert!(!door.is_news(Instant::now()));
        }
        advance(ACCEPT_PAUSE).await;
        assert!(door.is_news(Instant::now()));
        assert!(!door.is_news(Instant::now()));
    }

    #[test]
    fn only_a_shortage_of_ours_is_worth_a_pause() {
        for (errno, of_one) in [
            (rustix::io::Errno::CONNABORTED, true),
            (rustix::io::Errno::MFILE, false),
            (rustix::io::Errno::NFILE, false),
            (rustix::io::Errno::NOBUFS, false),
        ] {
            assert_eq!(is_of_one_connection(&errno.into()), of_one, "{errno}");
        }
    }
}
