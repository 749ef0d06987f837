//! Ctrl-C at the laptop when the phone has answered already.

use std::sync::mpsc;
use std::thread;

use hawser_demo::qr_picture::read_image;
use hawser_phone::store::MemoryStore;
use hawser_phone::{Approver, Ask, Authenticator, Decision, Phone, Progress, ScannedQr};
use hawser_radio::loopback::Air;
use hawser_tunnel::Dialer;
use hawser_wire::TunnelDomain;
use rustix::process::Signal;

use crate::program::hawser;
use crate::scene::{PATIENCE, Running, RunningRelay, Scene};

struct SaysYes;

impl Approver for SaysYes {
    async fn approve(&self, _: &Ask<'_>) -> Decision {
        Decision::Approve
    }
}

/// Answers, and does not hang up before `leave` is closed.
fn answer(scene: &Scene, url: &str, leave: mpsc::Receiver<()>) {
    let text = read_image(&std::fs::read(scene.path("qr.png")).unwrap()).unwrap();
    let code = ScannedQr::from_scanner(&text).unwrap();
    let dialer = Dialer::new().tunnel_service(url).unwrap();
    let domain = TunnelDomain::from_id(256).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let radio = Air::at(scene.path("air")).unwrap().advertiser();
        let authenticator = Authenticator::new(MemoryStore::new(), SaysYes);
        let mut phone = Phone::new(dialer, radio, authenticator, domain);
        let stay = move |progress| {
            if matches!(progress, Progress::Answered { .. }) {
                leave.recv_timeout(PATIENCE).unwrap_err();
            }
        };
        // It finds that the laptop has left.
        phone.accept(&code, stay).await.ok();
    });
}

#[test]
fn what_the_phone_has_done_is_kept() {
    // On a machine that stands still the laptop may be done waiting before it hears the signal.
    assert!((0..3).any(|_| cancel_too_late().contains("Too late to cancel")));
}

/// What the laptop says.
fn cancel_too_late() -> String {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let (url, air, png) = (relay.url(), scene.file("air"), scene.file("qr.png"));
    let account = scene.file("account.json");
    let flags = ["--tunnel-service", &url, "--air", &air, "--qr-png", &png];
    let keep = ["--account", &account];
    let mut program = hawser(&[&["laptop", "register"][..], &flags, &keep].concat());
    program.env("HAWSER_LOG", "debug");
    let laptop = scene.shown(Running::spawn(program));
    let (stay, leave) = mpsc::channel();
    thread::scope(|threads| {
        let (scene, url) = (&scene, &url);
        threads.spawn(move || answer(scene, url, leave));
        laptop.wait_for_told("the phone has answered");
        laptop.signal(Signal::INT);
        let said = laptop.end();
        drop(stay);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert!(said.out.contains("has a passkey"), "{}", said.out);
        assert!(scene.path("account.json").exists());
        said.out
    })
}
