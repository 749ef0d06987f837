//! Texts to values and back.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use hawser_wire::RoutingId;

/// A text that is not such a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct Invalid {
    /// The text.
    pub text: String,
    /// What it should have been.
    pub expected: String,
}

/// How a value is written. `show` writes what `parse` reads.
pub(super) trait Form<T> {
    /// What a value is called in the help; empty for a switch.
    fn name() -> String;

    fn parse(text: &str) -> Result<T, Invalid>;
    fn show(value: &T) -> String;
}

/// `10s`, `2m`, `1h 30m`.
pub(super) struct Time;

/// `8192`, `64KiB`, `4MiB`.
pub(super) struct Size;

/// A whole number.
pub(super) struct Count;

/// What the type reads and writes by itself.
pub(super) struct Text;

/// `true` or `false`.
pub(super) struct Switch;

/// The path of a file, or nothing.
pub(super) struct File;

/// Six hex digits.
pub(super) struct Hex;

/// `none`, or another form.
pub(super) struct OrNone<F>(PhantomData<F>);

/// `off`, or an address.
pub(super) struct OrOff;

fn invalid(text: &str, expected: &str) -> Invalid {
    Invalid {
        text: text.to_owned(),
        expected: expected.to_owned(),
    }
}

impl Form<Duration> for Time {
    fn name() -> String {
        "TIME".to_owned()
    }

    fn parse(text: &str) -> Result<Duration, Invalid> {
        humantime::parse_duration(text)
            .map_err(|_| invalid(text, "a time such as 500ms, 10s, 2m or 1h 30m"))
    }

    fn show(value: &Duration) -> String {
        humantime::format_duration(*value).to_string()
    }
}

impl<T: TryFrom<u64> + Copy> Form<T> for Size
where
    u64: TryFrom<T>,
{
    fn name() -> String {
        "BYTES".to_owned()
    }

    fn parse(text: &str) -> Result<T, Invalid> {
        text.parse::<ByteSize>()
            .ok()
            .and_then(|size| T::try_from(size.as_u64()).ok())
            .ok_or_else(|| invalid(text, "a number of bytes such as 8192, 64KiB or 4MiB"))
    }

    fn show(value: &T) -> String {
        let bytes = u64::try_from(*value).unwrap_or(u64::MAX);
        [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
            .into_iter()
            .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
            .map_or_else(
                || bytes.to_string(),
                |(unit, name)| format!("{}{name}", bytes / unit),
            )
    }
}

impl<T: FromStr + ToString> Form<T> for Count {
    fn name() -> String {
        "N".to_owned()
    }

    fn parse(text: &str) -> Result<T, Invalid> {
        text.parse().map_err(|_| {
            let bits = std::mem::size_of::<T>() * 8;
            invalid(text, &format!("a whole number (of {bits} bits)"))
        })
    }

    fn show(value: &T) -> String {
        value.to_string()
    }
}

/// A type with a text form of its own.
pub(super) trait Written: FromStr + ToString {
    /// What a value is called in the help: a name, or the words that it may be.
    fn name() -> String;

    fn expected() -> String;
}

impl<T: Written> Form<T> for Text {
    fn name() -> String {
        T::name()
    }

    fn parse(text: &str) -> Result<T, Invalid> {
        text.parse().map_err(|_| invalid(text, &T::expected()))
    }

    fn show(value: &T) -> String {
        value.to_string()
    }
}

impl Written for SocketAddr {
    fn name() -> String {
        "ADDRESS".to_owned()
    }

    fn expected() -> String {
        "an address with a port, such as 127.0.0.1:8080 or [::]:443".to_owned()
    }
}

impl Form<bool> for Switch {
    fn name() -> String {
        String::new()
    }

    fn parse(text: &str) -> Result<bool, Invalid> {
        text.parse().map_err(|_| invalid(text, "true or false"))
    }

    fn show(value: &bool) -> String {
        value.to_string()
    }
}

impl Form<Option<PathBuf>> for File {
    fn name() -> String {
        "FILE".to_owned()
    }

    fn parse(text: &str) -> Result<Option<PathBuf>, Invalid> {
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn show(value: &Option<PathBuf>) -> String {
        value
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    }
}

impl Form<RoutingId> for Hex {
    fn name() -> String {
        "HEX".to_owned()
    }

    fn parse(text: &str) -> Result<RoutingId, Invalid> {
        text.parse()
            .map_err(|_| invalid(text, "a routing id: 6 hex digits"))
    }

    fn show(value: &RoutingId) -> String {
        value.to_hex()
    }
}

impl<T, F: Form<T>> Form<Option<T>> for OrNone<F> {
    fn name() -> String {
        format!("{}|none", F::name())
    }

    fn parse(text: &str) -> Result<Option<T>, Invalid> {
        if text == "none" {
            return Ok(None);
        }
        F::parse(text).map(Some).map_err(|mut error| {
            error.expected.push_str(", or none");
            error
        })
    }

    fn show(value: &Option<T>) -> String {
        value.as_ref().map_or_else(|| "none".to_owned(), F::show)
    }
}

impl Form<Option<SocketAddr>> for OrOff {
    fn name() -> String {
        "ADDRESS|off".to_owned()
    }

    fn parse(text: &str) -> Result<Option<SocketAddr>, Invalid> {
        if text == "off" {
            return Ok(None);
        }
        <Text as Form<SocketAddr>>::parse(text)
            .map(Some)
            .map_err(|mut error| {
                error.expected.push_str(", or off");
                error
            })
    }

    fn show(value: &Option<SocketAddr>) -> String {
        value.map_or_else(|| "off".to_owned(), |address| address.to_string())
    }
}

/// Makes an enum whose values are written as words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])+ $word:ident => $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])+ $word,)+ }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$word => $text,)+ })
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$word),)+ _ => Err(()) }
            }
        }

        impl $crate::config::value::Written for $name {
            fn name() -> String {
                [$($text),+].join("|")
            }

            fn expected() -> String {
                format!("one of {}", [$($text),+].join(", "))
            }
        }
    };
}
pub(super) use words;
