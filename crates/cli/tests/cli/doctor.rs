//! `hawser doctor`, as far as it can be told without Bluetooth and without the internet.

use serde_json::Value;

use crate::program::{Said, run};
use crate::scene::{RunningRelay, Scene, nobodys_url};

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut checks = report["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap()
}

fn doctor(url: &str) -> Said {
    run(&[
        "doctor",
        "--no-bluetooth",
        "--json",
        "--tunnel-service",
        url,
    ])
}

#[test]
fn a_relay_that_works_is_found_to_work() {
    let relay = RunningRelay::start();
    let said = doctor(&relay.url());
    assert_eq!(said.code, Some(0), "{}", said.err);
    let report = said.json();
    assert_eq!(report["ok"], true);
    for name in ["clock", "simulated radio", "tunnel service", "round trip"] {
        assert_eq!(check(&report, name)["verdict"], "good", "{name}: {report}");
    }
    assert_eq!(check(&report, "Bluetooth")["verdict"], "skipped");
    assert!(said.err.contains("Nothing is wrong."), "{}", said.err);
}

#[test]
fn a_relay_that_is_down_is_said_to_be() {
    let said = doctor(&nobodys_url());
    assert_eq!(said.code, Some(1));
    let report = said.json();
    assert_eq!(report["ok"], false);
    let service = check(&report, "tunnel service");
    assert_eq!(service["verdict"], "bad");
    assert!(
        service["words"]
            .as_str()
            .unwrap()
            .contains("cannot connect to 127.0.0.1"),
        "{service}"
    );
    assert!(said.err.contains("One thing is wrong."), "{}", said.err);
}

#[test]
fn a_server_that_is_no_relay_is_said_to_be_none() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut peer, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = peer.read(&mut request).unwrap();
        peer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let said = doctor(&url);
    server.join().unwrap();
    assert_eq!(said.code, Some(1));
    let report = said.json();
    let words = check(&report, "tunnel service")["words"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        words.contains("there is no tunnel service at this address"),
        "{words}"
    );
}

#[test]
fn without_a_service_there_is_still_something_to_examine() {
    let said = run(&["doctor", "--no-bluetooth", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(check(&said.json(), "tunnel service")["verdict"], "skipped");
}

#[test]
#[cfg(target_os = "linux")]
fn a_computer_without_a_system_bus() {
    let scene = Scene::new();
    let nowhere = format!("unix:path={}", scene.file("no-bus"));
    let output = crate::program::hawser(&["doctor", "--json"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", nowhere)
        .output()
        .unwrap();
    let said = Said::from(output);
    assert_eq!(said.code, Some(1));
    let report = said.json();
    let bluetooth = check(&report, "Bluetooth");
    assert_eq!(bluetooth["verdict"], "bad");
    assert!(
        bluetooth["words"]
            .as_str()
            .unwrap()
            .contains("there is no D-Bus system bus"),
        "{bluetooth}"
    );
}

#[test]
fn a_domain_that_nobody_has() {
    run(&["doctor", "--domain-id", "9"]).assert_malformed("--domain-id: ");
}
