//! Every key of the program does what its name says. Limits and quotas that need no listener are
//! proven without the program.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use hawser_relay::config::Key;

use crate::certificate::Authority;
use crate::client::{ID, plain_get};
use crate::program::{Program, command};

/// Keys that have a test of their own: its folder under tests/, its file and its name.
const PROVEN_BY: [(&str, &str); 21] = [
    (
        "tls-cert",
        "program::tls::a_tunnel_over_tls_carries_messages_of_every_size",
    ),
    (
        "tls-key",
        "program::tls::a_tunnel_over_tls_carries_messages_of_every_size",
    ),
    (
        "domain-id",
        "program::config::bounds::the_certificate_must_fit_the_tunnel_domain",
    ),
    (
        "trusted-proxies",
        "program::proxies::a_field_of_a_trusted_proxy_counts_and_anybody_elses_does_not",
    ),
    (
        "client-address-from",
        "program::proxies::a_field_of_a_trusted_proxy_counts_and_anybody_elses_does_not",
    ),
    (
        "admin",
        "program::admin::off_is_off_and_a_taken_address_is_an_error",
    ),
    (
        "debug-tunnels",
        "program::admin::tunnels_are_listed_on_demand_without_ids_or_addresses",
    ),
    (
        "log-level",
        "program::logs::no_level_shows_addresses_ids_or_payloads_and_info_is_quiet_about_clients",
    ),
    (
        "log-format",
        "program::logs::no_level_shows_addresses_ids_or_payloads_and_info_is_quiet_about_clients",
    ),
    (
        "drain-time",
        "program::stop::a_drain_lets_tunnels_finish_and_laptops_in_and_says_how_it_went",
    ),
    (
        "allow-short-sessions",
        "program::config::bounds::what_is_just_within_the_bounds_is_taken",
    ),
    (
        "peer-template",
        "program::peers::instances_find_each_other_by_template_slot_and_key",
    ),
    (
        "peer-listen",
        "program::peers::instances_find_each_other_by_template_slot_and_key",
    ),
    (
        "peer-slot",
        "program::peers::instances_find_each_other_by_template_slot_and_key",
    ),
    (
        "peer-key-file",
        "program::peers::an_instance_with_another_key_is_no_peer",
    ),
    (
        "peer-count",
        "program::peers::slots_beyond_the_count_are_never_dialled_nor_taken",
    ),
    (
        "peer-connect-time",
        "program::peers::an_instance_that_cannot_be_reached_is_given_up_after_its_time",
    ),
    (
        "peer-answer-time",
        "peers::failures::an_instance_that_answers_nothing_is_given_up",
    ),
    (
        "peer-retry-time",
        "peers::failures::an_instance_that_is_down_gives_503_and_is_not_dialled_in_a_storm",
    ),
    (
        "peer-dials",
        "peers::failures::dials_at_the_limit_and_one_past_it",
    ),
    (
        "peer-connections",
        "peers::failures::connections_of_others_at_the_limit_and_one_past_it",
    ),
];

#[test]
fn every_key_of_the_program_acts() {
    for key in Key::all() {
        let name = key.name();
        let without_program =
            key.heading().starts_with("Limits") || key.heading().starts_with("Quotas");
        let of_a_listener = ["handshake-time", "connections", "accepts-per-second"];
        if !without_program || of_a_listener.contains(&name.as_str()) {
            prove(&name);
        }
    }
}

fn prove(key: &str) {
    match key {
        "listen" => {
            let relay = Program::spawn(&mut command(&["--listen=127.0.0.9:0", "--admin=off"]));
            assert_eq!(relay.address().ip().to_string(), "127.0.0.9");
            assert!(plain_get(relay.address(), "/").starts_with("HTTP/1.1 200"));
        }
        "threads" => {
            let threads = |count: &str| {
                let relay = Program::start(&["--threads", count]);
                relay.address();
                relay.metric("process_threads")
            };
            let (one, four) = (threads("1"), threads("4"));
            assert!((four - one - 3.0).abs() < 0.1, "{one} and {four}");
        }
        "routing-id" => {
            let relay = Program::start(&["--routing-id=0a0b0c"]);
            let (answer, _phone) = open(&relay, 1);
            assert!(
                answer.contains("X-caBLE-Routing-ID: 0A0B0C\r\n"),
                "{answer}"
            );
        }
        "no-quotas" => {
            for (flag, refuses) in [("--no-quotas=false", true), ("--no-quotas", false)] {
                let relay = Program::start(&[flag]);
                let mut phones = Vec::new();
                // Past 30 in a second, or 300 that wait, whichever comes first.
                let refused = (0..331).any(|n| {
                    let (answer, phone) = open(&relay, n);
                    phones.push(phone);
                    let refused = answer.starts_with("HTTP/1.1 429");
                    assert!(refused || answer.starts_with("HTTP/1.1 101"), "{answer}");
                    refused
                });
                assert_eq!(refused, refuses, "{flag}");
            }
        }
        "handshake-time" => {
            let authority = Authority::new();
            let mut flags = authority.sign("relay", "relay.example").flags().to_vec();
            flags.push("--handshake-time=50ms".into());
            let relay = Program::start(&flags);
            let mut silent = TcpStream::connect(relay.address()).unwrap();
            assert_eq!(silent.read(&mut [0]).unwrap(), 0, "the relay hangs up");
            let series = "hawser_relay_tls_handshakes_total{result=\"timed_out\"}";
            relay.metric_becomes(series, |count| count > 0.5);
        }
        "connections" => {
            let relay = Program::start(&["--connections=2"]);
            let mut held: Vec<_> = (0..2)
                .map(|_| TcpStream::connect(relay.address()).unwrap())
                .collect();
            relay.metric_becomes("hawser_relay_connections", |count| count > 1.5);
            let mut third = TcpStream::connect(relay.address()).unwrap();
            third
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            let series = "hawser_relay_limits_hit_total{limit=\"connections\"}";
            relay.metric_becomes(series, |count| count > 2.5);
            assert!(relay.metric("hawser_relay_connections") < 2.5);
            // It waits in the kernel, and has its turn when another one goes.
            held.pop();
            let mut answer = [0; 12];
            third.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
        "accepts-per-second" => {
            let relay = Program::start(&["--accepts-per-second=20", "--threads=1"]);
            relay.address();
            let start = Instant::now();
            for _ in 0..13 {
                assert!(plain_get(relay.address(), "/").starts_with("HTTP/1.1 200"));
            }
            // Four in a burst, and nine 50 ms apart.
            assert!(start.elapsed() >= Duration::from_millis(450));
            let series = "hawser_relay_limits_hit_total{limit=\"accept_rate\"}";
            relay.metric_becomes(series, |count| count > 0.5);
        }
        other => assert!(
            PROVEN_BY.iter().any(|(key, _)| *key == other),
            "nothing proves that {other} acts"
        ),
    }
}

#[test]
fn the_tests_that_prove_keys_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (key, test) in PROVEN_BY {
        assert!(Key::named(key).is_some(), "{key}");
        let (file, name) = test.rsplit_once("::").unwrap();
        let file = tests.join(file.replace("::", "/")).with_extension("rs");
        let source = std::fs::read_to_string(&file).unwrap();
        assert!(
            source.contains(&format!("fn {name}()")),
            "{name} in {}",
            file.display()
        );
    }
}

/// A phone's answer, and its connection.
fn open(relay: &Program, n: u16) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    let request = format!(
        "GET /cable/new/{n:04X}{} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n",
        &ID[4..]
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    (String::from_utf8(answer).unwrap(), stream)
}
