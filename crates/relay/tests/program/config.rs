//! Settings: where they come from, and which one counts.

mod bounds;
mod manual;
mod unreadable;

use std::fmt::Write as _;
use std::path::PathBuf;

use hawser_relay::config::{Key, Settings};

pub(crate) use self::manual::held;
use crate::program::{Ended, command, run};

/// A value for each key that is not its default.
const OTHERS: [(&str, &str); 45] = [
    ("listen", "127.0.0.1:1234"),
    ("tls-cert", "cert.pem"),
    ("tls-key", "key.pem"),
    ("domain-id", "266"),
    ("threads", "3"),
    ("trusted-proxies", "10.0.0.0/8,fd00::/8"),
    ("client-address-from", "forwarded"),
    ("admin", "off"),
    ("debug-tunnels", "true"),
    ("log-level", "debug"),
    ("log-format", "json"),
    ("drain-time", "5s"),
    ("routing-id", "0A0B0C"),
    ("no-quotas", "true"),
    ("allow-short-sessions", "true"),
    ("handshake-time", "11s"),
    ("head-time", "12s"),
    ("head-bytes", "4KiB"),
    ("upgrade-time", "13s"),
    ("waiting-time", "1m 40s"),
    ("session-time", "5m"),
    ("write-stall-time", "14s"),
    ("close-time", "1s 500ms"),
    ("ping-interval", "20s"),
    ("message-bytes", "1MiB"),
    ("messages", "none"),
    ("tunnel-bytes", "8MiB"),
    ("control-frames", "100"),
    ("early-bytes", "1000"),
    ("waiting-tunnels", "50000"),
    ("connections", "400"),
    ("accepts-per-second", "1000"),
    ("client-connections", "10"),
    ("client-waiting-tunnels", "11"),
    ("client-tunnels-per-second", "12"),
    ("peer-template", "relay-{slot}.example:8081"),
    ("peer-listen", "127.0.0.1:8081"),
    ("peer-count", "8"),
    ("peer-slot", "3"),
    ("peer-key-file", "peer.key"),
    ("peer-connect-time", "600ms"),
    ("peer-answer-time", "4s"),
    ("peer-retry-time", "2s"),
    ("peer-dials", "64"),
    ("peer-connections", "65"),
];

fn others() -> impl Iterator<Item = (Key, &'static str)> {
    OTHERS
        .into_iter()
        .filter_map(|(name, text)| Key::named(name).map(|key| (key, text)))
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

fn with_file(content: &str, more: &[&str]) -> (Ended, PathBuf) {
    let file = file(content);
    let path = file.path().to_owned();
    let ended = run(command(&["--config", path.to_str().unwrap()]).args(more));
    (ended, path)
}

/// The keys and values of a printed configuration.
fn values(printed: &str) -> Vec<(String, String)> {
    printed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| {
            let value = value.split("  #").next().unwrap().trim_matches('"');
            (key.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn each_key_changes_its_own_setting_and_no_other() {
    assert_eq!(others().count(), Key::all().count(), "a value for each key");
    let defaults = Settings::default();
    for (key, text) in others() {
        let mut settings = Settings::default();
        key.set(&mut settings, text).unwrap();
        for other in Key::all() {
            let (before, after) = (other.show(&defaults), other.show(&settings));
            if other.name() == key.name() {
                assert_eq!(after, text);
                assert_ne!(after, before, "{}", key.name());
            } else {
                assert_eq!(after, before, "{} changes {}", key.name(), other.name());
            }
        }
    }
}

#[test]
fn a_flag_counts_more_than_the_environment_and_that_more_than_the_file() {
    let content = "head-time = \"1s\"\nclose-time = \"1s\"\nupgrade-time = \"1s\"\n";
    let file = file(content);
    let ended = run(command(&["--print-config", "--head-time", "3s"])
        .env("HAWSER_RELAY_CONFIG", file.path())
        .env("HAWSER_RELAY_HEAD_TIME", "2s")
        .env("HAWSER_RELAY_CLOSE_TIME", "2s"));
    let place = file.path().display();
    for line in [
        "head-time = \"3s\"  # --head-time\n".to_owned(),
        "close-time = \"2s\"  # HAWSER_RELAY_CLOSE_TIME\n".to_owned(),
        format!("upgrade-time = \"1s\"  # {place}:3\n"),
        "waiting-time = \"2m\"\n".to_owned(),
    ] {
        assert!(ended.stdout.contains(&line), "{line} in {}", ended.stdout);
    }
}

#[test]
fn every_key_is_taken_from_a_flag_a_variable_and_a_file_and_what_is_printed_is_taken_again() {
    // Contradictions are another test's business: these go together.
    let fit: Vec<_> = others()
        .filter(|(key, _)| !["admin", "no-quotas", "routing-id"].contains(&key.name().as_str()))
        .collect();
    let flags: Vec<_> = fit
        .iter()
        .map(|(key, text)| format!("--{}={text}", key.name()))
        .collect();
    let by_flags = run(command(&["--print-config"]).args(&flags));
    let variables = fit.iter().map(|(key, text)| (key.variable(), text));
    let by_variables = run(command(&["--print-config"]).envs(variables));
    let mut content = String::new();
    for (key, text) in &fit {
        writeln!(content, "{} = \"{text}\"", key.name()).unwrap();
    }
    let (by_file, _) = with_file(&content, &["--print-config"]);
    let (again, _) = with_file(&by_file.stdout, &["--print-config"]);
    for printed in [&by_flags, &by_variables, &by_file, &again] {
        assert_eq!(printed.stderr, "");
        let values = values(&printed.stdout);
        assert_eq!(values.len(), Key::all().count());
        for (key, text) in &fit {
            let expected = (key.name(), (*text).to_owned());
            assert!(
                values.contains(&expected),
                "{expected:?} in {}",
                printed.stdout
            );
        }
    }
}

#[test]
fn a_file_may_hold_numbers_switches_and_lists() {
    let content = "messages = 300\ndebug-tunnels = true\nthreads = 2\nclient-address-from = \"proxy-protocol\"\n\
        trusted-proxies = [\"10.1.0.0/16\", \"192.0.2.1\"] # a list\n";
    let (ended, _) = with_file(content, &["--print-config"]);
    let values = values(&ended.stdout);
    for (key, value) in [
        ("messages", "300"),
        ("debug-tunnels", "true"),
        ("threads", "2"),
        ("trusted-proxies", "10.1.0.0/16,192.0.2.1/32"),
    ] {
        assert!(
            values.contains(&(key.into(), value.into())),
            "{}",
            ended.stdout
        );
    }
}
