//! `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! Each proxy on the way appends the address that it was reached from, so the list is true from its
//! end as far as the proxies are trusted. What stands before that is the client's own claim.

use std::net::{IpAddr, SocketAddr};

use super::Told;
use crate::config::{AddressFrom, Proxies};
use crate::request::RequestHead;

/// What the fields of a trusted proxy's request tell about the client.
pub(crate) fn told_by(head: &RequestHead<'_>, proxies: &Proxies) -> Told {
    let nodes = match proxies.address_from {
        AddressFrom::XForwardedFor => forwarded_for(head),
        AddressFrom::Forwarded => forwarded(head),
        AddressFrom::Connection | AddressFrom::ProxyProtocol => return Told::Nothing,
    };
    if nodes.is_empty() {
        return Told::Nothing;
    }
    for node in nodes.into_iter().rev() {
        match node {
            Some(address) if proxies.trusted.contain(address) => {}
            Some(address) => return Told::Client(address),
            None => return Told::Malformed,
        }
    }
    Told::Nothing
}

/// `192.0.2.1, 2001:db8::1`, by some with ports: `192.0.2.1:4711, [2001:db8::1]:4711`.
fn forwarded_for(head: &RequestHead<'_>) -> Vec<Option<IpAddr>> {
    head.values("x-forwarded-for")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|node| {
            let node = std::str::from_utf8(node.trim_ascii()).ok()?;
            let bare = node.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<IpAddr>()
                .or_else(|_| node.parse::<SocketAddr>().map(|address| address.ip()))
                .ok()
        })
        .collect()
}

/// `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`.
fn forwarded(head: &RequestHead<'_>) -> Vec<Option<IpAddr>> {
    head.values("forwarded")
        .flat_map(|value| {
            // What is no text stands in the client's own claim, and must not spoil what was appended to it.
            let value = String::from_utf8_lossy(value);
            let nodes = split(&value, ',').into_iter().map(forwarded_by_one);
            nodes.collect::<Vec<_>>()
        })
        .collect()
}

/// The one `for` of what a proxy said.
fn forwarded_by_one(element: &str) -> Option<IpAddr> {
    let mut nodes = split(element, ';').into_iter().filter(|pair| {
        let name = pair.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| name.eq_ignore_ascii_case("for"))
    });
    let (node, None) = (nodes.next()?, nodes.next()) else {
        return None;
    };
    let parsed = rfc7239::parse(node).next()?.ok()?;
    parsed.forwarded_for?.ip().copied()
}

/// Splits outside of quoted texts, in which a proxy may pass on what a client chose (`host="a,b"`). From the
/// end, because only what was appended is sure to have its quotes in pairs.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut quoted = false;
    for (at, letter) in text.char_indices().rev() {
        if letter == '"' && !is_escaped(text, at) {
            quoted = !quoted;
        } else if letter == separator
            && !quoted
            && let Some((before, part)) = rest.split_at_checked(at)
        {
            parts.push(part.trim_start_matches(separator).trim());
            rest = before;
        }
    }
    parts.push(rest.trim());
    parts.reverse();
    parts
}

