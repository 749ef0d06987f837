//! Stopping: the drain, its report, the second signal, and the service manager.

use std::os::unix::net::UnixDatagram;

use futures_util::StreamExt as _;
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{deliver, upgrade};
use crate::program::{PATIENCE, Program, command};

async fn open(relay: &Program, n: u8) -> Result<WebSocketStream<TcpStream>, Error> {
    let tcp = TcpStream::connect(relay.address()).await.unwrap();
    upgrade(tcp, &format!("/cable/new/{n:032X}")).await
}

async fn join(relay: &Program, n: u8) -> Result<WebSocketStream<TcpStream>, Error> {
    let tcp = TcpStream::connect(relay.address()).await.unwrap();
    upgrade(tcp, &format!("/cable/connect/000000/{n:032X}")).await
}

/// The close code that a peer is told, before long.
async fn told(peer: &mut WebSocketStream<TcpStream>) -> u16 {
    loop {
        let next = tokio::time::timeout(PATIENCE, peer.next()).await;
        match next.expect("a close frame").unwrap().unwrap() {
            Message::Close(Some(frame)) => return frame.code.into(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_drain_lets_tunnels_finish_and_laptops_in_and_says_how_it_went() {
    for threads in ["1", "2"] {
        let mut relay = Program::start(&["--drain-time", "1h", "--threads", threads]);
        let mut waiting = open(&relay, 1).await.unwrap();
        let (mut phone, mut laptop) = (
            open(&relay, 2).await.unwrap(),
            join(&relay, 2).await.unwrap(),
        );
        relay.signal(Signal::TERM);
        relay.logged(&["stopping: new tunnels are refused"]);

        let Err(Error::Http(answer)) = open(&relay, 4).await else {
            panic!("a phone was let in");
        };
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let mut late = join(&relay, 1).await.unwrap();
        deliver(&mut late, &mut waiting, vec![1; 81]).await;
        deliver(&mut phone, &mut laptop, vec![2; 500]).await;
        for (phone, laptop) in [(&mut phone, &mut laptop), (&mut waiting, &mut late)] {
            phone.close(None).await.unwrap();
            assert_eq!(told(laptop).await, 1000);
        }
        drop((phone, laptop, waiting, late));
        assert_eq!(relay.ended().code(), Some(0));
        relay.logged(&["stopped", "finished=2", "cut=0"]);
    }
}

#[tokio::test]
async fn a_drain_cuts_what_is_left_at_its_deadline() {
    for threads in ["1", "2"] {
        let mut relay = Program::start(&["--drain-time", "1s", "--threads", threads]);
        let mut waiting = open(&relay, 1).await.unwrap();
        let (mut phone, mut laptop) = (
            open(&relay, 2).await.unwrap(),
            join(&relay, 2).await.unwrap(),
        );
        relay.signal(Signal::TERM);
        for cut in [&mut waiting, &mut phone, &mut laptop] {
            assert_eq!(told(cut).await, 1001);
        }
        assert_eq!(relay.ended().code(), Some(0));
        relay.logged(&["stopped", "finished=0", "cut=2"]);
    }
}

#[tokio::test]
async fn an_idle_relay_stops_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut relay = Program::start(&["--drain-time", "1h"]);
        relay.address();
        relay.signal(signal);
        assert_eq!(relay.ended().code(), Some(0));
        relay.logged(&["stopped", "finished=0", "cut=0"]);
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_says_how_it_went_too() {
    let mut relay = Program::start(&["--drain-time", "1h"]);
    let mut phone = open(&relay, 1).await.unwrap();
    let _others = [open(&relay, 2).await, open(&relay, 3).await].map(Result::unwrap);
    relay.signal(Signal::TERM);
    relay.logged(&["stopping"]);
    relay.metric_becomes("hawser_relay_draining", |draining| draining > 0.5);
    phone.close(None).await.unwrap();
    relay.metric_becomes("hawser_relay_tunnels{state=\"waiting\"}", |waiting| {
        waiting < 2.5
    });
    relay.signal(Signal::TERM);
    assert_eq!(relay.ended().code(), Some(1));
    relay.logged(&["stopped at once", "finished=1", "cut=2"]);
}

#[tokio::test]
async fn a_second_signal_behind_the_deadline_counts_those_that_have_left_since() {
    let mut relay = Program::start(&["--drain-time", "1s", "--close-time", "20s"]);
    let mut phone = open(&relay, 1).await.unwrap();
    let _silent = open(&relay, 2).await.unwrap();
    relay.signal(Signal::TERM);
    assert_eq!(told(&mut phone).await, 1001);
    drop(phone);
    relay.metric_becomes("hawser_relay_tunnels{state=\"waiting\"}", |waiting| {
        waiting < 1.5
    });
    relay.signal(Signal::TERM);
    assert_eq!(relay.ended().code(), Some(1));
    relay.logged(&["stopped at once", "finished=0", "cut=2"]);
}

#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut message = [0; 256];
        let len = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..len].to_vec()).unwrap()
    };
    for (drain, micros) in [("1m", "67000000"), ("24h", "86407000000")] {
        let flags = ["--listen=127.0.0.1:0", "--admin=off", "--drain-time", drain];
        let mut relay = Program::spawn(command(&flags).env("NOTIFY_SOCKET", &path));
        assert_eq!(told().trim(), "READY=1");
        // It takes connections as soon as it says so.
        std::net::TcpStream::connect(relay.address()).unwrap();
        relay.signal(Signal::TERM);
        // As long as a drain may take, whatever the unit says.
        let wanted = format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={micros}");
        assert_eq!(told().trim(), wanted);
        assert_eq!(relay.ended().code(), Some(0));
    }
}
