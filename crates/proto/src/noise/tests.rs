//! Against fixed bytes of other implementations, and against keys and generators that would end
//! `snow` alone in a panic.

use data_encoding::HEXLOWER;
use hawser_test_rng::Draws;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn private(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[byte; 32]).unwrap()
}

fn psk(byte: u8) -> Psk {
    Psk::from_bytes([byte; 32])
}

fn fixed(byte: u8) -> Draws {
    Draws::of([byte; 32])
}

/// The laptop with static key 02.., ephemeral key 03.., psk 00..
fn qr_laptop() -> (Initiator, Vec<u8>) {
    Initiator::qr(&psk(0), &private(2), &mut fixed(3)).unwrap()
}

/// The phone that expects it, with ephemeral key 05..
fn qr_phone() -> Responder {
    Responder::qr(&psk(0), &private(2).public_key(), &mut fixed(5)).unwrap()
}

struct Expected {
    message1: &'static str,
    message2: &'static str,
    hash: &'static str,
    laptop_to_phone: &'static str,
    phone_to_laptop: &'static str,
}

fn assert_run(laptop: (Initiator, Vec<u8>), phone: Responder, expected: &Expected) {
    let (initiator, message1) = laptop;
    assert_eq!(message1, hex(expected.message1));
    let (phone, message2) = phone.finish(&message1).unwrap();
    assert_eq!(message2, hex(expected.message2));
    let laptop = initiator.finish(&message2).unwrap();
    for side in [&laptop, &phone] {
        assert_eq!(side.handshake_hash()[..], hex(expected.hash));
        assert_eq!(
            side.laptop_to_phone().expose()[..],
            hex(expected.laptop_to_phone)
        );
        assert_eq!(
            side.phone_to_laptop().expose()[..],
            hex(expected.phone_to_laptop)
        );
    }
    let (mut laptop_seals, mut laptop_opens) = laptop.into_records();
    let (mut phone_seals, mut phone_opens) = phone.into_records();
    let question = laptop_seals.seal(b"ping").unwrap();
    assert_eq!(*phone_opens.open(&question).unwrap(), b"ping");
    let answer = phone_seals.seal(b"pong").unwrap();
    assert_eq!(*laptop_opens.open(&answer).unwrap(), b"pong");
}

#[test]
fn kn_is_that_of_snow() {
    assert_run(
        qr_laptop(),
        qr_phone(),
        &Expected {
            message1: "04591ab771ebbcfd6d9cb9094d106528add1a69d44c2c1f627f089ec58b9c61adf9f4e6abf0d045c0c693a3c68ad7c97ca72be64def4a26fecd263dd98a92780f08a88a579066ada891b6ea964643bc31f",
            message2: "0407810ea974cea5773e63b897f37e3be9a09e7a5fe9b971a44d1065ac2a3a9311637e47a4f99464a0fdce44a88ec7d703a9183c1d06552d9e2d6b76069481c577ee203a9009373b3e643588b73cf0a85d",
            hash: "c68153ea3c8d9c0bf49e2d40c89cbaebe1b893eac5b0129a05e20d822b488bea",
            laptop_to_phone: "3a8a6934dd38805c6b8b68de15b58257a1a5d05d3393c35d456dd69ea3b02f86",
            phone_to_laptop: "d996892065334ecd780c1fb3565ba73cc448f1bdd098d084417cf1f383711a23",
        },
    );
}

#[test]
fn nk_is_that_of_snow() {
    assert_run(
        Initiator::linked(&psk(0), &private(4).public_key(), &mut fixed(3)).unwrap(),
        Responder::linked(&psk(0), &private(4), &mut fixed(5)).unwrap(),
        &Expected {
            message1: "04591ab771ebbcfd6d9cb9094d106528add1a69d44c2c1f627f089ec58b9c61adf9f4e6abf0d045c0c693a3c68ad7c97ca72be64def4a26fecd263dd98a92780f0d9ab73e4bd1e64e7f2f149775549f756",
            message2: "0407810ea974cea5773e63b897f37e3be9a09e7a5fe9b971a44d1065ac2a3a9311637e47a4f99464a0fdce44a88ec7d703a9183c1d06552d9e2d6b76069481c5771a62c0cb3dfa8a283b31f6ba323b8caf",
            hash: "d410d72c5a43fcadfde699ea56d33993ba933313109b14cdce4d66aa2d5506c1",
            laptop_to_phone: "9354c08ada5498df640942c7ba3da447bbf15bbf72780dba471d444cb9c09d71",
            phone_to_laptop: "15303b4b7d4eb05fc04ca805842dbcbea6c2e729b36034744e7debbe378e9216",
        },
    );
}

