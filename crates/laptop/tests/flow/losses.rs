//! Phones and tunnel services that are not there, or not any more.

use hawser_laptop::{LaptopError, Stage};

use crate::story::{Outcome, play};

/// Reported at once: these tests would take minutes if a deadline had to end them.
#[track_caller]
fn assert_lost(outcome: Outcome, expected: Stage) {
    match outcome.result {
        Err(LaptopError::PhoneLost { stage, .. }) => assert_eq!(stage, expected),
        other => panic!("expected a lost phone, not {other:?}"),
    }
}

#[tokio::test]
async fn lost_before_the_handshake() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        world.air.advertise(viewer.service_data());
        drop(viewer.accept(&world.service).await);
    })
    .await;
    assert_lost(outcome, Stage::Securing);

    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        world.air.advertise(viewer.service_data());
        viewer.accept(&world.service).await.close().await;
    })
    .await;
    assert_lost(outcome, Stage::Securing);
}

#[tokio::test]
async fn lost_after_the_handshake() {
    let outcome = play(async |mut world| {
        drop(world.meet().await);
    })
    .await;
    assert_lost(outcome, Stage::Approving);
}

#[tokio::test]
async fn lost_after_the_request() {
    let outcome = play(async |mut world| {
        drop(world.be_asked().await);
    })
    .await;
    assert_lost(outcome, Stage::Approving);

    // As iPhones do when their user cancels.
    let outcome = play(async |mut world| {
        world.be_asked().await.line.close().await;
    })
    .await;
    assert_lost(outcome, Stage::Approving);
}

#[tokio::test]
async fn the_tunnel_service_refuses() {
    for (refused_with, advice) in [(404, "not waiting"), (503, "busy"), (500, "another phone")] {
        let outcome = play(async |mut world| {
            let viewer = world.scan().await;
            world.air.advertise(viewer.service_data());
            world.service.refuse(refused_with).await;
        })
        .await;
        let error = outcome.result.unwrap_err();
        assert!(
            matches!(&error, LaptopError::TunnelRefused { status, .. } if *status == refused_with),
            "{error:?}"
        );
        assert!(error.to_string().contains(advice), "{error}");
        assert_eq!(outcome.progress, ["WaitingForScan", "PhoneNearby"]);
    }
}

#[tokio::test]
async fn the_tunnel_service_is_down() {
    let outcome = play(async |mut world| {
        let viewer = world.scan().await;
        drop(world.service);
        world.air.advertise(viewer.service_data());
    })
    .await;
    assert!(
        matches!(outcome.result, Err(LaptopError::TunnelUnreachable { .. })),
        "{:?}",
        outcome.result
    );
}
