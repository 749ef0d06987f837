//! How long each part may take.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use hawser_proto::frame::{Frame, FrameKind};
use hawser_proto::noise::Initiator;
use hawser_proto::record::Sealer;
use hawser_proto::{Advert, LaptopInvitation, OsRng};

use super::script::{APPROVES, Person, Received, phone_session, play, play_within, shown};
use super::*;
use crate::authenticator::Authenticator;
use crate::store::MemoryStore;

fn hesitant() -> Authenticator<MemoryStore, Person> {
    Authenticator::new(MemoryStore::new(), Person::Hesitates)
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
    let outcome = play_within(limits, hesitant(), async |mut laptop, _| {
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
        let mut authenticator = hesitant();
        match phone.serve(&mut authenticator, &mut |_| {}).await {
            Err(PhoneError::TimedOut { stage }) => assert_eq!(stage, expected),
            // An approval that took too long is answered, and then there is silence but for updates.
            Ok(outcome) if request.is_some() => assert_eq!(outcome.ending, Ending::Silence),
            other => panic!("{other:?}"),
        }
    }
}
