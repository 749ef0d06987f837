//! The PROXY protocol: a header in front of everything, as text (version 1) or binary (version 2).

use std::net::IpAddr;

use ppp::{PartialResult as _, v1, v2};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::Told;

/// Longest header. Version 1 has 107 bytes at most; load balancers add some hundred bytes of their
/// own to version 2.
const HEADER_MAX: usize = 2048;

/// What a header of version 1 begins with.
const LINE_START: &[u8] = b"PROXY ";

/// Longest header of version 1.
const LINE_MAX: usize = 107;

/// Reads a header and nothing behind it.
///
/// # Cancel safety
/// Not cancel safe: a part of the header may have been read.
pub(crate) async fn read_header(stream: &mut TcpStream) -> Told {
    read(stream).await.unwrap_or(Told::Lost)
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Told> {
    let mut header = vec![0; HEADER_MAX];
    let mut read = 0;
    loop {
        let seen = stream
            .peek(header.get_mut(read..).unwrap_or_default())
            .await?;
        if seen == 0 {
            // The end of the stream, or of what a header may have.
            let full = read == HEADER_MAX;
            return Ok(if full { Told::Malformed } else { Told::Lost });
        }
        let (len, told) = match parse(header.get(..read + seen).unwrap_or_default()) {
            Some((len, told)) => (len, Some(told)),
            None => (read + seen, None),
        };
        // What has been looked at so far belongs to the header.
        let rest = header.get_mut(read..len).unwrap_or_default();
        stream.read_exact(rest).await?;
        read = len;
        if let Some(told) = told {
            return Ok(told);
        }
    }
}

/// The length of a header and what it tells; `None` while it is incomplete.
fn parse(bytes: &[u8]) -> Option<(usize, Told)> {
    if bytes.first() == LINE_START.first() {
        parse_line(bytes)
    } else {
        parse_binary(bytes)
    }
}

/// Version 1, a line. Only a whole one is parsed, because a torn one looks like a wrong one.
fn parse_line(bytes: &[u8]) -> Option<(usize, Told)> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        let may_be = bytes.len() < LINE_MAX
            && bytes
                .iter()
                .zip(LINE_START)
                .all(|(byte, expected)| byte == expected);
        return (!may_be).then_some((0, Told::Malformed));
    };
    let line = bytes.get(..=end).unwrap_or_default();
    Some(match v1::Header::try_from(line) {
        Ok(header) => {
            let client: Option<IpAddr> = match header.addresses {
                v1::Addresses::Unknown => None,
                v1::Addresses::Tcp4(ends) => Some(ends.source_address.into()),
                v1::Addresses::Tcp6(ends) => Some(ends.source_address.into()),
            };
            (line.len(), told(client))
        }
        Err(_) => (0, Told::Malformed),
    })
}

/// Version 2, with its length in front.
fn parse_binary(bytes: &[u8]) -> Option<(usize, Told)> {
    let parsed = v2::Header::try_from(bytes);
    if parsed.is_incomplete() {
        return None;
    }
    Some(match parsed {
        Ok(header) => {
            let client: Option<IpAddr> = match (header.command, header.addresses) {
                (v2::Command::Proxy, v2::Addresses::IPv4(ends)) => Some(ends.source_address.into()),
                (v2::Command::Proxy, v2::Addresses::IPv6(ends)) => Some(ends.source_address.into()),
                _ => None,
            };
            (header.len(), told(client))
        }
        Err(_) => (0, Told::Malformed),
    })
}

