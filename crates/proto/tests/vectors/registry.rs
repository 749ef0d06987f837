//! Which check belongs to which category, and the proof that together they check everything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::alter::Altered;
use crate::vector::{Outcome, Vector};
use crate::{
    advert, advert_suffix, alter, base10, crypter, derive, ec_key, framing, json, l2cap, linking,
    noise, padding, post_handshake, qr, server_path, simulation, transcript, tunnel_domain, url,
};

/// A category of the file.
struct Category {
    name: &'static str,
    /// How many vectors it has, so that one that vanishes from the file is missed.
    count: usize,
    check: fn(&Vector) -> Outcome,
}

/// Tests for each category: its vectors hold, and altering any of them is noticed.
macro_rules! categories {
    ($($module:ident, $name:literal, $count:literal;)*) => {
        const CATEGORIES: &[Category] = &[$(
            Category { name: $name, count: $count, check: $module::check },
        )*];

        mod holds {
            $(#[test] fn $module() { super::all_hold($name); })*
        }

        mod alteration_is_noticed {
            $(#[test] fn $module() { super::alterations_are_noticed($name); })*
        }
    };
}

categories! {
    base10, "base10", 36;
    qr, "qr", 35;
    derive, "derive", 13;
    ec_key, "ec-key-from-seed", 6;
    advert, "advert", 17;
    advert_suffix, "advert-suffix", 7;
    tunnel_domain, "tunnel-domain", 20;
    url, "url", 4;
    server_path, "server-path", 14;
    noise, "noise", 3;
    transcript, "transcript", 1;
    crypter, "crypter", 9;
    padding, "padding", 11;
    post_handshake, "post-handshake", 3;
    framing, "framing", 5;
    linking, "linking", 5;
    simulation, "simulation", 2;
    l2cap, "l2cap", 5;
    json, "json", 1;
}

/// Values that no check compares, each with its reason. Tests prove that none is listed in vain.
const NOT_COMPARED: &[(&str, &str, &str)] = &[
    (
        "qr-iphone-transcript-2026",
        "/expected/fields/65535",
        "a key without a meaning: the product ignores it",
    ),
    (
        "suffix-firefox-style",
        "/expected/firefox_reading/transport_channel_identifier",
        "the reading that the product does not share; it follows real Android phones",
    ),
    (
        "noise-init-state",
        "/expected/NK_h0_ck0",
        "a handshake of another protocol, which the product does not have",
    ),
];

/// Answers of another project's server. What ours answers is decided and tested in the relay; here
/// it counts that the path is refused.
const STATUS: &str = "/expected/status";

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    serde_json::from_value(file.get("vectors").unwrap().clone()).unwrap()
}

fn of(category: &str) -> (Vec<Vector>, fn(&Vector) -> Outcome) {
    let found = CATEGORIES.iter().find(|found| found.name == category);
    let vectors = vectors().into_iter();
    let vectors = vectors.filter(|vector| vector.category == category);
    (vectors.collect(), found.unwrap().check)
}

fn all_hold(category: &str) {
    let (vectors, check) = of(category);
    assert!(!vectors.is_empty());
    for vector in vectors {
        if let Err(error) = check(&vector) {
            panic!("{}: {error}", vector.id);
        }
    }
}

/// A check that does not look at a value cannot notice that it is wrong. So this fails for every
/// expected value that a check forgets, and for every input without which it would hold as well.
fn alterations_are_noticed(category: &str) {
    let (vectors, check) = of(category);
    for vector in vectors {
        let mut compared = 0;
        for Altered { pointer, vector } in alter::expectations(&vector) {
            let noticed = check(&vector).is_err();
            let exempt = is_exempt(&vector.id, &pointer);
            assert!(
                noticed != exempt,
                "{}: {pointer} altered in {}: noticed {noticed}, listed as not compared {exempt}",
                vector.id,
                vector.expected,
            );
            compared += usize::from(noticed);
        }
        assert!(compared > 0, "{}: nothing is compared", vector.id);

        // Other inputs than those of an example that must be refused are mostly refused too.
        if !is_refusal(&vector) {
            inputs_matter(&vector, check);
        }
    }
}

/// Some alterations of an input make no difference (the letter case of a header, the hint in a QR
/// code that an advert belongs to), but an input of which none does is not used.
fn inputs_matter(vector: &Vector, check: fn(&Vector) -> Outcome) {
    let mut matters = BTreeMap::<String, bool>::new();
    for Altered { pointer, vector } in alter::inputs(vector) {
        *matters.entry(pointer).or_default() |= check(&vector).is_err();
    }
    for (pointer, matters) in matters {
        assert!(matters, "{}: {pointer} is not used", vector.id);
    }
}

fn is_exempt(id: &str, pointer: &str) -> bool {
    let listed = |(of, at, _): &(&str, &str, &str)| *of == id && *at == pointer;
    NOT_COMPARED.iter().any(listed) || (id.starts_with("path-invalid-") && pointer == STATUS)
}

/// Whether the vector says that something is refused, or has no meaning.
fn is_refusal(vector: &Vector) -> bool {
    let refused = |pointer: &str, marks: &[Value]| {
        vector
            .expected
            .pointer(pointer)
            .is_some_and(|value| marks.contains(value))
    };
    vector.expects("/error")
        || refused("/valid", &[Value::Bool(false)])
        || refused("/domain", &[Value::Null])
        || refused("/psm", &[Value::Null])
        || vector.expects("/firefox_reading")
}

#[test]
fn the_file_is_whole_and_every_category_has_a_check() {
    let file: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let vectors = vectors();
    assert_eq!(file.get("count"), Some(&Value::from(vectors.len())));
    assert_eq!(vectors.len(), 197);

    let ids: BTreeSet<_> = vectors.iter().map(|vector| &vector.id).collect();
    assert_eq!(ids.len(), vectors.len(), "an id is there twice");

    let mut found = BTreeMap::<&str, usize>::new();
    for vector in &vectors {
        *found.entry(&vector.category).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = CATEGORIES
        .iter()
        .map(|category| (category.name, category.count))
        .collect();
    assert_eq!(
        expected.len(),
        CATEGORIES.len(),
        "a category is there twice"
    );
    assert_eq!(found, expected);
}

/// A vector that no check knows must not pass for one that holds.
#[test]
fn an_unknown_vector_is_refused_by_every_check() {
    for category in CATEGORIES {
        let unknown = Vector {
            id: "unheard-of".into(),
            category: category.name.into(),
            inputs: serde_json::json!({}),
            expected: serde_json::json!({}),
        };
        assert!((category.check)(&unknown).is_err(), "{}", category.name);
    }
}

#[test]
fn what_is_not_compared_is_there_and_has_a_reason() {
    let vectors = vectors();
    for (id, pointer, reason) in NOT_COMPARED {
        let vector = vectors.iter().find(|vector| vector.id == *id).unwrap();
        let pointer = pointer.strip_prefix("/expected").unwrap();
        assert!(vector.expects(pointer), "{id} {pointer}");
        assert!(!reason.is_empty());
    }
}
