//! What cannot be read: told all at once, with its place.

use super::with_file;
use crate::program::{command, run};

#[test]
fn everything_wrong_in_a_file_is_told_with_its_line() {
    let content =
        "# comment\nhead-time = \"soon\"\nhead_bytes = 4\nno-such = 1\nlisten = 3.5\n[limits]\n";
    let (ended, path) = with_file(content, &["--check-config"]);
    assert_eq!(ended.status.code(), Some(2));
    let place = path.display();
    let expected = format!(
        "{place}:2: \"soon\" is not a time such as 500ms, 10s, 2m or 1h 30m\n\
         {place}:3: unknown key \"head_bytes\"; it is written head-bytes\n\
         {place}:4: unknown key \"no-such\"; --help lists all keys\n\
         {place}:5: listen: expected a text, a number, true, false, or a list of texts\n\
         {place}:6: unknown key \"limits\"; --help lists all keys\n"
    );
    assert_eq!(ended.stderr, expected);
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
fn switches_are_told_with_their_place_like_everything_else() {
    let ended = run(command(&["--check-config", "--debug-tunnels=on"])
        .env("HAWSER_RELAY_NO_QUOTAS", "yes")
        .env("HAWSER_RELAY_THREADS", "many"));
    assert_eq!(
        ended.stderr,
        "HAWSER_RELAY_THREADS: \"many\" is not a number from 1, or auto\n\
         --debug-tunnels: \"on\" is not true or false\n\
         HAWSER_RELAY_NO_QUOTAS: \"yes\" is not true or false\n"
    );
    assert_eq!(ended.status.code(), Some(2));
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
