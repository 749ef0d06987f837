//! A server in a process of its own, on core 0.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustls::{ClientConfig, RootCertStore};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Relay,
    /// Half of its tunnels have their ends accepted by different threads.
    TwoThreads,
    RelayTls,
    Forwarder,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Relay => "hawser-relay",
            Self::TwoThreads => "two threads",
            Self::RelayTls => "with TLS",
            Self::Forwarder => "raw TCP",
        })
    }
}

pub(crate) struct Server {
    child: Child,
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    /// For a client that trusts the server's certificate.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    _files: Option<tempfile::TempDir>,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).stdin(Stdio::null());
        let (mut tls, mut files) = (None, None);
        if kind == Kind::Forwarder {
            command
                .arg(std::env::current_exe().unwrap())
                .arg("forwarder");
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        } else {
            command.arg(env!("CARGO_BIN_EXE_hawser-relay"));
            command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
            let threads = if kind == Kind::TwoThreads { "2" } else { "1" };
            // No ping between the frames that are compared.
            command.args(["--no-quotas", "--ping-interval", "5m"]);
            command.args(["--threads", threads]);
            // As the unit for systemd and the image have it.
            command.env("MIMALLOC_PURGE_DELAY", "0");
            command.stdout(Stdio::null()).stderr(Stdio::piped());
        }
        if kind == Kind::RelayTls {
            let folder = tempfile::tempdir().unwrap();
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["relay.example".into()]).unwrap();
            let certificate = params.self_signed(&key).unwrap();
            for (flag, name, text) in [
                ("--tls-cert", "cert.pem", certificate.pem()),
                ("--tls-key", "key.pem", key.serialize_pem()),
            ] {
                let path = folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                command.arg(flag).arg(path);
            }
            let mut roots = RootCertStore::empty();
            roots.add(certificate.der().clone()).unwrap();
            tls = Some(Arc::new(client_config(roots)));
            files = Some(folder);
        }
        let mut child = command
            .spawn()
            .expect("taskset, of util-linux, starts the server");
        let address = if kind == Kind::Forwarder {
            address(BufReader::new(child.stdout.take().unwrap()), "")
        } else {
            address(BufReader::new(child.stderr.take().unwrap()), "address=")
        };
        // Its start is over when it waits.
        std::thread::sleep(Duration::from_millis(300));
        Self {
            child,
            kind,
            address,
            tls,
            _files: files,
        }
    }

    /// CPU time so far, over all threads.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanoseconds = tasks.map(|task| {
            let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            stat.split_whitespace()
                .next()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    pub(crate) fn cpu_since(&self, before: Duration) -> Duration {
        self.cpu().saturating_sub(before)
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the first line that has one behind `mark`. Later lines are read and dropped.
fn address(output: impl BufRead + Send + 'static, mark: &str) -> SocketAddr {
    let mut lines = output.lines().map_while(Result::ok);
    let found = lines.by_ref().find_map(|line| {
        if !mark.is_empty() && !line.contains("listening for clients") {
            return None;
        }
        let (_, rest) = line.split_once(mark)?;
        rest.split_whitespace().next()?.parse().ok()
    });
    std::thread::spawn(move || lines.for_each(drop));
    found.expect("the server starts")
}

pub(crate) fn client_config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Keeps this process on one core.
pub(crate) fn pin_to(core: usize) {
    let pid = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["-cp", &core.to_string(), &pid])
        .stdout(Stdio::null())
        .status();
    assert!(
        pinned.is_ok_and(|status| status.success()),
        "a core of its own for the clients"
    );
}

/// Two sockets a tunnel here, and two there.
pub(crate) fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}