/// A session with a real iPhone whose laptop published its keys.
#[test]
fn a_real_iphone_is_understood() {
    let psk: [u8; 32] = hex("02107b404f528704e706c5741557494b9c14433afbab9da4a6e26c7990933272")
        .try_into()
        .unwrap();
    let own: [u8; 32] = hex("b85bd584301fd9d938307a0a7d63608ce6272671052023c2e85dad1efc90707f")
        .try_into()
        .unwrap();
    let ephemeral = hex("9b4d1b8f9de3f44af2c3e9b41377fa23deb7e9582f3cbab6d9dbd3ac4c66cb16");
    let (laptop, message1) = Initiator::qr(
        &Psk::from_bytes(psk),
        &PrivateKey::from_bytes(&own).unwrap(),
        &mut Draws::of(ephemeral),
    )
    .unwrap();
    assert_eq!(
        HEXLOWER.encode(&message1),
        "0469361c21990613e68103b62480f865b2fac4e9101a7bc83a0aa6bbb7d17988ccae1833a49ae91cca2200ed650d0ee1ac0030e7eabb1b7128bb0884362da2236653f8f93344c8213dd9e0e6c67c29139e"
    );
    let secured = laptop
        .finish(&hex("043e506f57ca06d713b770fb99560f6db4d9ff8cff7c55f96220f48dbe635ced8dd95cae1a8c6d8f273a297e7c00ac6872badfa377f872dc8c076c21679ce19b5605d73235109111433fade982b0918e17"))
        .unwrap();
    assert_eq!(
        HEXLOWER.encode(secured.handshake_hash()),
        "ef1b9a7051799152481d997056ca47ee660e987a273321ce927772c5f65fa7ce"
    );
    let (_, mut opener) = secured.into_records();
    let plaintext = opener
        .open(&hex("d63919aa1962f73b948ae3a558d4b2d8a3bf069fe74a722647cea87fc0ef23794985ec6f70158ce4dc6965280bc14bc6ec6e59fa9648d74598abe564a5dbc13b651f1bb68aef38d85c9e75e4f4719295aee837d864630d4e76974d1db9251ae3d0947a209e3d03a845bbb3f9542d83f770e5e194d6dfa33b3eb219f99a40e57d8364d0f7020cb65bf506087965d5efd2"))
        .unwrap();
    assert_eq!(
        HEXLOWER.encode(&plaintext),
        "a2015861a50182684649444f5f325f30684649444f5f325f310282696c61726765426c6f62637072660350f24a8e70d0d3f82c293732523cc4de5a04a362726bf5627576f56c6a736f6e4d65737361676573f5098268696e7465726e616c6668796272696403826463746170626463"
    );
}

/// The order of the curve: the first scalar that is too large.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// The Noise library alone panics at each of these draws; it happens once in 2^32 times.
#[test]
fn an_ephemeral_key_out_of_range_is_drawn_again() {
    for bad in [hex(ORDER), vec![0; 32], vec![0xFF; 32]] {
        let draws = [&bad[..], &bad, &[3; 32]].concat();
        let (_, message) = Initiator::qr(&psk(0), &private(2), &mut Draws::of(draws)).unwrap();
        assert_eq!(message, qr_laptop().1);

        let draws = [&bad[..], &[5; 32]].concat();
        let laptop = private(2).public_key();
        let phone = Responder::qr(&psk(0), &laptop, &mut Draws::of(draws)).unwrap();
        let (_, expected) = qr_phone().finish(&message).unwrap();
        assert_eq!(phone.finish(&message).unwrap().1, expected);
    }
}

#[test]
fn a_generator_without_a_usable_key_is_given_up() {
    for byte in [0, 0xFF] {
        let rng = &mut Draws::always(byte);
        let key = private(4);
        let public = key.public_key();
        assert_eq!(
            [
                Initiator::qr(&psk(0), &key, rng).err(),
                Initiator::linked(&psk(0), &public, rng).err(),
                Responder::qr(&psk(0), &public, rng).err(),
                Responder::linked(&psk(0), &key, rng).err(),
            ],
            [Some(StartError::Rng); 4]
        );
    }
}

#[test]
fn a_failing_generator_is_an_error() {
    let result = Initiator::qr(&psk(0), &private(2), &mut Draws::of([3; 31]));
    assert_eq!(result.err(), Some(StartError::Rng));
}

