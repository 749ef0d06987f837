//! What ends a wait: limits, the user, and dropping the future.

use std::time::{Duration, SystemTime};

use hawser_laptop::webauthn::Authentication;
use hawser_laptop::{Hint, Laptop, LaptopError, Limits, ScanError, Scanner, Stage};
use hawser_proto::PhoneEvent;
use tokio::time::Instant;

use crate::air::air;
use crate::phone::Viewer;
use crate::service::Service;
use crate::story::{REPLY, play, play_within, request};

/// Nobody scans, or the wrong code is scanned: both look alike from here.
#[tokio::test(start_paused = true)]
async fn no_advert_that_matches() {
    let outcome = play(async |mut world| {
        let start = Instant::now();
        world.reaches("WaitingForScan").await;
        world.air.advertise([0x5a; 20]);
        world.air.silence().await;
        assert_eq!(start.elapsed().as_secs(), 120);
    })
    .await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, LaptopError::AdvertNotSeen), "{error:?}");
    assert_eq!(outcome.progress, ["WaitingForScan"]);
}

/// A scanner that never pends, as in a room full of phones.
struct Crowd;

impl Scanner for Crowd {
    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        Ok(vec![0x5a; 20])
    }
}

#[tokio::test]
async fn a_crowded_air_cannot_keep_the_user_from_cancelling() {
    let laptop = Laptop::new(hawser_tunnel::Dialer::new());
    let invite = laptop
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let canceller = invite.canceller();
    let request = request();
    let (result, ()) = tokio::join!(invite.run(Crowd, &request, |_| {}), async {
        tokio::task::yield_now().await;
        canceller.cancel();
    });
    assert!(matches!(result, Err(LaptopError::Cancelled)));
}

/// A radio that takes three seconds to start, and hears nothing.
struct Slow {
    fails: bool,
}

impl Scanner for Slow {
    async fn start(&mut self) -> Result<(), ScanError> {
        tokio::time::sleep(Duration::from_secs(3)).await;
        if self.fails {
            return Err(ScanError::PoweredOff);
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn no_code_is_shown_before_the_radio_listens() {
    for fails in [false, true] {
        let laptop = Laptop::new(hawser_tunnel::Dialer::new());
        let invite = laptop
            .invite(Hint::GetAssertion, SystemTime::now())
            .unwrap();
        let (start, mut told) = (Instant::now(), Vec::new());
        let request = request();
        let mut radio = Slow { fails };
        let result = invite
            .run(&mut radio, &request, |event| {
                told.push((crate::story::name(&event), start.elapsed().as_secs()));
            })
            .await;
        let error = result.unwrap_err();
        if fails {
            assert!(
                matches!(error, LaptopError::Scan(ScanError::PoweredOff)),
                "{error:?}"
            );
            assert_eq!(told, []);
        } else {
            assert!(matches!(error, LaptopError::AdvertNotSeen), "{error:?}");
            assert_eq!(told, [("WaitingForScan", 3)]);
        }
    }
}

#[tokio::test]
async fn a_service_that_never_answers() {
    let service = Service::start().await;
    let invite = Laptop::new(service.dialer())
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let (air, radio) = air();
    air.advertise(Viewer::scan(&invite.uri()).service_data());
    let request = request();
    let (result, _socket) = tokio::join!(invite.run(radio, &request, |_| {}), async {
        let socket = service.ignore().await;
        // It is connected; now time may fly.
        tokio::time::pause();
        socket
    });
    assert!(
        matches!(result, Err(LaptopError::TunnelUnreachable { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_phone_that_never_answers_the_handshake() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        world.air.advertise(viewer.service_data());
        let mut line = viewer.accept(&world.service).await;
        line.receive().await.unwrap();
        let start = pause();
        assert_eq!(line.receive().await, None);
        assert_about(start.elapsed(), 20);
    })
    .await;
    assert!(
        matches!(
            outcome.result,
            Err(LaptopError::TimedOut {
                stage: Stage::Securing
            })
        ),
        "{:?}",
        outcome.result
    );
}

/// The phone is told, so that it does not go on asking its user.
#[tokio::test]
async fn a_person_who_never_decides() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        let start = pause();
        phone.goodbye().await;
        assert_about(start.elapsed(), 300);
        phone.line.close().await;
    })
    .await;
    assert!(
        matches!(
            outcome.result,
            Err(LaptopError::TimedOut {
                stage: Stage::Approving
            })
        ),
        "{:?}",
        outcome.result
    );
}

/// The whole transaction has one deadline, however the time was spent.
#[tokio::test]
async fn the_deadline_counts_from_the_first_look() {
    let mut limits = Limits::default();
    limits.transaction = Duration::from_mins(1);
    let outcome = play_within(limits, async |mut world| {
        let viewer = world.scan().await;
        let start = pause();
        tokio::time::advance(Duration::from_secs(40)).await;
        world.air.advertise(viewer.service_data());
        tokio::time::resume();
        let mut phone = viewer.meet(&world.service).await;
        phone.request().await;
        tokio::time::pause();
        phone.goodbye().await;
        assert_about(start.elapsed(), 60);
        phone.line.close().await;
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::TimedOut { .. })));
}

/// A relying party may want less time than there is, but a phone has to be fetched.
#[tokio::test(start_paused = true)]
async fn a_relying_partys_timeout() {
    async fn waited(timeout_ms: u32) -> u64 {
        let options = format!(r#"{{"challenge": "AAAA", "timeout": {timeout_ms}}}"#);
        let origin = "https://example.com".parse().unwrap();
        let ceremony = Authentication::from_json(&options, &origin).unwrap();
        let mut limits = Limits::default();
        limits.advert = Duration::from_secs(1000);
        let laptop = Laptop::with_limits(hawser_tunnel::Dialer::new(), limits);
        let invite = laptop
            .invite(Hint::GetAssertion, SystemTime::now())
            .unwrap();
        let (_air, radio) = air();
        let start = Instant::now();
        let result = invite.authenticate(radio, &ceremony, |_| {}).await;
        assert!(matches!(result, Err(LaptopError::AdvertNotSeen)));
        start.elapsed().as_secs()
    }
    assert_eq!(waited(1_000).await, 60);
    assert_eq!(waited(90_000).await, 90);
    assert_eq!(waited(3_600_000).await, 300);
}

#[tokio::test]
async fn cancelling_while_nobody_is_there() {
    let outcome = play(async |mut world| {
        world.reaches("WaitingForScan").await;
        world.canceller.cancel();
        world.air.silence().await;
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::Cancelled)));
}

#[tokio::test]
async fn cancelling_ends_the_question_on_the_phone() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        world.canceller.cancel();
        phone.goodbye().await;
        phone.line.close().await;
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::Cancelled)));
}

