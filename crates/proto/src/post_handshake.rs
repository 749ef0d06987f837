//! What a phone says of itself right after the handshake (CTAP 2.2 §11.5): one CBOR map.

use std::fmt;

use minicbor::Decoder;

use crate::cbor::{self, CborError, Value};
use crate::linking::Link;
use crate::update::encoded_map;

const GET_INFO: u64 = 1;
const LINKING: u64 = 2;
const FEATURES: u64 = 3;

const CTAP: &str = "ctap";
const JSON: &str = "dc";

/// What a phone offers: CTAP requests, JSON requests, or both.
#[derive(Clone, PartialEq, Eq)]
pub struct PostHandshake {
    get_info: Option<Vec<u8>>,
    json: bool,
    link: Option<Link>,
}

/// Why bytes are not a phone's introduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostHandshakeError {
    /// Not a canonical CBOR map.
    #[error("not canonical CBOR")]
    Cbor(#[source] CborError),
    /// The value of a key has the wrong type.
    #[error("key {key} has the wrong type")]
    Type {
        /// The key.
        key: u64,
    },
    /// The phone offers CTAP but does not say what its authenticator can do.
    #[error("CTAP is offered without authenticator information")]
    NoGetInfo,
    /// The phone does not offer CTAP but says what its authenticator can do.
    #[error("authenticator information without an offer of CTAP")]
    UnexpectedGetInfo,
}

impl PostHandshake {
    /// Offers CTAP requests. `get_info` is the CBOR of the authenticatorGetInfo response (CTAP 2.2
    /// §6.4) without its status byte: a laptop never asks for it.
    #[must_use]
    pub fn ctap(get_info: impl Into<Vec<u8>>) -> Self {
        Self {
            get_info: Some(get_info.into()),
            json: false,
            link: None,
        }
    }

    /// Offers JSON requests, and no CTAP.
    #[must_use]
    pub const fn json() -> Self {
        Self {
            get_info: None,
            json: true,
            link: None,
        }
    }

    /// Offers JSON requests too.
    #[must_use]
    pub fn and_json(self) -> Self {
        Self { json: true, ..self }
    }

    /// The CBOR of the authenticatorGetInfo response, without its status byte. `None` when the phone
    /// does not offer CTAP.
    #[must_use]
    pub fn get_info(&self) -> Option<&[u8]> {
        self.get_info.as_deref()
    }

    /// Whether the phone takes CTAP requests.
    #[must_use]
    pub const fn offers_ctap(&self) -> bool {
        self.get_info.is_some()
    }

    /// Whether the phone takes JSON requests (CTAP 2.3: digital credentials).
    #[must_use]
    pub const fn offers_json(&self) -> bool {
        self.json
    }

    /// The link that an old phone has put here instead of into an update. `None` too when it does
    /// not verify, or in a linked session.
    #[must_use]
    pub const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Writes the map, without a link: our phones offer that in an update.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let features = match (self.offers_ctap(), self.json) {
            (true, true) => encode_texts(&[CTAP, JSON]),
            (true, false) => encode_texts(&[CTAP]),
            (false, true) => encode_texts(&[JSON]),
            (false, false) => encode_texts(&[]),
        };
        let entries = [
            self.get_info().map(|info| (GET_INFO, Value::Bytes(info))),
            Some((FEATURES, Value::Other(&features))),
        ];
        let entries: Vec<_> = entries.into_iter().flatten().collect();
        cbor::write_map(&entries)
    }

    /// Reads the map, as strictly as browsers do. Unknown keys and features are ignored; a phone that
    /// names no features offers CTAP.
    ///
    /// Gives the linking information in it too, still encoded: who verifies that is the session.
    ///
    /// # Errors
    /// [`PostHandshakeError`].
    pub fn decode(plaintext: &[u8]) -> Result<(Self, Option<&[u8]>), PostHandshakeError> {
        let entries = cbor::read_map(plaintext).map_err(PostHandshakeError::Cbor)?;
        let mut get_info = None;
        let mut linking = None;
        let mut features = None;
        for (key, value) in entries {
            let wrong = PostHandshakeError::Type { key };
            match (key, value) {
                (GET_INFO, Value::Bytes(bytes)) => get_info = Some(bytes.to_vec()),
                (LINKING, value) => linking = Some(encoded_map(value).ok_or(wrong)?),
                (FEATURES, Value::Other(array)) => features = Some(texts(array).ok_or(wrong)?),
                (GET_INFO | FEATURES, _) => return Err(wrong),
                _ => {}
            }
        }
        let features = features.unwrap_or_else(|| vec![CTAP]);
        match (features.contains(&CTAP), get_info.is_some()) {
            (true, false) => return Err(PostHandshakeError::NoGetInfo),
            (false, true) => return Err(PostHandshakeError::UnexpectedGetInfo),
            _ => {}
        }
        let json = features.contains(&JSON);
        let introduction = Self {
            get_info,
            json,
            link: None,
        };
        Ok((introduction, linking))
    }

    pub(crate) fn with_link(self, link: Option<Link>) -> Self {
        Self { link, ..self }
    }
}

impl fmt::Debug for PostHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostHandshake")
            .field("ctap", &self.offers_ctap())
            .field("json", &self.json)
            .field("linked", &self.link.is_some())
            .finish_non_exhaustive()
    }
}

