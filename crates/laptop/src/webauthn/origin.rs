//! Who asks: the origin of a web page, and which relying party ids it may use.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The origin of the page (or the app) that asks for a passkey.
///
/// WebAuthn works for secure contexts only: `https` and a domain name, or `http` on `localhost` for
/// development. `Display` writes the form that stands in client data: no path, no default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    serialized: String,
    domain: String,
}

/// Why a text is not the origin of a page that may use passkeys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Not a URL.
    #[error("{0:?} is not a URL: an origin looks like https://example.com")]
    Syntax(String),
    /// More than scheme, host and port.
    #[error("{0:?} is more than an origin: leave out everything after host and port")]
    NotOnlyAnOrigin(String),
    /// Neither `https` nor `http` on `localhost`.
    #[error("{0:?} is not secure: passkeys need https, or http on localhost for development")]
    Insecure(String),
    /// The host is an IP address.
    #[error("{0:?} has no domain name: passkeys do not work on IP addresses")]
    NotADomain(String),
}

impl Origin {
    /// The domain that a relying party id is compared with.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether a page of this origin may use `relying_party_id`: its own domain, or a parent of it
    /// that is longer than a public suffix, so that `example.co.uk` will do for
    /// `login.example.co.uk` and `co.uk` will not (WebAuthn §5.1.3 step 8, HTML "registrable domain
    /// suffix of or equal to").
    #[must_use]
    pub fn may_use(&self, relying_party_id: &str) -> bool {
        if self.domain == relying_party_id {
            return true;
        }
        let is_parent = self
            .domain
            .strip_suffix(relying_party_id)
            .is_some_and(|rest| rest.ends_with('.'));
        let public_suffix = psl::suffix_str(&self.domain).unwrap_or(&self.domain);
        is_parent && relying_party_id.len() > public_suffix.len()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::Syntax(text.to_owned()))?;
        let only_origin = matches!(url.path(), "/" | "")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !only_origin {
            return Err(OriginError::NotOnlyAnOrigin(text.to_owned()));
        }
        let Some(Host::Domain(domain)) = url.host() else {
            return Err(OriginError::NotADomain(text.to_owned()));
        };
        let is_local = domain == "localhost" || domain.ends_with(".localhost");
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            _ => return Err(OriginError::Insecure(text.to_owned())),
        }
        Ok(Self {
            serialized: url.origin().ascii_serialization(),
            domain: domain.to_owned(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.serialized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn written_without_path_and_default_port() {
        assert_eq!(
            origin("HTTPS://Example.COM:443/").to_string(),
            "https://example.com"
        );
        assert_eq!(
            origin("http://localhost:8080").to_string(),
            "http://localhost:8080"
        );
        assert_eq!(
            origin("https://bücher.example").to_string(),
            "https://xn--bcher-kva.example"
        );
    }

    #[test]
    fn only_secure_domains() {
        let refused = |text: &str| text.parse::<Origin>().unwrap_err();
        assert!(matches!(refused("example.com"), OriginError::Syntax(_)));
        assert!(matches!(
            refused("http://example.com"),
            OriginError::Insecure(_)
        ));
        assert!(matches!(
            refused("http://notlocalhost"),
            OriginError::Insecure(_)
        ));
        assert!(matches!(
            refused("https://127.0.0.1"),
            OriginError::NotADomain(_)
        ));
        assert!(matches!(
            refused("https://[::1]"),
            OriginError::NotADomain(_)
        ));
        assert!(matches!(
            refused("data:text/html,x"),
            OriginError::NotOnlyAnOrigin(_) | OriginError::NotADomain(_)
        ));
        for more in ["/login", "/?a", "/#a"] {
            assert!(matches!(
                refused(&format!("https://example.com{more}")),
                OriginError::NotOnlyAnOrigin(_)
            ));
        }
        assert!(matches!(
            refused("https://user@example.com"),
            OriginError::NotOnlyAnOrigin(_)
        ));
    }

    #[test]
    fn relying_party_is_the_domain_or_a_registrable_parent() {
        let page = origin("https://a.login.example.co.uk:8443");
        for id in [
            "a.login.example.co.uk",
            "login.example.co.uk",
            "example.co.uk",
        ] {
            assert!(page.may_use(id), "{id}");
        }
        for id in [
            "co.uk",
            "uk",
            "",
            ".co.uk",
            "ple.co.uk",
            "b.login.example.co.uk",
            "x.a.login.example.co.uk",
            "EXAMPLE.co.uk",
            "example.com",
            "example.co.uk.",
        ] {
            assert!(!page.may_use(id), "{id}");
        }
    }

    #[test]
    fn hosting_domains_are_not_parents() {
        let page = origin("https://alice.github.io");
        assert!(page.may_use("alice.github.io"));
        assert!(!page.may_use("github.io"));
        let instance = origin("https://vm.eu-west-1.compute.amazonaws.com");
        assert!(!instance.may_use("amazonaws.com"));
        assert!(!instance.may_use("eu-west-1.compute.amazonaws.com"));
    }

    #[test]
    fn localhost_is_its_own_relying_party() {
        let page = origin("http://localhost:3000");
        assert!(page.may_use("localhost"));
        assert!(!page.may_use("example.com"));
    }
}
