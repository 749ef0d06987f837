//! A terminal with a program in it, and somebody at the keyboard.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::hawser;
use crate::scene::{Heard, wait_until};

/// The program is killed when this is forgotten.
pub(crate) struct Terminal {
    keyboard: File,
    screen: Heard,
    child: Child,
}

impl Terminal {
    pub(crate) fn start(args: &[&str]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let open = || {
            let mut options = OpenOptions::new();
            let terminal = options.read(true).write(true);
            terminal.open(name.to_str().unwrap()).unwrap()
        };
        let child = hawser(args)
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let keyboard = File::from(controller);
        Self {
            screen: Heard::from(keyboard.try_clone().unwrap()),
            keyboard,
            child,
        }
    }

    pub(crate) fn wait_for(&self, words: &str) {
        wait_until(words, || self.screen.text().contains(words));
    }

    pub(crate) fn shows(&self) -> String {
        self.screen.text()
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The exit code, and everything that was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut code = None;
        wait_until("the end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        (code.unwrap().code(), self.screen.wait_for_end())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
