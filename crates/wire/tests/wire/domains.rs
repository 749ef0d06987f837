//! All 65,536 numbers of tunnel domains.

use std::collections::{BTreeMap, HashSet};

use data_encoding::HEXLOWER;
use hawser_wire::{DomainError, KNOWN_DOMAINS, TunnelDomain, TunnelPath};
use sha2::{Digest as _, Sha256};

fn hosts() -> impl Iterator<Item = (u16, String)> {
    (256..=u16::MAX).map(|id| (id, TunnelDomain::from_id(id).unwrap().host()))
}

/// Three independent implementations give this table: a number, a space, the host name, a line feed.
#[test]
fn the_table_of_derived_names_is_that_of_everybody() {
    let mut digest = Sha256::new();
    for (id, host) in hosts() {
        digest.update(format!("{id} {host}\n"));
    }
    assert_eq!(
        HEXLOWER.encode(&digest.finalize()),
        "f5bb5ad8fc5df38e45242da2b34e86f941df5bae31ad27fc39c444a9b7844619"
    );
}

/// Leading zero groups of the hash vanish, so labels differ in length.
#[test]
fn derived_names_have_their_shape() {
    let (mut labels, mut tlds) = (BTreeMap::new(), BTreeMap::new());
    let mut distinct = HashSet::new();
    for (_, host) in hosts() {
        let parts: Vec<_> = host.split('.').collect();
        let ["cable", label, tld] = parts[..] else {
            panic!("{host}");
        };
        let is_base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        assert!(label.chars().all(is_base32), "{host}");
        *labels.entry(label.len()).or_insert(0) += 1;
        *tlds.entry(tld.to_owned()).or_insert(0) += 1;
        distinct.insert(host);
    }
    assert_eq!(distinct.len(), 65_280);
    let expected = [(10, 16), (11, 466), (12, 15_824), (13, 48_974)];
    assert_eq!(labels, BTreeMap::from(expected));
    let expected = [
        ("com", 16_488),
        ("info", 16_210),
        ("net", 16_250),
        ("org", 16_332),
    ];
    let expected = expected.map(|(tld, count)| (tld.to_owned(), count));
    assert_eq!(tlds, BTreeMap::from(expected));
}

/// A name has a number exactly when it is assigned or derived, and says which.
#[test]
fn every_number_is_a_domain_or_unassigned() {
    for id in 0..=u16::MAX {
        match TunnelDomain::from_id(id) {
            Ok(domain) => {
                assert_eq!(domain.id(), id);
                assert_eq!(domain.is_assigned(), id < KNOWN_DOMAINS);
                assert!(!(2..256).contains(&id));
            }
            Err(error) => {
                assert_eq!(error, DomainError::Unassigned(id));
                assert!((2..256).contains(&id));
            }
        }
    }
}

#[test]
fn the_assigned_ones_are_those_of_google_and_apple() {
    for (id, host) in [(0, "cable.ua5v.com"), (1, "cable.auth.com")] {
        assert_eq!(TunnelDomain::from_id(id).unwrap().host(), host);
    }
    assert_eq!(KNOWN_DOMAINS, 2);
}

#[test]
fn a_name_gives_its_number_in_any_letter_case() {
    for (host, id) in [
        ("cable.ua5v.com", 0),
        ("CABLE.AUTH.COM", 1),
        ("cable.qz2ekwmnd332c.info", 256),
        ("cable.wufkweyy3uaxb.com", 266),
        ("Cable.5ebvqo3hdgzq.Org", 267),
        ("cable.my4kstlhndi4c.net", 0xF980),
    ] {
        assert_eq!(TunnelDomain::from_host(host).unwrap().id(), id, "{host}");
    }
}

#[test]
fn other_names_have_no_number() {
    for host in [
        "",
        "example.com",
        "cable.example.com",
        "wufkweyy3uaxb.com",
        "cable.wufkweyy3uaxb.org",
        "cable.wufkweyy3uaxb.com.",
        " cable.wufkweyy3uaxb.com",
        "cable.wufkweyy3uaxb.com:443",
    ] {
        let refused = TunnelDomain::from_host(host);
        assert_eq!(refused, Err(DomainError::NotDerived(host.to_owned())));
    }
}

/// The URL has no port: it is always 443.
#[test]
fn a_url_is_secure_and_without_a_port() {
    let path: TunnelPath = "/cable/connect/a1b2c3/de1d8150b45f03349b2b00a52e2e893e"
        .parse()
        .unwrap();
    let url = TunnelDomain::from_id(261).unwrap().url(&path);
    assert_eq!(
        url,
        "wss://cable.pyzci7hxyjsvc.org/cable/connect/A1B2C3/DE1D8150B45F03349B2B00A52E2E893E"
    );
}

#[test]
fn errors_say_what_would_do() {
    let unassigned = TunnelDomain::from_id(7).unwrap_err().to_string();
    assert!(unassigned.contains("7 is not assigned") && unassigned.contains("256 to 65535"));
    let underived = TunnelDomain::from_host("x.org").unwrap_err().to_string();
    assert!(underived.contains("x.org"), "{underived}");
}
