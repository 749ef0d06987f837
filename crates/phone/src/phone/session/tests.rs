//! A session with a laptop that is a script, on a clock that is paused: every way in which it ends.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use hawser_proto::frame::{Frame, FrameKind};
use hawser_proto::noise::Initiator;
use hawser_proto::record::Sealer;
use hawser_proto::{
    Advert, Hint, LaptopEvent, LaptopInvitation, LaptopSession, OsRng, PhoneHello, PostHandshake,
};
use hawser_wire::{RoutingId, TunnelDomain};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::approver::Decision;
use crate::store::MemoryStore;

/// A sign-in at `example.com` without options; the phone has no passkey for it.
const SIGN_IN: &[u8] = b"\x02\xA2\x01\x6Bexample.com\x02\x58\x20................................";
const SELECTION: &[u8] = &[ctap::SELECTION];
const DENIED: u8 = 0x27;
const NO_CREDENTIALS: u8 = 0x2E;
const USER_ACTION_TIMEOUT: u8 = 0x2F;

type Received = Result<Option<Vec<u8>>, TunnelError>;

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
struct Script {
    to_phone: UnboundedSender<Received>,
    from_phone: UnboundedReceiver<Vec<u8>>,
    session: LaptopSession,
    handshake: Vec<u8>,
}

impl Script {
    fn says(&self, message: Vec<u8>) {
        self.to_phone.send(Ok(Some(message))).unwrap();
    }

    fn closes(&self) {
        self.to_phone.send(Ok(None)).unwrap();
    }

    fn is_closed_with(&self, code: u16) {
        let reason = String::new();
        let closed = Err(TunnelError::Closed { code, reason });
        self.to_phone.send(closed).unwrap();
    }

