//! What ends the program leaves nothing of the QR code behind.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::program::hawser;
use crate::scene::{Running, RunningRelay, Scene, assert_nothing_is_left};

/// A laptop that shows its code, started so that it minds or ignores SIGHUP: whoever runs the tests may ignore it.
fn laptop(scene: &Scene, url: &str, hang_up: &str) -> Running {
    let (air, png) = (scene.file("air"), scene.file("qr.png"));
    let flags = ["--tunnel-service", url, "--air", &air, "--qr-png", &png];
    let program = hawser(&[&["laptop", "register", "--json"][..], &flags].concat());
    let mut command = Command::new("env");
    command
        .args(["--default-signal=INT,TERM", hang_up])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null());
    scene.shown(Running::spawn(command))
}

#[test]
fn every_signal_that_ends_the_laptop_removes_the_picture() {
    let relay = RunningRelay::start();
    for (signal, code, words) in [
        (Signal::INT, 130, "ended with Ctrl-C"),
        (Signal::TERM, 143, "ended by SIGTERM"),
        (Signal::HUP, 129, "ended by SIGHUP: the terminal was closed"),
    ] {
        let scene = Scene::new();
        let laptop = laptop(&scene, &relay.url(), "--default-signal=HUP");
        laptop.signal(signal);
        let said = laptop.end();
        assert_eq!(said.code, Some(code), "{}", said.err);
        assert_eq!(said.json()["error"], words);
        assert_nothing_is_left(&scene);
    }
}

#[test]
fn under_nohup_the_laptop_outlives_its_terminal() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = laptop(&scene, &relay.url(), "--ignore-signal=HUP");
    laptop.signal(Signal::HUP);
    laptop.signal(Signal::TERM);
    let said = laptop.end();
    // Of two that came at once it would name the first.
    assert_eq!(said.code, Some(143), "{}", said.err);
    assert_nothing_is_left(&scene);
}
