//! Every time limit, by the tests' own clock.

use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

use crate::client::{
    ID, Peer, Received, Served, beside, binary, close, connect, connect_with_room, laptop, message,
    pair, phone, relay, relay_with, settle, unserved, upgrade,
};

#[tokio::test(start_paused = true)]
async fn a_phone_waits_no_longer_than_allowed() {
    let relay = relay();
    let start = Instant::now();
    let mut phone = phone(&relay).await;
    loop {
        match phone.receive().await {
            Received::Frame { opcode: 9, .. } => {}
            other => {
                assert_eq!(other, Received::Close { code: Some(1008) });
                break;
            }
        }
    }
    assert_eq!(start.elapsed().as_secs(), 120);
    // The place is free as soon as the phone is told.
    crate::client::phone(&relay).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_has_its_own_time() {
    let relay = relay_with(|config| config.limits.ping_interval = Duration::from_secs(10_000));
    let mut phone = phone(&relay).await;
    advance(Duration::from_secs(100)).await;
    let start = Instant::now();
    let mut laptop = laptop(&relay).await;
    assert_eq!(phone.receive().await, Received::Close { code: Some(1008) });
    assert_eq!(start.elapsed().as_secs(), 600);
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1008) });
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_pinged_and_their_pongs_are_free() {
    let relay = relay_with(|config| config.limits.control_frames = 0);
    let (mut phone, mut laptop) = pair(&relay).await;
    for _ in 0..3 {
        let ping = Received::Frame {
            is_final: true,
            opcode: 9,
            payload: Vec::new(),
        };
        assert_eq!(phone.receive().await, ping);
        assert_eq!(laptop.receive().await, ping);
        phone.write(&crate::client::frame(true, 10, b"")).await;
        laptop.write(&crate::client::frame(true, 10, b"")).await;
    }
    phone.write(&crate::client::frame(true, 10, b"")).await;
    assert_eq!(
        phone.receive().await,
        Received::Close { code: Some(1008) },
        "an unasked pong"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_head_must_come_in_time() {
    let relay = relay();
    let start = Instant::now();
    let mut slow = connect(&relay);
    slow.write(b"GET / HTTP/1.1\r\n").await;
    assert_eq!(slow.answer().await.status, 408);
    assert_eq!(start.elapsed().as_secs(), 10);
    let mut silent = connect(&relay);
    assert_eq!(silent.answer().await.status, 408);
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn slow_heads_that_come_in_time_are_served() {
    let relay = relay();
    let mut slow = connect(&relay);
    for byte in upgrade(&format!("/cable/new/{ID}")).as_bytes().chunks(30) {
        slow.write(byte).await;
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(slow.answer().await.status, 101);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_given_up_and_one_that_reads_slowly_is_not() {
    let relay = relay_with(|config| config.limits.ping_interval = Duration::from_secs(10_000));
    let mut phone = connect_with_room(&relay, 500);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    let mut laptop = laptop(&relay).await;
    laptop.send(&vec![5; 60_000]).await;
    laptop.send(&vec![6; 60_000]).await;
    // One message in two minutes' worth of small steps: always some progress within 30 s.
    for _ in 0..5 {
        sleep(Duration::from_secs(25)).await;
        phone.read_some().await;
    }
    assert_eq!(relay.stats().paired, 1);
    let start = Instant::now();
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1008) });
    assert_eq!(start.elapsed().as_secs(), 30);
}

/// A pair whose pipes hold so many bytes, and its tunnel, which stands still unless it is polled.
async fn halting(phone_room: usize, laptop_room: usize) -> (Peer, Peer, Served) {
    let relay = relay_with(|config| config.limits.ping_interval = Duration::from_secs(10_000));
    let (mut phone, mut served) = unserved(&relay, phone_room);
    let opening = async {
        phone
            .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
            .await;
        assert_eq!(phone.answer().await.status, 101);
    };
    beside(&mut served, opening).await;
    let mut laptop = connect_with_room(&relay, laptop_room);
    laptop
        .write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    assert_eq!(beside(&mut served, laptop.answer()).await.status, 101);
    (phone, laptop, served)
}

/// As when the machine below it is halted for a while.
#[tokio::test(start_paused = true)]
async fn a_relay_that_stood_still_blames_no_peer_that_has_room_by_now() {
    for (phone_room, laptop_room) in [(500, 1 << 16), (1 << 16, 500)] {
        let (mut phone, mut laptop, mut served) = halting(phone_room, laptop_room).await;
        let (from, slow) = if phone_room == 500 {
            (&mut laptop, &mut phone)
        } else {
            (&mut phone, &mut laptop)
        };
        from.send(&[5; 5000]).await;
        // Its pipe is full, and then the relay does nothing for longer than a peer may.
        beside(&mut served, settle()).await;
        sleep(Duration::from_secs(31)).await;
        let received = beside(&mut served, slow.receive()).await;
        assert_eq!(received, binary(&[5; 5000]));
        from.send(b"still here").await;
        let received = beside(&mut served, slow.receive()).await;
        assert_eq!(received, binary(b"still here"));
    }
}

/// Nor does it lose what a peer said last before it left, with something waiting for it.
#[tokio::test(start_paused = true)]
async fn a_relay_that_stood_still_passes_on_last_words() {
    let (mut phone, mut laptop, mut served) = halting(1 << 16, 500).await;
    phone.send(&[5; 5000]).await;
    beside(&mut served, settle()).await;
    sleep(Duration::from_secs(31)).await;
    laptop.send(b"last words").await;
    laptop.write(&close(1000)).await;
    drop(laptop);
    let received = beside(&mut served, phone.receive()).await;
    assert_eq!(received, binary(b"last words"));
    let received = beside(&mut served, phone.receive()).await;
    assert_eq!(received, Received::Close { code: Some(1000) });
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_our_close_is_dropped() {
    let relay = relay();
    let (mut phone, laptop) = pair(&relay).await;
    phone.write(&close(1000)).await;
    settle().await;
    assert_eq!(relay.stats().connections, 1);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(relay.stats().connections, 0);
    drop(laptop);
}

#[tokio::test(start_paused = true)]
async fn drain_refuses_phones_lets_laptops_in_and_cuts_at_the_deadline() {
    let relay = relay();
    let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut phone = phone(&relay).await;
    let serving = tokio::spawn(relay.clone().serve(listener, async {
        let _ = stopped.await;
    }));
    stop.send(()).unwrap();
    settle().await;

    let mut refused = connect(&relay);
    refused
        .write(upgrade("/cable/new/00000000000000000000000000000000").as_bytes())
        .await;
    let answer = refused.answer().await;
    assert_eq!(
        (answer.status, answer.fields("retry-after")),
        (503, vec!["1"])
    );

    let mut laptop = laptop(&relay).await;
    laptop.write(&message(b"still here")).await;
    assert_eq!(phone.receive().await, binary(b"still here"));
    loop {
        match phone.receive().await {
            Received::Frame { opcode: 9, .. } => {}
            other => {
                assert_eq!(other, Received::Close { code: Some(1001) });
                break;
            }
        }
    }
    let report = serving.await.unwrap();
    assert_eq!((report.finished, report.cut), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn drain_ends_as_soon_as_the_last_tunnel_does_and_cuts_waiting_phones() {
    for leaves in [true, false] {
        let relay = relay_with(|config| config.limits.ping_interval = Duration::from_secs(10_000));
        let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut phone = phone(&relay).await;
        let start = Instant::now();
        let serving = tokio::spawn(relay.clone().serve(listener, async {}));
        settle().await;
        if leaves {
            phone.write(&close(1000)).await;
            let report = serving.await.unwrap();
            assert_eq!((report.finished, report.cut), (1, 0));
            assert!(start.elapsed().as_secs() < 2);
        } else {
            assert_eq!(phone.receive().await, Received::Close { code: Some(1001) });
            assert_eq!(start.elapsed().as_secs(), 60);
            // Its answer is waited for, and its laptop comes too late.
            let mut late = connect(&relay);
            late.write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
                .await;
            assert_eq!(late.answer().await.status, 503);
            assert_eq!(serving.await.unwrap().cut, 1);
        }
    }
}

/// A phone whose laptop is still being answered waits for it no more.
#[tokio::test(start_paused = true)]
async fn a_drain_tells_a_phone_whose_laptop_does_not_take_its_answer() {
    let relay = relay_with(|config| config.drain_time = Duration::from_secs(3));
    let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut phone = phone(&relay).await;
    let mut deaf = connect_with_room(&relay, 50);
    deaf.write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    settle().await;
    let start = Instant::now();
    let serving = tokio::spawn(relay.clone().serve(listener, async {}));
    assert_eq!(phone.receive().await, Received::Close { code: Some(1001) });
    assert_eq!(start.elapsed().as_secs(), 3);
    let report = serving.await.unwrap();
    assert_eq!((report.finished, report.cut), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_drain_cuts_is_known_while_some_have_left_and_others_have_not_been_told() {
    let relay = relay_with(|config| config.drain_time = Duration::from_secs(3));
    let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let open = |n: u8| upgrade(&format!("/cable/new/{n:032X}"));
    let mut phones = Vec::new();
    let mut untold = Vec::new();
    for n in 0..6 {
        let (mut phone, mut served) = unserved(&relay, 4096);
        phone.write(open(n).as_bytes()).await;
        let answer = beside(&mut served, phone.answer()).await;
        assert_eq!(answer.status, 101);
        // This one is being polled until it has been counted.
        beside(&mut served, settle()).await;
        if n < 3 {
            tokio::spawn(served);
        } else {
            untold.push(served);
        }
        phones.push(phone);
    }
    let serving = tokio::spawn(relay.clone().serve(listener, async {}));
    settle().await;
    phones[0].write(&close(1000)).await;
    settle().await;
    let so_far = relay.drained_so_far();
    assert_eq!((so_far.finished, so_far.cut), (1, 5), "before the deadline");
    sleep(Duration::from_millis(3100)).await;
    for phone in &mut phones[1..3] {
        assert_eq!(phone.receive().await, Received::Close { code: Some(1001) });
    }
    drop(phones);
    settle().await;
    let so_far = relay.drained_so_far();
    assert_eq!((so_far.finished, so_far.cut), (1, 5));
    drop(untold);
    let report = serving.await.unwrap();
    assert_eq!((report.finished, report.cut), (1, 5));
}
