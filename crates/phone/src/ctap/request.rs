//! Requests: from bytes of a laptop to typed values, with the status byte that fits what is wrong.

use ciborium::Value;
use passkey_types::ctap2::{Ctap2Error, get_assertion, make_credential};
use serde::de::DeserializeOwned;

/// Longest request. The largest honest ones are allow lists: 64 credential ids of 1023 bytes each, and
/// their maps, make 70 KiB.
const MAX_LEN: usize = 128 * 1024;

/// Deepest nesting of CBOR items. CTAP2 allows four levels of containers; a few more cost nothing.
const MAX_DEPTH: usize = 12;

/// A request that this phone can answer.
#[derive(Debug)]
pub(crate) enum Request {
    /// `authenticatorMakeCredential` (0x01).
    MakeCredential(Box<make_credential::Request>),
    /// `authenticatorGetAssertion` (0x02).
    GetAssertion(Box<GetAssertion>),
    /// `authenticatorGetInfo` (0x04).
    Info,
}

/// `authenticatorGetAssertion`, and what its typed form forgets.
#[derive(Debug)]
pub(crate) struct GetAssertion {
    pub(crate) request: get_assertion::Request,
    /// Whether the laptop sent a non-empty allow list. The typed list has lost the entries that were not
    /// understood, and an empty one must not come to mean "any passkey will do".
    pub(crate) restricted: bool,
}

/// Reads a request.
///
/// Neither the order of map keys nor unknown keys matter: stricter phones exist, but a laptop is not
/// the one to be taught here. Duplicate keys, trailing bytes and wrong types do.
pub(crate) fn decode(message: &[u8]) -> Result<Request, Ctap2Error> {
    if message.len() > MAX_LEN {
        return Err(Ctap2Error::RequestTooLarge);
    }
    let (command, parameters) = message.split_first().ok_or(Ctap2Error::InvalidLength)?;
    match command {
        0x01 => make_credential(parameters).map(|r| Request::MakeCredential(Box::new(r))),
        0x02 => get_assertion(parameters).map(|r| Request::GetAssertion(Box::new(r))),
        0x04 => Ok(Request::Info),
        _ => Err(Ctap2Error::InvalidCommand),
    }
}

/// CTAP 2.2 §6.1.
fn make_credential(parameters: &[u8]) -> Result<make_credential::Request, Ctap2Error> {
    // Key 6, extensions, is left out: none is supported, and unsupported ones are to be ignored.
    let mut map = Parameters::read(
        parameters,
        &[
            (1, Kind::Bytes),
            (2, Kind::Map),
            (3, Kind::Map),
            (4, Kind::Array),
            (5, Kind::Array),
            (7, Kind::Map),
            (8, Kind::Bytes),
            (9, Kind::Integer),
        ],
    )?;
    map.require(&[1, 2, 3, 4])?;

    let rp = map.entity(2)?;
    entry(rp, "id", Kind::Text)?.ok_or(Ctap2Error::MissingParameter)?;
    let user = map.entity(3)?;
    entry(user, "id", Kind::Bytes)?.ok_or(Ctap2Error::MissingParameter)?;
    // Optional in CTAP, not in the typed form.
    for name in ["name", "displayName"] {
        if entry(user, name, Kind::Text)?.is_none() {
            user.push((name.into(), "".into()));
        }
    }

    let request: make_credential::Request = map.typed()?;
    client_data_hash(&request.client_data_hash)?;
    relying_party_id(&request.rp.id)?;
    // WebAuthn Level 3 §5.4.3: 1 to 64 bytes.
    if request.user.id.is_empty() || request.user.id.len() > 64 {
        return Err(Ctap2Error::InvalidLength);
    }
    Ok(request)
}

