//! Values that programs know by a word.

/// Declares an enum with the word of each value, and what leads from one to the other: a text that is no
/// value's word is the named error.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident or $error:ident {
            $($(#[$doc:meta])+ $value:ident => $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])+ $value,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$value),+];

            /// The word for programs.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = PolicyError;

            fn from_str(text: &str) -> Result<Self, PolicyError> {
                match text {
                    $($word => Ok(Self::$value),)+
                    _ => Err(PolicyError::$error),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(super) use words;

#[cfg(test)]
mod tests {
    use crate::relying_party::policy::{Mode, PolicyError, Population};

    #[test]
    fn words_for_programs_read_back() {
        for mode in Mode::ALL {
            assert_eq!(mode.code().parse(), Ok(mode));
            assert_eq!(mode.to_string(), mode.code());
        }
        for population in Population::ALL {
            assert_eq!(population.code().parse(), Ok(population));
            assert_eq!(population.to_string(), population.code());
        }
    }

    #[test]
    fn other_words_are_errors_of_their_own() {
        assert_eq!("on".parse::<Mode>(), Err(PolicyError::Mode));
        assert_eq!("root".parse::<Population>(), Err(PolicyError::Population));
    }
}
