//! A laptop that is a script, and the phone that it talks to.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hawser_proto::{
    Advert, Hint, LaptopEvent, LaptopInvitation, LaptopSession, OsRng, PhoneHello, PostHandshake,
};
use hawser_wire::{RoutingId, TunnelDomain};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::super::*;
use crate::approver::{Approver, Ask, Decision};
use crate::authenticator::Authenticator;
use crate::store::MemoryStore;

pub(super) type Received = Result<Option<Vec<u8>>, TunnelError>;

/// The phone's end of a tunnel that exists in memory only.
struct Line {
    incoming: UnboundedReceiver<Received>,
    outgoing: UnboundedSender<Vec<u8>>,
}

impl Messages for Line {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        self.outgoing.send(message).map_err(|_| TunnelError::Ended)
    }

    async fn receive(&mut self) -> Received {
        let received = self.incoming.recv().await;
        received.unwrap_or_else(|| Err(TunnelError::Lost(io::ErrorKind::UnexpectedEof.into())))
    }
}

/// The laptop's end.
pub(super) struct Script {
    to_phone: UnboundedSender<Received>,
    pub(super) from_phone: UnboundedReceiver<Vec<u8>>,
    session: LaptopSession,
    pub(super) handshake: Vec<u8>,
}

impl Script {
    pub(super) fn says(&self, message: Vec<u8>) {
        self.to_phone.send(Ok(Some(message))).unwrap();
    }

    pub(super) fn closes(&self) {
        self.to_phone.send(Ok(None)).unwrap();
    }

    pub(super) fn is_closed_with(&self, code: u16) {
        let reason = String::new();
        let closed = Err(TunnelError::Closed { code, reason });
        self.to_phone.send(closed).unwrap();
    }

    /// The next event of what the phone sends.
    pub(super) async fn hears(&mut self) -> LaptopEvent {
        loop {
            let message = self
                .from_phone
                .recv()
                .await
                .expect("the phone says no more");
            if let Some(event) = self.session.receive(&message).unwrap().event {
                return event;
            }
        }
    }

    /// The handshake, up to the phone's introduction.
    pub(super) async fn joins(&mut self) {
        self.says(self.handshake.clone());
        assert!(matches!(self.hears().await, LaptopEvent::Ready(_)));
    }

    pub(super) fn asks(&mut self, request: &[u8]) {
        let message = self.session.request(request).unwrap();
        self.says(message);
    }

    pub(super) fn says_goodbye(&mut self) {
        let message = self.session.shutdown().unwrap();
        self.says(message);
    }

    pub(super) async fn hears_status(&mut self) -> u8 {
        match self.hears().await {
            LaptopEvent::Reply(reply) => reply[0],
            other => panic!("expected a reply, not {other:?}"),
        }
    }
}

/// Notices when it is dropped.
struct OnAir(Arc<AtomicBool>);

impl Drop for OnAir {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// What the person does.
#[derive(Clone, Copy)]
pub(super) enum Person {
    Decides(Decision),
    Hesitates,
}

impl Approver for Person {
    async fn approve(&self, _: &Ask<'_>) -> Decision {
        match self {
            Self::Decides(decision) => *decision,
            Self::Hesitates => pending().await,
        }
    }
}

pub(super) struct Outcome {
    pub(super) result: Result<PhoneOutcome, PhoneError>,
    pub(super) progress: Vec<Progress>,
    /// Seconds.
    pub(super) took: u64,
}

pub(super) fn shown() -> (LaptopInvitation, Advert) {
    let shown = LaptopInvitation::new(&mut OsRng, Hint::GetAssertion, None, false).unwrap();
    let domain = TunnelDomain::from_id(266).unwrap();
    let advert = Advert::new(&mut OsRng, RoutingId::from_bytes([0; 3]), domain).unwrap();
    (shown, advert)
}

pub(super) fn phone_session(shown: &LaptopInvitation, advert: &Advert) -> PhoneSession {
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
    PhoneSession::new(shown.invitation(), advert, hello, &mut OsRng).unwrap()
}

pub(super) async fn play(
    person: Person,
    script: impl AsyncFnOnce(Script, Arc<AtomicBool>),
) -> Outcome {
    let authenticator = Authenticator::new(MemoryStore::new(), person);
    play_within(Limits::default(), authenticator, script).await
}

/// A session from the advert on, against `script`.
pub(super) async fn play_within(
    limits: Limits,
    mut authenticator: impl CtapAuthenticator,
    script: impl AsyncFnOnce(Script, Arc<AtomicBool>),
) -> Outcome {
    let (shown, advert) = shown();
    let (session, handshake) = LaptopSession::start(&shown, &advert, &mut OsRng).unwrap();
    let (to_phone, incoming) = unbounded_channel();
    let (outgoing, from_phone) = unbounded_channel();
    let tunnel = Line { incoming, outgoing };
    let on_air = Arc::new(AtomicBool::new(true));
    let laptop = Script {
        to_phone,
        from_phone,
        session,
        handshake,
    };
    let start = Instant::now();
    let mut progress = Vec::new();
    let phone = async {
        // Ends with the session, so that the script hears that.
        let mut tunnel = tunnel;
        let mut phone = Laptop {
            tunnel: &mut tunnel,
            session: phone_session(&shown, &advert),
            limits: &limits,
            deadline: after(limits.session),
        };
        phone.secure(OnAir(Arc::clone(&on_air))).await?;
        let mut sink = |step| progress.push(step);
        phone.serve(&mut authenticator, &mut sink).await
    };
    let (result, ()) = tokio::join!(
        async {
            let result = phone.await;
            (result, start.elapsed().as_secs())
        },
        script(laptop, Arc::clone(&on_air))
    );
    Outcome {
        result: result.0,
        progress,
        took: result.1,
    }
}

pub(super) const APPROVES: Person = Person::Decides(Decision::Approve);
pub(super) const DECLINES: Person = Person::Decides(Decision::Decline);
