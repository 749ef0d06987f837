//! How a laptop asks for a linked phone (CTAP 2.2 §11.5.2): a small CBOR map, in hex in the header
//! `X-caBLE-Client-Payload`, which the tunnel service passes on as it is.

use std::fmt;

use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use rand_core::CryptoRngCore;

use crate::cbor::{self, CborError, Value};
use crate::linking::{Link, LinkId};
use crate::qr::Hint;
use crate::random::{self, RngError};
use crate::secret::EidKey;

/// Bytes of randomness in a request, from which the key of the phone's advert is derived.
pub type LaptopNonce = [u8; LAPTOP_NONCE_LEN];

/// Length of a [`LaptopNonce`].
pub const LAPTOP_NONCE_LEN: usize = 16;

/// Longest request, in bytes of CBOR. Real ones have 35.
pub const MAX_REQUEST_LEN: usize = 256;

const LINK_ID: u64 = 1;
const NONCE: u64 = 2;
const HINT: u64 = 3;

/// What a laptop asks a linked phone for.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedRequest {
    link_id: LinkId,
    nonce: LaptopNonce,
    hint: Hint,
}

/// Why bytes are no request for a linked phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkedRequestError {
    /// The header is not hex.
    #[error("the request is not hex")]
    Hex,
    /// The request is longer than [`MAX_REQUEST_LEN`].
    #[error("the request has more than {MAX_REQUEST_LEN} bytes")]
    TooLong,
    /// Not a canonical CBOR map.
    #[error("the request is not canonical CBOR")]
    Cbor(#[source] CborError),
    /// A key is missing, or its value has the wrong type or length; of hints a linked phone knows two.
    #[error("key {key} of the request is missing or malformed")]
    Value {
        /// The key.
        key: u64,
    },
}

impl LinkedRequest {
    /// A fresh request for the phone behind `link`.
    ///
    /// # Errors
    /// [`RngError`] when `rng` fails.
    pub fn new(rng: &mut impl CryptoRngCore, link: &Link, hint: Hint) -> Result<Self, RngError> {
        let nonce = random::bytes(rng)?;
        Ok(Self::with_nonce(link.link_id.clone(), nonce, hint))
    }

    /// A request with a given nonce, for tests and tools. A nonce must not be used twice.
    #[must_use]
    pub const fn with_nonce(link_id: LinkId, nonce: LaptopNonce, hint: Hint) -> Self {
        Self {
            link_id,
            nonce,
            hint,
        }
    }

    /// Writes the CBOR map.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::write_map(&[
            (LINK_ID, Value::Bytes(self.link_id.as_bytes())),
            (NONCE, Value::Bytes(&self.nonce)),
            (HINT, Value::Text(self.hint.as_str())),
        ])
    }

    /// Writes the value of the header.
    #[must_use]
    pub fn to_header(&self) -> String {
        HEXUPPER.encode(&self.encode())
    }

    /// Reads the CBOR map. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`LinkedRequestError`].
    pub fn decode(request: &[u8]) -> Result<Self, LinkedRequestError> {
        if request.len() > MAX_REQUEST_LEN {
            return Err(LinkedRequestError::TooLong);
        }
        let (mut link_id, mut nonce, mut hint) = (None, None, None);
        for (key, value) in cbor::read_map(request).map_err(LinkedRequestError::Cbor)? {
            match (key, value) {
                (LINK_ID, Value::Bytes(bytes)) => link_id = LinkId::from_bytes(bytes).ok(),
                (NONCE, Value::Bytes(bytes)) => nonce = bytes.try_into().ok(),
                (HINT, Value::Text("ga")) => hint = Some(Hint::GetAssertion),
                (HINT, Value::Text("mc")) => hint = Some(Hint::MakeCredential),
                _ => {}
            }
        }
        let missing = |key| LinkedRequestError::Value { key };
        Ok(Self {
            link_id: link_id.ok_or(missing(LINK_ID))?,
            nonce: nonce.ok_or(missing(NONCE))?,
            hint: hint.ok_or(missing(HINT))?,
        })
    }

    /// Reads the value of the header, in either letter case.
    ///
    /// # Errors
    /// [`LinkedRequestError`].
    pub fn from_header(value: &str) -> Result<Self, LinkedRequestError> {
        if value.len() > 2 * MAX_REQUEST_LEN {
            return Err(LinkedRequestError::TooLong);
        }
        let request = HEXLOWER_PERMISSIVE.decode(value.as_bytes());
        Self::decode(&request.map_err(|_| LinkedRequestError::Hex)?)
    }

    /// The link that the phone has to look up.
    #[must_use]
    pub const fn link_id(&self) -> &LinkId {
        &self.link_id
    }

    /// What the laptop drew, for [`LinkSecret::eid_key`](crate::LinkSecret::eid_key).
    #[must_use]
    pub const fn nonce(&self) -> &LaptopNonce {
        &self.nonce
    }

    /// What will probably be asked.
    #[must_use]
    pub const fn hint(&self) -> Hint {
        self.hint
    }

    /// The key of the advert with which the phone behind `link` answers.
    #[must_use]
    pub fn eid_key(&self, link: &Link) -> EidKey {
        link.secret.eid_key(&self.nonce)
    }
}

