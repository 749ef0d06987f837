//! The files for systemd are true to the program.

use std::path::Path;
use std::time::Duration;

use hawser_relay::Config;

use crate::certificate::Authority;
use crate::program::{command, run};

fn deployed(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/systemd");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_example_configuration_is_right() {
    let authority = Authority::new();
    let files = authority.sign("tls", "cable.wufkweyy3uaxb.com");
    let example = deployed("relay.toml");
    let here = example
        .replace("/etc/hawser/tls.crt", files.certificate.to_str().unwrap())
        .replace("/etc/hawser/tls.key", files.key.to_str().unwrap());
    assert_ne!(here, example);
    let path = authority.folder.path().join("relay.toml");
    std::fs::write(&path, here).unwrap();
    let ended = run(&mut command(&[
        "--check-config",
        "--config",
        path.to_str().unwrap(),
    ]));
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("the certificate and its key fit"));
}

#[test]
fn the_unit_gives_a_drain_its_time() {
    let unit = deployed("hawser-relay.service");
    let timeout = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="))
        .unwrap();
    let timeout = Duration::from_secs(timeout.strip_suffix('s').unwrap().parse().unwrap());
    let config = Config::default();
    assert!(timeout > config.drain_time + config.limits.close_time);
}
