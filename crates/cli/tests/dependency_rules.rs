//! Who may depend on whom: the table, and what `cargo tree` says about it.
//!
//! Development dependencies do not count: tests may hold anything against anything.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// What a crate must not reach, however indirectly. `*` at the end stands for anything.
struct Rule {
    packages: &'static [&'static str],
    must_not_reach: &'static [&'static str],
    because: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        packages: &["hawser-relay"],
        must_not_reach: FIDO_CRYPTOGRAPHY,
        because: "whoever breaks into a relay must find nothing that could read what it forwards",
    },
    Rule {
        packages: &["hawser-wire", "hawser-proto"],
        must_not_reach: &[
            "tokio*",
            "mio",
            "hyper*",
            "async-*",
            "socket2",
            "rustls*",
            "tungstenite",
            "axum*",
            "zbus*",
        ],
        because: "the protocol is values in and values out, for any runtime and for none",
    },
    Rule {
        packages: &["hawser-wire"],
        must_not_reach: &["hawser-*", "minicbor*", "ciborium*", "snow", "p256", "aes*"],
        because: "the relay names things with it",
    },
    Rule {
        packages: &["hawser-tunnel"],
        must_not_reach: FIDO_CRYPTOGRAPHY,
        because: "a WebSocket client has no business with what it carries",
    },
    Rule {
        packages: &["hawser-loadtest"],
        must_not_reach: &["hawser-proto", "hawser-laptop", "hawser-phone"],
        because: "it drives anybody's tunnel service, with random bytes",
    },
    Rule {
        packages: &["hawser-laptop"],
        must_not_reach: &["hawser-phone", "hawser-relay", "hawser-radio"],
        because: "an app that embeds a laptop embeds no phone, no relay and no radio but its own",
    },
    Rule {
        packages: &["hawser-phone"],
        must_not_reach: &["hawser-laptop", "hawser-relay", "hawser-radio"],
        because: "an app that embeds a phone embeds no laptop, no relay and no radio but its own",
    },
    Rule {
        packages: &["hawser-radio"],
        must_not_reach: &["hawser-relay"],
        because: "a radio knows nothing of the internet",
    },
    Rule {
        packages: LIBRARIES,
        must_not_reach: &["hawser-demo", "webauthn-rs*"],
        because: "the demo is a story about the libraries, under another licence",
    },
    Rule {
        packages: &["hawser-demo"],
        must_not_reach: TEST_RIGS_AND_PROGRAMS,
        because: "nothing depends on a program or on a test rig",
    },
    Rule {
        packages: LIBRARIES,
        must_not_reach: TEST_RIGS_AND_PROGRAMS,
        because: "nothing depends on a program or on a test rig",
    },
    Rule {
        packages: &["hawser"],
        must_not_reach: &[
            "hawser-fuzz",
            "hawser-interop",
            "hawser-loadtest",
            "hawser-test-rng",
            "libdbus-sys",
            "openssl*",
            "native-tls",
        ],
        because: "the program builds on a machine with Rust and a C compiler, and has no tests in it",
    },
    Rule {
        packages: &["hawser-fuzz"],
        must_not_reach: &["hawser", "hawser-demo", "hawser-interop", "hawser-relay"],
        because: "strangers' bytes are read below them",
    },
    Rule {
        packages: &["hawser-test-rng"],
        must_not_reach: &["hawser-*"],
        because: "the tests of what draws random numbers stand on it",
    },
];

const TEST_RIGS_AND_PROGRAMS: &[&str] = &[
    "hawser",
    "hawser-fuzz",
    "hawser-interop",
    "hawser-loadtest",
    "hawser-test-rng",
];

/// Noise, CTAP, CBOR, the curve and the ciphers of the protocol, and whatever has them.
const FIDO_CRYPTOGRAPHY: &[&str] = &[
    "hawser-proto",
    "hawser-laptop",
    "hawser-phone",
    "hawser-radio",
    "snow",
    "p256",
    "elliptic-curve",
    "ecdsa",
    "curve25519-dalek",
    "aes",
    "aes-gcm",
    "chacha20poly1305",
    "hkdf",
    "minicbor*",
    "ciborium*",
    "serde_cbor*",
    "coset",
    "passkey*",
    "webauthn*",
];

