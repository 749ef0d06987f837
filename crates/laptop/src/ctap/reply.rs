//! Replies: what a phone made or signed, and the bytes that it did so over.
//!
//! Signed bytes are kept as they came. Whatever is re-encoded, be it in a better form, no longer
//! verifies.

use std::error::Error;

use minicbor::{Decoder, decode};

use crate::ctap::cbor::{Key, append, each_entry, raw};
use crate::ctap::status::Status;

mod authenticator_data;

pub use authenticator_data::{AttestedCredential, AuthenticatorData};

/// Why a reply yields no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The phone refused, and this is its reason.
    #[error("the phone answered {0}")]
    Status(Status),
    /// The reply has no status byte.
    #[error("the reply is empty")]
    Empty,
    /// The reply is not the CBOR that it should be.
    #[error("the reply is not the expected CBOR")]
    Cbor(#[source] Box<dyn Error + Send + Sync>),
    /// A required member is missing.
    #[error("the reply lacks its {0}")]
    Missing(&'static str),
    /// Something follows the reply's end.
    #[error("the reply goes on after its end")]
    TrailingBytes,
    /// The authenticator data is cut short or has an impossible length (WebAuthn §6.1).
    #[error("the authenticator data is malformed")]
    AuthenticatorData,
}

/// The reply to `authenticatorMakeCredential` (CTAP 2.2 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    format: String,
    authenticator_data: AuthenticatorData,
    credential: AttestedCredential,
    statement: Vec<u8>,
}

impl Attestation {
    /// Reads a reply: a status byte and CBOR. Unknown members are ignored.
    ///
    /// # Errors
    /// [`ReplyError::Status`] when the status is not [`Status::OK`]; another when the reply is
    /// malformed or its authenticator data names no new passkey.
    pub fn parse(reply: &[u8]) -> Result<Self, ReplyError> {
        let (mut format, mut data, mut statement) = (None, None, None);
        members(reply, |key, cbor| {
            match key {
                1 => format = Some(cbor.str()?.to_owned()),
                2 => data = Some(cbor.bytes()?),
                3 => statement = Some(raw(cbor)?.to_vec()),
                _ => cbor.skip()?,
            }
            Ok(())
        })?;
        let data = data.ok_or(ReplyError::Missing("authenticator data"))?;
        let authenticator_data = AuthenticatorData::parse(data)?;
        Ok(Self {
            format: format.ok_or(ReplyError::Missing("attestation format"))?,
            credential: authenticator_data
                .attested()?
                .ok_or(ReplyError::Missing("new passkey"))?,
            authenticator_data,
            statement: statement.ok_or(ReplyError::Missing("attestation statement"))?,
        })
    }

    /// The attestation statement format, for instance `none` or `packed`.
    #[must_use]
    pub fn format(&self) -> &str {
        &self.format
    }

    /// The authenticator data.
    #[must_use]
    pub fn authenticator_data(&self) -> &AuthenticatorData {
        &self.authenticator_data
    }

    /// The new passkey.
    #[must_use]
    pub fn credential(&self) -> &AttestedCredential {
        &self.credential
    }

    /// The attestation object as the phone made it (WebAuthn §6.5.4).
    #[must_use]
    pub fn object(&self) -> Vec<u8> {
        self.encode(&self.format, &self.statement)
    }

    /// The attestation object without its statement, for a relying party that asked for none.
    #[must_use]
    pub fn object_without_statement(&self) -> Vec<u8> {
        const EMPTY_MAP: &[u8] = &[0xa0];
        self.encode("none", EMPTY_MAP)
    }

    fn encode(&self, format: &str, statement: &[u8]) -> Vec<u8> {
        let mut object = Vec::new();
        append(&mut object, |w| {
            w.map(3)?.str("fmt")?.str(format)?.str("attStmt")?;
            w.writer_mut().extend_from_slice(statement);
            w.str("authData")?
                .bytes(self.authenticator_data.as_bytes())?;
            Ok(())
        });
        object
    }
}

/// The reply to `authenticatorGetAssertion` (CTAP 2.2 §6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The passkey's id. A phone may leave it out when exactly one was allowed.
    pub credential_id: Option<Vec<u8>>,
    /// The authenticator data, which is signed.
    pub authenticator_data: AuthenticatorData,
    /// The signature over authenticator data and client data hash.
    pub signature: Vec<u8>,
    /// The user handle that the passkey was made with.
    pub user_handle: Option<Vec<u8>>,
}

impl Assertion {
    /// Reads a reply: a status byte and CBOR. Unknown members are ignored.
    ///
    /// # Errors
    /// [`ReplyError::Status`] when the status is not [`Status::OK`]; another when it is malformed.
    pub fn parse(reply: &[u8]) -> Result<Self, ReplyError> {
        let (mut credential_id, mut data, mut signature, mut user_handle) =
            (None, None, None, None);
        members(reply, |key, cbor| {
            match key {
                1 => credential_id = id_of(cbor)?,
                2 => data = Some(cbor.bytes()?),
                3 => signature = Some(cbor.bytes()?.to_vec()),
                4 => user_handle = id_of(cbor)?,
                _ => cbor.skip()?,
            }
            Ok(())
        })?;
        let data = data.ok_or(ReplyError::Missing("authenticator data"))?;
        Ok(Self {
            credential_id,
            authenticator_data: AuthenticatorData::parse(data)?,
            signature: signature.ok_or(ReplyError::Missing("signature"))?,
            user_handle,
        })
    }
}

/// The transports in an `authenticatorGetInfo` reply (CTAP 2.2 §6.4, member 9); none when it does
/// not tell or cannot be read, because nothing but a hint for later depends on them.
pub(crate) fn transports(reply: &[u8]) -> Vec<String> {
    let mut transports = Vec::new();
    let read = members(reply, |key, cbor| {
        if key != 9 {
            return cbor.skip();
        }
        for transport in cbor.array_iter::<&str>()? {
            transports.push(transport?.to_owned());
        }
        Ok(())
    });
    match read {
        Ok(()) => transports,
        Err(_) => Vec::new(),
    }
}

/// Calls `member` with each member of a successful reply.
fn members<'b>(
    reply: &'b [u8],
    mut member: impl FnMut(u64, &mut Decoder<'b>) -> Result<(), decode::Error>,
) -> Result<(), ReplyError> {
    let (status, cbor) = reply.split_first().ok_or(ReplyError::Empty)?;
    let status = Status::from_code(*status);
    if status != Status::OK {
        return Err(ReplyError::Status(status));
    }
    let mut cbor = Decoder::new(cbor);
    each_entry(&mut cbor, |key, cbor| match key {
        Key::Number(number) => member(number, cbor),
        Key::Text(_) | Key::Other => cbor.skip(),
    })
    .map_err(unexpected)?;
    if cbor.position() == cbor.input().len() {
        Ok(())
    } else {
        Err(ReplyError::TrailingBytes)
    }
}

/// The CBOR library's word for it is a cause and no part of this crate's interface.
fn unexpected(error: decode::Error) -> ReplyError {
    ReplyError::Cbor(error.into())
}

/// The `id` of a credential descriptor or user entity.
fn id_of(cbor: &mut Decoder<'_>) -> Result<Option<Vec<u8>>, decode::Error> {
    let mut id = None;
    each_entry(cbor, |key, cbor| {
        if key == Key::Text("id") {
            id = Some(cbor.bytes()?.to_vec());
            return Ok(());
        }
        cbor.skip()
    })?;
    Ok(id)
}

#[cfg(test)]
mod tests;
