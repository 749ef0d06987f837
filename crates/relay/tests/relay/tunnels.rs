//! Pairing, forwarding and closing.

use crate::client::{
    ID, Received, binary, close, connect, connect_with_room, laptop, message, pair, phone, relay,
    relay_with, settle, upgrade, within,
};

#[tokio::test(start_paused = true)]
async fn messages_pass_both_ways_unchanged() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    for len in [0, 1, 81, 125, 126, 127, 1000, 4096, 65535, 65536] {
        let payload: Vec<u8> = (0..len).map(|n: u32| (n % 251) as u8).collect();
        laptop.send(&payload).await;
        assert_eq!(
            phone.receive().await,
            binary(&payload),
            "{len} bytes to the phone"
        );
        phone.send(&payload).await;
        assert_eq!(
            laptop.receive().await,
            binary(&payload),
            "{len} bytes to the laptop"
        );
    }
    assert_eq!(relay.stats().messages, 20);
    assert_eq!((relay.stats().waiting, relay.stats().paired), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_phone_learns_the_routing_id() {
    let relay = relay_with(|config| config.routing_id = "00aB07".parse().unwrap());
    let mut phone = connect(&relay);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    let answer = phone.answer().await;
    assert_eq!(answer.fields("x-cable-routing-id"), ["00AB07"]);
    assert_eq!(answer.fields("sec-websocket-protocol"), ["fido.cable"]);
    // RFC 6455 §1.3: the accept value for this key.
    assert_eq!(
        answer.fields("sec-websocket-accept"),
        ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
    );
    assert!(answer.fields("sec-websocket-extensions").is_empty());

    let mut elsewhere = connect(&relay);
    elsewhere
        .write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    assert_eq!(elsewhere.answer().await.status, 404);
    let mut laptop = connect(&relay);
    laptop
        .write(upgrade(&format!("/cable/connect/00ab07/{}", ID.to_lowercase())).as_bytes())
        .await;
    let answer = laptop.answer().await;
    assert_eq!(answer.status, 101);
    assert!(answer.fields("x-cable-routing-id").is_empty());
}

#[tokio::test(start_paused = true)]
async fn pairing_refusals() {
    let relay = relay();
    let join = upgrade(&format!("/cable/connect/000000/{ID}"));
    let open = upgrade(&format!("/cable/new/{ID}"));

    let mut early = connect(&relay);
    early.write(join.as_bytes()).await;
    assert_eq!(early.answer().await.status, 404, "nobody waits yet");

    let mut first = phone(&relay).await;
    let mut second = connect(&relay);
    second.write(open.as_bytes()).await;
    assert_eq!(
        second.answer().await.status,
        409,
        "the first phone keeps its place"
    );

    let mut joined = laptop(&relay).await;
    let mut late = connect(&relay);
    late.write(join.as_bytes()).await;
    assert_eq!(late.answer().await.status, 404, "one laptop a tunnel");

    // A new tunnel under the same id survives the end of the old one.
    let mut newer = phone(&relay).await;
    first.write(&close(1000)).await;
    assert_eq!(first.receive().await, Received::Close { code: Some(1000) });
    assert_eq!(joined.receive().await, Received::Close { code: Some(1000) });
    let mut newer_laptop = laptop(&relay).await;
    newer_laptop.send(b"hello").await;
    assert_eq!(newer.receive().await, binary(b"hello"));
}

#[tokio::test(start_paused = true)]
async fn everything_received_goes_out_before_a_close() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let last = vec![7; 2000];
    let sent = [message(b"first"), message(&last), close(4000)].concat();
    phone.write(&sent).await;
    assert_eq!(laptop.receive().await, binary(b"first"));
    assert_eq!(laptop.receive().await, binary(&last));
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1000) });
    assert_eq!(
        phone.receive().await,
        Received::Close { code: Some(4000) },
        "the peer's own code"
    );
    assert_eq!(phone.receive().await, Received::End);
    laptop.write(&close(1000)).await;
    assert_eq!(laptop.receive().await, Received::End);
    settle().await;
    assert_eq!((relay.stats().paired, relay.stats().connections), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_before_a_lost_connection_arrives() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    phone.send(b"last words").await;
    drop(phone);
    assert_eq!(laptop.receive().await, binary(b"last words"));
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1001) });
}

/// What cannot be written to a peer that has gone must not hide what can still be read from it.
#[tokio::test(start_paused = true)]
async fn a_message_before_a_lost_connection_arrives_also_where_the_other_one_speaks_too() {
    for (phone_goes, closes) in [(true, false), (true, true), (false, false), (false, true)] {
        let relay = relay();
        let (phone, laptop) = pair(&relay).await;
        let (mut leaving, mut staying) = if phone_goes {
            (phone, laptop)
        } else {
            (laptop, phone)
        };
        staying.send(b"meanwhile").await;
        leaving.send(b"last words").await;
        if closes {
            leaving.write(&close(1000)).await;
        }
        drop(leaving);
        assert_eq!(
            staying.receive().await,
            binary(b"last words"),
            "{phone_goes}"
        );
        let told = staying.receive().await;
        let code = Some(if closes { 1000 } else { 1001 });
        assert_eq!(told, Received::Close { code });
    }
}