/// CTAP 2.2 §6.2.
fn get_assertion(parameters: &[u8]) -> Result<GetAssertion, Ctap2Error> {
    // Key 4, extensions, is left out as above.
    let map = Parameters::read(
        parameters,
        &[
            (1, Kind::Text),
            (2, Kind::Bytes),
            (3, Kind::Array),
            (5, Kind::Map),
            (6, Kind::Bytes),
            (7, Kind::Integer),
        ],
    )?;
    map.require(&[1, 2])?;
    let restricted = map
        .value(3)
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());

    let request: get_assertion::Request = map.typed()?;
    client_data_hash(&request.client_data_hash)?;
    relying_party_id(&request.rp_id)?;
    Ok(GetAssertion {
        request,
        restricted,
    })
}

/// It is what gets signed, so it had better be a SHA-256 hash.
fn client_data_hash(hash: &[u8]) -> Result<(), Ctap2Error> {
    if hash.len() == 32 {
        Ok(())
    } else {
        Err(Ctap2Error::InvalidLength)
    }
}

/// It is the one name that the person decides by.
fn relying_party_id(id: &str) -> Result<(), Ctap2Error> {
    if id.is_empty() {
        Err(Ctap2Error::InvalidParameter)
    } else {
        Ok(())
    }
}

/// What a parameter must be.
#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Bytes,
    Text,
    Array,
    Map,
}

impl Kind {
    fn check(self, value: &Value) -> Result<(), Ctap2Error> {
        let matches = match self {
            Self::Integer => value.is_integer(),
            Self::Bytes => value.is_bytes(),
            Self::Text => value.is_text(),
            Self::Array => value.is_array(),
            Self::Map => value.is_map(),
        };
        if matches {
            Ok(())
        } else {
            Err(Ctap2Error::CborUnexpectedType)
        }
    }
}

/// The parameters of a command that are known, each at most once and of its kind.
struct Parameters(Vec<(u8, Value)>);

impl Parameters {
    fn read(bytes: &[u8], known: &[(u8, Kind)]) -> Result<Self, Ctap2Error> {
        let mut rest = bytes;
        let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
            .map_err(|_| Ctap2Error::InvalidCbor)?;
        if !rest.is_empty() {
            return Err(Ctap2Error::InvalidCbor);
        }
        let entries = value
            .into_map()
            .map_err(|_| Ctap2Error::CborUnexpectedType)?;

        let mut parameters = Self(Vec::with_capacity(known.len()));
        for (key, value) in entries {
            let key = key.as_integer().and_then(|key| u8::try_from(key).ok());
            let Some((key, kind)) = known.iter().find(|(known, _)| Some(*known) == key) else {
                continue;
            };
            if parameters.value(*key).is_some() {
                return Err(Ctap2Error::InvalidCbor);
            }
            kind.check(&value)?;
            parameters.0.push((*key, value));
        }
        Ok(parameters)
    }

    fn require(&self, keys: &[u8]) -> Result<(), Ctap2Error> {
        if keys.iter().all(|key| self.value(*key).is_some()) {
            Ok(())
        } else {
            Err(Ctap2Error::MissingParameter)
        }
    }

    fn value(&self, key: u8) -> Option<&Value> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    fn entity(&mut self, key: u8) -> Result<&mut Vec<(Value, Value)>, Ctap2Error> {
        self.0
            .iter_mut()
            .find(|(k, _)| *k == key)
            .and_then(|(_, value)| value.as_map_mut())
            .ok_or(Ctap2Error::MissingParameter)
    }

    fn typed<T: DeserializeOwned>(self) -> Result<T, Ctap2Error> {
        let entries = self.0.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Value::Map(entries)
            .deserialized()
            .map_err(|_| Ctap2Error::CborUnexpectedType)
    }
}

/// The entry of an entity with this text key.
fn entry<'a>(
    entity: &'a [(Value, Value)],
    name: &str,
    kind: Kind,
) -> Result<Option<&'a Value>, Ctap2Error> {
    let found = entity.iter().find(|(key, _)| key.as_text() == Some(name));
    let value = found.map(|(_, value)| value);
    value.map(|value| kind.check(value)).transpose()?;
    Ok(value)
}
