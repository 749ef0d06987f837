//! Settings: where they come from, which one counts, and what is refused.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hawser_relay::config::{Key, Settings, as_markdown};

use crate::certificate::Authority;
use crate::program::{Ended, Program, command, run};

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

#[test]
fn everything_wrong_in_a_file_is_told_with_its_line() {
    let content =
        "# comment\nhead-time = \"soon\"\nhead_bytes = 4\nno-such = 1\nlisten = 3.5\n[limits]\n";
    let (ended, path) = with_file(content, &["--check-config"]);
    assert_eq!(ended.status.code(), Some(2));
    let place = path.display();
    for line in [
        format!("{place}:2: \"soon\" is not a time such as 500ms, 10s, 2m or 1h 30m\n"),
        format!("{place}:3: unknown key \"head_bytes\"; it is written head-bytes\n"),
        format!("{place}:4: unknown key \"no-such\"; --help lists all keys\n"),
        format!("{place}:5: listen: expected a text, a number, true, false, or a list of texts\n"),
        format!("{place}:6: unknown key \"limits\"; --help lists all keys\n"),
    ] {
        assert!(ended.stderr.contains(&line), "{line} in {}", ended.stderr);
    }
    let (ended, path) = with_file("\nhead-time = \"soon\"\nthreads = 0\n", &["--check-config"]);
    let place = path.display();
    let expected = format!(
        "{place}:2: \"soon\" is not a time such as 500ms, 10s, 2m or 1h 30m\n\
         {place}:3: \"0\" is not a number from 1, or auto\n"
    );
    assert_eq!(ended.stderr, expected);
    for (content, line) in [("a = 1\na = 2", 2), ("x = \n", 1), ("\n\nhead-time", 3)] {
        let (ended, path) = with_file(content, &["--check-config"]);
        let place = format!("{}:{line}: ", path.display());
        assert!(ended.stderr.contains(&place), "{place} in {}", ended.stderr);
        assert_eq!(ended.status.code(), Some(2));
    }
    // What could not be read contradicts nothing.
    for (content, more) in [
        (
            "trusted-proxies = \"10.0.0.0/8\"\nclient-address-from = \"proxy\"\n",
            "",
        ),
        ("tls-cert = \"a\"\ntls-key = 1.5\n", ""),
        ("tls-cert = \"a\"\n= 1\n", "--tls-key=b"),
        ("tls-cert = \"a\"\nno-such = 1\n", "--tls-key=b"),
    ] {
        let more: Vec<_> = more.split_terminator(' ').collect();
        let (ended, path) = with_file(content, &more);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        let place = format!("{}:2: ", path.display());
        assert!(ended.stderr.starts_with(&place), "{}", ended.stderr);
    }
    let ended = run(&mut command(&["--config", "/no/such/file"]));
    assert!(ended.stderr.contains("cannot read /no/such/file"));
    assert_eq!(ended.status.code(), Some(2));
}

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
            "--session-time 0s --allow-short-sessions",
            "--session-time",
            "no time at all",
        ),
        ("--waiting-time 0s", "--waiting-time", "no time at all"),
        (
            "--waiting-time 24h1s",
            "--waiting-time",
            "a day (24h) at most",
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
            "--no-quotas --messages 100",
            "--messages, --no-quotas",
            "choose one",
        ),
        (
            "--no-quotas --client-connections 100",
            "--client-connections, --no-quotas",
            "choose one",
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
    ] {
        is_refused(flags, places, reason);
    }
}

#[test]
fn what_contradicts_itself_about_other_instances_is_refused_with_its_place_and_its_reason() {
    for (flags, places, reason) in [
        ("--peer-count 0", "--peer-count", "1 to 256"),
        ("--peer-count 257", "--peer-count", "1 to 256"),
        ("--peer-dials 0", "--peer-dials", "no instance"),
        ("--peer-connections 0", "--peer-connections", "no laptop"),
        ("--peer-connect-time 0s", "--peer-connect-time", "no time"),
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
    let flags: Vec<_> = flags.split(' ').collect();
    let ended = run(command(&flags).arg("--check-config"));
    let line = ended.stderr.lines().next().unwrap_or_default();
    assert!(
        line.starts_with(&format!("{places}: ")),
        "{flags:?}: {line}"
    );
    assert!(line.contains(reason), "{flags:?}: {line}");
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn what_is_just_within_the_bounds_is_taken() {
    for flags in [
        "--session-time 181s",
        "--threads 1024",
        "--early-bytes 1",
        "--session-time 1s --allow-short-sessions",
        "--head-bytes 256",
        "--head-bytes 16KiB",
        "--message-bytes 1KiB",
        "--message-bytes 1MiB",
        "--messages 6",
        "--connections 2",
        "--client-connections 2",
        "--drain-time 0s",
    ] {
        let flags: Vec<_> = flags.split(' ').collect();
        let ended = run(command(&flags).arg("--check-config"));
        assert_eq!(ended.stderr, "");
        assert!(ended.stdout.ends_with("the configuration is right\n"));
        assert!(ended.status.success());
    }
}

#[test]
fn misspelt_variables_are_refused_and_those_of_kubernetes_ignored() {
    let ended = run(command(&["--check-config"]).env("HAWSER_RELAY_HAED_TIME", "1s"));
    assert_eq!(
        ended.stderr,
        "HAWSER_RELAY_HAED_TIME: no such setting; --help lists all of them\n"
    );
    let ended = run(command(&["--check-config"]).envs([
        ("HAWSER_RELAY_SERVICE_HOST", "10.0.0.1"),
        ("HAWSER_RELAY_SERVICE_PORT_HTTPS", "443"),
        ("HAWSER_RELAY_PORT", "tcp://10.0.0.1:443"),
        ("HAWSER_RELAY_PORT_443_TCP_ADDR", "10.0.0.1"),
        ("HAWSER_RELAY_PEERS_SERVICE_HOST", "10.0.0.2"),
    ]));
    assert!(ended.status.success(), "{}", ended.stderr);
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

#[test]
fn the_help_the_printed_configuration_and_the_manual_list_the_same_keys() {
    let keys: Vec<_> = Key::all().map(Key::name).collect();
    let help = run(&mut command(&["--help"])).stdout;
    let in_help: Vec<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("      --"))
        .map(|flag| flag.split(['=', ' ', '[']).next().unwrap().to_owned())
        .filter(|flag| !["config", "check-config", "print-config"].contains(&flag.as_str()))
        .collect();
    let printed: Vec<_> = values(&run(&mut command(&["--print-config"])).stdout)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(in_help, keys);
    assert_eq!(printed, keys);
    for key in Key::all() {
        assert!(
            help.contains(&format!("[env: {}]", key.variable())),
            "{}",
            key.name()
        );
    }
    held("running.md", "keys", &as_markdown());
}

/// Asserts that a part of a page in docs/ is what the code says. With `UPDATE_DOCS=1`, makes it so.
pub(crate) fn held(page: &str, part: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {edge} {part} -->\n"));
    let from = text.find(&begin).expect("the part begins") + begin.len();
    let to = text.find(&end).expect("the part ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let updated = format!("{}{content}\n{}", &text[..from], &text[to..]);
        std::fs::write(&path, updated).unwrap();
    } else {
        let written = text[from..to].trim_end();
        assert!(
            written == content.trim_end(),
            "docs/{page} is behind the code: run this test with UPDATE_DOCS=1"
        );
    }
}
