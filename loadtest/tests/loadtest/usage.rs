//! Manners, mistakes and exit codes.

use tempfile::TempDir;

use crate::rig::{Run, Service, command, drive, finished, nobody};

fn run(arguments: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let output = command(arguments, &folder).output().unwrap();
    finished(output, folder)
}

#[test]
fn a_target_elsewhere_needs_the_users_word() {
    // Addresses of the blocks for documentation: nothing is sent, because the run does not begin.
    for host in [
        "192.0.2.1",
        "[2001:db8::1]",
        "[::ffff:192.0.2.1]",
        "0.0.0.0",
    ] {
        let url = format!("ws://{host}:8080");
        let run = run(&["sign-ins", "--url", &url, "--count=1"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("--target-is-mine"), "{}", run.stderr);
    }
}

#[test]
fn an_address_given_by_connect_is_checked_too() {
    let run = run(&[
        "sign-ins",
        "--url=ws://127.0.0.1:8080",
        "--connect=192.0.2.1:8080",
        "--count=1",
    ]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--target-is-mine"), "{}", run.stderr);
}

#[test]
fn mistakes_are_explained() {
    let cases: [(&[&str], &str); 13] = [
        (&["sign-ins"], "--url"),
        (&["sign-ins", "--url=http://127.0.0.1"], "ws:// or wss://"),
        (&["sign-ins", "--url=ws://127.0.0.1/cable"], "has a path"),
        (&["sign-ins", "--url=ws://127.0.0.1", "--rate=0"], "above 0"),
        (
            &["sign-ins", "--url=ws://127.0.0.1", "--duration=30"],
            "with its unit",
        ),
        (
            &["sign-ins", "--url=ws://127.0.0.1", "--fail-if=p98>1ms"],
            "is not one of",
        ),
        (
            &["sign-ins", "--url=ws://127.0.0.1", "--messages=l5"],
            "28 to 1048576",
        ),
        (
            &["sign-ins", "--url=ws://127.0.0.1", "--server-pid=999999999"],
            "no process",
        ),
        (
            &[
                "idle",
                "--url=ws://127.0.0.1",
                "--tunnels=9",
                "--rate=1e-20",
            ],
            "more than 7 days",
        ),
        (
            &["capacity", "--url=ws://127.0.0.1", "--limit=rss-slope>1MiB"],
            "no step of a capacity run",
        ),
        (
            &["capacity", "--url=ws://127.0.0.1", "--limit=rss>1MiB"],
            "needs --server-pid",
        ),
        (
            &["sign-ins", "--url=ws://127.0.0.1", "--source=::1"],
            "one is IPv4 and the other IPv6",
        ),
        (
            // Told before the run, not after it.
            &[
                "soak",
                "--url=ws://127.0.0.1",
                "--duration=7d",
                "--json=/nowhere/a.json",
            ],
            "cannot write /nowhere/a.json",
        ),
    ];
    for (arguments, hint) in cases {
        let run = run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(hint), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn a_file_of_another_layout_is_told_from_damage() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("run.json");
    std::fs::write(&file, "{\"schema\": 999}").unwrap();
    let run = run(&["report", file.to_str().unwrap()]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("has schema 999"), "{}", run.stderr);
}

#[test]
fn a_reader_who_has_left_is_no_failure() {
    let relay = Service::relay();
    let made = drive("sign-ins", &relay.url(), &["--count=1", "--warm-up=0s"]);
    let file = made.folder.path().join("run.json");
    let folder = TempDir::new().unwrap();
    let url = relay.url();
    let again = ["sign-ins", "--url", &url, "--count=1", "--warm-up=0s"];
    for arguments in [&["report", file.to_str().unwrap()][..], &again] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments, &folder).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "");
    }
}

#[test]
fn files_are_written_also_when_the_table_cannot_be() {
    let relay = Service::relay();
    let folder = TempDir::new().unwrap();
    let url = relay.url();
    let run = ["sign-ins", "--url", &url, "--count=1", "--warm-up=0s"];
    let run = [&run[..], &["--json={folder}/run.json"]].concat();
    let page = ["report", "{folder}/run.json", "--html={folder}/run.html"];
    for (arguments, file) in [(&run[..], "run.json"), (&page, "run.html")] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = command(arguments, &folder);
        let output = command.stdout(full.unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("cannot write standard output"), "{said}");
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn nobody_at_home_is_a_failed_run() {
    let (_socket, address) = nobody();
    let url = format!("ws://{address}");
    let run = drive("sign-ins", &url, &["--count=5", "--warm-up=0s"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.count("/failures/connect"), 5);
    assert!(run.stdout.contains("nothing succeeded"), "{}", run.stdout);
}
