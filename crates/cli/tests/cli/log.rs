//! `HAWSER_LOG`.

use crate::program::{Said, hawser};

fn logging(level: &str) -> Said {
    let mut command = hawser(&["domain", "266"]);
    command.env("HAWSER_LOG", level).output().unwrap().into()
}

#[test]
fn what_is_no_level_is_an_error() {
    for level in ["loud", "3", "hawser=debug"] {
        logging(level).assert_malformed("HAWSER_LOG: ");
    }
    logging("loud").assert_malformed("\"loud\" is no level: use off, error, warn,");
    for level in ["", "off", "warn", "Trace"] {
        assert_eq!(logging(level).code, Some(0), "{level:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_text_is_no_level() {
    use std::os::unix::ffi::OsStrExt as _;

    let mut command = hawser(&["domain", "266"]);
    let level = std::ffi::OsStr::from_bytes(b"debug\xff");
    let said: Said = command.env("HAWSER_LOG", level).output().unwrap().into();
    said.assert_malformed("HAWSER_LOG: ");
}
