//! A reader who leaves, as `head` does.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Said, hawser};
use crate::scene::{Scene, assert_nothing_is_left, nobodys_url, wait_until};

/// A laptop that shows its code, and what is read of it. It is killed when it is forgotten.
struct Laptop {
    child: Child,
    out: Option<BufReader<ChildStdout>>,
}

impl Laptop {
    fn start(scene: &Scene, more: &[&str]) -> Self {
        let (url, air, png) = (nobodys_url(), scene.file("air"), scene.file("qr.png"));
        let flags = ["--tunnel-service", &url, "--air", &air, "--qr-png", &png];
        let mut child = hawser(&[&["laptop", "register"][..], &flags, more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().map(BufReader::new);
        let laptop = Self { child, out };
        wait_until("the laptop's code", || scene.path("qr.png").exists());
        laptop
    }

    fn end(mut self) -> Said {
        wait_until("the end", || self.child.try_wait().unwrap().is_some());
        let mut err = String::new();
        let told = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut BufReader::new(told), &mut err).unwrap();
        Said {
            code: self.child.wait().unwrap().code(),
            out: String::new(),
            err,
        }
    }
}

impl Drop for Laptop {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn when_nobody_reads_any_more_the_laptop_ends_and_takes_its_picture_with_it() {
    let scene = Scene::new();
    let mut laptop = Laptop::start(&scene, &[]);
    let mut first = String::new();
    laptop.out.as_mut().unwrap().read_line(&mut first).unwrap();
    assert!(first.contains("proximity is simulated"), "{first}");
    // It has said everything that it has to say until there is a phone.
    laptop.out = None;
    let said = laptop.end();
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.err.starts_with("error: standard output is closed"),
        "{}",
        said.err
    );
    assert_nothing_is_left(&scene);
}

/// The person is told on standard error, which is still read.
#[test]
fn a_program_that_no_longer_wants_the_result_ends_nothing() {
    let scene = Scene::new();
    let mut laptop = Laptop::start(&scene, &["--json"]);
    laptop.out = None;
    // It would be gone in a moment, as the one above.
    for _ in 0..50 {
        assert_eq!(laptop.child.try_wait().unwrap(), None);
        sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&laptop.child), Signal::INT).unwrap();
    let said = laptop.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_nothing_is_left(&scene);
}
