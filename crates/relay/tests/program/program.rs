//! The program in a process of its own.

use std::io::{BufRead as _, BufReader, PipeReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for anything that a process does. Far more than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A process that is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// Its log, where nobody reads it.
    _unread: Option<BufReader<PipeReader>>,
}

/// What a program that has ended left behind.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command with no settings from the environment of the test.
pub(crate) fn command<S: AsRef<str>>(flags: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hawser-relay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HAWSER_")) {
        command.env_remove(name);
    }
    command.args(flags.iter().map(AsRef::as_ref));
    command
}

/// Runs a program that ends by itself.
pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Program {
    /// Starts a relay on free ports.
    pub(crate) fn start<S: AsRef<str>>(flags: &[S]) -> Self {
        let mut command = command(flags);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        Self::spawn(&mut command)
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    let mut log = log.lock().unwrap();
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        });
        Self {
            child,
            log,
            reader: Some(reader),
            _unread: None,
        }
    }

    /// Starts a relay on free ports, reads its log until it takes connections, and no further.
    /// Standard output goes the same way, as under most service managers.
    pub(crate) fn start_unread(flags: &[&str]) -> Self {
        let mut command = command(flags);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let (reader, writer) = std::io::pipe().unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        // It holds the other end of the pipe.
        drop(command);
        let mut log = String::new();
        let mut unread = BufReader::new(reader);
        while !log.contains("listening for clients") {
            let len = unread.read_line(&mut log).unwrap();
            assert!(len > 0, "it has ended: {log}");
        }
        Self {
            child,
            log: Arc::new(Mutex::new(log)),
            reader: None,
            _unread: Some(unread),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The first logged line with all of these texts in it, when it is there.
    pub(crate) fn logged(&self, texts: &[&str]) -> String {
        wait_for(&format!("a log line with {texts:?}"), || {
            self.log()
                .lines()
                .find(|line| texts.iter().all(|text| line.contains(text)))
                .map(str::to_owned)
                .ok_or_else(|| self.log())
        })
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address_after("listening for clients")
    }

    /// The address in the log line with this text, in either format.
    pub(crate) fn address_after(&self, text: &str) -> SocketAddr {
        let line = self.logged(&[text]);
        line.split("address")
            .nth(1)
            .and_then(|rest| {
                rest.trim_start_matches(['"', ':', '='])
                    .split([' ', '"'])
                    .next()
            })
            .unwrap()
            .parse()
            .unwrap()
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Asks until there is an answer, or panics with what was there instead.
pub(crate) fn wait_for<T, E: std::fmt::Display>(
    what: &str,
    mut ask: impl FnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(instead) if Instant::now() > deadline => panic!("no {what}, but: {instead}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Asks until it is so.
pub(crate) fn wait_until(what: &str, mut ask: impl FnMut() -> bool) {
    wait_for(what, || if ask() { Ok(()) } else { Err("it is not") });
}
