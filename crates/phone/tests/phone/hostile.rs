//! Requests that no honest laptop sends. Every one gets a status byte; none is a panic.

use ciborium::Value;
use hawser_phone::Authenticator;
use hawser_phone::store::MemoryStore;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::ctap::*;
use crate::people::Person;

fn respond(request: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut phone = Authenticator::new(MemoryStore::new(), Person::who_approves());
    runtime.block_on(phone.respond(request))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn each_fault_has_its_status() {
    let bytes = |len| Value::Bytes(vec![0; len]);
    let nested = std::iter::repeat_n(0x81, 200).chain([0x00]);
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("nothing", vec![], INVALID_LENGTH),
        ("an unknown command", vec![0x40], INVALID_COMMAND),
        ("U2F", vec![0x00, 0x01, 0x00, 0x00], INVALID_COMMAND),
        (
            "clientPIN",
            command(0x06, &Value::Map(vec![])),
            INVALID_COMMAND,
        ),
        ("getNextAssertion", vec![0x08], INVALID_COMMAND),
        ("no parameters", vec![0x01], INVALID_CBOR),
        ("half an item", vec![0x02, 0x58, 0x20, 0x00], INVALID_CBOR),
        (
            "a length of 2^63",
            vec![0x02, 0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            INVALID_CBOR,
        ),
        (
            "a map of 2^62 entries",
            vec![0x01, 0xBB, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            INVALID_CBOR,
        ),
        (
            "deep nesting",
            [0x01].into_iter().chain(nested).collect(),
            INVALID_CBOR,
        ),
        (
            "bytes behind the map",
            [sign_in().get_assertion(), vec![0]].concat(),
            INVALID_CBOR,
        ),
        (
            "a key twice",
            sign_in().also(1, "evil.example".into()).get_assertion(),
            INVALID_CBOR,
        ),
        (
            "an array",
            command(0x01, &Value::Array(vec![])),
            UNEXPECTED_TYPE,
        ),
        (
            "nothing but a map",
            command(0x01, &Value::Map(vec![])),
            MISSING_PARAMETER,
        ),
        (
            "no relying party",
            sign_in().without(1).get_assertion(),
            MISSING_PARAMETER,
        ),
        (
            "a relying party without an id",
            sign_in_at("").get_assertion(),
            INVALID_PARAMETER,
        ),
        (
            "no hash",
            sign_in().without(2).get_assertion(),
            MISSING_PARAMETER,
        ),
        (
            "no algorithms",
            register("kim").without(4).make_credential(),
            MISSING_PARAMETER,
        ),
        (
            "no rp id",
            register("kim")
                .set(2, map([("name", "x".into())]))
                .make_credential(),
            MISSING_PARAMETER,
        ),
        (
            "no user id",
            register("kim")
                .set(3, map([("name", "x".into())]))
                .make_credential(),
            MISSING_PARAMETER,
        ),
        (
            "an rp id of bytes",
            sign_in().set(1, bytes(3)).get_assertion(),
            UNEXPECTED_TYPE,
        ),
        (
            "a hash of text",
            sign_in().set(2, "hash".into()).get_assertion(),
            UNEXPECTED_TYPE,
        ),
        (
            "an allow list of text",
            sign_in().set(3, "all".into()).get_assertion(),
            UNEXPECTED_TYPE,
        ),
        (
            "options of text",
            sign_in()
                .set(5, map([("uv", "yes".into())]))
                .get_assertion(),
            UNEXPECTED_TYPE,
        ),
        (
            "a user id of text",
            register("kim")
                .set(3, map([("id", "kim".into())]))
                .make_credential(),
            UNEXPECTED_TYPE,
        ),
        (
            "a short hash",
            sign_in().set(2, bytes(31)).get_assertion(),
            INVALID_LENGTH,
        ),
        (
            "a long hash",
            register("kim").set(1, bytes(33)).make_credential(),
            INVALID_LENGTH,
        ),
        (
            "an empty user id",
            register("").make_credential(),
            INVALID_LENGTH,
        ),
        (
            "a long user id",
            register(&"k".repeat(65)).make_credential(),
            INVALID_LENGTH,
        ),
        (
            "an empty rp id",
            register_at("", "kim").make_credential(),
            INVALID_PARAMETER,
        ),
        (
            "too much",
            sign_in().set(99, bytes(128 * 1024)).get_assertion(),
            REQUEST_TOO_LARGE,
        ),
    ];

    for (what, request, status) in cases {
        assert_eq!(respond(&request), [status], "{what}");
    }
}

/// A status byte alone, or 0 and something behind it.
fn is_reply(reply: &[u8]) -> bool {
    matches!(reply, [1..=u8::MAX] | [OK, _, ..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_get_a_reply(request in vec(any::<u8>(), 0..200)) {
        prop_assert!(is_reply(&respond(&request)));
    }

    #[test]
    fn any_parameters_get_a_reply(command in 1..5_u8, parameters in vec(any::<u8>(), 0..200)) {
        let request = [&[command], parameters.as_slice()].concat();
        prop_assert!(is_reply(&respond(&request)));
    }

    #[test]
    fn damaged_requests_get_a_reply(
        registering: bool,
        at in any::<prop::sample::Index>(),
        byte: u8,
        keep in any::<prop::sample::Index>(),
    ) {
        let mut request = if registering {
            register("kim").set(5, Value::Array(vec![descriptor(b"id")])).make_credential()
        } else {
            sign_in().set(3, Value::Array(vec![descriptor(b"id")])).get_assertion()
        };
        *at.get_mut(&mut request) = byte;
        prop_assert!(is_reply(&respond(&request)));

        request.truncate(keep.index(request.len()));
        prop_assert!(is_reply(&respond(&request)));
    }
}