impl fmt::Debug for LinkedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedRequest")
            .field("link_id", &self.link_id)
            .field("hint", &self.hint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> LinkedRequest {
        let link_id = LinkId::from_bytes(&[5, 6, 7, 8, 0, 0, 0, 0]).unwrap();
        let nonce = std::array::from_fn(|n| 0xF0 + u8::try_from(n).unwrap());
        LinkedRequest::with_nonce(link_id, nonce, Hint::GetAssertion)
    }

    #[test]
    fn the_header_is_written_and_read_in_either_case() {
        let header = "A3014805060708000000000250F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF03626761";
        assert_eq!(request().to_header(), header);
        for header in [header.to_owned(), header.to_ascii_lowercase()] {
            assert_eq!(LinkedRequest::from_header(&header), Ok(request()));
        }
    }

    #[test]
    fn malformed_requests_are_refused() {
        let value = |key| Err(LinkedRequestError::Value { key });
        let cases = [
            (
                "A20250F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF03626761",
                value(LINK_ID),
            ),
            ("A2014805060708000000000362676B", value(NONCE)),
            (
                "A3014805060708000000000250F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF0363646370",
                value(HINT),
            ),
            ("A3014805060708000000000242F0F103626761", value(NONCE)),
            ("A30140024003626761", value(LINK_ID)),
        ];
        for (header, expected) in cases {
            assert_eq!(LinkedRequest::from_header(header), expected, "{header}");
        }
        assert_eq!(
            LinkedRequest::from_header("0g"),
            Err(LinkedRequestError::Hex)
        );
        assert!(matches!(
            LinkedRequest::from_header("80"),
            Err(LinkedRequestError::Cbor(_))
        ));
    }

    #[test]
    fn length_at_the_limit_and_one_past_it() {
        // The request and an entry 999 that fills it up.
        let sized = |len: usize| {
            let mut map = request().encode();
            map[0] = 0xA4;
            let filling = vec![0; len - map.len() - 5];
            map.extend([0x19, 0x03, 0xE7, 0x58, u8::try_from(filling.len()).unwrap()]);
            map.extend(filling);
            map
        };
        assert_eq!(
            LinkedRequest::decode(&sized(MAX_REQUEST_LEN)),
            Ok(request())
        );
        assert_eq!(
            LinkedRequest::decode(&sized(MAX_REQUEST_LEN + 1)),
            Err(LinkedRequestError::TooLong)
        );
        assert_eq!(
            LinkedRequest::from_header(&"0".repeat(2 * MAX_REQUEST_LEN + 2)),
            Err(LinkedRequestError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(request) = LinkedRequest::decode(&bytes) {
                prop_assert_eq!(LinkedRequest::decode(&request.encode()), Ok(request));
            }
        }
    }
}
