//! Phones that answer, in one way or another.

use std::time::{Duration, SystemTime};

use hawser_laptop::ctap::{CtapRequest, Status};
use hawser_laptop::{Hint, Laptop, LaptopError};
use hawser_proto::{Invitation, PostHandshake};

use crate::air::air;
use crate::phone::{INFO, Viewer};
use crate::service::Service;
use crate::story::{REPLY, play, request};

#[tokio::test]
async fn every_step_is_reported_once_and_in_order() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        phone.goodbye().await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
    assert_eq!(
        outcome.progress,
        [
            "WaitingForScan",
            "PhoneNearby",
            "Connected",
            "Secured",
            "WaitingForApproval",
            "Done"
        ]
    );
}

#[tokio::test]
async fn the_code_says_what_it_should() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let laptop = Laptop::new(hawser_tunnel::Dialer::new());
    let read = |uri: &str| Invitation::parse(uri).unwrap();

    let first = laptop.invite(Hint::MakeCredential, now).unwrap().uri();
    let second = laptop.invite(Hint::MakeCredential, now).unwrap().uri();
    assert!(first.starts_with("FIDO:/"));
    assert_eq!(read(&first).hint(), Hint::MakeCredential);
    assert_eq!(read(&first).timestamp(), Some(1_700_000_000));
    // Present even when false: without it old phones take the laptop for one of an older protocol.
    assert_eq!(read(&first).linking(), Some(false));
    assert_ne!(read(&first).tunnel_id(), read(&second).tunnel_id());
    assert_ne!(read(&first).public_key(), read(&second).public_key());

    let linking = laptop
        .welcome_links()
        .invite(Hint::MakeCredential, now)
        .unwrap();
    assert_eq!(read(&linking.uri()).linking(), Some(true));
}

#[tokio::test]
async fn refusals_have_their_own_error() {
    async fn answered(status: u8) -> LaptopError {
        let outcome = play(async |mut world| {
            let mut phone = world.be_asked().await;
            phone.reply(&[status]).await;
            phone.goodbye().await;
            phone.line.close().await;
        })
        .await;
        assert!(!outcome.progress.contains(&"Done"));
        outcome.result.unwrap_err()
    }
    assert!(matches!(answered(0x27).await, LaptopError::Declined));
    assert!(matches!(answered(0x2e).await, LaptopError::NoCredentials));
    assert!(matches!(
        answered(0x19).await,
        LaptopError::AlreadyRegistered
    ));
    let other = answered(0x3a).await;
    assert!(matches!(&other, LaptopError::Ctap(status) if *status == Status::from_code(0x3a)));
    assert!(other.to_string().contains("CTAP2_ERR_ACTION_TIMEOUT"));
}

#[tokio::test]
async fn a_phone_may_hang_up_right_behind_its_reply() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);

    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        drop(phone);
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

/// What follows the reply is no reason to lose it, be it late or nonsense.
#[tokio::test]
async fn a_reply_stands_whatever_follows_it() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.reply(REPLY).await;
        phone.line.send(vec![0x55; 48]).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

/// Phones do not answer it (an iPhone) or hang up (others), so it must never be sent.
#[tokio::test]
async fn get_info_is_answered_without_the_phone() {
    let service = Service::start().await;
    let invite = Laptop::new(service.dialer())
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let viewer = Viewer::scan(&invite.uri());
    let (air, radio) = air();
    air.advertise(viewer.service_data());

    let laptop = async {
        let mut session = invite.connect(radio, |_| {}).await.unwrap();
        let info = [&[0x00], INFO].concat();
        assert_eq!(session.get_info().unwrap(), info);
        assert_eq!(session.ctap(&CtapRequest::get_info()).await.unwrap(), info);
        assert_eq!(session.ctap(&request()).await.unwrap(), REPLY);
        assert_eq!(session.ctap(&CtapRequest::get_info()).await.unwrap(), info);
        assert!(session.close().await.is_none());
    };
    let phone = async {
        let mut phone = viewer.meet(&service).await;
        assert_eq!(phone.request().await, request().as_bytes());
        phone.reply(REPLY).await;
        phone.goodbye().await;
        phone.line.close().await;
    };
    tokio::join!(laptop, phone);
}

/// It is told goodbye, and nobody is sent to look at it.
#[tokio::test]
async fn a_phone_that_cannot_do_ctap() {
    let outcome = play(async |mut world| {
        let mut viewer = world.scan().await;
        viewer.introduction = PostHandshake::json();
        world.air.advertise(viewer.service_data());
        let mut phone = viewer.meet(&world.service).await;
        phone.goodbye().await;
        phone.line.close().await;
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::NoCtap)));
    let expected = ["WaitingForScan", "PhoneNearby", "Connected", "Secured"];
    assert_eq!(outcome.progress, expected);
}
