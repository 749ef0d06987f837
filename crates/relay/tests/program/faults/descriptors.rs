//! No file descriptors left.

use std::time::Duration;

use tokio::time::sleep;

use super::honest::Honest;
use super::sockets::{attack, connect_from, tunnel};
use crate::client::upgrade;
use crate::program::{Program, command, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_out_of_file_descriptors_neither_spins_nor_lasts() {
    // By default, the relay takes no more connections than there are descriptors.
    let relay = command(&["--listen=127.0.0.1:0", "--admin=off", "--connections=none"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 100; exec \"$@\"", "sh"]);
    limited.arg(relay.get_program()).args(relay.get_args());
    let relay = Program::spawn(&mut limited);
    let address = relay.address();
    let idle = relay.sockets();

    let (mut phone, mut laptop) = {
        let phone = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let laptop = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let id = "A".repeat(32);
        (
            upgrade(phone, &format!("/cable/new/{id}")).await.unwrap(),
            upgrade(laptop, &format!("/cable/connect/000000/{id}"))
                .await
                .unwrap(),
        )
    };
    let held = tunnel(address, 0).await;
    let mut flood = Vec::new();
    for n in 0..300 {
        flood.push(attack(address, n).await);
    }
    // The kernel has accepted them all; the relay holds what it has descriptors for.
    wait_until("the relay is full", || relay.sockets() >= 60);
    let (ticks, full) = (relay.cpu_ticks(), relay.sockets());
    for _ in 0..20 {
        crate::client::deliver(&mut laptop, &mut phone, vec![1; 500]).await;
        crate::client::deliver(&mut phone, &mut laptop, vec![2; 500]).await;
        sleep(Duration::from_millis(50)).await;
    }
    let spent = relay.cpu_ticks() - ticks;
    assert!(spent < 50, "{spent} ticks in a second or more: it spins");

    let latecomer = Honest::start(address, None);
    drop((flood, held));
    latecomer
        .report(&format!(
            "no descriptors left ({full} sockets open, {spent}0 ms of CPU in a second, an old tunnel went on), then some again"
        ))
        .await;
    drop((phone, laptop));
    wait_until("no client is left", || relay.sockets() == idle);
}