/// Whether an odd number of backslashes stands before this place.
fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let slashes = before.len() - before.trim_end_matches('\\').len();
    slashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use httparse::Header;

    use super::*;

    fn told<V: AsRef<[u8]>>(address_from: AddressFrom, fields: &[(&str, V)]) -> Told {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| Header {
                name,
                value: value.as_ref(),
            })
            .collect();
        let head = RequestHead {
            method: "GET",
            target: "/",
            fields: &fields,
        };
        let proxies = Proxies {
            trusted: "10.0.0.0/8,fd00::/8".parse().unwrap(),
            address_from,
        };
        told_by(&head, &proxies)
    }

    fn client(address: &str) -> Told {
        Told::Client(address.parse().unwrap())
    }

    #[test]
    fn the_last_address_of_x_forwarded_for_that_is_no_proxys_counts() {
        for (value, expected) in [
            ("192.0.2.1", client("192.0.2.1")),
            ("192.0.2.1:4711", client("192.0.2.1")),
            ("2001:db8::1", client("2001:db8::1")),
            ("[2001:db8::1]", client("2001:db8::1")),
            ("[2001:db8::1]:4711", client("2001:db8::1")),
            ("198.51.100.1, 192.0.2.1", client("192.0.2.1")),
            ("192.0.2.1,10.1.1.1 , fd00::1", client("192.0.2.1")),
            ("::ffff:10.1.1.1", Told::Nothing),
            ("10.1.1.1", Told::Nothing),
            ("unknown", Told::Malformed),
            ("192.0.2.1, rubbish, 10.1.1.1", Told::Malformed),
            ("rubbish, 192.0.2.1", client("192.0.2.1")),
            ("", Told::Malformed),
        ] {
            let fields = [("X-Forwarded-For", value)];
            assert_eq!(
                told(AddressFrom::XForwardedFor, &fields),
                expected,
                "{value}"
            );
        }
        let twice = [
            ("x-forwarded-for", "192.0.2.1"),
            ("X-Forwarded-For", "192.0.2.2"),
        ];
        assert_eq!(
            told(AddressFrom::XForwardedFor, &twice),
            client("192.0.2.2")
        );
        assert_eq!(told::<&str>(AddressFrom::XForwardedFor, &[]), Told::Nothing);
    }

    #[test]
    fn the_last_for_of_forwarded_that_is_no_proxys_counts() {
        for (value, expected) in [
            ("for=192.0.2.1", client("192.0.2.1")),
            (
                "For=\"[2001:db8::1]:4711\";proto=https",
                client("2001:db8::1"),
            ),
            (
                "for=198.51.100.1, for=192.0.2.1;by=10.0.0.1",
                client("192.0.2.1"),
            ),
            ("for=192.0.2.1, for=10.1.1.1", client("192.0.2.1")),
            // What a client chose, and the proxy passes on in quotes.
            (
                "for=192.0.2.1;host=\"a;for=198.51.100.1\"",
                client("192.0.2.1"),
            ),
            (
                "for=192.0.2.1;host=\"a, for=198.51.100.1\"",
                client("192.0.2.1"),
            ),
            (
                "for=192.0.2.1;host=\"a\\\", for=198.51.100.1\"",
                client("192.0.2.1"),
            ),
            (
                "for=192.0.2.1;host=\"a\\\\\", for=10.1.1.1",
                client("192.0.2.1"),
            ),
            // What a client sent, and the proxy appended to.
            ("for=\"198.51.100.1, for=192.0.2.1", client("192.0.2.1")),
            ("for=198.51.100.1;\\, for=192.0.2.1", client("192.0.2.1")),
            ("for=192.0.2.1;for=198.51.100.1", Told::Malformed),
            ("for=192.0.2.1, ", Told::Malformed),
            ("", Told::Malformed),
            ("for=_hidden", Told::Malformed),
            ("for=unknown", Told::Malformed),
            ("proto=https", Told::Malformed),
            ("for=192.0.2.256", Told::Malformed),
        ] {
            let fields = [("Forwarded", value)];
            assert_eq!(told(AddressFrom::Forwarded, &fields), expected, "{value}");
        }
        let other = [("X-Forwarded-For", "192.0.2.1")];
        assert_eq!(told(AddressFrom::Forwarded, &other), Told::Nothing);
    }

    #[test]
    fn bytes_that_are_no_text_spoil_only_the_node_that_they_stand_in() {
        for (value, expected) in [
            (&b"for=\"\xff\", for=192.0.2.1"[..], client("192.0.2.1")),
            (b"\xff, for=192.0.2.1", client("192.0.2.1")),
            // The first byte of a longer letter takes no quotation mark with it.
            (b"for=\"\xe2\", for=192.0.2.1", client("192.0.2.1")),
            (
                b"for=192.0.2.1;host=\"\xff\", for=10.1.1.1",
                client("192.0.2.1"),
            ),
            (b"for=192.0.2.1, for=\"\xff\"", Told::Malformed),
        ] {
            let shown = String::from_utf8_lossy(value);
            let fields = [("Forwarded", value)];
            assert_eq!(told(AddressFrom::Forwarded, &fields), expected, "{shown}");
        }
        for (value, expected) in [
            (&b"\xff, 192.0.2.1"[..], client("192.0.2.1")),
            (b"192.0.2.1, \xff", Told::Malformed),
        ] {
            let fields = [("X-Forwarded-For", value)];
            assert_eq!(told(AddressFrom::XForwardedFor, &fields), expected);
        }
    }

    #[test]
    fn no_field_counts_unless_that_is_configured() {
        let fields = [
            ("X-Forwarded-For", "192.0.2.1"),
            ("Forwarded", "for=192.0.2.1"),
        ];
        for address_from in [AddressFrom::Connection, AddressFrom::ProxyProtocol] {
            assert_eq!(told(address_from, &fields), Told::Nothing);
        }
    }
}
