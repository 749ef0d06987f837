use data_encoding::HEXLOWER;

use super::*;

/// Written by hand from CTAP 2.2 §6.1 and the canonical form: this is the shape that a browser's
/// request has on the wire (members 1, 2, 3, 4 and 7).
#[test]
fn make_credential_as_browsers_write_it() {
    let request = MakeCredential {
        client_data_hash: [0xcd; 32],
        relying_party: RelyingParty {
            id: "example.com".into(),
            name: "Example".into(),
        },
        user: User {
            id: vec![0x0a, 0x0b],
            name: "ann".into(),
            display_name: "Ann".into(),
        },
        algorithms: vec![-7, -257],
        exclude: vec![],
        discoverable: true,
        verify_user: true,
    };
    let expected = [
        "01a5",
        &format!("015820{}", "cd".repeat(32)),
        "02a2626964",
        "6b6578616d706c652e636f6d",
        "646e616d65674578616d706c65",
        "03a3626964420a0b646e616d6563616e6e6b646973706c61794e616d6563416e6e",
        "0482",
        "a263616c672664747970656a7075626c69632d6b6579",
        "a263616c6739010064747970656a7075626c69632d6b6579",
        "07a262726bf5627576f5",
    ]
    .concat();
    let bytes = CtapRequest::from(&request);
    assert_eq!(HEXLOWER.encode(bytes.as_bytes()), expected);
}

#[test]
fn make_credential_with_exclusions_and_without_options() {
    let request = MakeCredential {
        client_data_hash: [0; 32],
        relying_party: RelyingParty {
            id: "a".into(),
            name: "b".into(),
        },
        user: User {
            id: vec![1],
            name: "n".into(),
            display_name: String::new(),
        },
        algorithms: vec![-8],
        exclude: vec![vec![0xee; 2], vec![0xff; 1]],
        discoverable: false,
        verify_user: false,
    };
    let expected = [
        "01a5",
        &format!("015820{}", "00".repeat(32)),
        "02a26269646161646e616d656162",
        "03a36269644101646e616d65616e6b646973706c61794e616d6560",
        "0481a263616c672764747970656a7075626c69632d6b6579",
        "0582a262696442eeee64747970656a7075626c69632d6b6579a262696441ff64747970656a7075626c69632d6b6579",
    ]
    .concat();
    let bytes = CtapRequest::from(&request);
    assert_eq!(HEXLOWER.encode(bytes.as_bytes()), expected);
}

#[test]
fn get_assertion_with_allowed_passkeys() {
    let request = GetAssertion {
        relying_party_id: "example.com".into(),
        client_data_hash: [0xab; 32],
        allow: vec![vec![1, 2, 3]],
        verify_user: true,
    };
    let expected = [
        "02a4",
        "016b6578616d706c652e636f6d",
        &format!("025820{}", "ab".repeat(32)),
        "0381a2626964430102036474797065", // no transports: an iPhone would reject the list
        "6a7075626c69632d6b6579",
        "05a1627576f5",
    ]
    .concat();
    let bytes = CtapRequest::from(&request);
    assert_eq!(HEXLOWER.encode(bytes.as_bytes()), expected);
}

#[test]
fn get_assertion_for_any_passkey_says_nothing_else() {
    let request = GetAssertion {
        relying_party_id: "a".into(),
        client_data_hash: [0; 32],
        allow: vec![],
        verify_user: false,
    };
    let expected = format!("02a2016161025820{}", "00".repeat(32));
    let bytes = CtapRequest::from(&request);
    assert_eq!(HEXLOWER.encode(bytes.as_bytes()), expected);
}

#[test]
fn debug_names_no_person() {
    let request = GetAssertion {
        relying_party_id: "secret.example".into(),
        client_data_hash: [0; 32],
        allow: vec![],
        verify_user: true,
    };
    let shown = format!("{:?}", CtapRequest::from(&request));
    assert!(shown.starts_with("CtapRequest(0x02, "), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(
        format!("{:?}", CtapRequest::from_bytes([])),
        "CtapRequest(empty)"
    );
}
