//! CTAP2 requests as a laptop writes them, and replies as it reads them.

use ciborium::Value;

pub(crate) const OK: u8 = 0x00;
pub(crate) const INVALID_COMMAND: u8 = 0x01;
pub(crate) const INVALID_PARAMETER: u8 = 0x02;
pub(crate) const INVALID_LENGTH: u8 = 0x03;
pub(crate) const UNEXPECTED_TYPE: u8 = 0x11;
pub(crate) const INVALID_CBOR: u8 = 0x12;
pub(crate) const MISSING_PARAMETER: u8 = 0x14;
pub(crate) const CREDENTIAL_EXCLUDED: u8 = 0x19;
pub(crate) const UNSUPPORTED_ALGORITHM: u8 = 0x26;
pub(crate) const OPERATION_DENIED: u8 = 0x27;
pub(crate) const UNSUPPORTED_OPTION: u8 = 0x2B;
pub(crate) const INVALID_OPTION: u8 = 0x2C;
pub(crate) const NO_CREDENTIALS: u8 = 0x2E;
pub(crate) const USER_ACTION_TIMEOUT: u8 = 0x2F;
pub(crate) const PIN_AUTH_INVALID: u8 = 0x33;
pub(crate) const REQUEST_TOO_LARGE: u8 = 0x39;
pub(crate) const OTHER: u8 = 0x7F;

pub(crate) const HASH: [u8; 32] = [0x5A; 32];
pub(crate) const RP: &str = "example.com";

/// The parameters of a command: integer keys, in any order.
#[derive(Clone)]
pub(crate) struct Parameters(Vec<(Value, Value)>);

/// What Chromium sends to register.
pub(crate) fn register(user: &str) -> Parameters {
    register_at(RP, user)
}

pub(crate) fn register_at(rp: &str, user: &str) -> Parameters {
    Parameters(vec![
        (1.into(), Value::Bytes(HASH.to_vec())),
        (
            2.into(),
            map([("id", rp.into()), ("name", "Example".into())]),
        ),
        (
            3.into(),
            map([
                ("id", Value::Bytes(user.as_bytes().to_vec())),
                ("name", user.into()),
                ("displayName", format!("The one called {user}").into()),
            ]),
        ),
        (4.into(), Value::Array(vec![algorithm(-7), algorithm(-257)])),
        (7.into(), options([("rk", true), ("uv", true)])),
    ])
}

/// What Chromium sends to sign in without knowing who.
pub(crate) fn sign_in() -> Parameters {
    sign_in_at(RP)
}

pub(crate) fn sign_in_at(rp: &str) -> Parameters {
    Parameters(vec![
        (1.into(), rp.into()),
        (2.into(), Value::Bytes(HASH.to_vec())),
        (5.into(), options([("up", true), ("uv", true)])),
    ])
}

impl Parameters {
    pub(crate) fn set(mut self, key: i64, value: Value) -> Self {
        self = self.without(key);
        self.0.push((key.into(), value));
        self
    }

    pub(crate) fn without(mut self, key: i64) -> Self {
        self.0.retain(|(k, _)| *k != Value::from(key));
        self
    }

    /// Adds an entry even if there is one.
    pub(crate) fn also(mut self, key: i64, value: Value) -> Self {
        self.0.push((key.into(), value));
        self
    }

    pub(crate) fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    pub(crate) fn make_credential(self) -> Vec<u8> {
        command(0x01, &Value::Map(self.0))
    }

    pub(crate) fn get_assertion(self) -> Vec<u8> {
        command(0x02, &Value::Map(self.0))
    }
}

pub(crate) fn command(command: u8, parameters: &Value) -> Vec<u8> {
    let mut bytes = vec![command];
    ciborium::into_writer(parameters, &mut bytes).unwrap();
    bytes
}

pub(crate) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.map(|(key, value)| (key.into(), value)).to_vec())
}

pub(crate) fn options<const N: usize>(entries: [(&str, bool); N]) -> Value {
    map(entries.map(|(key, value)| (key, value.into())))
}

pub(crate) fn algorithm(alg: i64) -> Value {
    map([("type", "public-key".into()), ("alg", alg.into())])
}

pub(crate) fn descriptor(id: &[u8]) -> Value {
    map([
        ("type", "public-key".into()),
        ("id", Value::Bytes(id.to_vec())),
    ])
}

/// The CBOR of a reply that says that all went well.
#[track_caller]
pub(crate) fn body(reply: &[u8]) -> Value {
    let (status, body) = reply.split_first().expect("a reply has a status byte");
    assert_eq!(*status, OK, "status {status:#04x}");
    ciborium::from_reader(body).unwrap()
}

/// A member of a map, by integer or text key.
#[track_caller]
pub(crate) fn member(value: &Value, key: impl Into<Value>) -> Value {
    find(value, key).expect("the map has this key")
}

pub(crate) fn find(value: &Value, key: impl Into<Value>) -> Option<Value> {
    let key = key.into();
    let entries = value.as_map().expect("a map");
    let entry = entries.iter().find(|(k, _)| *k == key);
    entry.map(|(_, value)| value.clone())
}

/// The flags byte of authenticator data (WebAuthn Level 3 §6.1).
#[track_caller]
pub(crate) fn flags(auth_data: &Value) -> u8 {
    auth_data.as_bytes().unwrap()[32]
}

/// The credential id and the COSE key in authenticator data.
pub(crate) fn attested(auth_data: &Value) -> (Vec<u8>, Value) {
    let bytes = &auth_data.as_bytes().unwrap()[37 + 16..];
    let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let (id, key) = bytes[2..].split_at(len);
    (id.to_vec(), ciborium::from_reader(key).unwrap())
}

/// Fails unless every map in `bytes` has its keys in CTAP2 canonical order and every item is as short
/// as can be.
#[track_caller]
pub(crate) fn assert_canonical(bytes: &[u8]) {
    fn walk(value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(walk),
            Value::Map(entries) => {
                let keys: Vec<_> = entries.iter().map(|(key, _)| encoded(key)).collect();
                for pair in keys.windows(2) {
                    let [a, b] = pair else { unreachable!() };
                    let order = |k: &Vec<u8>| (k[0] >> 5, k.len(), k.clone());
                    assert!(order(a) < order(b), "{a:02x?} stands before {b:02x?}");
                }
                for (_, value) in entries {
                    walk(value);
                }
            }
            _ => {}
        }
    }
    fn encoded(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }
    let value: Value = ciborium::from_reader(bytes).unwrap();
    walk(&value);
    assert_eq!(encoded(&value), bytes, "not the shortest encoding");
}
