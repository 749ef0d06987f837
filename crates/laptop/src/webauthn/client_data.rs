//! Client data: what the relying party's challenge becomes before it is signed (WebAuthn §5.8.1).

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::webauthn::origin::Origin;

/// The serialized client data and its hash: the relying party gets the former, the phone signs the
/// latter, so no byte of it may change in between.
#[derive(Debug, Clone)]
pub(super) struct ClientData {
    pub(super) json: Vec<u8>,
    pub(super) hash: [u8; 32],
}

/// In the order in which relying parties with a simple verifier expect the members.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(rename = "type")]
    ceremony: &'a str,
    challenge: &'a str,
    origin: &'a str,
    #[serde(rename = "crossOrigin")]
    cross_origin: bool,
}

impl ClientData {
    pub(super) fn create(challenge: &[u8], origin: &Origin) -> Result<Self, serde_json::Error> {
        Self::new("webauthn.create", challenge, origin)
    }

    pub(super) fn get(challenge: &[u8], origin: &Origin) -> Result<Self, serde_json::Error> {
        Self::new("webauthn.get", challenge, origin)
    }

    fn new(ceremony: &str, challenge: &[u8], origin: &Origin) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_vec(&Members {
            ceremony,
            challenge: &BASE64URL_NOPAD.encode(challenge),
            origin: &origin.to_string(),
            cross_origin: false,
        })?;
        let hash = Sha256::digest(&json).into();
        Ok(Self { json, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_in_the_order_of_the_specification() {
        let origin = "https://example.com".parse().unwrap();
        let data = ClientData::create(&[0xfb, 0xff, 0x00], &origin).unwrap();
        assert_eq!(
            std::str::from_utf8(&data.json).unwrap(),
            r#"{"type":"webauthn.create","challenge":"-_8A","origin":"https://example.com","crossOrigin":false}"#
        );
        assert_eq!(data.hash, <[u8; 32]>::from(Sha256::digest(&data.json)));
    }
}
