//! Tokens as the documentation of the relay describes them, made independently of its own code.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use ring::hmac;

/// A token for `path` that was made `age` seconds ago, with a nonce of one byte repeated.
pub(crate) fn token(key: &str, path: &str, age: i64, nonce: u8) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let made = i64::try_from(now.as_secs()).unwrap() - age;
    let signed = format!("v1 {made} {}", HEXLOWER.encode(&[nonce; 16]));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, format!("hawser peer\n{signed}\n{path}").as_bytes());
    format!("{signed} {}", HEXLOWER.encode(tag.as_ref()))
}
