//! The head of a connection's one request: read, and decided on.

use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::SystemTime;

use tokio::io::{AsyncRead as _, ReadBuf};

use crate::address::{Told, told_by};
use crate::decide::{Conditions, Decision, decide};
use crate::pump::with_read_buffer;
use crate::refusal::Refusal;
use crate::request::with_head;
use crate::seat::Origin;
use crate::shared::Shared;
use crate::socket::Socket;

/// What a request leads to, besides its answer.
pub(super) struct Asked {
    pub(super) decision: Decision,
    /// What came behind the request head.
    pub(super) early: Vec<u8>,
    /// What its fields tell about the client, which counts if a trusted proxy sent them.
    pub(super) told: Told,
}

impl Shared {
    /// Reads the request head, without a buffer of its own when it comes in one piece.
    pub(super) async fn read_request(
        &self,
        socket: &mut Socket,
        origin: Origin,
    ) -> io::Result<Asked> {
        let most = self.config.limits.head_bytes;
        let mut head = Vec::new();
        std::future::poll_fn(|cx| {
            loop {
                let asked = ready!(with_read_buffer(|buffer| {
                    if let Some(start) = buffer.get_mut(..head.len()) {
                        start.copy_from_slice(&head);
                    }
                    // What comes behind the head is kept too, so it must not be more than the buffer of
                    // a head: a waiting phone would hold on to all of it.
                    let most = most.min(buffer.len());
                    let mut read = ReadBuf::new(buffer.get_mut(..most).unwrap_or_default());
                    read.set_filled(head.len());
                    ready!(Pin::new(&mut *socket).poll_read(cx, &mut read))?;
                    if read.filled().len() == head.len() {
                        return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof)));
                    }
                    let asked = self.decide(read.filled(), origin);
                    if asked.is_none() {
                        head = read.filled().to_vec();
                    }
                    Poll::Ready(Ok(asked))
                }))?;
                if let Some(asked) = asked {
                    return Poll::Ready(Ok(asked));
                }
            }
        })
        .await
    }

    /// The decision on the request in `bytes`; `None` while its head is incomplete.
    fn decide(&self, bytes: &[u8], origin: Origin) -> Option<Asked> {
        let most = self.config.limits.head_bytes;
        let conditions = self.conditions();
        let decided = with_head(bytes, |head, len, checked| {
            let told = told_by(head, &self.config.proxies);
            let checked = if len > most {
                Err(Refusal::HeadTooLarge)
            } else {
                checked
            };
            if let Err(refusal) = checked {
                return Asked::refused(refusal, told);
            }
            Asked {
                decision: match (origin, &self.peers) {
                    (Origin::Client, _) => decide(head, conditions),
                    (Origin::Peer, Some(peers)) => {
                        peers.decide(head, conditions, SystemTime::now())
                    }
                    (Origin::Peer, None) => Decision::Refuse(Refusal::PeerForged),
                },
                early: bytes.get(len..).unwrap_or_default().to_vec(),
                told,
            }
        });
        let unreadable = |refusal| Some(Asked::refused(refusal, Told::Malformed));
        match decided {
            Ok(None) if bytes.len() >= most => unreadable(Refusal::HeadTooLarge),
            Ok(asked) => asked,
            Err(refusal) => unreadable(refusal),
        }
    }

    fn conditions(&self) -> Conditions {
        Conditions {
            draining: self.is_draining(),
            full: self.waiting() >= self.config.limits.waiting_tunnels,
            routing_id: self.config.routing_id,
        }
    }

    /// Phones that wait.
    pub(super) fn waiting(&self) -> u64 {
        u64::try_from(self.metrics.waiting.get()).unwrap_or_default()
    }
}

impl Asked {
    pub(super) fn refused(refusal: Refusal, told: Told) -> Self {
        Self {
            decision: Decision::Refuse(refusal),
            early: Vec::new(),
            told,
        }
    }
}
