//! Requests, written in the CTAP2 canonical form (CTAP 2.2 §8).

use std::fmt;

use crate::ctap::cbor::{Writer, Written, append};

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
pub(crate) const GET_INFO: u8 = 0x04;

/// One CTAP2 request: a command byte and its CBOR parameters.
///
/// `Debug` shows the command and the length, because the parameters name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct CtapRequest(Vec<u8>);

impl CtapRequest {
    /// `authenticatorGetInfo` (CTAP 2.2 §6.4).
    ///
    /// It never goes on the wire: phones send their answer unasked after the handshake, and an iPhone
    /// does not answer the question. [`Session::ctap`](crate::Session::ctap) answers it from there.
    #[must_use]
    pub fn get_info() -> Self {
        Self(vec![GET_INFO])
    }

    /// A request that somebody else encoded, for instance a browser's or an agent's.
    ///
    /// The bytes are sent as they are. They have to be canonical CBOR, or Android phones refuse them.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The command byte and its parameters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The command byte; `None` when there are no bytes.
    #[must_use]
    pub fn command(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn new(command: u8, parameters: impl FnOnce(&mut Writer<'_>) -> Written) -> Self {
        let mut bytes = vec![command];
        append(&mut bytes, parameters);
        Self(bytes)
    }
}

impl fmt::Debug for CtapRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.command() {
            Some(command) => write!(f, "CtapRequest({command:#04x}, {} bytes)", self.0.len()),
            None => f.write_str("CtapRequest(empty)"),
        }
    }
}

/// What a passkey is for: a site and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The relying party id: a domain.
    pub id: String,
    /// What the phone calls the site. iPhones refuse a request without it.
    pub name: String,
}

/// Whom a passkey is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user handle: 1 to 64 opaque bytes.
    pub id: Vec<u8>,
    /// The account's name, for instance a mail address.
    pub name: String,
    /// The person's name. iPhones refuse a request without it; the empty text will do.
    pub display_name: String,
}

/// `authenticatorMakeCredential`: make a passkey (CTAP 2.2 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakeCredential {
    /// SHA-256 of the client data.
    pub client_data_hash: [u8; 32],
    /// The site.
    pub relying_party: RelyingParty,
    /// The account.
    pub user: User,
    /// COSE algorithm numbers, the favourite first; -7 is ES256.
    pub algorithms: Vec<i64>,
    /// Ids of passkeys that the account has already: a phone with one of them refuses.
    pub exclude: Vec<Vec<u8>>,
    /// Whether the passkey must be found without knowing its id (option `rk`).
    pub discoverable: bool,
    /// Whether the phone must verify its user (option `uv`).
    pub verify_user: bool,
}

/// `authenticatorGetAssertion`: sign in with a passkey (CTAP 2.2 §6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAssertion {
    /// The relying party id: a domain.
    pub relying_party_id: String,
    /// SHA-256 of the client data.
    pub client_data_hash: [u8; 32],
    /// Ids of the passkeys that will do; none means any that the phone has for the site.
    pub allow: Vec<Vec<u8>>,
    /// Whether the phone must verify its user (option `uv`).
    pub verify_user: bool,
}

impl From<&MakeCredential> for CtapRequest {
    /// Optional parameters that say nothing (an empty list, an option at its default) are left out.
    fn from(request: &MakeCredential) -> Self {
        let options = [("rk", request.discoverable), ("uv", request.verify_user)];
        Self::new(MAKE_CREDENTIAL, |w| {
            let optional = [!request.exclude.is_empty(), options.iter().any(|o| o.1)];
            w.map(4 + count(&optional))?;
            w.u8(1)?.bytes(&request.client_data_hash)?;

            w.u8(2)?.map(2)?;
            w.str("id")?.str(&request.relying_party.id)?;
            w.str("name")?.str(&request.relying_party.name)?;

            w.u8(3)?.map(3)?;
            w.str("id")?.bytes(&request.user.id)?;
            w.str("name")?.str(&request.user.name)?;
            w.str("displayName")?.str(&request.user.display_name)?;

            w.u8(4)?.array(length(&request.algorithms))?;
            for algorithm in &request.algorithms {
                w.map(2)?.str("alg")?.i64(*algorithm)?;
                w.str("type")?.str("public-key")?;
            }
            descriptors(w, 5, &request.exclude)?;
            on_options(w, 7, &options)
        })
    }
}

impl From<&GetAssertion> for CtapRequest {
    /// Optional parameters that say nothing (an empty list, an option at its default) are left out.
    fn from(request: &GetAssertion) -> Self {
        let options = [("uv", request.verify_user)];
        Self::new(GET_ASSERTION, |w| {
            let optional = [!request.allow.is_empty(), request.verify_user];
            w.map(2 + count(&optional))?;
            w.u8(1)?.str(&request.relying_party_id)?;
            w.u8(2)?.bytes(&request.client_data_hash)?;
            descriptors(w, 3, &request.allow)?;
            on_options(w, 5, &options)
        })
    }
}

/// Descriptors carry no transports: an iPhone rejects a list in which one entry says "usb".
fn descriptors(w: &mut Writer<'_>, key: u8, ids: &[Vec<u8>]) -> Written {
    if ids.is_empty() {
        return Ok(());
    }
    w.u8(key)?.array(length(ids))?;
    for id in ids {
        w.map(2)?.str("id")?.bytes(id)?;
        w.str("type")?.str("public-key")?;
    }
    Ok(())
}

/// Only options that are on: `false` is the default of each.
fn on_options(w: &mut Writer<'_>, key: u8, options: &[(&str, bool)]) -> Written {
    let on = options.iter().filter(|option| option.1);
    let entries = on.clone().count();
    if entries == 0 {
        return Ok(());
    }
    w.u8(key)?.map(u64::try_from(entries).unwrap_or(u64::MAX))?;
    for (name, _) in on {
        w.str(name)?.bool(true)?;
    }
    Ok(())
}

fn count(flags: &[bool]) -> u64 {
    flags.iter().map(|flag| u64::from(*flag)).sum()
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
