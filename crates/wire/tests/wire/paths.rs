//! Request paths: three forms, and everything near them refused.

use hawser_wire::{ContactId, IdError, PathError, RoutingId, TunnelId, TunnelPath};
use proptest::collection::vec;
use proptest::prelude::*;

const TUNNEL: &str = "3EEF97097986413B059EAA2A30D653D4";

fn parse(path: &str) -> Result<TunnelPath, PathError> {
    path.parse()
}

#[test]
fn the_three_forms_are_read() {
    let tunnel: TunnelId = TUNNEL.parse().unwrap();
    let routing: RoutingId = "A1B2C3".parse().unwrap();
    let contact: ContactId = "AQIDBA".parse().unwrap();
    assert_eq!(
        parse(&format!("/cable/new/{TUNNEL}")),
        Ok(TunnelPath::New(tunnel))
    );
    let path = parse(&format!("/cable/connect/a1b2c3/{TUNNEL}"));
    assert_eq!(path, Ok(TunnelPath::Connect(routing, tunnel)));
    assert_eq!(
        parse("/cable/contact/AQIDBA"),
        Ok(TunnelPath::Contact(contact))
    );
}

/// What a careless server would let through: other cases, queries, escapes, doubled slashes, dots.
#[test]
fn other_paths_are_unknown() {
    for path in [
        "",
        "/",
        "/cable",
        "/cable/",
        "/cable/new",
        "cable/new/3EEF97097986413B059EAA2A30D653D4",
        "//cable/new/3EEF97097986413B059EAA2A30D653D4",
        "/cable//new/3EEF97097986413B059EAA2A30D653D4",
        "/Cable/new/3EEF97097986413B059EAA2A30D653D4",
        "/cable/New/3EEF97097986413B059EAA2A30D653D4",
        "/cable/old/3EEF97097986413B059EAA2A30D653D4",
        "/cable/connect/A1B2C3",
        "/cable/connect/",
        "/x/cable/new/3EEF97097986413B059EAA2A30D653D4",
        " /cable/new/3EEF97097986413B059EAA2A30D653D4",
    ] {
        assert_eq!(parse(path), Err(PathError::Unknown), "{path:?}");
    }
}

#[test]
fn malformed_ids_are_named() {
    for id in [
        "",
        "3EEF97",
        "3EEF97097986413B059EAA2A30D653D4/",
        "3EEF97097986413B059EAA2A30D653D4?x=1",
        "3EEF97097986413B059EAA2A30D653D4#",
        "../new/3EEF97097986413B059EAA2A30D653D4",
        "3EEF97097986413B059EAA2A30D653D%34",
        "3EEF97097986413B059EAA2A30D653DG",
        "3EEF97097986413B059EAA2A30D653D4 ",
    ] {
        let refused = parse(&format!("/cable/new/{id}"));
        assert!(matches!(refused, Err(PathError::TunnelId(_))), "{id:?}");
        let refused = parse(&format!("/cable/connect/A1B2C3/{id}"));
        assert!(matches!(refused, Err(PathError::TunnelId(_))), "{id:?}");
    }
    for id in ["", "A1B2C", "A1B2C3D", "A1B2CG"] {
        let refused = parse(&format!("/cable/connect/{id}/{TUNNEL}"));
        assert!(matches!(refused, Err(PathError::RoutingId(_))), "{id:?}");
    }
    for id in ["", "A", "AQ==", "AQID/BA", "AQID?x"] {
        let refused = parse(&format!("/cable/contact/{id}"));
        assert!(matches!(refused, Err(PathError::ContactId(_))), "{id:?}");
    }
    let long = format!("/cable/contact/{}", "A".repeat(2001));
    assert_eq!(
        parse(&long),
        Err(PathError::ContactId(IdError::ContactLength))
    );
}

/// An error may reach a log, so it must not repeat the id.
#[test]
fn errors_show_no_id() {
    let error = parse(&format!("/cable/new/{TUNNEL}0")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("3EEF"));
}

proptest! {
    #[test]
    fn paths_are_read_as_written(
        tunnel in any::<[u8; 16]>(),
        routing in any::<[u8; 3]>(),
        contact in vec(any::<u8>(), 1..200),
    ) {
        let (tunnel, routing) = (TunnelId::from_bytes(tunnel), RoutingId::from_bytes(routing));
        for path in [
            TunnelPath::New(tunnel),
            TunnelPath::Connect(routing, tunnel),
            TunnelPath::Contact(ContactId::from_bytes(contact).unwrap()),
        ] {
            prop_assert_eq!(parse(&path.to_string()), Ok(path));
        }
    }

    /// What is read is written the same, but for the letter case of hex.
    #[test]
    fn any_path_is_read_or_refused(path in "/cable/(new|connect|contact)/[0-9A-Fa-f/]{0,45}") {
        if let Ok(read) = parse(&path) {
            prop_assert!(read.to_string().eq_ignore_ascii_case(&path));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(path in ".{0,60}") {
        let _ = parse(&path);
    }
}