#[tokio::test(start_paused = true)]
async fn the_death_of_either_side_is_passed_on_at_once() {
    let relay = relay();
    let before = tokio::time::Instant::now();
    let (phone, mut laptop) = pair(&relay).await;
    drop(phone);
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1001) });
    drop(laptop);
    settle().await;
    let (mut phone, laptop) = pair(&relay).await;
    drop(laptop);
    assert_eq!(phone.receive().await, Received::Close { code: Some(1001) });
    assert!(before.elapsed().as_secs() < 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_phone_that_leaves_frees_its_place() {
    let relay = relay();
    drop(phone(&relay).await);
    settle().await;
    assert_eq!(relay.stats().waiting, 0);
    let mut closing = phone(&relay).await;
    closing.write(&close(1000)).await;
    assert_eq!(
        closing.receive().await,
        Received::Close { code: Some(1000) }
    );
    phone(&relay).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_phone_says_early_arrives_and_no_more_than_the_limit_is_read() {
    let relay = relay_with(|config| config.limits.early_bytes = 1000);
    let mut phone = connect_with_room(&relay, 4096);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    let first = vec![1; 600];
    let second = vec![2; 3000];
    phone.write(&message(&first)).await;
    phone.write(&message(&second)).await;
    settle().await;
    // 1,000 bytes are with the relay, so 2,620 of ours are in a pipe that holds 4,096.
    let write = tokio::time::timeout(
        std::time::Duration::from_secs(1),
        phone.write(&[0x82; 2000]),
    )
    .await;
    assert!(write.is_err(), "the relay must stop reading");

    let mut laptop = laptop(&relay).await;
    assert_eq!(laptop.receive().await, binary(&first));
    assert_eq!(laptop.receive().await, binary(&second));
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_one_piece_with_a_request_is_no_way_around_that_limit() {
    let relay = relay();
    let mut phone = connect_with_room(&relay, 70_000);
    let request = upgrade(&format!("/cable/new/{ID}")).into_bytes();
    phone
        .write(&[request, message(&vec![0; 60_000])].concat())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    let more = message(&vec![0; 60_000]);
    let write = tokio::time::timeout(std::time::Duration::from_secs(5), phone.write(&more));
    write
        .await
        .expect_err("what was sent first is still in the pipe");
}

#[tokio::test(start_paused = true)]
async fn frames_behind_a_request_are_not_lost() {
    let relay = relay();
    let mut phone = phone(&relay).await;
    let mut laptop = connect(&relay);
    let request = upgrade(&format!("/cable/connect/000000/{ID}"));
    laptop
        .write(&[request.as_bytes(), &message(b"eager"), &message(b"twice")].concat())
        .await;
    assert_eq!(laptop.answer().await.status, 101);
    assert_eq!(phone.receive().await, binary(b"eager"));
    assert_eq!(phone.receive().await, binary(b"twice"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_pushes_back_and_loses_nothing() {
    let relay = relay();
    let mut phone = connect_with_room(&relay, 1000);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    let mut laptop = laptop(&relay).await;
    let messages: Vec<Vec<u8>> = (0..100).map(|n| vec![n; 10_000]).collect();
    let sent = messages.clone();
    let writer = tokio::spawn(async move {
        for payload in sent {
            laptop.send(&payload).await;
        }
        laptop
    });
    settle().await;
    assert!(
        !writer.is_finished(),
        "a megabyte fits nowhere between two such pipes"
    );
    for payload in &messages {
        assert_eq!(phone.receive().await, binary(payload));
    }
    drop(within(writer).await);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_races_of_two_laptops_have_one_winner_each() {
    let relay = relay_with(|config| config.limits.close_time = std::time::Duration::from_millis(1));
    for race in 0..1000 {
        let mut phone = phone(&relay).await;
        let mut laptops = [connect(&relay), connect(&relay)];
        let request = upgrade(&format!("/cable/connect/000000/{ID}"));
        let [first, second] = &mut laptops;
        tokio::join!(
            first.write(request.as_bytes()),
            second.write(request.as_bytes())
        );
        let mut won = Vec::new();
        for laptop in &mut laptops {
            won.push(match laptop.answer().await.status {
                101 => true,
                404 => false,
                other => panic!("status {other}"),
            });
        }
        let [first, second] = &mut laptops;
        let winner = match won[..] {
            [true, false] => first,
            [false, true] => second,
            _ => panic!("race {race}: {won:?}"),
        };
        winner.send(b"mine").await;
        assert_eq!(phone.receive().await, binary(b"mine"));
        phone.write(&close(1000)).await;
        assert_eq!(phone.receive().await, Received::Close { code: Some(1000) });
    }
    settle().await;
    assert_eq!((relay.stats().waiting, relay.stats().paired), (0, 0));
}
