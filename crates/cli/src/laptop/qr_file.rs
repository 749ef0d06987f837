//! The code as a picture in a file, for as long as it is of use.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hawser_demo::qr_picture::Picture;

use crate::ending::Failure;

/// Whoever sees the code can take the phone's place, so the file is its owner's alone, and goes when
/// this is dropped.
pub(super) struct QrFile {
    hidden: PathBuf,
    path: PathBuf,
}

impl QrFile {
    /// Draws the code into a file beside the real one, so that what cannot be written is known early.
    pub(super) fn prepare(path: &Path, picture: &Picture) -> Result<Self, Failure> {
        let subject = format!("--qr-png {}", path.display());
        let png = picture
            .png()
            .map_err(|error| Failure::failed(&error).about(&subject))?;
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
        })
    }

    /// Puts it where it was asked for, as a whole.
    pub(super) fn show(&mut self) -> Result<(), Failure> {
        fs::rename(&self.hidden, &self.path).map_err(|error| {
            Failure::failed(&error).about(&format!("--qr-png {}", self.path.display()))
        })
    }
}

impl Drop for QrFile {
    fn drop(&mut self) {
        // One of the two is there.
        fs::remove_file(&self.hidden).ok();
        fs::remove_file(&self.path).ok();
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
