//! What an encrypted message says (CTAP 2.2 §11.5): one type byte, then a payload.
//!
//! The phone's first message after the handshake is no frame; see [`post_handshake`].
//!
//! [`post_handshake`]: crate::post_handshake

use std::fmt;

use zeroize::Zeroizing;

/// The type byte of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// 0: the sender needs the session no more. Laptops send it; a few phones do too.
    Shutdown,
    /// 1: a CTAP request or response.
    Ctap,
    /// 2: a CBOR map that belongs to no request; see [`update`](crate::update).
    Update,
    /// 3: a JSON request or response (CTAP 2.3: digital credentials).
    Json,
}

impl FrameKind {
    /// The type byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Shutdown => 0,
            Self::Ctap => 1,
            Self::Update => 2,
            Self::Json => 3,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Shutdown),
            1 => Some(Self::Ctap),
            2 => Some(Self::Update),
            3 => Some(Self::Json),
            _ => None,
        }
    }
}

/// The word for it in a sentence.
impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "shutdown",
            Self::Ctap => "CTAP",
            Self::Update => "update",
            Self::Json => "JSON",
        })
    }
}

/// Why a plaintext is not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// There is no type byte.
    #[error("empty frame")]
    Empty,
    /// Nobody has given this type byte a meaning.
    #[error("unknown frame type {0}")]
    Unknown(u8),
    /// A CTAP or JSON frame says nothing.
    #[error("{0} frame without a payload")]
    NoPayload(FrameKind),
}

/// A frame that was read. The payload is erased when it drops.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    kind: FrameKind,
    payload: Zeroizing<Vec<u8>>,
}

impl Frame {
    /// Reads a plaintext.
    ///
    /// A payload behind a shutdown is ignored: the session ends all the same.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn decode(mut plaintext: Zeroizing<Vec<u8>>) -> Result<Self, FrameError> {
        let byte = *plaintext.first().ok_or(FrameError::Empty)?;
        let kind = FrameKind::from_byte(byte).ok_or(FrameError::Unknown(byte))?;
        plaintext.drain(..1);
        if plaintext.is_empty() && matches!(kind, FrameKind::Ctap | FrameKind::Json) {
            return Err(FrameError::NoPayload(kind));
        }
        Ok(Self {
            kind,
            payload: plaintext,
        })
    }

    /// Writes a plaintext.
    #[must_use]
    pub fn encode(kind: FrameKind, payload: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut plaintext = Zeroizing::new(Vec::with_capacity(payload.len().saturating_add(1)));
        plaintext.push(kind.byte());
        plaintext.extend_from_slice(payload);
        plaintext
    }

    /// The type byte's meaning.
    #[must_use]
    pub const fn kind(&self) -> FrameKind {
        self.kind
    }

    /// What follows the type byte.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What follows the type byte, for the caller to keep.
    #[must_use]
    pub fn into_payload(mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }
}

/// Shows the length of the payload, never the payload.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}, {} bytes)", self.kind, self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(plaintext: &[u8]) -> Result<(FrameKind, Vec<u8>), FrameError> {
        Frame::decode(Zeroizing::new(plaintext.to_vec()))
            .map(|frame| (frame.kind(), frame.into_payload()))
    }

    #[test]
    fn the_type_byte_decides() {
        assert_eq!(decode(&[0]), Ok((FrameKind::Shutdown, vec![])));
        assert_eq!(decode(&[1, 4]), Ok((FrameKind::Ctap, vec![4])));
        assert_eq!(decode(&[2, 1, 2]), Ok((FrameKind::Update, vec![1, 2])));
        assert_eq!(decode(&[3, b'{']), Ok((FrameKind::Json, vec![b'{'])));
    }

    #[test]
    fn every_other_type_byte_is_unknown() {
        for byte in 4..=u8::MAX {
            assert_eq!(decode(&[byte, 1, 2]), Err(FrameError::Unknown(byte)));
        }
    }

    #[test]
    fn what_says_nothing_is_refused() {
        assert_eq!(decode(&[]), Err(FrameError::Empty));
        assert_eq!(decode(&[1]), Err(FrameError::NoPayload(FrameKind::Ctap)));
        assert_eq!(decode(&[3]), Err(FrameError::NoPayload(FrameKind::Json)));
    }

    #[test]
    fn a_shutdown_is_one_whatever_follows() {
        assert_eq!(decode(&[0, 9]), Ok((FrameKind::Shutdown, vec![9])));
    }

    #[test]
    fn encoding_is_undone() {
        for kind in [
            FrameKind::Shutdown,
            FrameKind::Ctap,
            FrameKind::Update,
            FrameKind::Json,
        ] {
            let plaintext = Frame::encode(kind, &[1, 2, 3]);
            assert_eq!(*plaintext, [kind.byte(), 1, 2, 3]);
            assert_eq!(decode(&plaintext), Ok((kind, vec![1, 2, 3])));
        }
    }

    #[test]
    fn debug_shows_no_payload() {
        let frame = Frame::decode(Frame::encode(FrameKind::Ctap, b"secret")).unwrap();
        assert_eq!(format!("{frame:?}"), "Frame(CTAP, 6 bytes)");
    }
}
