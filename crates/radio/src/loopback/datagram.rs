//! One advert as a datagram; the layout is in the docs of [`loopback`](super).

/// The most bytes of service data: what fits behind a length of one byte. A real advert has 20,
/// or some more in the extended form.
pub const MAX_SERVICE_DATA: usize = 252;

/// The longest datagram in bytes.
#[cfg(any(feature = "scanner", test))]
pub(super) const MAX_LEN: usize = HEAD_LEN + MAX_SERVICE_DATA;

const HEAD_LEN: usize = 4;

/// "Service Data - 16-bit UUID" (Bluetooth Assigned Numbers §2.3).
const SERVICE_DATA_16: u8 = 0x16;

/// The datagram, unless the service data is longer than [`MAX_SERVICE_DATA`].
#[cfg(any(feature = "advertiser", test))]
pub(super) fn encode(uuid: u16, service_data: &[u8]) -> Option<Vec<u8>> {
    let len = u8::try_from(HEAD_LEN - 1 + service_data.len()).ok()?;
    let mut datagram = vec![len, SERVICE_DATA_16];
    datagram.extend(uuid.to_le_bytes());
    datagram.extend(service_data);
    Some(datagram)
}

/// The UUID and the service data, unless the datagram is something else.
#[cfg(any(feature = "scanner", test))]
pub(super) fn decode(datagram: &[u8]) -> Option<(u16, &[u8])> {
    let ([len, kind, low, high], service_data) = datagram.split_first_chunk()?;
    let fits = usize::from(*len) + 1 == datagram.len();
    (fits && *kind == SERVICE_DATA_16).then(|| (u16::from_le_bytes([*low, *high]), service_data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_a_bluetooth_advert() {
        let datagram = encode(0xFFF9, &[1, 2, 3]).unwrap();
        assert_eq!(datagram, [6, 0x16, 0xF9, 0xFF, 1, 2, 3]);
        assert_eq!(decode(&datagram), Some((0xFFF9, &[1, 2, 3][..])));
        assert_eq!(decode(&[3, 0x16, 0xE2, 0xFD]), Some((0xFDE2, &[][..])));
    }

    #[test]
    fn the_longest_service_data_fits_and_a_byte_more_does_not() {
        let datagram = encode(0xFFF9, &[7; MAX_SERVICE_DATA]).unwrap();
        assert_eq!(datagram.len(), MAX_LEN);
        assert_eq!(decode(&datagram).unwrap().1.len(), MAX_SERVICE_DATA);
        assert_eq!(encode(0xFFF9, &[7; MAX_SERVICE_DATA + 1]), None);
    }

    #[test]
    fn whatever_does_not_fit_the_layout_is_nothing() {
        let good = encode(0xFFF9, &[1, 2, 3]).unwrap();
        for len in 0..good.len() {
            assert_eq!(decode(&good[..len]), None, "cut to {len}");
        }
        assert_eq!(
            decode(&[good.clone(), vec![0]].concat()),
            None,
            "a byte behind"
        );
        let mut other_kind = good;
        other_kind[1] = 0x21;
        assert_eq!(decode(&other_kind), None);
    }
}