#[tokio::test]
async fn what_the_phone_had_done_by_then_is_not_lost() {
    // Approved while it was told, and declined.
    for (reply, is_kept) in [(REPLY, true), (&[0x27][..], false)] {
        let outcome = play(async |mut world| {
            let mut phone = world.be_asked().await;
            world.canceller.cancel();
            phone.reply(reply).await;
            phone.goodbye().await;
            phone.line.close().await;
        })
        .await;
        match outcome.result {
            Ok(kept) => assert!(is_kept && kept == reply),
            Err(LaptopError::Cancelled) => assert!(!is_kept),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let service = Service::start().await;
    let invite = Laptop::new(service.dialer())
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let viewer = Viewer::scan(&invite.uri());
    let (air, radio) = air();
    air.advertise(viewer.service_data());
    let request = request();
    let mut phone = {
        let run = invite.run(radio, &request, |_| {});
        tokio::select! {
            _ = run => unreachable!("the phone has not answered"),
            phone = async {
                let mut phone = viewer.meet(&service).await;
                phone.request().await;
                phone
            } => phone,
        }
    };
    assert_eq!(phone.line.receive().await, None);
    air.silence().await;
}

/// A phone that has replied and keeps the line open costs two seconds, not three minutes.
#[tokio::test]
async fn the_goodbye_is_bounded() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        phone.goodbye().await;
        let start = pause();
        assert!(!matches!(phone.next().await, Some(PhoneEvent::Request(_))));
        assert_about(start.elapsed(), 2);
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

/// From here on only timers matter.
pub(crate) fn pause() -> Instant {
    tokio::time::pause();
    Instant::now()
}

/// Some real time may have passed on either side before the clock was stopped.
#[track_caller]
pub(crate) fn assert_about(elapsed: Duration, seconds: u64) {
    let seconds = Duration::from_secs(seconds);
    let slack = Duration::from_secs(15);
    assert!(
        elapsed <= seconds + Duration::from_millis(10) && elapsed + slack >= seconds,
        "{elapsed:?}"
    );
}

/// "For ever" is a fair thing to configure, and no clock holds it.
#[tokio::test]
async fn limits_beyond_every_clock() {
    let mut limits = Limits::default();
    limits.transaction = Duration::MAX;
    limits.advert = Duration::MAX;
    limits.handshake = Duration::MAX;
    limits.linger = Duration::MAX;
    let outcome = play_within(limits, async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}