/// 33, 66 and all other bytes: what is no key cannot reach the Noise library.
#[test]
fn messages_of_another_length_are_refused() {
    let (_, message1) = qr_laptop();
    let (_, message2) = qr_phone().finish(&message1).unwrap();
    for len in (0..200).filter(|len| *len != MESSAGE_LEN) {
        let expected = Some(NoiseError::Length { found: len });
        let resized = |message: &[u8]| {
            let mut message = message.to_vec();
            message.resize(len, 0);
            message
        };
        assert_eq!(qr_phone().finish(&resized(&message1)).err(), expected);
        assert_eq!(qr_laptop().0.finish(&resized(&message2)).err(), expected);
    }
}

/// A compressed key, infinity, the hybrid forms of SEC 1, and no point at all.
#[test]
fn only_an_uncompressed_point_is_a_key() {
    let (_, message1) = qr_laptop();
    for mark in (0..=u8::MAX).filter(|mark| *mark != 0x04) {
        let mut altered = message1.clone();
        altered[0] = mark;
        assert_eq!(
            qr_phone().finish(&altered).err(),
            Some(NoiseError::PublicKey(KeyError::Encoding(mark)))
        );
    }
}

/// KN authenticates message 1 with the pre-shared key alone, so a peer that knows it can send a
/// point off the curve with a valid tag. It must fail before anything is computed with it.
#[test]
fn a_point_off_the_curve_is_refused_at_once() {
    let (_, message1) = qr_laptop();
    let (_, message2) = qr_phone().finish(&message1).unwrap();
    let off_curve = |message: &[u8]| {
        let mut altered = message.to_vec();
        altered[64] ^= 1;
        altered
    };
    let expected = Some(NoiseError::PublicKey(KeyError::NotOnCurve));
    assert_eq!(qr_phone().finish(&off_curve(&message1)).err(), expected);
    assert_eq!(qr_laptop().0.finish(&off_curve(&message2)).err(), expected);
}

#[test]
fn every_altered_bit_is_noticed() {
    let (_, message1) = qr_laptop();
    let (_, message2) = qr_phone().finish(&message1).unwrap();
    for bit in 0..MESSAGE_LEN * 8 {
        let altered = |message: &[u8]| {
            let mut message = message.to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            message
        };
        // A flipped bit of the key leaves the curve; one of the tag does not authenticate.
        let is_expected = |error: Option<NoiseError>| match error {
            Some(NoiseError::PublicKey(_)) => bit < 65 * 8,
            Some(NoiseError::Decrypt) => bit >= 65 * 8,
            _ => false,
        };
        assert!(is_expected(qr_phone().finish(&altered(&message1)).err()));
        assert!(is_expected(qr_laptop().0.finish(&altered(&message2)).err()));
    }
}

/// Another key that is a point: noticed by the tag.
#[test]
fn another_ephemeral_key_does_not_authenticate() {
    let (_, mut message1) = qr_laptop();
    message1[..65].copy_from_slice(private(9).public_key().as_bytes());
    assert_eq!(
        qr_phone().finish(&message1).err(),
        Some(NoiseError::Decrypt)
    );
}

#[test]
fn both_must_have_the_same_secrets_and_the_same_flow() {
    let (_, message1) = qr_laptop();
    let stranger = private(7);
    let public = private(2).public_key();
    let phones = [
        Responder::qr(&psk(1), &public, &mut fixed(5)),
        Responder::qr(&psk(0), &stranger.public_key(), &mut fixed(5)),
        Responder::linked(&psk(0), &private(2), &mut fixed(5)),
    ];
    for phone in phones {
        assert_eq!(
            phone.unwrap().finish(&message1).err(),
            Some(NoiseError::Decrypt)
        );
    }
    let (laptop, message1) = Initiator::linked(&psk(0), &public, &mut fixed(3)).unwrap();
    let phone = Responder::linked(&psk(0), &stranger, &mut fixed(5)).unwrap();
    assert_eq!(phone.finish(&message1).err(), Some(NoiseError::Decrypt));
    // The laptop's own message, sent back to it.
    assert_eq!(laptop.finish(&message1).err(), Some(NoiseError::Decrypt));
}

#[test]
fn nothing_secret_is_printed() {
    let (laptop, message1) = qr_laptop();
    let phone = qr_phone();
    assert_eq!(
        format!("{laptop:?} {phone:?}"),
        "Initiator(..) Responder(..)"
    );
    let (secured, _) = phone.finish(&message1).unwrap();
    assert_eq!(format!("{secured:?}"), "Secured(Phone, ..)");
}
