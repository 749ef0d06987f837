//! Runs the program to its end and keeps what it said.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with nobody at the keyboard and no colours.
pub(crate) fn hawser(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hawser"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env_remove("HAWSER_LOG")
        .env_remove("CLICOLOR_FORCE");
    command
}

pub(crate) fn run(args: &[&str]) -> Said {
    hawser(args).output().unwrap().into()
}

impl Said {
    /// The one JSON object on the last line of the output.
    pub(crate) fn json(&self) -> Value {
        let last = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last:?} {}", self.err))
    }

    /// Malformed input: nothing on the output, one line that says what is wrong, exit code 2.
    #[track_caller]
    pub(crate) fn assert_malformed(&self, words: &str) {
        assert_eq!(self.code, Some(2), "{}", self.err);
        assert_eq!(self.out, "");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        assert!(self.err.contains(words), "{:?} in {}", words, self.err);
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
