//! Sizes of messages.

use std::str::FromStr;

use crate::payload::{End, LABEL_LEN, MESSAGE_MAX};

/// Bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(size) if (LABEL_LEN..=MESSAGE_MAX).contains(&size) => Ok(Self(size)),
            _ => Err(format!(
                "a message has {LABEL_LEN} to {MESSAGE_MAX} bytes (its label alone takes \
                 {LABEL_LEN})"
            )),
        }
    }
}

/// One message of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) sender: End,
    pub(crate) size: usize,
}

/// The messages of a sign-in, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let step = |step: &str| {
            let (sender, size) = if let Some(size) = step.strip_prefix('l') {
                (End::Laptop, size)
            } else if let Some(size) = step.strip_prefix('p') {
                (End::Phone, size)
            } else {
                return Err(format!("{step:?} is not l or p with a size, such as l81"));
            };
            let Size(size) = size.parse()?;
            Ok(Step { sender, size })
        };
        text.split(',')
            .map(step)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_held_to_their_limits() {
        assert!("28".parse::<Size>().is_ok());
        assert!("27".parse::<Size>().is_err());
        assert!("1048576".parse::<Size>().is_ok());
        assert!("1048577".parse::<Size>().is_err());
        let steps: Steps = "l81,p336".parse().unwrap();
        assert_eq!(steps.0.len(), 2);
        assert_eq!(steps.0[1].sender, End::Phone);
        assert!("x81".parse::<Steps>().is_err());
        assert!("".parse::<Steps>().is_err());
    }
}
