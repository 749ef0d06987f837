//! An authenticator that says whatever a test wants, with signatures that are right.

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rand_core::{OsRng, RngCore as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const USER_PRESENT: u8 = 0x01;
pub(crate) const USER_VERIFIED: u8 = 0x04;
pub(crate) const BACKUP_ELIGIBLE: u8 = 0x08;
pub(crate) const BACKED_UP: u8 = 0x10;
const ATTESTED_DATA: u8 = 0x40;

pub(crate) const GOOD: u8 = USER_PRESENT | USER_VERIFIED;

pub(crate) struct Forger {
    key: SigningKey,
    pub(crate) id: Vec<u8>,
    /// The flags of the authenticator data (WebAuthn Level 3 §6.1).
    pub(crate) flags: u8,
    pub(crate) transports: Vec<String>,
    /// The relying party id that is signed, where it is not the one that was asked for.
    pub(crate) rp_id: Option<&'static str>,
}

impl Forger {
    pub(crate) fn new(flags: u8) -> Self {
        let mut id = vec![0; 32];
        OsRng.fill_bytes(&mut id);
        Self {
            key: SigningKey::random(&mut OsRng),
            id,
            flags,
            transports: vec!["hybrid".into(), "internal".into()],
            rp_id: None,
        }
    }

    /// `RegistrationResponseJSON` with an attestation of format "none".
    pub(crate) fn register(&self, origin: &str, options: &Value) -> Value {
        self.register_with(origin, options, Cbor::Map(Vec::new()))
    }

    pub(crate) fn register_with(&self, origin: &str, options: &Value, statement: Cbor) -> Value {
        let options = &options["publicKey"];
        let rp_id = options["rp"]["id"].as_str().unwrap();
        let mut data = self.data(rp_id, self.flags | ATTESTED_DATA);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(to_bytes(&self.cose_key()));
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".into()), Cbor::Text("none".into())),
            (Cbor::Text("attStmt".into()), statement),
            (Cbor::Text("authData".into()), Cbor::Bytes(data)),
        ]);
        let client_data = client_data("webauthn.create", origin, options);
        self.credential(&json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "attestationObject": BASE64URL_NOPAD.encode(&to_bytes(&object)),
            "transports": self.transports,
        }))
    }

    /// `AuthenticationResponseJSON`.
    pub(crate) fn sign_in(&self, origin: &str, options: &Value) -> Value {
        let options = &options["publicKey"];
        let data = self.data(options["rpId"].as_str().unwrap(), self.flags);
        let client_data = client_data("webauthn.get", origin, options);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        self.credential(&json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(signature.to_der().as_bytes()),
        }))
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "rawId": BASE64URL_NOPAD.encode(&self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        })
    }

    fn data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.unwrap_or(rp_id);
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend([0; 4]);
        data
    }

    /// An ES256 key (RFC 9053 §7.1.1).
    fn cose_key(&self) -> Cbor {
        let point = self.key.verifying_key().to_encoded_point(false);
        let number = |n: i64| Cbor::Integer(n.into());
        Cbor::Map(vec![
            (number(1), number(2)),
            (number(3), number(-7)),
            (number(-1), number(1)),
            (number(-2), Cbor::Bytes(point.x().unwrap().to_vec())),
            (number(-3), Cbor::Bytes(point.y().unwrap().to_vec())),
        ])
    }
}

fn client_data(kind: &str, origin: &str, options: &Value) -> Vec<u8> {
    let data = json!({
        "type": kind,
        "challenge": options["challenge"],
        "origin": origin,
        "crossOrigin": false,
    });
    data.to_string().into_bytes()
}

fn to_bytes(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
