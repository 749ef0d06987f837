//! Reading and writing CBOR with `minicbor`: the three things that it leaves to its callers.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder, decode, encode};

pub(crate) type Writer<'a> = Encoder<&'a mut Vec<u8>>;
pub(crate) type Written = Result<(), encode::Error<Infallible>>;

/// Appends what `write` encodes. Writing to memory cannot fail, so neither can this.
pub(crate) fn append(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Writer<'_>) -> Written) {
    let written = write(&mut Encoder::new(bytes));
    debug_assert!(written.is_ok(), "a Vec takes every byte");
}

/// Calls `entry` with each key of the map that comes next; `entry` must read the value.
///
/// Indefinite lengths are refused: the CTAP2 canonical form has none (CTAP 2.2 §8).
pub(crate) fn each_entry<'b>(
    cbor: &mut Decoder<'b>,
    mut entry: impl FnMut(Key<'b>, &mut Decoder<'b>) -> Result<(), decode::Error>,
) -> Result<(), decode::Error> {
    let entries = cbor
        .map()?
        .ok_or_else(|| decode::Error::message("map without a length"))?;
    for _ in 0..entries {
        let key = match cbor.datatype()? {
            Type::String => Key::Text(cbor.str()?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Key::Number(cbor.u64()?),
            _ => {
                cbor.skip()?;
                Key::Other
            }
        };
        entry(key, cbor)?;
    }
    Ok(())
}

/// A map key: a number in CTAP's own maps, text in those that come from WebAuthn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'b> {
    Number(u64),
    Text(&'b str),
    Other,
}

/// The bytes of the item that comes next, unread: what a phone has signed must not be re-encoded.
pub(crate) fn raw<'b>(cbor: &mut Decoder<'b>) -> Result<&'b [u8], decode::Error> {
    let start = cbor.position();
    cbor.skip()?;
    cbor.input()
        .get(start..cbor.position())
        .ok_or_else(|| decode::Error::message("item without an end"))
}
