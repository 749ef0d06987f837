use data_encoding::HEXLOWER;

use super::*;

fn hex(parts: &[&str]) -> Vec<u8> {
    HEXLOWER.decode(parts.concat().as_bytes()).unwrap()
}

/// Relying party id hash of zeros, the flags, a count of 7.
fn head(flags: &str) -> String {
    format!("{}{flags}00000007", "00".repeat(32))
}

/// AAGUID, a two-byte id, an ES256 key without its coordinates: {1: 2, 3: -7, -1: 1}.
const CREDENTIAL: &str = "11111111111111111111111111111111\
                          0002beef\
                          a3010203262001";

fn attestation(data: &str) -> Vec<u8> {
    let data = hex(&[data]);
    let mut reply = vec![0x00];
    append(&mut reply, |w| {
        w.map(3)?.u8(1)?.str("packed")?.u8(2)?.bytes(&data)?;
        w.u8(3)?.map(1)?.str("sig")?.bytes(&[0x5a])?;
        Ok(())
    });
    reply
}

#[test]
fn attestation_keeps_the_phones_bytes() {
    let data = head("45") + CREDENTIAL;
    let attestation = Attestation::parse(&attestation(&data)).unwrap();
    assert_eq!(attestation.format(), "packed");
    assert_eq!(attestation.credential().id, [0xbe, 0xef]);
    assert_eq!(attestation.credential().aaguid, [0x11; 16]);
    assert_eq!(attestation.credential().algorithm, -7);
    assert_eq!(attestation.authenticator_data().sign_count(), 7);
    assert!(attestation.authenticator_data().user_verified());
    assert_eq!(
        HEXLOWER.encode(&attestation.object()),
        [
            "a3",
            "63666d74667061636b6564",
            "6761747453746d74a163736967415a",
            "6861757468446174615840",
            &data,
        ]
        .concat()
    );
    assert_eq!(
        HEXLOWER.encode(&attestation.object_without_statement()),
        [
            "a3",
            "63666d74646e6f6e65",
            "6761747453746d74a0",
            "6861757468446174615840",
            &data,
        ]
        .concat()
    );
}

#[test]
fn extensions_follow_the_credential() {
    let data = head("c5") + CREDENTIAL + "a16b6372656450726f7465637402";
    let attestation = Attestation::parse(&attestation(&data)).unwrap();
    assert_eq!(attestation.credential().id, [0xbe, 0xef]);
}

#[test]
fn authenticator_data_ends_where_its_flags_say() {
    let complete = hex(&[&head("c5"), CREDENTIAL, "a0"]);
    assert!(AuthenticatorData::parse(&complete).is_ok());
    for length in 0..complete.len() {
        assert!(
            AuthenticatorData::parse(&complete[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    let longer = [complete, vec![0]].concat();
    assert!(matches!(
        AuthenticatorData::parse(&longer),
        Err(ReplyError::AuthenticatorData)
    ));
}

#[test]
fn registration_without_a_new_passkey() {
    assert!(matches!(
        Attestation::parse(&attestation(&head("05"))),
        Err(ReplyError::Missing("new passkey"))
    ));
}

#[test]
fn assertion_with_all_members() {
    let data = head("05");
    let reply = hex(&[
        "00a6",
        "01a26269644201026474797065",
        "6a7075626c69632d6b6579",
        "025825",
        &data,
        "03425a5b",
        "04a26269644107646e616d6560",
        "0501",
        "06f5",
    ]);
    let assertion = Assertion::parse(&reply).unwrap();
    assert_eq!(assertion.credential_id.as_deref(), Some(&[1, 2][..]));
    assert_eq!(assertion.authenticator_data.as_bytes(), hex(&[&data]));
    assert_eq!(assertion.signature, [0x5a, 0x5b]);
    assert_eq!(assertion.user_handle.as_deref(), Some(&[7][..]));
    for length in 0..reply.len() {
        assert!(
            Assertion::parse(&reply[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    let longer = [reply, vec![0]].concat();
    assert!(matches!(
        Assertion::parse(&longer),
        Err(ReplyError::TrailingBytes)
    ));
}

#[test]
fn refusals_are_one_byte() {
    assert!(matches!(
        Assertion::parse(&[0x2e]),
        Err(ReplyError::Status(Status::NO_CREDENTIALS))
    ));
    assert!(matches!(
        Attestation::parse(&[0x27]),
        Err(ReplyError::Status(Status::OPERATION_DENIED))
    ));
    assert!(matches!(Assertion::parse(&[]), Err(ReplyError::Empty)));
}

#[test]
fn transports_are_a_hint_only() {
    let info = hex(&[
        "00a201816846",
        "49444f5f325f30",
        "0982",
        "6668796272696468",
        "696e7465726e616c",
    ]);
    assert_eq!(transports(&info), ["hybrid", "internal"]);
    assert!(transports(&[0x00, 0xa0]).is_empty());
    assert!(transports(&[0x00, 0xa1, 0x09, 0x01]).is_empty());
    assert!(transports(&[]).is_empty());
}

#[test]
fn statuses_have_the_specifications_names() {
    assert_eq!(
        Status::from_code(0x27).to_string(),
        "CTAP2_ERR_OPERATION_DENIED (0x27)"
    );
    assert_eq!(
        Status::from_code(0xf3).to_string(),
        "a vendor's error (0xf3)"
    );
}
