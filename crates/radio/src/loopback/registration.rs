//! The file by which a listener is found.

use std::fs;
#[cfg(feature = "advertiser")]
use std::io;
use std::path::{Path, PathBuf};

/// More listeners than this are not served: each costs the advertiser a socket.
#[cfg(feature = "advertiser")]
pub(super) const MAX_LISTENERS: usize = 64;

/// A listener's file, removed on drop.
#[cfg(feature = "scanner")]
#[derive(Debug)]
pub(super) struct Registration {
    path: PathBuf,
}

#[cfg(feature = "scanner")]
impl Registration {
    /// The process id keeps apart a listener and a dead one that had the same port: an advertiser
    /// that finds out late that the dead one is dead must not remove the living one's file.
    pub(super) fn create(directory: &Path, port: u16) -> Result<Self, super::AirError> {
        let path = directory.join(format!("{port}-{}", std::process::id()));
        match fs::write(&path, "") {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(super::AirError::Register { path, source }),
        }
    }
}

#[cfg(feature = "scanner")]
impl Drop for Registration {
    fn drop(&mut self) {
        // Whoever advertises next removes what stays behind.
        let _ = fs::remove_file(&self.path);
    }
}

/// The files and ports of at most [`MAX_LISTENERS`] listeners, dead ones among them. Files with
/// other names are not ours.
#[cfg(feature = "advertiser")]
pub(super) fn listeners(directory: &Path) -> io::Result<Vec<(PathBuf, u16)>> {
    let mut listeners = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Some(port) = entry.file_name().to_str().and_then(port) {
            listeners.push((entry.path(), port));
        }
        if listeners.len() == MAX_LISTENERS {
            break;
        }
    }
    Ok(listeners)
}

#[cfg(feature = "advertiser")]
fn port(name: &str) -> Option<u16> {
    let (port, process) = name.split_once('-')?;
    process.parse::<u32>().ok()?;
    port.parse().ok().filter(|port| *port != 0)
}
