//! Under which name an instance is reached.

use std::fmt;
use std::str::FromStr;

use super::routing::Slot;

/// A host name and port with `{slot}` where the number of the instance belongs, such as
/// `hawser-relay-{slot}.hawser-relay-peers:8081`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    before: String,
    after: String,
    port: u16,
}

/// Why a text is no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// `{slot}` is missing or there twice.
    #[error("{{slot}} must stand in it once, where the number of the instance belongs")]
    Slot,
    /// It does not end in a port.
    #[error("it must end in a port, as in relay-{{slot}}.example:8081")]
    Port,
    /// It has characters that no host name has.
    #[error("a host name has letters, digits, dots and dashes only")]
    Host,
}

const SLOT: &str = "{slot}";

impl Template {
    /// The name and port of an instance, as they stand in a `Host` field.
    #[must_use]
    pub fn name(&self, slot: Slot) -> String {
        let Self {
            before,
            after,
            port,
        } = self;
        format!("{before}{}{after}:{port}", slot.number())
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (host, port) = text.rsplit_once(':').ok_or(TemplateError::Port)?;
        let port = port.parse().map_err(|_| TemplateError::Port)?;
        if port == 0 {
            return Err(TemplateError::Port);
        }
        let (before, after) = host.split_once(SLOT).ok_or(TemplateError::Slot)?;
        if after.contains(SLOT) {
            return Err(TemplateError::Slot);
        }
        let in_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !before.bytes().chain(after.bytes()).all(in_a_name) {
            return Err(TemplateError::Host);
        }
        Ok(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SLOT}{}:{}", self.before, self.after, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_an_instance() {
        let text = "hawser-relay-{slot}.hawser-relay-peers:8081";
        let template: Template = text.parse().unwrap();
        let name = template.name(Slot::new(12).unwrap());
        assert_eq!(name, "hawser-relay-12.hawser-relay-peers:8081");
        assert_eq!(template.to_string(), text);
        let address: Template = "127.0.0.{slot}:80".parse().unwrap();
        assert_eq!(address.name(Slot::new(3).unwrap()), "127.0.0.3:80");
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| text.parse::<Template>().unwrap_err();
        assert_eq!(wrong("relay:80"), TemplateError::Slot);
        assert_eq!(wrong("{slot}-{slot}:80"), TemplateError::Slot);
        assert_eq!(wrong("relay-{slot}"), TemplateError::Port);
        assert_eq!(wrong("relay-{slot}:0"), TemplateError::Port);
        assert_eq!(wrong("relay-{slot}:65536"), TemplateError::Port);
        assert_eq!(wrong("http://relay-{slot}:80"), TemplateError::Host);
        assert_eq!(wrong("relay-{slot}\r\nx:80"), TemplateError::Host);
    }
}
