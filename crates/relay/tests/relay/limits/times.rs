//! Limits of time, by the tests' own clock.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{close_code, told};
use crate::client::{
    ID, Received, binary, close, connect, connect_with_room, laptop, pair, phone, settle, upgrade,
};

/// What is left of a limit when something comes at its last moment.
const MOMENT: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn head_time() {
    let limit = Duration::from_secs(3);
    let told = told("head-time", "3s");
    let request = upgrade(&format!("/cable/new/{ID}"));
    let (first, last) = request.as_bytes().split_at(request.len() - 1);
    let mut slow = connect(&told.relay);
    slow.write(first).await;
    sleep(limit.saturating_sub(MOMENT)).await;
    slow.write(last).await;
    assert_eq!(slow.answer().await.status, 101);
    assert_eq!(told.refused("head_timed_out"), 0);

    let start = Instant::now();
    let mut slower = connect(&told.relay);
    slower.write(first).await;
    assert_eq!(slower.answer().await.status, 408);
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(told.refused("head_timed_out"), 1);
}

#[tokio::test(start_paused = true)]
async fn upgrade_time() {
    let limit = Duration::from_secs(3);
    let told = told("upgrade-time", "3s");
    let request = upgrade(&format!("/cable/new/{ID}"));
    let mut slow = connect_with_room(&told.relay, 50);
    slow.write(request.as_bytes()).await;
    sleep(limit.saturating_sub(MOMENT)).await;
    assert_eq!(slow.answer().await.status, 101);
    assert_eq!(told.hit("upgrade_time"), 0);
    drop(slow);
    settle().await;

    let mut deaf = connect_with_room(&told.relay, 50);
    deaf.write(request.as_bytes()).await;
    sleep(limit + MOMENT).await;
    assert_eq!(told.relay.stats().connections, 0);
    assert_eq!(told.hit("upgrade_time"), 1);
    // Its tunnel id is free again.
    phone(&told.relay).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_time() {
    let limit = Duration::from_secs(7);
    let told = told("waiting-time", "7s");
    let mut lucky = phone(&told.relay).await;
    sleep(limit.saturating_sub(MOMENT)).await;
    let mut late = laptop(&told.relay).await;
    late.send(b"just in time").await;
    assert_eq!(lucky.receive().await, binary(b"just in time"));
    drop((lucky, late));
    settle().await;

    let start = Instant::now();
    let mut lonely = phone(&told.relay).await;
    assert_eq!(close_code(&mut lonely).await, Some(1008));
    assert_eq!(start.elapsed().as_secs(), 7);
    assert_eq!(told.closed("waiting", "waiting_timed_out"), 1);
    let mut later = connect(&told.relay);
    later
        .write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    assert_eq!(later.answer().await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn session_time() {
    let limit = Duration::from_secs(9);
    let told = told("session-time", "9s");
    let (mut phone, mut laptop) = pair(&told.relay).await;
    let start = Instant::now();
    sleep(limit.saturating_sub(MOMENT)).await;
    phone.send(b"last words").await;
    assert_eq!(laptop.receive().await, binary(b"last words"));
    assert_eq!(close_code(&mut phone).await, Some(1008));
    assert_eq!(close_code(&mut laptop).await, Some(1008));
    assert_eq!(start.elapsed().as_secs(), 9);
    assert_eq!(told.closed("paired", "session_timed_out"), 1);
}

#[tokio::test(start_paused = true)]
async fn write_stall_time() {
    let limit = Duration::from_secs(5);
    let told = told("write-stall-time", "5s");
    let mut slow = connect_with_room(&told.relay, 500);
    slow.write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(slow.answer().await.status, 101);
    let mut laptop = laptop(&told.relay).await;
    laptop.send(&[1; 5000]).await;
    settle().await;
    // Some of it is taken at the last moment, three times; then nothing any more.
    for _ in 0..3 {
        sleep(limit.saturating_sub(MOMENT)).await;
        slow.read_some().await;
        settle().await;
        assert_eq!(told.relay.stats().paired, 1);
    }
    let start = Instant::now();
    assert_eq!(close_code(&mut laptop).await, Some(1008));
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(told.closed("paired", "write_stalled"), 1);
}

#[tokio::test(start_paused = true)]
async fn close_time() {
    let limit = Duration::from_secs(6);
    let told = told("close-time", "6s");
    for (answers, hits) in [(true, 0), (false, 1)] {
        let (mut phone, mut laptop) = pair(&told.relay).await;
        phone.write(&close(1000)).await;
        sleep(limit.saturating_sub(MOMENT)).await;
        assert_eq!(told.relay.stats().connections, 1, "the laptop's answer");
        if answers {
            laptop.write(&close(1000)).await;
        }
        sleep(MOMENT * 2).await;
        assert_eq!(told.relay.stats().connections, 0);
        assert_eq!(told.hit("close_time"), hits);
    }
}

/// Nothing past it is refused: this is what the relay itself does.
#[tokio::test(start_paused = true)]
async fn ping_interval() {
    let told = told("ping-interval", "4s");
    let start = Instant::now();
    let mut phone = phone(&told.relay).await;
    for pings in 1..4 {
        let ping = phone.receive().await;
        assert!(matches!(ping, Received::Frame { opcode: 9, .. }));
        assert_eq!(start.elapsed().as_secs(), 4 * pings);
    }
}
