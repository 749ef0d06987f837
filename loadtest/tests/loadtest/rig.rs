//! A relay in this process, and the program beside it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use hawser_relay::{Config, Relay, bind};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A service that runs until it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    relay: Option<Relay>,
    _runtime: Runtime,
}

impl Service {
    /// The relay that this repository ships, without quotas.
    pub(crate) fn relay() -> Self {
        Self::relay_with(Config::lift_quotas)
    }

    pub(crate) fn relay_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let relay = Relay::new(config).unwrap();
        let handle = relay.clone();
        let mut service = Self::start(|| async move {
            let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            (address, async move {
                relay.serve(listener, std::future::pending()).await;
            })
        });
        service.relay = Some(handle);
        service
    }

    /// Any service: `make` binds it, and the future it returns serves.
    pub(crate) fn start<F, Fut, Serve>(make: F) -> Self
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = (SocketAddr, Serve)>,
        Serve: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (address, serve) = runtime.block_on(make());
        runtime.spawn(serve);
        Self {
            address,
            relay: None,
            _runtime: runtime,
        }
    }

    /// Messages that the relay has forwarded.
    pub(crate) fn messages(&self) -> u64 {
        self.relay
            .as_ref()
            .map_or(0, |relay| relay.stats().messages)
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

/// What a run of the program gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The --json file; null when there is none.
    pub(crate) record: Value,
    pub(crate) folder: TempDir,
}

impl Run {
    pub(crate) fn count(&self, pointer: &str) -> u64 {
        self.record.pointer(pointer).map_or(0, |value| {
            value
                .as_u64()
                .unwrap_or_else(|| panic!("{pointer} is {value}"))
        })
    }

    pub(crate) fn figure(&self, pointer: &str) -> f64 {
        let value = self.record.pointer(pointer).and_then(Value::as_f64);
        value.unwrap_or_else(|| panic!("no {pointer} in {}", self.stdout))
    }
}

/// The program, as a command; `{folder}` in an argument becomes a folder of the run's own.
pub(crate) fn command(arguments: &[&str], folder: &TempDir) -> Command {
    let path = folder.path().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hawser-loadtest"));
    command
        .args(arguments.iter().map(|a| a.replace("{folder}", path)))
        .stdin(Stdio::null());
    command
}

/// Runs a scenario with --json.
pub(crate) fn drive(scenario: &str, url: &str, arguments: &[&str]) -> Run {
    let common = [scenario, "--url", url, "--json", "{folder}/run.json"];
    let folder = TempDir::new().unwrap();
    let output = command(&[&common, arguments].concat(), &folder)
        .output()
        .unwrap();
    finished(output, folder)
}

/// The same, ended by a signal once `is_time`, or after a minute.
pub(crate) fn drive_until(
    is_time: impl Fn() -> bool,
    signal: &str,
    scenario: &str,
    url: &str,
    arguments: &[&str],
) -> Run {
    let common = [scenario, "--url", url, "--json", "{folder}/run.json"];
    let folder = TempDir::new().unwrap();
    let child = command(&[&common, arguments].concat(), &folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !is_time() && begun.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    finished(child.wait_with_output().unwrap(), folder)
}

/// An address at which nobody listens, and nobody else can while the socket is there.
pub(crate) fn nobody() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

pub(crate) fn finished(output: Output, folder: TempDir) -> Run {
    let record = std::fs::read(folder.path().join("run.json"));
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        record: record.map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap()),
        folder,
    }
}
