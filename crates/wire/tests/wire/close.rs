//! Close reasons: one table, without gaps and without doubles.

use std::collections::HashSet;

use hawser_wire::CloseReason;

/// A control frame has at most 125 bytes, two of them for the code (RFC 6455 §5.5).
const LONGEST_TEXT: usize = 123;

#[test]
fn texts_fit_a_close_frame_and_differ() {
    let mut texts = HashSet::new();
    for reason in CloseReason::ALL {
        let text = reason.text();
        assert!((1..=LONGEST_TEXT).contains(&text.len()), "{text}");
        assert!(text.is_ascii(), "{text}");
        assert!(texts.insert(text), "{text} is there twice");
    }
}

#[test]
fn labels_differ_and_are_names_of_metrics() {
    let mut labels = HashSet::new();
    for reason in CloseReason::ALL {
        let label = reason.label();
        let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(!label.is_empty() && label.chars().all(is_word), "{label}");
        assert!(labels.insert(label), "{label} is there twice");
    }
}

/// A label is its variant, so that a metric leads to the code.
#[test]
fn a_label_is_the_name_of_its_variant() {
    for reason in CloseReason::ALL {
        let name = format!("{reason:?}").to_lowercase();
        assert_eq!(reason.label().replace('_', ""), name);
    }
}

/// Codes that a program may send, and that browsers accept (RFC 6455 §7.4.1).
#[test]
fn codes_are_those_that_may_be_sent() {
    for reason in CloseReason::ALL {
        let code = reason.code();
        assert!(
            matches!(code, 1000 | 1001 | 1002 | 1003 | 1008 | 1009 | 1011),
            "{code}"
        );
    }
}

#[test]
fn the_codes_of_what_the_rfc_names() {
    for (reason, code) in [
        (CloseReason::PeerClosed, 1000),
        (CloseReason::PeerLost, 1001),
        (CloseReason::Draining, 1001),
        (CloseReason::WebSocketViolation, 1002),
        (CloseReason::TextMessage, 1003),
        (CloseReason::TooManyMessages, 1008),
        (CloseReason::MessageTooBig, 1009),
        (CloseReason::Internal, 1011),
    ] {
        assert_eq!(reason.code(), code, "{reason:?}");
    }
}

#[test]
fn no_reason_is_listed_twice() {
    let distinct: HashSet<_> = CloseReason::ALL.into_iter().collect();
    assert_eq!(distinct.len(), CloseReason::ALL.len());
}
