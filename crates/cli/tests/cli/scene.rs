//! What a laptop and a phone need around them: a relay, an air of their own, files.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hawser_relay::{Config, Relay, bind};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

use crate::program::{Said, hawser};

/// How long anything here may take. Only what hangs takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A relay on a free port of this machine.
pub(crate) struct RunningRelay {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningRelay {
    pub(crate) fn start() -> Self {
        let (bound, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                let relay = Relay::new(Config::default()).unwrap();
                tokio::select! {
                    _ = relay.serve(listener, std::future::pending()) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv_timeout(PATIENCE).unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

impl Drop for RunningRelay {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The address of a service that is not there.
pub(crate) fn nobodys_url() -> String {
    // Bound until the test ends, so that nobody else gets the port, and not listening.
    let socket = Box::leak(Box::new(TcpSocket::new_v4().unwrap()));
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    format!("ws://{}", socket.local_addr().unwrap())
}

/// Files, and an air in which nobody else is heard.
pub(crate) struct Scene(TempDir);

impl Scene {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A laptop that shows its code in `qr.png`.
    pub(crate) fn laptop(&self, ceremony: &str, url: &str, more: &[&str]) -> Running {
        let (air, png) = (self.file("air"), self.file("qr.png"));
        let flags = ["--tunnel-service", url, "--air", &air, "--qr-png", &png];
        let args = [&["laptop", ceremony][..], &flags[..], more].concat();
        self.shown(Running::start(&args))
    }

    /// The same laptop from its beginning until it shows its code.
    pub(crate) fn shown(&self, mut running: Running) -> Running {
        wait_until("the laptop's code", || {
            let gave_up = running.child.try_wait().unwrap().is_some();
            assert!(!gave_up, "the laptop: {}", running.err.wait_for_end());
            self.path("qr.png").exists()
        });
        running
    }

    /// The arguments of a phone that looks at that code.
    pub(crate) fn phone(&self, url: &str, more: &[&str]) -> Vec<String> {
        let (air, png) = (self.file("air"), self.file("qr.png"));
        let flags = [
            "phone",
            "--tunnel-service",
            url,
            "--air",
            &air,
            "--qr-image",
            &png,
        ];
        let args = [&flags[..], more].concat();
        args.into_iter().map(str::to_owned).collect()
    }
}

/// Neither a picture of the code nor a part of one.
#[track_caller]
pub(crate) fn assert_nothing_is_left(scene: &Scene) {
    let left = std::fs::read_dir(scene.path("")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "air"), "{left:?}");
}

/// A program that has not ended yet. It is killed when it is forgotten.
pub(crate) struct Running {
    child: Child,
    out: Heard,
    err: Heard,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::spawn(hawser(args))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            out: Heard::from(child.stdout.take().unwrap()),
            err: Heard::from(child.stderr.take().unwrap()),
            child,
        }
    }

    pub(crate) fn wait_for(&self, words: &str) {
        wait_until(words, || self.out.text().contains(words));
    }

    /// The same on standard error.
    pub(crate) fn wait_for_told(&self, words: &str) {
        wait_until(words, || self.err.text().contains(words));
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// What it said until it ended by itself.
    pub(crate) fn end(mut self) -> Said {
        let mut code = None;
        wait_until("the end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        Said {
            code: code.unwrap().code(),
            out: self.out.wait_for_end(),
            err: self.err.wait_for_end(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What comes out of a program, as it comes.
pub(crate) struct Heard {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Heard {
    pub(crate) fn from(mut source: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
            // A terminal ends with an error, a pipe with nothing.
            while let Ok(len @ 1..) = source.read(&mut piece) {
                bytes.extend_from_slice(piece.get(..len).unwrap());
                *heard.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    pub(crate) fn wait_for_end(&mut self) -> String {
        self.reader.take().unwrap().join().unwrap();
        self.text()
    }
}

pub(crate) fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        thread::sleep(POLL);
    }
}

const POLL: Duration = Duration::from_millis(10);
