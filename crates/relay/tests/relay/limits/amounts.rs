//! Limits of bytes, messages and frames, and of phones in all.

use std::sync::Barrier;

use tokio::runtime::Builder;

use super::{close_code, told};
use crate::client::{
    ID, Peer, Received, binary, connect, connect_with_room, frame, laptop, message, pair, settle,
    upgrade,
};

#[tokio::test(start_paused = true)]
async fn head_bytes() {
    let told = told("head-bytes", "1KiB");
    let head = |len: usize| {
        let good = upgrade(&format!("/cable/new/{ID}"));
        let room = len - good.len() - "X: \r\n".len();
        let field = format!("\r\nX: {}\r\n", "y".repeat(room));
        good.replacen("\r\n", &field, 1)
    };
    let mut long = connect(&told.relay);
    assert_eq!(head(1024).len(), 1024);
    long.write(head(1024).as_bytes()).await;
    assert_eq!(long.answer().await.status, 101);
    assert_eq!(told.refused("head_too_large"), 0);
    let mut longer = connect(&told.relay);
    longer.write(head(1025).as_bytes()).await;
    assert_eq!(longer.answer().await.status, 431);
    assert_eq!(told.refused("head_too_large"), 1);
}

#[tokio::test(start_paused = true)]
async fn message_bytes() {
    let told = told("message-bytes", "2KiB");
    let (mut phone, mut laptop) = pair(&told.relay).await;
    passes(&mut phone, &mut laptop, 2048).await;
    // In fragments too.
    let parts = [frame(false, 2, &[1; 2000]), frame(true, 0, &[1; 48])];
    phone.write(&parts.concat()).await;
    for expected in [2, 0] {
        let received = laptop.receive().await;
        assert!(matches!(received, Received::Frame { opcode, .. } if opcode == expected));
    }
    both_are_told(&mut phone, &mut laptop, &message(&[1; 2049]), 1009).await;
    assert_eq!(told.closed("paired", "message_too_big"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_mebibyte_may_be_allowed() {
    let told = told("message-bytes", "1MiB");
    let (mut phone, mut laptop) = pair(&told.relay).await;
    let sender = tokio::spawn(async move {
        phone.send(&vec![1; 1 << 20]).await;
        phone
    });
    assert_eq!(laptop.receive().await, binary(&vec![1; 1 << 20]));
    let mut phone = sender.await.unwrap();
    both_are_told(
        &mut phone,
        &mut laptop,
        &message(&vec![1; 1 << 20 | 1])[..14],
        1009,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages() {
    let told = told("messages", "6");
    let (mut phone, mut laptop) = pair(&told.relay).await;
    for _ in 0..6 {
        passes(&mut phone, &mut laptop, 100).await;
        // The other direction has six of its own.
        passes(&mut laptop, &mut phone, 100).await;
    }
    both_are_told(&mut phone, &mut laptop, &message(b"one too many"), 1008).await;
    assert_eq!(told.closed("paired", "too_many_messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn tunnel_bytes() {
    let told = told("tunnel-bytes", "4KiB");
    let (mut phone, mut laptop) = pair(&told.relay).await;
    for _ in 0..4 {
        passes(&mut phone, &mut laptop, 1024).await;
        passes(&mut laptop, &mut phone, 1024).await;
    }
    both_are_told(&mut phone, &mut laptop, &message(b"x"), 1008).await;
    assert_eq!(told.closed("paired", "too_many_bytes"), 1);
}

#[tokio::test(start_paused = true)]
async fn control_frames() {
    for one in [
        frame(true, 9, b""),
        frame(true, 10, b""),
        [frame(false, 2, b""), frame(true, 0, b"x")].concat(),
    ] {
        let told = told("control-frames", "3");
        let (mut phone, mut laptop) = pair(&told.relay).await;
        phone.write(&one.repeat(3)).await;
        settle().await;
        assert_eq!(told.relay.stats().paired, 1);
        both_are_told(&mut phone, &mut laptop, &one, 1008).await;
        assert_eq!(told.closed("paired", "too_many_control_frames"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn early_bytes() {
    let told = told("early-bytes", "1000");
    let mut phone = connect_with_room(&told.relay, 4096);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    // 999 bytes with its head, as the laptop will get it.
    phone.send(&[1; 995]).await;
    settle().await;
    assert_eq!(told.hit("early_bytes"), 0);
    phone.send(&[2; 2000]).await;
    settle().await;
    assert_eq!(told.hit("early_bytes"), 1);
    // It is made to wait, and loses nothing.
    let mut laptop = laptop(&told.relay).await;
    assert_eq!(laptop.receive().await, binary(&[1; 995]));
    assert_eq!(laptop.receive().await, binary(&[2; 2000]));
}

#[tokio::test(start_paused = true)]
async fn waiting_tunnels() {
    let told = told("waiting-tunnels", "2");
    let (first, held) = told.open(1).await;
    let (second, _held) = told.open(2).await;
    let (third, refused) = told.open(3).await;
    assert_eq!([first, second, third], [101, 101, 503]);
    assert_eq!(told.refused("full"), 1);
    drop((held, refused));
    settle().await;
    assert_eq!(told.open(3).await.0, 101);
}

/// Between the look at the number of phones and the count of one more, another thread may add its own.
#[test]
fn two_threads_never_let_in_one_phone_too_many() {
    let told = told("waiting-tunnels", "1");
    let mut served_one = 0;
    for round in 0..1000 {
        let barrier = Barrier::new(2);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads = [0, 1].map(|n| {
                let (told, barrier) = (&told, &barrier);
                scope.spawn(move || {
                    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        barrier.wait();
                        let (status, _held) = told.open(n).await;
                        barrier.wait();
                        status
                    })
                })
            });
            threads.map(|thread| thread.join().unwrap()).into()
        });
        let served = statuses.iter().filter(|status| **status == 101).count();
        assert!(served <= 1, "round {round}: {statuses:?}");
        served_one += served;
        assert_eq!(told.relay.stats().waiting, 0, "their threads have ended");
    }
    // Two at the very same moment may both be refused, as each counts before it looks.
    assert!(served_one > 0, "none was ever let in");
}

/// A message of so many bytes arrives.
async fn passes(from: &mut Peer, to: &mut Peer, len: usize) {
    from.send(&vec![1; len]).await;
    assert_eq!(to.receive().await, binary(&vec![1; len]));
}

/// What is one too many ends the tunnel, and both hear why.
async fn both_are_told(from: &mut Peer, to: &mut Peer, bytes: &[u8], code: u16) {
    from.write(bytes).await;
    assert_eq!(close_code(from).await, Some(code));
    assert_eq!(close_code(to).await, Some(code));
}