fn told(client: Option<IpAddr>) -> Told {
    client.map_or(Told::Nothing, Told::Client)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// What is told by bytes that come in pieces, and what is left to read behind.
    async fn read_pieces(pieces: &[&[u8]]) -> (Told, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        sender.set_nodelay(true).unwrap();
        let (mut receiver, _) = listener.accept().await.unwrap();
        let write = async move {
            for piece in pieces {
                sender.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let read = async move {
            let told = read_header(&mut receiver).await;
            let mut rest = Vec::new();
            if matches!(told, Told::Client(_) | Told::Nothing) {
                receiver.read_to_end(&mut rest).await.unwrap();
            }
            (told, rest)
        };
        tokio::join!(write, read).1
    }

    fn client(address: &str) -> Told {
        Told::Client(address.parse().unwrap())
    }

    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
        header.extend([0x20 | command, family]);
        header.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        header.extend(body);
        header
    }

    #[tokio::test]
    async fn both_versions_whole_and_byte_by_byte_and_nothing_behind_is_taken() {
        let v4 = version_2(1, 0x11, &[192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 1, 187]);
        let v4_with_more = version_2(
            1,
            0x11,
            &[192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 1, 187, 3, 0, 1, 7],
        );
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        for (header, expected) in [
            (
                b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n".to_vec(),
                client("192.0.2.1"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 fd00::1 4711 443\r\n".to_vec(),
                client("2001:db8::1"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), Told::Nothing),
            (v4, client("192.0.2.1")),
            (v4_with_more, client("192.0.2.1")),
            (version_2(1, 0x21, &v6), client("2001:db8::")),
            (version_2(0, 0, &[]), Told::Nothing),
        ] {
            let whole = [header.as_slice(), b"GET / HTTP/1.1"].concat();
            assert_eq!(
                read_pieces(&[&whole]).await,
                (expected, b"GET / HTTP/1.1".to_vec())
            );
            let bytes: Vec<_> = whole.chunks(1).collect();
            assert_eq!(
                read_pieces(&bytes).await,
                (expected, b"GET / HTTP/1.1".to_vec())
            );
        }
    }

    #[tokio::test]
    async fn a_header_may_be_as_long_as_its_limit_and_no_longer() {
        let mut body = vec![192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 1, 187];
        // The balancer's own things, to the limit.
        let [high, low] = u16::try_from(HEADER_MAX - 16 - 12 - 3)
            .unwrap()
            .to_be_bytes();
        body.extend([0xE0, high, low]);
        body.resize(HEADER_MAX - 16, 0);
        let longest = version_2(1, 0x11, &body);
        assert_eq!(longest.len(), HEADER_MAX);
        assert_eq!(read_pieces(&[&longest]).await.0, client("192.0.2.1"));
        body.push(0);
        let longer = version_2(1, 0x11, &body);
        assert_eq!(read_pieces(&[&longer]).await.0, Told::Malformed);

        let line = [LINE_START, &[b'T'; LINE_MAX]].concat();
        let (torn, too_long) = (&line[..LINE_MAX - 1], &line[..LINE_MAX]);
        assert_eq!(read_pieces(&[torn]).await.0, Told::Lost, "its end may come");
        assert_eq!(read_pieces(&[too_long]).await.0, Told::Malformed);
    }

    #[tokio::test]
    async fn what_is_no_header_is_malformed_and_a_part_of_one_is_lost() {
        let endless = [
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice(),
            &[0; HEADER_MAX],
        ]
        .concat();
        for bytes in [
            b"GET / HTTP/1.1\r\n".as_slice(),
            b"PROXY TCP4 192.0.2.1\r\n",
            b"PROXY TCP4 192.0.2.256 10.0.0.1 4711 443\r\n",
            b"\x16\x03\x01\x02\0\x01\0",
            &[b'P'; 200],
            &endless,
        ] {
            assert_eq!(read_pieces(&[bytes]).await.0, Told::Malformed, "{bytes:?}");
        }
        for bytes in [
            b"".as_slice(),
            b"PROXY TCP4 192.0",
            b"\r\n\r\n\0\r\nQUIT\n\x21",
        ] {
            assert_eq!(read_pieces(&[bytes]).await.0, Told::Lost, "{bytes:?}");
        }
    }
}
