//! What fits together and is within its bounds, and what is refused because it does not or is not.

use hawser_relay::config::Key;

use crate::certificate::Authority;
use crate::program::{Ended, Program, command, run};

#[test]
fn what_contradicts_itself_is_refused_with_its_place_and_its_reason() {
    for (flags, places, reason) in [
        ("--tls-cert a", "--tls-cert", "needs its private key"),
        ("--tls-key a", "--tls-key", "needs its certificate"),
        (
            "--session-time 180s",
            "--session-time",
            "a browser stays that long",
        ),
        (
            "--drain-time 1000000000000s",
            "--drain-time",
            "a day (24h) at most",
        ),
        ("--head-bytes 255", "--head-bytes", "256 to 16KiB"),
        ("--head-bytes 16385", "--head-bytes", "256 to 16KiB"),
        ("--message-bytes 1023", "--message-bytes", "1KiB to 1MiB"),
        ("--message-bytes 1048577", "--message-bytes", "1KiB to 1MiB"),
        (
            "--tunnel-bytes 65535",
            "--tunnel-bytes, message-bytes (default)",
            "less than one message",
        ),
        ("--messages 5", "--messages", "6 or more"),
        ("--early-bytes 0", "--early-bytes", "would not be noticed"),
        ("--waiting-tunnels 0", "--waiting-tunnels", "no phone"),
        ("--connections 1", "--connections", "2 or more"),
        (
            "--accepts-per-second 0",
            "--accepts-per-second",
            "nobody could",
        ),
        ("--threads 1025", "--threads", "1024 at most"),
        ("--domain-id 255", "--domain-id", "not assigned"),
        (
            "--admin 127.0.0.1:8080",
            "--admin, listen (default)",
            "same address",
        ),
        (
            "--admin off --debug-tunnels",
            "--debug-tunnels, --admin",
            "which is off",
        ),
        (
            "--trusted-proxies 10.0.0.0/8",
            "--trusted-proxies, client-address-from (default)",
            "trusted for nothing",
        ),
        (
            "--client-address-from forwarded",
            "--client-address-from, trusted-proxies (default)",
            "nobody is trusted",
        ),
        (
            "--client-connections 1",
            "--client-connections",
            "2 or more",
        ),
        (
            "--client-waiting-tunnels 0",
            "--client-waiting-tunnels",
            "no phone",
        ),
        (
            "--client-tunnels-per-second 0",
            "--client-tunnels-per-second",
            "no phone",
        ),
    ] {
        is_refused(flags, places, reason);
    }
    for key in [
        "messages",
        "tunnel-bytes",
        "client-connections",
        "client-waiting-tunnels",
        "client-tunnels-per-second",
    ] {
        let flags = format!("--no-quotas --{key} 100000");
        is_refused(&flags, &format!("--{key}, --no-quotas"), "choose one");
    }
}

#[test]
fn every_time_ends_within_a_day_and_most_are_more_than_none() {
    let may_be_none = ["drain-time", "peer-retry-time"];
    for key in Key::all().filter(|key| key.value_name() == "TIME") {
        let flag = format!("--{}", key.name());
        is_refused(&format!("{flag} 86400001ms"), &flag, "a day (24h) at most");
        is_taken(&format!("{flag} 24h"));
        // The tunnel has a reason of its own.
        let none = if key.name() == "session-time" {
            format!("{flag} 0s --allow-short-sessions")
        } else {
            format!("{flag} 0s")
        };
        if may_be_none.contains(&key.name().as_str()) {
            is_taken(&none);
        } else {
            is_refused(&none, &flag, "no time at all");
        }
    }
}

#[test]
fn what_contradicts_itself_about_other_instances_is_refused_with_its_place_and_its_reason() {
    for (flags, places, reason) in [
        ("--peer-count 0", "--peer-count", "1 to 256"),
        ("--peer-count 257", "--peer-count", "1 to 256"),
        ("--peer-dials 0", "--peer-dials", "no instance"),
        ("--peer-connections 0", "--peer-connections", "no laptop"),
        (
            "--peer-listen 127.0.0.1:8081 --peer-key-file a",
            "peer-template (default)",
            "several instances need",
        ),
        (
            "--peer-template relay-{slot}:81 --peer-key-file a",
            "peer-listen (default)",
            "several instances need",
        ),
        (
            "--peer-template relay-{slot}:81 --peer-listen 127.0.0.1:8081",
            "peer-key-file (default)",
            "several instances need",
        ),
        (
            "--peer-template relay-{slot}:81 --peer-listen 127.0.0.1:8081 --peer-key-file a --routing-id 000001",
            "--routing-id, --peer-template",
            "makes its own",
        ),
        (
            "--peer-template relay-{slot}:81 --peer-listen 127.0.0.1:8080 --peer-key-file a",
            "--peer-listen, listen (default)",
            "same address",
        ),
        (
            "--peer-template relay-{slot}:81 --peer-listen 127.0.0.1:9090 --peer-key-file a",
            "--peer-listen, admin (default)",
            "same address",
        ),
    ] {
        is_refused(flags, places, reason);
    }
}

