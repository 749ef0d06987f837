//! What the program links: it cannot read what it forwards, because it has nothing to do so with.

use std::collections::BTreeSet;
use std::process::Command;

use crate::program::run;

/// Noise, the curves and ciphers of the protocol, CBOR, and the crates that speak the protocol.
const FORBIDDEN: [&str; 17] = [
    "snow",
    "p256",
    "elliptic-curve",
    "x25519-dalek",
    "aes",
    "aes-gcm",
    "chacha20poly1305",
    "hkdf",
    "hmac",
    "ciborium",
    "minicbor",
    "coset",
    "passkey-types",
    "hawser-proto",
    "hawser-laptop",
    "hawser-phone",
    "hawser-tunnel",
];

#[test]
fn the_relay_links_no_cryptography_of_the_protocol() {
    let tree = run(Command::new(env!("CARGO")).args([
        "tree",
        "--package=hawser-relay",
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--all-features",
        "--offline",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]));
    assert!(tree.status.success(), "{}", tree.stderr);
    let linked: BTreeSet<_> = tree
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        linked.contains("rustls") && linked.contains("hawser-wire"),
        "{linked:?}"
    );
    let forbidden: Vec<_> = FORBIDDEN
        .into_iter()
        .filter(|name| linked.contains(name))
        .collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
}
