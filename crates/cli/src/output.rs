//! Standard output, for results.

use std::io::{self, Write as _};

use crate::ending::Failure;

/// Prints a result. A reader who has seen enough and left (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(&error).about("standard output"))
        }
        _ => Ok(()),
    }
}

/// The same with an end of line.
pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    print(&format!("{line}\n"))
}