fn is_refused(flags: &str, places: &str, reason: &str) {
    let ended = check(flags);
    let line = ended.stderr.lines().next().unwrap_or_default();
    assert!(line.starts_with(&format!("{places}: ")), "{flags}: {line}");
    assert!(line.contains(reason), "{flags}: {line}");
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn what_is_just_within_the_bounds_is_taken() {
    for flags in [
        "--session-time 181s",
        "--threads 1024",
        "--early-bytes 1",
        "--head-bytes 256",
        "--head-bytes 16KiB",
        "--message-bytes 1KiB",
        "--message-bytes 1MiB",
        "--tunnel-bytes 64KiB",
        "--messages 6",
        "--control-frames 0",
        "--waiting-tunnels 1",
        "--connections 2",
        "--accepts-per-second 1",
        "--client-connections 2",
        "--client-waiting-tunnels 1",
        "--client-tunnels-per-second 1",
        "--domain-id 1",
        "--domain-id 256",
        "--domain-id 65535",
        "--peer-count 1",
        "--peer-count 256",
        "--peer-dials 1",
        "--peer-connections 1",
    ] {
        is_taken(flags);
    }
    let short = check("--session-time 1s --allow-short-sessions");
    assert!(short.status.success(), "{}", short.stderr);
}

fn check(flags: &str) -> Ended {
    let flags: Vec<_> = flags.split_terminator(' ').collect();
    run(command(&flags).arg("--check-config"))
}

/// Without a warning.
fn is_taken(flags: &str) {
    let ended = check(flags);
    assert_eq!(ended.stderr, "", "{flags}");
    assert!(ended.stdout.ends_with("the configuration is right\n"));
    assert!(!ended.stdout.contains("warning"), "{}", ended.stdout);
    assert!(ended.status.success(), "{flags}");
}

#[test]
fn what_should_rarely_be_is_a_warning() {
    for (flags, warning) in [
        ("--no-quotas", "quotas are lifted"),
        ("--allow-short-sessions", "too short for a browser"),
        ("--listen [::]:8080", "without TLS on a public address"),
        ("--listen 192.0.2.1:80", "without TLS on a public address"),
        ("--admin 10.0.0.1:9090", "reachable from other machines"),
    ] {
        let ended = check(flags);
        assert!(ended.status.success(), "{}", ended.stderr);
        let warnings: Vec<_> = ended.stdout.lines().rev().skip(1).collect();
        assert_eq!(warnings.len(), 1, "{}", ended.stdout);
        assert!(warnings[0].starts_with("warning: "), "{}", warnings[0]);
        assert!(warnings[0].contains(warning), "{}", warnings[0]);
    }
    for private in [
        "10.0.0.1:80",
        "[fd00::1]:80",
        "169.254.0.1:80",
        "[fe80::1]:80",
    ] {
        is_taken(&format!("--listen {private}"));
    }
    is_taken("");
}

#[test]
fn more_connections_than_open_files_are_refused_with_the_way_out() {
    let ended = run(&mut command(&[
        "--check-config",
        "--connections",
        "999999999",
    ]));
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("LimitNOFILE"), "{}", ended.stderr);
}

#[test]
fn the_certificate_must_fit_the_tunnel_domain() {
    let authority = Authority::new();
    let right = authority.sign("right", "cable.wufkweyy3uaxb.com");
    let wrong = authority.sign("wrong", "relay.example");
    let check =
        |files: &[String]| run(command(files).args(["--domain-id", "266", "--check-config"]));
    let ended = check(&right.flags());
    assert!(
        ended
            .stdout
            .starts_with("tunnel domain 266 is cable.wufkweyy3uaxb.com\n")
    );
    assert!(
        ended
            .stdout
            .contains("the certificate and its key fit, and are valid until 4096-01-01")
    );
    let ended = check(&wrong.flags());
    assert_eq!(ended.status.code(), Some(2));
    assert_eq!(
        ended.stderr,
        "the certificate is not for cable.wufkweyy3uaxb.com, the host of the tunnel domain, but for relay.example; \
         get one for cable.wufkweyy3uaxb.com, or correct domain-id\n"
    );
    let old = authority.sign_with("old", "cable.wufkweyy3uaxb.com", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let ended = check(&old.flags());
    assert!(
        ended
            .stderr
            .contains("valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z")
    );
}

#[test]
fn lifted_quotas_are_a_warning() {
    let relay = Program::start(&["--no-quotas"]);
    relay.logged(&["WARN", "quotas are lifted"]);
}