    /// The next event of what the phone sends.
    async fn hears(&mut self) -> LaptopEvent {
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
    async fn joins(&mut self) {
        self.says(self.handshake.clone());
        assert!(matches!(self.hears().await, LaptopEvent::Ready(_)));
    }

    fn asks(&mut self, request: &[u8]) {
        let message = self.session.request(request).unwrap();
        self.says(message);
    }

    fn says_goodbye(&mut self) {
        let message = self.session.shutdown().unwrap();
        self.says(message);
    }

    async fn hears_status(&mut self) -> u8 {
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
enum Person {
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

struct Outcome {
    result: Result<PhoneOutcome, PhoneError>,
    progress: Vec<Progress>,
    /// Seconds.
    took: u64,
}

fn shown() -> (LaptopInvitation, Advert) {
    let shown = LaptopInvitation::new(&mut OsRng, Hint::GetAssertion, None, false).unwrap();
    let domain = TunnelDomain::from_id(266).unwrap();
    let advert = Advert::new(&mut OsRng, RoutingId::from_bytes([0; 3]), domain).unwrap();
    (shown, advert)
}

fn phone_session(shown: &LaptopInvitation, advert: &Advert) -> PhoneSession {
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
    PhoneSession::new(shown.invitation(), advert, hello, &mut OsRng).unwrap()
}

async fn play(person: Person, script: impl AsyncFnOnce(Script, Arc<AtomicBool>)) -> Outcome {
    play_within(Limits::default(), person, script).await
}

/// A session from the advert on, against `script`.
async fn play_within(
    limits: Limits,
    person: Person,
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
        let mut authenticator = Authenticator::new(MemoryStore::new(), person);
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

const APPROVES: Person = Person::Decides(Decision::Approve);
const DECLINES: Person = Person::Decides(Decision::Decline);

fn statuses(outcome: &PhoneOutcome) -> Vec<u8> {
    outcome.answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_a_reply_and_a_goodbye() {
    let outcome = play(APPROVES, async |mut laptop, on_air| {
        laptop.joins().await;
        assert!(
            !on_air.load(Ordering::SeqCst),
            "the advert has done its work"
        );
        laptop.asks(SIGN_IN);
        assert_eq!(laptop.hears_status().await, NO_CREDENTIALS);
        laptop.says_goodbye();
        // No shutdown from a phone, nor anything else: browsers take it for an error.
        assert_eq!(laptop.from_phone.recv().await, None);
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::Shutdown);
    assert_eq!(statuses(&result), [NO_CREDENTIALS]);
    let asked = (Operation::NoPasskey, "example.com".to_owned());
    assert_eq!(result.answers[0].asked, Some(asked.clone()));
    let (operation, rp_id) = asked;
    let answered = Progress::Answered {
        status: NO_CREDENTIALS,
    };
    assert_eq!(
        outcome.progress,
        [Progress::Asked { operation, rp_id }, answered]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer() {
    let outcome = play(DECLINES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        assert_eq!(laptop.hears_status().await, DENIED);
        laptop.closes();
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::Closed);
    assert_eq!(statuses(&result), [DENIED]);
}

#[tokio::test(start_paused = true)]
async fn nobody_joins() {
    let outcome = play(APPROVES, async |laptop, on_air| {
        tokio::time::sleep(Duration::from_secs(119)).await;
        assert!(on_air.load(Ordering::SeqCst), "advertised to the end");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!on_air.load(Ordering::SeqCst));
        drop(laptop);
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::LaptopNeverCame)));
    assert_eq!(outcome.took, 120);

    // Services give up too, some of them sooner.
    let outcome = play(APPROVES, async |laptop, _| laptop.closes()).await;
    assert!(matches!(outcome.result, Err(PhoneError::LaptopNeverCame)));
    let outcome = play(APPROVES, async |laptop, _| laptop.is_closed_with(1008)).await;
    assert!(matches!(outcome.result, Err(PhoneError::LaptopNeverCame)));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_breaks_says_during_what() {
    #[track_caller]
    fn assert_lost(outcome: Outcome, expected: Stage) {
        match outcome.result {
            Err(PhoneError::LaptopLost { stage, .. }) => assert_eq!(stage, expected),
            other => panic!("expected a lost laptop, not {other:?}"),
        }
        assert_eq!(outcome.took, 0, "reported at once");
    }
    let outcome = play(APPROVES, async |laptop, _| drop(laptop)).await;
    assert_lost(outcome, Stage::Advertising);
    let outcome = play(APPROVES, async |laptop, _| laptop.is_closed_with(1001)).await;
    assert_lost(outcome, Stage::Advertising);
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.closes();
    })
    .await;
    assert_lost(outcome, Stage::AwaitingRequest);
    let outcome = play(Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
    })
    .await;
    assert_lost(outcome, Stage::Answering);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_none_is_not_answered() {
    let outcome = play(APPROVES, async |mut laptop, on_air| {
        let mut altered = laptop.handshake.clone();
        altered[80] ^= 1;
        laptop.says(altered);
        assert_eq!(laptop.from_phone.recv().await, None);
        assert!(!on_air.load(Ordering::SeqCst));
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::Handshake(_))));
}

#[tokio::test(start_paused = true)]
async fn a_laptop_that_asks_nothing() {
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        assert_eq!(laptop.from_phone.recv().await.map(|m| m.len()), Some(528));
        assert_eq!(laptop.from_phone.recv().await, None);
    })
    .await;
    let stage = Stage::AwaitingRequest;
    assert!(matches!(outcome.result, Err(PhoneError::TimedOut { stage: s }) if s == stage));
    assert_eq!(outcome.took, 60);

    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.says_goodbye();
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn a_person_who_does_not_decide() {
    let outcome = play(Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        assert_eq!(laptop.hears_status().await, USER_ACTION_TIMEOUT);
        laptop.says_goodbye();
    })
    .await;
    assert_eq!(statuses(&outcome.result.unwrap()), [USER_ACTION_TIMEOUT]);
    assert_eq!(outcome.took, 120);

    let limits = Limits {
        session: Duration::from_secs(100),
        ..Limits::default()
    };
    let outcome = play_within(limits, Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        while laptop.from_phone.recv().await.is_some() {}
    })
    .await;
    let stage = Stage::Answering;
    assert!(matches!(outcome.result, Err(PhoneError::TimedOut { stage: s }) if s == stage));
    assert_eq!(outcome.took, 100);
}

#[tokio::test(start_paused = true)]
async fn a_laptop_that_changes_its_mind() {
    let outcome = play(Person::Hesitates, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        laptop.says_goodbye();
        while laptop.from_phone.recv().await.is_some() {}
    })
    .await;
    assert!(matches!(outcome.result, Err(PhoneError::Cancelled)));
    assert_eq!(outcome.took, 0);
}

#[tokio::test(start_paused = true)]
async fn another_device_was_chosen() {
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SELECTION);
        assert_eq!(laptop.from_phone.recv().await.map(|m| m.len()), Some(528));
        assert_eq!(laptop.from_phone.recv().await, None, "not answered");
    })
    .await;
    let result = outcome.result.unwrap();
    assert_eq!(result.ending, Ending::AnotherDevice);
    assert!(result.answers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_laptop_that_stays_silent_after_its_reply() {
    let outcome = play(APPROVES, async |mut laptop, _| {
        laptop.joins().await;
        laptop.asks(SIGN_IN);
        laptop.hears_status().await;
        while laptop.from_phone.recv().await.is_some() {}
    })
    .await;
    assert_eq!(outcome.result.unwrap().ending, Ending::Silence);
    assert_eq!(outcome.took, 60);
}

#[tokio::test(start_paused = true)]
async fn so_many_requests_and_no_more() {
    for (requests, served) in [(MAX_REQUESTS, true), (MAX_REQUESTS + 1, false)] {
        let outcome = play(DECLINES, async |mut laptop, _| {
            laptop.joins().await;
            for _ in 0..MAX_REQUESTS {
                laptop.asks(SIGN_IN);
                assert_eq!(laptop.hears_status().await, DENIED);
            }
            if requests > MAX_REQUESTS {
                laptop.asks(SIGN_IN);
                assert_eq!(laptop.from_phone.recv().await, None);
            } else {
                laptop.says_goodbye();
            }
        })
        .await;
        match outcome.result {
            Ok(result) => assert!(served && result.answers.len() == MAX_REQUESTS),
            Err(PhoneError::TooManyRequests) => assert!(!served),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// A laptop whose updates never end: there is always a message, and each takes a second.
struct Flood {
    first: Option<Vec<u8>>,
    request: Option<Vec<u8>>,
    sealer: Option<Sealer>,
    initiator: Option<Initiator>,
}

impl Flood {
    fn new(shown: &LaptopInvitation, advert: &Advert, request: Option<&[u8]>) -> Self {
        let psk = shown.invitation().secret().psk(advert);
        let (initiator, first) = Initiator::qr(&psk, shown.private_key(), &mut OsRng).unwrap();
        Self {
            first: Some(first),
            request: request.map(<[u8]>::to_vec),
            sealer: None,
            initiator: Some(initiator),
        }
    }
}

impl Messages for Flood {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        if let Some(initiator) = self.initiator.take() {
            let (sealer, _) = initiator.finish(&message).unwrap().into_records();
            self.sealer = Some(sealer);
        }
        Ok(())
    }

    async fn receive(&mut self) -> Received {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        // The clock advances without this ever having to wait.
        let mut tick = pin!(tokio::time::advance(Duration::from_secs(1)));
        poll_fn(|cx| Poll::Ready(tick.as_mut().poll(cx).is_ready())).await;
        let frame = match self.request.take() {
            Some(request) => Frame::encode(FrameKind::Ctap, &request),
            None => Frame::encode(FrameKind::Update, &[0xA0]),
        };
        Ok(Some(self.sealer.as_mut().unwrap().seal(&frame).unwrap()))
    }
}

#[tokio::test(start_paused = true)]
async fn updates_that_never_end_do_not_stop_the_clock() {
    for (request, expected) in [
        (None, Stage::AwaitingRequest),
        (Some(SIGN_IN), Stage::Answering),
    ] {
        let (shown, advert) = shown();
        let limits = Limits::default();
        let mut phone = Laptop {
            tunnel: &mut Flood::new(&shown, &advert, request),
            session: phone_session(&shown, &advert),
            limits: &limits,
            deadline: after(limits.session),
        };
        phone.secure(()).await.unwrap();
        let mut authenticator = Authenticator::new(MemoryStore::new(), Person::Hesitates);
        match phone.serve(&mut authenticator, &mut |_| {}).await {
            Err(PhoneError::TimedOut { stage }) => assert_eq!(stage, expected),
            // An approval that took too long is answered, and then there is silence but for updates.
            Ok(outcome) if request.is_some() => assert_eq!(outcome.ending, Ending::Silence),
            other => panic!("{other:?}"),
        }
    }
}
