//! What a [`FileStore`](super::FileStore) writes: JSON, with bytes as base64url without padding.

use data_encoding::BASE64URL_NOPAD;
use passkey_crypto::CoseKey;
use passkey_crypto::coset::CborSerializable as _;
use passkey_types::{CredentialExtensions, Passkey, StoredHmacSecret};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use zeroize::Zeroizing;

/// The form that this crate writes and the only one that it reads.
pub(super) const VERSION: u32 = 1;

/// What one passkey takes at most, in bytes, unless its names are very long.
const RECORD_LEN: usize = 2048;

/// Unknown fields are refused: a file of a newer release must not lose them when it is written back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    version: u32,
    passkeys: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    rp_id: String,
    credential_id: Base64Url,
    user_handle: Option<Base64Url>,
    user_name: Option<String>,
    user_display_name: Option<String>,
    counter: Option<u32>,
    /// A `COSE_Key` with its private part (RFC 9052 §7).
    key: Base64Url,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hmac_secret: Option<HmacSecret>,
}

/// Secrets of the `hmac-secret` extension: nothing here makes them, but a passkey that was given to the
/// store may have some.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HmacSecret {
    with_uv: Base64Url,
    without_uv: Option<Base64Url>,
}

/// Just enough of a [`Document`] to tell what the rest will look like.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) version: u32,
}

/// Erased when it drops: private keys stand in it.
pub(super) fn to_json(passkeys: &[Passkey]) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let document = Document {
        version: VERSION,
        passkeys: passkeys
            .iter()
            .map(Record::try_from)
            .collect::<Result<_, _>>()
            .map_err(ser::Error::custom)?,
    };
    // Enough for every key, so that no reallocation leaves a copy behind as a rule.
    let capacity = passkeys.len().saturating_mul(RECORD_LEN);
    let mut json = Zeroizing::new(Vec::with_capacity(capacity));
    serde_json::to_writer_pretty(&mut *json, &document)?;
    json.push(b'\n');
    Ok(json)
}

pub(super) fn from_json(json: &[u8]) -> Result<Vec<Passkey>, serde_json::Error> {
    let document: Document = serde_json::from_slice(json)?;
    document
        .passkeys
        .into_iter()
        .map(Passkey::try_from)
        .collect::<Result<_, _>>()
        .map_err(de::Error::custom)
}

impl TryFrom<&Passkey> for Record {
    type Error = &'static str;

    fn try_from(passkey: &Passkey) -> Result<Self, Self::Error> {
        let key = passkey.key.clone().to_vec();
        Ok(Self {
            rp_id: passkey.rp_id.clone(),
            credential_id: Base64Url::from(passkey.credential_id.to_vec()),
            user_handle: passkey
                .user_handle
                .as_ref()
                .map(|h| Base64Url::from(h.to_vec())),
            user_name: passkey.username.clone(),
            user_display_name: passkey.user_display_name.clone(),
            counter: passkey.counter,
            key: key
                .map(Base64Url::from)
                .map_err(|_| "a key has no COSE form")?,
            hmac_secret: passkey
                .extensions
                .hmac_secret
                .as_ref()
                .map(|secret| HmacSecret {
                    with_uv: Base64Url::from(secret.cred_with_uv.clone()),
                    without_uv: secret.cred_without_uv.clone().map(Base64Url::from),
                }),
        })
    }
}

impl TryFrom<Record> for Passkey {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        Ok(Self {
            key: CoseKey::from_slice(&record.key.0).map_err(|_| "a key is not a COSE_Key")?,
            credential_id: record.credential_id.0.to_vec().into(),
            rp_id: record.rp_id,
            user_handle: record.user_handle.map(|handle| handle.0.to_vec().into()),
            username: record.user_name,
            user_display_name: record.user_display_name,
            counter: record.counter,
            extensions: CredentialExtensions {
                hmac_secret: record.hmac_secret.map(|secret| StoredHmacSecret {
                    cred_with_uv: secret.with_uv.0.to_vec(),
                    cred_without_uv: secret.without_uv.map(|secret| secret.0.to_vec()),
                }),
            },
        })
    }
}

struct Base64Url(Zeroizing<Vec<u8>>);

impl From<Vec<u8>> for Base64Url {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        // The decoder's own message names an offset only; the text may be a private key.
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        bytes.map(Self::from).map_err(de::Error::custom)
    }
}
