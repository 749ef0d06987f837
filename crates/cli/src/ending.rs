//! How a subcommand ends: its exit code, and one line that says why.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use console::Style;

/// What a subcommand returns.
pub(crate) type Ending = Result<ExitCode, Failure>;

/// It did not work: declined, failed, not found.
pub(crate) const FAILED: u8 = 1;
/// Wrong usage, or input that cannot be read. The same number as clap's.
pub(crate) const MALFORMED: u8 = 2;

/// Why a subcommand did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    words: String,
    code: u8,
}

impl Failure {
    /// It was tried and did not work.
    pub(crate) fn failed(error: &dyn Error) -> Self {
        Self {
            words: in_words(error),
            code: FAILED,
        }
    }

    /// What was typed, or a file that was named, is at fault.
    pub(crate) fn malformed(error: &dyn Error) -> Self {
        Self {
            words: in_words(error),
            code: MALFORMED,
        }
    }

    /// The same, where there is no error but a sentence.
    pub(crate) fn wrong(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            code: MALFORMED,
        }
    }

    /// With what it is about in front: a file, a flag.
    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.words = format!("{subject}: {}", self.words);
        self
    }

    /// The sentence for the user.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        // When this cannot be written either, the exit code is left.
        let error = Style::new().for_stderr().red().bold().apply_to("error:");
        writeln!(std::io::stderr(), "{error} {}", self.words).ok();
        ExitCode::from(self.code)
    }
}

/// An error and its causes in one line. A cause that its error already quotes is not said twice.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use hawser_demo::story::StoryError;

    use super::*;

    #[test]
    fn causes_are_told_once_and_in_one_line() {
        let cause = io::Error::other("no\nsuch thing");
        let error = StoryError::LocalAddress(cause);
        assert_eq!(
            in_words(&error),
            "a server does not know its address: no such thing"
        );
        let quoted = hawser_proto::Invitation::parse("FIDO:/12345").unwrap_err();
        assert_eq!(in_words(&quoted).matches(&quoted.to_string()).count(), 1);
    }
}
