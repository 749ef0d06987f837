//! Whatever may be in the air or in the tunnel.

use hawser_laptop::{LaptopError, ScanError};
use hawser_proto::Advert;

use crate::phone::Viewer;
use crate::story::{REPLY, play};

#[tokio::test]
async fn a_thousand_adverts_of_other_people() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        let laptop = hawser_laptop::Laptop::new(world.service.dialer());
        let now = std::time::SystemTime::UNIX_EPOCH;
        let other = laptop
            .invite(hawser_laptop::Hint::GetAssertion, now)
            .unwrap();
        let other = Viewer::scan(&other.uri());
        for n in 0..1000_usize {
            // Another code's phone, and junk of every length about the right one.
            world.air.advertise(other.service_data());
            world.air.advertise(vec![0x5a; n % 48]);
        }
        // A replay: today's plaintext under yesterday's key.
        world
            .air
            .advertise(viewer.advert.seal(&other.invitation.eid_key()));
        world.air.advertise(viewer.service_data());
        let mut phone = viewer.meet(&world.service).await;
        phone.request().await;
        phone.reply(REPLY).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

/// A CTAP 2.3 phone appends what other channels it has.
#[tokio::test]
async fn an_advert_with_a_suffix() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        let suffix: &[u8] = &[0xa1, 0x01, 0x18, 0x82];
        world
            .air
            .advertise([&viewer.service_data(), suffix].concat());
        let mut phone = viewer.meet(&world.service).await;
        phone.request().await;
        phone.reply(REPLY).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

#[tokio::test]
async fn the_first_advert_counts() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        let second = Viewer::scan(&world.uri);
        world.air.advertise(viewer.service_data());
        world.air.advertise(second.service_data());
        let mut phone = viewer.meet(&world.service).await;
        world.air.silence().await; // the radio rests while the person looks at the phone
        phone.request().await;
        phone.reply(REPLY).await;
        phone.line.close().await;
    })
    .await;
    assert_eq!(outcome.result.unwrap(), REPLY);
}

#[tokio::test]
async fn handshakes_that_are_none() {
    let mut no_point = vec![0xff; 81];
    no_point[0] = 0x04;
    let junk = [
        vec![],
        vec![0x00],
        vec![0x04; 80],
        vec![0x04; 82],
        no_point,
        vec![0x55; 65_536],
    ];
    for message in junk {
        let length = message.len();
        let outcome = play(async |mut world| {
            let viewer = world.scan().await;
            world.air.advertise(viewer.service_data());
            let mut line = viewer.accept(&world.service).await;
            assert_eq!(line.receive().await.unwrap().len(), 81);
            line.send(message).await;
            assert_eq!(line.receive().await, None);
        })
        .await;
        assert!(
            matches!(outcome.result, Err(LaptopError::Handshake(_))),
            "{length} bytes: {:?}",
            outcome.result
        );
    }
}

/// It knows where the tunnel is and has never seen the advert, as somebody who photographed the code.
#[tokio::test]
async fn a_phone_that_was_not_nearby() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        world.air.advertise(viewer.service_data());
        let mut far_away = Viewer::scan(&world.uri);
        let line = viewer.accept(&world.service).await;
        far_away.advert = Advert::new(
            &mut hawser_proto::OsRng,
            viewer.advert.routing_id(),
            viewer.advert.domain(),
        )
        .unwrap();
        let mut session = far_away.session();
        let mut line = line;
        let message = line.receive().await.unwrap();
        assert!(session.receive(&message).is_err());
        // It does not get further. So it plays on with what a phone of another code would say.
        line.send(message).await;
        assert_eq!(line.receive().await, None);
    })
    .await;
    assert!(
        matches!(outcome.result, Err(LaptopError::Handshake(_))),
        "{:?}",
        outcome.result
    );
}

#[tokio::test]
async fn junk_after_the_handshake() {
    for length in [0, 1, 15, 16, 48, 65_536] {
        let outcome = play(async |mut world| {
            let mut phone = world.be_asked().await;
            phone.line.send(vec![0x55; length]).await;
            assert_eq!(phone.line.receive().await, None);
        })
        .await;
        assert!(
            matches!(outcome.result, Err(LaptopError::Protocol(_))),
            "{length} bytes: {:?}",
            outcome.result
        );
    }
}

#[tokio::test]
async fn text_and_endless_messages() {
    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.line.send_text().await;
        assert_eq!(phone.line.receive().await, None);
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::Tunnel(_))));

    let outcome = play(async |mut world| {
        let mut phone = world.be_asked().await;
        phone.line.send_refused(vec![0; (1 << 20) + 1]).await;
    })
    .await;
    assert!(matches!(outcome.result, Err(LaptopError::Tunnel(_))));
}

#[tokio::test]
async fn a_radio_that_fails() {
    let outcome = play(async |world| {
        world.air.fail(ScanError::PoweredOff);
    })
    .await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, LaptopError::Scan(ScanError::PoweredOff)));
    assert!(error.to_string().contains("switch it on"), "{error}");

    let outcome = play(async |mut world| {
        world.reaches("WaitingForScan").await;
        world.air.advertise(vec![1, 2, 3]);
        world.air.fail(ScanError::failed("unplugged"));
    })
    .await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, LaptopError::Scan(ScanError::Failed(_))));
    assert_eq!(outcome.progress, ["WaitingForScan"]);
}

/// The handshake has proved who it is; what it says then is the fault of its program.
#[tokio::test]
async fn an_introduction_that_is_none() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        world.air.advertise(viewer.service_data());
        let mut line = viewer.accept(&world.service).await;
        let first = line.receive().await.unwrap();
        let answer = viewer.session().receive(&first).unwrap().send.remove(0);
        line.send(answer).await;
        line.send(vec![0x55; 48]).await;
        assert_eq!(line.receive().await, None);
    })
    .await;
    assert!(
        matches!(outcome.result, Err(LaptopError::Protocol(_))),
        "{:?}",
        outcome.result
    );
    assert!(!outcome.progress.contains(&"Secured"));
}
