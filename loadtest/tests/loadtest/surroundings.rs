//! Several addresses, a service that tells its own cost, and a machine that has run out.

use std::future::pending;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use hawser_relay::{Config, Relay, bind};
use tempfile::TempDir;

use crate::rig::{Run, Service, command, drive, finished, nobody};

/// One relay at two addresses.
fn at_two_addresses() -> (Service, SocketAddr) {
    let mut config = Config::default();
    config.lift_quotas();
    let relay = Relay::new(config).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let service = Service::start(|| async move {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let second = bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        tell.send(second.local_addr().unwrap()).unwrap();
        (address, async move {
            let other = relay.clone();
            tokio::join!(
                other.serve(second, pending()),
                relay.serve(first, pending())
            );
        })
    });
    (service, told.recv().unwrap())
}

#[test]
fn tunnels_are_spread_over_addresses() {
    let (service, second) = at_two_addresses();
    let (first, second) = (service.address.to_string(), second.to_string());
    let spread = [
        "--connect",
        &first,
        "--connect",
        &second,
        "--count=20",
        "--warm-up=0s",
    ];
    for more in [&[][..], &["--laptop-elsewhere"]] {
        let run = drive("sign-ins", "ws://relay.example", &[&spread, more].concat());
        assert_eq!(run.code, 0, "{more:?}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.count("/totals/done"), 20);
    }
    // Nobody is at one of them: half of the tunnels fail, so both are used.
    let (_socket, nobody) = nobody();
    let nobody = nobody.to_string();
    let half = [
        "--connect",
        &first,
        "--connect",
        &nobody,
        "--count=20",
        "--warm-up=0s",
        "--closed=1",
    ];
    let run = drive("sign-ins", "ws://relay.example", &half);
    let failed = run.count("/failures/connect");
    assert!(
        failed > 0 && run.count("/totals/done") > 0,
        "{}",
        run.stdout
    );
}

/// A page that is served to everybody who asks, for as long as the test runs.
fn page(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    format!("http://{address}/metrics")
}

#[test]
fn a_service_that_tells_its_own_cost_is_believed() {
    let relay = Service::relay();
    let metrics = page(
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 2.5\n\
         # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1048576\n",
    );
    let arguments = ["--count=10", "--warm-up=0s", "--server-metrics", &metrics];
    let run = drive("sign-ins", &relay.url(), &arguments);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/server/rss_after"), 1_048_576);

    let other = page("# nothing of interest\n");
    let arguments = ["--count=10", "--server-metrics", &other];
    let run = drive("sign-ins", &relay.url(), &arguments);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("process_cpu_seconds_total"),
        "{}",
        run.stderr
    );
}

/// Runs the program with at most so many open files.
fn with_files(files: u32, arguments: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let whole = command(arguments, &folder);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("ulimit -n {files} && exec \"$0\" \"$@\""));
    shell.arg(whole.get_program()).args(whole.get_args());
    finished(shell.output().unwrap(), folder)
}

#[test]
fn a_harness_without_files_blames_itself() {
    let relay = Service::relay();
    let url = relay.url();
    let run = with_files(
        40,
        &[
            "sign-ins",
            "--url",
            &url,
            "--closed=60",
            "--count=600",
            "--warm-up=0s",
            "--json={folder}/run.json",
        ],
    );
    assert!(
        run.count("/failures/no_files") > 0,
        "{}{}",
        run.stdout,
        run.stderr
    );
    let verdict = "the harness was the limit";
    let blamed = run
        .stdout
        .lines()
        .any(|l| l.contains(verdict) && l.contains("file descriptor"));
    assert!(blamed, "{}", run.stdout);
    assert_eq!(run.record["faults"].as_object().unwrap().len(), 0);
}

#[test]
fn more_tunnels_than_files_are_refused_beforehand() {
    let relay = Service::relay();
    let url = relay.url();
    let idle = ["idle", "--url", &url, "--hold=1s", "--threads=1"];
    let run = with_files(264, &[&idle[..], &["--tunnels=101"]].concat());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("ulimit -n"), "{}", run.stderr);
    let run = with_files(264, &[&idle[..], &["--tunnels=100"]].concat());
    assert_eq!(run.code, 0, "at the limit: {}{}", run.stdout, run.stderr);
}

#[test]
fn threads_have_files_of_their_own() {
    let relay = Service::relay();
    let url = relay.url();
    let idle = ["idle", "--url", &url, "--hold=1s", "--tunnels=1"];
    for (threads, runs) in [("--threads=25", true), ("--threads=26", false)] {
        let run = with_files(258, &[&idle[..], &[threads]].concat());
        assert_eq!(run.code == 0, runs, "{threads}: {}", run.stderr);
        assert_eq!(run.stderr.contains("ulimit -n"), !runs, "{}", run.stderr);
    }
}

#[test]
fn more_people_than_files_are_refused_beforehand() {
    let relay = Service::relay();
    let url = relay.url();
    let common = [
        "sign-ins",
        "--url",
        &url,
        "--rate=1000",
        "--count=1",
        "--warm-up=0s",
        "--threads=1",
    ];
    // Of 264 files 200 are for connections. A phone that is waited for has one, a pair two.
    for (pause, runs) in [
        ("approve=100ms", true),
        ("approve=101ms", false),
        ("join=200ms", true),
        ("join=201ms", false),
        ("scan=500ms", true),
    ] {
        let run = with_files(264, &[&common[..], &["--pause", pause]].concat());
        assert_eq!(run.code == 0, runs, "{pause}: {}{}", run.stdout, run.stderr);
        assert_eq!(
            run.stderr.contains("ulimit -n"),
            !runs,
            "{pause}: {}",
            run.stderr
        );
    }
}