/// What others embed.
const LIBRARIES: &[&str] = &[
    "hawser-wire",
    "hawser-proto",
    "hawser-tunnel",
    "hawser-relay",
    "hawser-laptop",
    "hawser-phone",
    "hawser-radio",
];

#[test]
fn every_crate_keeps_to_the_table() {
    let members = members();
    let mut broken = Vec::new();
    let mut trees = BTreeMap::new();
    for rule in RULES {
        for package in rule.packages {
            assert!(
                members.contains(*package),
                "a rule about {package}, which does not exist"
            );
            let reached = trees.entry(package).or_insert_with(|| reached(package));
            for found in violations(rule, package, reached) {
                broken.push(format!("{package} reaches {found}, but {}", rule.because));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crate_is_in_the_table() {
    for member in members() {
        let named = RULES.iter().any(|rule| rule.packages.contains(&&*member));
        // The rig may use everything, and nothing may use it.
        assert!(
            named || member == "hawser-interop",
            "no rule about {member}"
        );
    }
}

/// A crate that does what another must not is caught by the same rule: so the rule can fail.
#[test]
fn a_violation_would_be_found() {
    let relay = RULES
        .iter()
        .find(|rule| rule.packages == ["hawser-relay"])
        .unwrap();
    let found = violations(relay, "hawser-relay", &reached("hawser-phone"));
    for package in [
        "hawser-phone",
        "hawser-proto",
        "snow",
        "p256",
        "aes-gcm",
        "minicbor",
    ] {
        assert!(found.contains(package), "{package} in {found:?}");
    }
    assert!(
        found.iter().any(|package| package.starts_with("passkey-")),
        "{found:?}"
    );

    let wire = RULES
        .iter()
        .find(|rule| rule.packages.contains(&"hawser-wire"))
        .unwrap();
    let found = violations(wire, "hawser-wire", &reached("hawser-tunnel"));
    for package in ["tokio", "mio", "tokio-rustls"] {
        assert!(found.contains(package), "{package} in {found:?}");
    }
}

#[test]
fn a_star_stands_for_the_rest_and_a_name_for_itself() {
    let rule = Rule {
        packages: &["a"],
        must_not_reach: &["tokio*", "mio", "hawser-*"],
        because: "of this test",
    };
    let reached = ["hawser-a", "tokio", "tokio-util", "mio", "mio2", "xtokio"];
    let reached = reached.into_iter().map(str::to_owned).collect();
    let found = violations(&rule, "hawser-a", &reached);
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        ["mio", "tokio", "tokio-util"],
        "a crate reaches itself"
    );
}

#[test]
fn the_tree_is_read_as_cargo_prints_it() {
    let tree =
        "hawser-relay v0.1.0 (/somewhere)\nring v0.17.14\nhyper v1.8.1\nring v0.17.14 (*)\n\n";
    let names: Vec<_> = names(tree).into_iter().collect();
    assert_eq!(names, ["hawser-relay", "hyper", "ring"]);
}

fn violations(rule: &Rule, package: &str, reached: &BTreeSet<String>) -> BTreeSet<String> {
    let forbidden = |name: &str| {
        rule.must_not_reach
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == *pattern,
            })
    };
    let others = reached.iter().filter(|name| *name != package);
    others.filter(|name| forbidden(name)).cloned().collect()
}

/// Everything that a crate is built with, with every feature. (On this system: what other systems need is not downloaded.)
fn reached(package: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--all-features",
        "--prefix",
        "none",
    ]);
    let names = names(&tree);
    assert!(names.contains(package), "{tree}");
    names
}

fn names(tree: &str) -> BTreeSet<String> {
    let words = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

fn members() -> BTreeSet<String> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Metadata = serde_json::from_str(&metadata).unwrap();
    let packages = metadata.packages.into_iter();
    packages.map(|package| package.name).collect()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// Offline and by the lock file: the answer is about what is in the repository.
fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .args(["--offline", "--locked"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
