//! Messages that prove themselves: each names its tunnel, direction, place and due time, and has a
//! checksum over all of it.

use std::sync::Arc;

use crate::number::elements;

/// Bytes of a label, and so the shortest message.
pub(crate) const LABEL_LEN: usize = 28;

/// The longest message: what Chromium's reader allows.
pub(crate) const MESSAGE_MAX: usize = 1024 * 1024;

/// Slices of the filling start anywhere in so many bytes.
const SPREAD: u64 = 4096;

/// The top bit of the length says who sent it.
const FROM_LAPTOP: u32 = 1 << 31;

/// One end of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// Opens the tunnel and waits.
    Phone,
    /// Joins it.
    Laptop,
}

/// What a message says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    /// The tunnel's number in this run.
    pub(crate) tunnel: u64,
    /// The end that sent it.
    pub(crate) sender: End,
    /// Its place among the messages of that sender, from 0.
    pub(crate) sequence: u32,
    /// When it was due, in nanoseconds of the run's clock.
    pub(crate) due: u64,
}

/// Why a message is not what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    Truncated,
    Altered,
}

/// Fills messages. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Filling(Arc<[u8]>);

impl Filling {
    /// Random bytes, enough for messages of `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        let mut bytes = vec![0; longest + elements(SPREAD)];
        fastrand::Rng::new().fill(&mut bytes);
        Self(bytes.into())
    }

    /// Appends a message of `size` bytes, at least [`LABEL_LEN`].
    pub(crate) fn write(&self, label: Label, size: usize, out: &mut Vec<u8>) {
        let start = out.len();
        let mut length = u32::try_from(size).unwrap_or(u32::MAX) & !FROM_LAPTOP;
        if label.sender == End::Laptop {
            length |= FROM_LAPTOP;
        }
        out.extend_from_slice(&label.tunnel.to_le_bytes());
        out.extend_from_slice(&label.due.to_le_bytes());
        out.extend_from_slice(&label.sequence.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        let offset = elements((label.tunnel ^ u64::from(label.sequence)) % SPREAD);
        let body = size.saturating_sub(LABEL_LEN);
        let body = self.0.get(offset..offset + body).unwrap_or_default();
        let mut crc = crc32fast::Hasher::new();
        crc.update(out.get(start..).unwrap_or_default());
        crc.update(body);
        out.extend_from_slice(&crc.finalize().to_le_bytes());
        out.extend_from_slice(body);
    }
}

/// Checks a message and reads its label.
pub(crate) fn read(message: &[u8]) -> Result<Label, Damage> {
    let (head, rest) = message.split_first_chunk::<24>().ok_or(Damage::Truncated)?;
    let (sum, body) = rest.split_first_chunk::<4>().ok_or(Damage::Truncated)?;
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(body);
    let label = Head(*head);
    let claimed = elements(u64::from(label.u32_at::<20>() & !FROM_LAPTOP));
    if crc.finalize() != u32::from_le_bytes(*sum) {
        // A label that asks for more than there is was cut off; its own damage would rather show
        // in any other of its bits.
        let is_short = claimed > message.len() && claimed <= MESSAGE_MAX;
        return Err(if is_short {
            Damage::Truncated
        } else {
            Damage::Altered
        });
    }
    if claimed != message.len() {
        return Err(Damage::Altered);
    }
    Ok(Label {
        tunnel: label.u64_at::<0>(),
        due: label.u64_at::<8>(),
        sequence: label.u32_at::<16>(),
        sender: if label.u32_at::<20>() & FROM_LAPTOP == 0 {
            End::Phone
        } else {
            End::Laptop
        },
    })
}

struct Head([u8; 24]);

impl Head {
    fn u64_at<const AT: usize>(&self) -> u64 {
        let bytes = self.0.get(AT..).and_then(|rest| rest.first_chunk());
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    }

    fn u32_at<const AT: usize>(&self) -> u32 {
        let bytes = self.0.get(AT..).and_then(|rest| rest.first_chunk());
        u32::from_le_bytes(bytes.copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABEL: Label = Label {
        tunnel: 0x0123_4567_89ab_cdef,
        sender: End::Laptop,
        sequence: 70_000,
        due: u64::MAX - 1,
    };

    #[test]
    fn a_message_of_any_size_proves_itself() {
        let filling = Filling::new(70_000);
        for size in [
            LABEL_LEN,
            LABEL_LEN + 1,
            81,
            125,
            126,
            65_535,
            65_536,
            70_000,
        ] {
            let mut message = b"before".to_vec();
            filling.write(LABEL, size, &mut message);
            let message = &message[6..];
            assert_eq!(message.len(), size);
            assert_eq!(read(message), Ok(LABEL));
            assert_eq!(read(&message[..size - 1]), Err(Damage::Truncated));
            assert_eq!(read(&[message, b"more"].concat()), Err(Damage::Altered));
        }
        assert_eq!(read(&[]), Err(Damage::Truncated));
    }

    #[test]
    fn no_single_flipped_bit_passes() {
        let mut message = Vec::new();
        Filling::new(81).write(LABEL, 81, &mut message);
        for bit in 0..81 * 8 {
            let mut damaged = message.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged).is_err(), "bit {bit}");
        }
    }
}
