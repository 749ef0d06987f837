use super::*;

fn pair() -> (Sealer, Opener) {
    let key = TrafficKey::from_bytes([2; 32]);
    (Sealer::new(&key), Opener::new(&key))
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Chromium's keys; message i is the bytes 0 to i-1.
#[test]
fn records_are_those_of_browsers() {
    let expected = [
        (
            0,
            "5a723acee52c5ea02b92a3a360c09595e7ea8e99081e4bc457f6b8099981e10edad146f82ae7481dfd68f490105f8c1d",
        ),
        (
            1,
            "4c5c8841bce19909005528c4ac16b756df3dc73759b9e108676462c1b0e45e0e0041878ba735f71ba05689af3c7c83d1",
        ),
        (
            31,
            "a81ce803b0c1a0445bc2018b735e68209e1c62715614e213a3309dc6ffcb4bd36027925f06a2c8049ca8de976681f091",
        ),
        (
            32,
            "24fe99ec0955b04e88cc44c7594a7decf491d4dfa9f1c9483e3bfc1f3eb982b39a89eb0579e0bc261b04a0787ad6eeadd76597c35cabb23e33f727f26c722c39f28426c3d6e2c6405c43696a7a310d54",
        ),
    ];
    let (mut sealer, mut opener) = pair();
    for i in 0..=32_u8 {
        let message: Vec<u8> = (0..i).collect();
        let record = sealer.seal(&message).unwrap();
        if let Some((_, expected)) = expected.iter().find(|(index, _)| *index == i) {
            assert_eq!(record, hex(expected), "message {i}");
        }
        assert_eq!(*opener.open(&record).unwrap(), message);
    }
}

#[test]
fn the_longest_message_fits_and_one_more_byte_does_not() {
    let (mut sealer, mut opener) = pair();
    let longest = vec![7; MAX_PLAINTEXT];
    let record = sealer.seal(&longest).unwrap();
    assert_eq!(record.len(), MAX_MESSAGE - TAG_LEN);
    assert_eq!(*opener.open(&record).unwrap(), longest);

    let len = MAX_PLAINTEXT + 1;
    let refused = sealer.seal(&vec![7; len]);
    assert_eq!(refused, Err(SealError::TooLong { len }));
    assert_eq!(sealer.0.counter, 1, "a refused message costs no count");
}

/// A peer may pad otherwise, so that a record has exactly 1 MiB.
#[test]
fn a_record_of_the_limit_opens_and_one_more_byte_is_refused_unread() {
    let (sealer, mut opener) = pair();
    let nonce = sealer.0.nonce().unwrap().into();
    for (len, expected) in [
        (MAX_MESSAGE, Ok(MAX_MESSAGE - TAG_LEN - 1)),
        (
            MAX_MESSAGE + 1,
            Err(OpenError::TooLong {
                len: MAX_MESSAGE + 1,
            }),
        ),
    ] {
        let mut record = vec![0; len - TAG_LEN];
        sealer
            .0
            .cipher
            .encrypt_in_place(&nonce, &[], &mut record)
            .unwrap();
        assert_eq!(record.len(), len);
        opener.0.counter = 0;
        assert_eq!(
            opener.open(&record).map(|plaintext| plaintext.len()),
            expected
        );
    }
}

#[test]
fn the_counter_ends_at_its_limit_in_both_directions() {
    let key = TrafficKey::from_bytes([2; 32]);
    let mut sealer = Sealer::before_the_limit(&key);
    let mut opener = Opener::before_the_limit(&key);
    let last = sealer.seal(b"last").unwrap();
    assert_eq!(*opener.open(&last).unwrap(), b"last");

    for _ in 0..2 {
        assert_eq!(sealer.seal(b"more"), Err(SealError::CounterExhausted));
        assert_eq!(opener.open(&last), Err(OpenError::CounterExhausted));
    }
}

#[test]
fn the_opener_moves_after_success_only() {
    let (mut sealer, mut opener) = pair();
    let first = sealer.seal(b"first").unwrap();
    let second = sealer.seal(b"second").unwrap();
    let mut altered = first.clone();
    altered[0] ^= 1;

    assert_eq!(opener.open(&second), Err(OpenError::Decrypt));
    assert_eq!(opener.open(&altered), Err(OpenError::Decrypt));
    assert_eq!(*opener.open(&first).unwrap(), b"first");
    assert_eq!(opener.open(&first), Err(OpenError::Decrypt));
    assert_eq!(*opener.open(&second).unwrap(), b"second");
}

/// A library in the field panics on fewer than 16 bytes.
#[test]
fn short_records_do_not_authenticate() {
    let (mut sealer, mut opener) = pair();
    let record = sealer.seal(b"").unwrap();
    for len in 0..record.len() {
        assert_eq!(opener.open(&record[..len]), Err(OpenError::Decrypt));
    }
    assert_eq!(*opener.open(&record).unwrap(), b"");
}

#[test]
fn impossible_padding_is_typed() {
    for plaintext in [&[][..], &[1], &[0, 2], &[0xFF; 255]] {
        let (sealer, mut opener) = pair();
        let nonce = sealer.0.nonce().unwrap().into();
        let mut record = plaintext.to_vec();
        sealer
            .0
            .cipher
            .encrypt_in_place(&nonce, &[], &mut record)
            .unwrap();
        assert_eq!(
            opener.open(&record),
            Err(OpenError::Padding(padding::PaddingError))
        );
    }
}

#[test]
fn nothing_secret_is_printed() {
    let (sealer, opener) = pair();
    let key = TrafficKey::from_bytes([2; 32]);
    assert_eq!(
        format!("{key:?} {sealer:?} {opener:?}"),
        "TrafficKey(..) Sealer(0 sealed) Opener(0 opened)"
    );
}
