//! The secret that the instances of one service share.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ring::hmac;

/// Keys for tokens between instances: the first makes tokens, all of them verify them, so that a new
/// key can be introduced one instance at a time.
#[derive(Clone)]
pub struct Keys {
    first: hmac::Key,
    others: Vec<hmac::Key>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file has no key, or too many.
    #[error("{path} has {found} keys; expected 1 to {max}, one a line", max = Keys::MOST)]
    Count {
        /// The file.
        path: PathBuf,
        /// Keys in it.
        found: usize,
    },
    /// A key can be guessed.
    #[error(
        "the key in line {line} of {path} has {found} characters, expected {min} or more; \
         `openssl rand -hex 32` makes a good one",
        min = Keys::SHORTEST
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Characters in it.
        found: usize,
    },
}

impl Keys {
    /// Characters that a key needs: 128 bits if they are hex.
    pub const SHORTEST: usize = 32;

    /// Keys that there may be: the present one, its successor or predecessor, and some to spare.
    pub const MOST: usize = 4;

    /// Reads a file with a key in each line.
    ///
    /// # Errors
    /// [`KeysError`], which names the file and never shows what is in it.
    pub fn from_file(path: &Path) -> Result<Self, KeysError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeysError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let lines = text.lines().map(str::trim).zip(1..);
        let mut keys = Vec::new();
        for (key, line) in lines.filter(|(key, _)| !key.is_empty()) {
            if key.len() < Self::SHORTEST {
                return Err(KeysError::TooShort {
                    path: path.to_owned(),
                    line,
                    found: key.len(),
                });
            }
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        }
        let found = keys.len();
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(first) if found <= Self::MOST => Ok(Self {
                first,
                others: keys.collect(),
            }),
            _ => Err(KeysError::Count {
                path: path.to_owned(),
                found,
            }),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.first, message)
    }

    fn all(&self) -> impl Iterator<Item = &hmac::Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// In a time that does not depend on how much of the tag is right.
    pub(super) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.all()
            .any(|key| hmac::verify(key, message, tag).is_ok())
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        // Tags of one message tell keys apart, and show none of them.
        let tags = |keys: &Self| -> Vec<_> {
            let tags = keys.all().map(|key| hmac::sign(key, b""));
            tags.map(|tag| tag.as_ref().to_vec()).collect()
        };
        tags(self) == tags(other)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} of them)", self.all().count())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::peer) fn keys(text: &str) -> Keys {
        Keys::parse(text, Path::new("peer.key")).unwrap()
    }

    pub(in crate::peer) const ONE: &str = "0123456789abcdef0123456789abcdef";
    pub(in crate::peer) const TWO: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn a_second_key_verifies_and_does_not_sign() {
        let (old, new) = (keys(ONE), keys(TWO));
        let both = keys(&format!("{TWO}\n\n  {ONE}\n"));
        let tag = old.sign(b"message");
        assert!(both.verify(b"message", tag.as_ref()));
        assert!(!new.verify(b"message", tag.as_ref()));
        assert!(new.verify(b"message", both.sign(b"message").as_ref()));
        assert!(!both.verify(b"massage", tag.as_ref()));
    }

    #[test]
    fn keys_are_the_same_if_all_of_them_are_and_in_order() {
        let both = keys(&format!("{ONE}\n{TWO}"));
        assert_eq!(both, keys(&format!("{ONE}\n\n{TWO}\n")));
        for other in [ONE.into(), format!("{TWO}\n{ONE}"), format!("{ONE}\n{ONE}")] {
            assert_ne!(both, keys(&other));
        }
    }

    #[test]
    fn says_what_is_wrong_and_not_what_the_key_is() {
        let error = |text: &str| Keys::parse(text, Path::new("peer.key")).unwrap_err();
        let short = error(&format!("{ONE}\nsecret\n")).to_string();
        assert!(
            short.contains("line 2 of peer.key has 6 characters"),
            "{short}"
        );
        assert!(!short.contains("secret"), "{short}");
        assert!(matches!(error("\n"), KeysError::Count { found: 0, .. }));
        let five = [ONE; 5].join("\n");
        assert!(matches!(error(&five), KeysError::Count { found: 5, .. }));
        keys(&[ONE; 4].join("\n"));
        assert!(Keys::from_file(Path::new("/none")).is_err());
        assert_eq!(format!("{:?}", keys(ONE)), "Keys(1 of them)");
    }
}
