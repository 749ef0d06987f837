//! Where a tunnel service is: scheme, host and port.

use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::dialer_error::DialerError;

const WSS_PORT: u16 = 443;
const WS_PORT: u16 = 80;

/// A host and a port to dial. The host is a name or an address literal, without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A tunnel service's origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) plaintext: bool,
    pub(crate) address: Address,
}

impl Address {
    /// Parses `HOST:PORT`; an IPv6 address stands in brackets.
    pub(crate) fn parse(text: &str) -> Result<Self, DialerError> {
        let malformed = || DialerError::Address(text.to_owned());
        let authority: Authority = text.parse().map_err(|_| malformed())?;
        let port = authority.port_u16().ok_or_else(malformed)?;
        Self::from_authority(&authority, port).ok_or_else(malformed)
    }

    fn from_authority(authority: &Authority, port: u16) -> Option<Self> {
        if authority.as_str().contains('@') || port == 0 {
            return None;
        }
        let host = match authority.host().strip_prefix('[') {
            Some(rest) => {
                let literal = rest.strip_suffix(']')?;
                literal.parse::<Ipv6Addr>().ok()?;
                literal
            }
            None => authority.host(),
        };
        (!host.is_empty()).then(|| Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl Service {
    /// TLS on the default port of `host`.
    pub(crate) fn tls(host: String) -> Self {
        let address = Address {
            host,
            port: WSS_PORT,
        };
        Self {
            plaintext: false,
            address,
        }
    }

    /// Parses `wss://HOST[:PORT]`, or `ws://HOST[:PORT]` of a loopback host.
    pub(crate) fn parse(url: &str) -> Result<Self, DialerError> {
        let malformed = || DialerError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        if uri.query().is_some() || !matches!(uri.path(), "" | "/") {
            return Err(malformed());
        }
        let plaintext = match uri.scheme().map(Scheme::as_str) {
            Some("wss") => false,
            Some("ws") => true,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?;
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // The http crate takes a port that is no u16 for none.
            None if !authority.as_str().ends_with(authority.host()) => return Err(malformed()),
            None if plaintext => WS_PORT,
            None => WSS_PORT,
        };
        let address = Address::from_authority(authority, port).ok_or_else(malformed)?;
        if plaintext && !may_be_loopback(&address.host) {
            return Err(DialerError::PlaintextNotLocal(address.host));
        }
        Ok(Self { plaintext, address })
    }

    /// The `Host` header and the authority of the URL: the port only where it is not the default.
    pub(crate) fn authority(&self) -> String {
        let host = self.bracketed_host();
        match (self.plaintext, self.address.port) {
            (false, WSS_PORT) | (true, WS_PORT) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The `Origin` header, without a port, as browsers send it on these requests.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.bracketed_host())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme(), self.authority())
    }

    fn scheme(&self) -> &'static str {
        if self.plaintext { "ws" } else { "wss" }
    }

    fn bracketed_host(&self) -> String {
        if self.address.host.contains(':') {
            format!("[{}]", self.address.host)
        } else {
            self.address.host.clone()
        }
    }
}

/// An early check for a clear message. The addresses that are dialled are checked again, because
/// what `localhost` resolves to is up to the machine.
fn may_be_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_domain_has_neither_port_nor_brackets() {
        let service = Service::tls("cable.my4kstlhndi4c.net".to_owned());
        assert_eq!(service.authority(), "cable.my4kstlhndi4c.net");
        assert_eq!(service.origin(), "wss://cable.my4kstlhndi4c.net");
        assert_eq!(service.url("/x"), "wss://cable.my4kstlhndi4c.net/x");
        assert_eq!(service.address.port, 443);
    }

    #[test]
    fn an_override_keeps_its_port_in_host_and_not_in_origin() {
        let service = Service::parse("ws://127.0.0.1:8080").unwrap();
        assert_eq!(service.authority(), "127.0.0.1:8080");
        assert_eq!(service.origin(), "ws://127.0.0.1");

        let service = Service::parse("wss://[::1]:8443/").unwrap();
        assert_eq!(
            service.address,
            Address {
                host: "::1".to_owned(),
                port: 8443
            }
        );
        assert_eq!(service.authority(), "[::1]:8443");
        assert_eq!(service.origin(), "wss://[::1]");

        let service = Service::parse("ws://LOCALHOST").unwrap();
        assert_eq!((service.plaintext, service.address.port), (true, 80));
        assert_eq!(service.authority(), "LOCALHOST");
    }

    #[test]
    fn plaintext_to_another_machine_is_refused() {
        for url in [
            "ws://192.0.2.1:8080",
            "ws://relay.example",
            "ws://[2001:db8::1]:80",
        ] {
            let error = Service::parse(url).unwrap_err();
            assert!(
                matches!(error, DialerError::PlaintextNotLocal(_)),
                "{url}: {error:?}"
            );
        }
    }

    #[test]
    fn a_url_is_an_origin_and_nothing_more() {
        for url in [
            "",
            "relay.example",
            "https://relay.example",
            "wss://relay.example/cable/new",
            "wss://relay.example?x",
            "wss://user@relay.example",
            "wss://relay.example:0",
            "wss://relay.example:65536",
            "wss://relay.example:",
            "wss://[::g]",
        ] {
            let result = Service::parse(url);
            assert!(
                matches!(result, Err(DialerError::Url(_))),
                "{url}: {result:?}"
            );
        }
    }

    #[test]
    fn an_address_is_host_and_port() {
        let address = Address::parse("[2001:db8::1]:443").unwrap();
        assert_eq!(
            address,
            Address {
                host: "2001:db8::1".to_owned(),
                port: 443
            }
        );
        let address = Address::parse("relay.example:1").unwrap();
        assert_eq!(
            address,
            Address {
                host: "relay.example".to_owned(),
                port: 1
            }
        );
        for text in [
            "",
            "relay.example",
            ":443",
            "relay.example:",
            "a:b",
            "a:0",
            "2001:db8::1:443",
        ] {
            let result = Address::parse(text);
            assert!(
                matches!(result, Err(DialerError::Address(_))),
                "{text}: {result:?}"
            );
        }
    }
}