fn encode_texts(texts: &[&str]) -> Vec<u8> {
    let encoded = minicbor::to_vec(texts);
    debug_assert!(encoded.is_ok(), "a Vec accepts every write");
    encoded.unwrap_or_default()
}

/// The elements of an array of text; `None` when it is no array or has anything else in it.
fn texts(encoded: &[u8]) -> Option<Vec<&str>> {
    Decoder::new(encoded)
        .array_iter::<&str>()
        .ok()?
        .collect::<Result<_, _>>()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    fn decode(text: &str) -> Result<PostHandshake, PostHandshakeError> {
        PostHandshake::decode(&hex(text)).map(|(introduction, _)| introduction)
    }

    const CHROMIUM_INFO: &str = "a50182684649444f5f325f30684649444f5f325f3102816370726603500000000000000000000000000000000004a262726bf5627576f50983656361626c656668796272696468696e7465726e616c";

    #[test]
    fn real_phones_are_understood() {
        let android = decode("a101585ca50182684649444f5f325f30684649444f5f325f3102826c6465766963655075624b65796370726603500000000000000000000000000000000004a262726bf5627576f50983656361626c656668796272696468696e7465726e616c").unwrap();
        assert!(android.offers_ctap() && !android.offers_json());
        assert_eq!(android.get_info().map(<[u8]>::len), Some(0x5C));

        let ios_16 = decode("a101583aa40181684649444f5f325f300350f24a8e70d0d3f82c293732523cc4de5a04a262726bf5627576f5098268696e7465726e616c66687962726964").unwrap();
        assert!(ios_16.offers_ctap() && !ios_16.offers_json());

        let iphone_2026 = decode("a2015861a50182684649444f5f325f30684649444f5f325f310282696c61726765426c6f62637072660350f24a8e70d0d3f82c293732523cc4de5a04a362726bf5627576f56c6a736f6e4d65737361676573f5098268696e7465726e616c6668796272696403826463746170626463").unwrap();
        assert!(iphone_2026.offers_ctap() && iphone_2026.offers_json());
    }

    #[test]
    fn encoding_is_that_of_browsers_phones() {
        let info = hex(CHROMIUM_INFO);
        let ctap = PostHandshake::ctap(info.clone());
        assert_eq!(
            ctap.encode(),
            hex(&format!("a201584f{CHROMIUM_INFO}03816463746170"))
        );
        assert_eq!(PostHandshake::json().encode(), hex("a10381626463"));
        for introduction in [
            ctap,
            PostHandshake::json(),
            PostHandshake::ctap(info).and_json(),
        ] {
            let plaintext = introduction.encode();
            let decoded = PostHandshake::decode(&plaintext);
            assert_eq!(decoded, Ok((introduction, None)));
        }
    }

    #[test]
    fn the_offer_and_the_information_go_together() {
        let cases = [
            // {}, {3: ["ctap"]}: CTAP without information.
            ("a0", Some(PostHandshakeError::NoGetInfo)),
            ("a103816463746170", Some(PostHandshakeError::NoGetInfo)),
            // {1: h'a0', 3: ["dc"]}, {1: h'a0', 3: []}: information without CTAP.
            (
                "a20141a00381626463",
                Some(PostHandshakeError::UnexpectedGetInfo),
            ),
            ("a20141a00380", Some(PostHandshakeError::UnexpectedGetInfo)),
            // {1: h'a0'}, {3: ["dc"]}
            ("a10141a0", None),
            ("a10381626463", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).err(), expected, "{text}");
        }
    }

    #[test]
    fn padding_and_what_nobody_knows_are_ignored() {
        // {0: h'0000', 1: h'a0', 3: ["ctap", "x"], 999: true}
        let introduction = decode("a4004200000141a00382646374617061781903e7f5").unwrap();
        assert!(introduction.offers_ctap() && !introduction.offers_json());
    }

    #[test]
    fn wrong_types_are_named() {
        let cases = [
            ("a10101", 1),               // {1: 1}
            ("a20141a00240", 2),         // {1: h'a0', 2: h''}
            ("a20141a00280", 2),         // {1: h'a0', 2: []}
            ("a20141a003a0", 3),         // {1: h'a0', 3: {}}
            ("a20141a0038101", 3),       // {1: h'a0', 3: [1]}
            ("a20141a0036463746170", 3), // {1: h'a0', 3: "ctap"}
        ];
        for (text, key) in cases {
            assert_eq!(
                decode(text),
                Err(PostHandshakeError::Type { key }),
                "{text}"
            );
        }
        for text in ["", "80", "a1", "a10161a0", "a20381626463", "a10141a000"] {
            assert!(
                matches!(decode(text), Err(PostHandshakeError::Cbor(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn linking_information_is_handed_on() {
        // {1: h'a0', 2: {1: 2}}
        let plaintext = hex("a20141a002a10102");
        let (_, linking) = PostHandshake::decode(&plaintext).unwrap();
        assert_eq!(linking, Some(&hex("a10102")[..]));
    }

    #[test]
    fn debug_names_offers_only() {
        assert_eq!(
            format!("{:?}", PostHandshake::ctap([0xA0])),
            "PostHandshake { ctap: true, json: false, linked: false, .. }"
        );
    }
}
