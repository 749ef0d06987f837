//! Arguments that may also come from standard input, and hex.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::ending::Failure;

/// Longest input that is read, in bytes: far above a QR code's text or a relying party's options.
const MAX_INPUT: u64 = 1024 * 1024;

/// The argument itself, or for `-` what comes from standard input: secrets in arguments are seen by
/// everybody on the machine.
pub(crate) fn or_input(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    read("standard input", std::io::stdin())
}

/// The text of a file, or for `-` what comes from standard input.
pub(crate) fn file_or_input(flag: &str, path: &Path) -> Result<String, Failure> {
    if path.as_os_str() == "-" {
        return read(flag, std::io::stdin());
    }
    let subject = format!("{flag} {}", path.display());
    let file = File::open(path).map_err(|error| Failure::malformed(&error).about(&subject))?;
    read(&subject, file)
}

fn read(subject: &str, input: impl Read) -> Result<String, Failure> {
    let mut text = String::new();
    let read = input.take(MAX_INPUT + 1).read_to_string(&mut text);
    let length = read.map_err(|error| Failure::malformed(&error).about(subject))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > MAX_INPUT {
        let words = format!("too long: at most {MAX_INPUT} bytes are read");
        return Err(Failure::wrong(&words).about(subject));
    }
    Ok(text)
}

/// A file that will be made if need be. Its directory will not: more often than not its name is a slip.
pub(crate) fn can_be_made(flag: &str, path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => {
            let words = format!("there is no directory {}", directory.display());
            Err(Failure::wrong(&words).about(&format!("{flag} {}", path.display())))
        }
        _ => Ok(()),
    }
}

/// An argument as a shell wants it typed.
pub(crate) fn typed(argument: &str) -> String {
    // Only a NUL cannot be quoted, and no argument has one.
    shlex::try_quote(argument).map_or_else(|_| argument.to_owned(), Into::into)
}

/// Hex digits of either case.
pub(crate) fn hex(flag: &str, text: &str) -> Result<Vec<u8>, Failure> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|error| {
            let failure = match error.kind {
                data_encoding::DecodeKind::Length => {
                    Failure::wrong("a hex digit is missing or too many: two make a byte")
                }
                _ => Failure::wrong(&format!("not a hex digit at offset {}", error.position)),
            };
            failure.about(flag)
        })
}
