//! The code as a picture in a file, for as long as it is of use.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hawser_demo::qr_picture::Picture;

use crate::ending::Failure;

/// Whoever sees the code can take the phone's place, so the file is its owner's alone, and goes when
/// this is dropped.
pub(super) struct QrFile {
    hidden: PathBuf,
    path: PathBuf,
    /// Until then, what is at `path` is none of ours.
    shown: bool,
}

impl QrFile {
    /// Draws the code into a file beside the real one, so that what cannot be written is known early.
    pub(super) fn prepare(path: &Path, picture: &Picture) -> Result<Self, Failure> {
        let subject = format!("--qr-png {}", path.display());
        let png = picture
            .png()
            .map_err(|error| Failure::failed(&error).about(&subject))?;
        if path.is_dir() {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(Failure::malformed(&error).about(&subject));
        }
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(format!(".{}.part", std::process::id()));
        let hidden = PathBuf::from(hidden);
        private_file()
            .open(&hidden)
            .and_then(|mut file| file.write_all(&png))
            .map_err(|error| Failure::malformed(&error).about(&subject))?;
        Ok(Self {
            hidden,
            path: path.to_owned(),
            shown: false,
        })
    }

    /// Puts it where it was asked for, as a whole.
    pub(super) fn show(&mut self) -> Result<(), Failure> {
        fs::rename(&self.hidden, &self.path).map_err(|error| {
            Failure::failed(&error).about(&format!("--qr-png {}", self.path.display()))
        })?;
        self.shown = true;
        Ok(())
    }
}

impl Drop for QrFile {
    fn drop(&mut self) {
        let file = if self.shown { &self.path } else { &self.hidden };
        fs::remove_file(file).ok();
    }
}

#[cfg(unix)]
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn it_is_there_while_it_is_shown_and_leaves_nothing() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("qr.png");
        let mut file = QrFile::prepare(&path, &Picture::of("FIDO:/1").unwrap()).unwrap();
        assert!(!path.exists());
        file.show().unwrap();
        assert_eq!(names(&directory), ["qr.png"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        drop(file);
        assert_eq!(names(&directory), Vec::<String>::new());
    }

    #[test]
    fn a_directory_is_known_before_there_is_a_code_to_scan() {
        let directory = TempDir::new().unwrap();
        let prepared = QrFile::prepare(directory.path(), &Picture::of("FIDO:/1").unwrap());
        let failure = prepared.err().unwrap();
        assert!(
            failure.words().contains("is a directory"),
            "{}",
            failure.words()
        );
    }

    #[test]
    fn what_was_there_before_stays_until_it_is_shown() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("qr.png");
        fs::write(&path, "a holiday").unwrap();
        drop(QrFile::prepare(&path, &Picture::of("FIDO:/1").unwrap()).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a holiday");
        assert_eq!(names(&directory), ["qr.png"]);
    }
}
