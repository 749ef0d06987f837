//! The directory that listeners and advertisers share.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DIRECTORY: &str = "hawser-air";

/// A space within which adverts are heard. Two airs in different directories do not hear each
/// other. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Air {
    directory: Arc<Path>,
}

/// Why there is no air, or nobody can listen in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AirError {
    /// The directory neither exists nor can be created.
    #[error("cannot create the directory {} for simulated Bluetooth", path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The path is something else than a directory, or a link to one.
    #[error("{} is not a directory: remove it, or name another place", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Another user owns the directory, and could hear what is advertised.
    #[error(
        "{} belongs to user {owner}, who could listen: remove it, or name another place",
        path.display()
    )]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// The numeric id of its owner.
        owner: u32,
    },
    /// Others may write to the directory, and so listen.
    #[error(
        "others may write to {} (mode {mode:03o}): take that right away with chmod 700",
        path.display()
    )]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// No UDP port of 127.0.0.1 could be bound.
    #[error("cannot listen on a UDP port of 127.0.0.1")]
    Bind(#[source] io::Error),
    /// The file that names the port could not be written.
    #[error("cannot write {}", path.display())]
    Register {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Air {
    /// The air of this user on this machine: `hawser-air` in `$XDG_RUNTIME_DIR`, or else
    /// `hawser-air-UID` in the directory for temporary files. Created when missing.
    ///
    /// Programs of one user find each other only when they agree on that variable. Where one of
    /// them lacks it (started by a service manager, or through `sudo`), name a place with
    /// [`Air::at`].
    ///
    /// # Errors
    /// As for [`Air::at`].
    pub fn of_this_user() -> Result<Self, AirError> {
        Self::at(default_directory(
            std::env::var_os("XDG_RUNTIME_DIR"),
            &std::env::temp_dir(),
        ))
    }

    /// The air in a directory of your choice. The directory is created when missing (mode 0700 on
    /// Unix); its parent must exist.
    ///
    /// # Errors
    /// [`AirError::Create`], [`AirError::NotADirectory`]; on Unix also [`AirError::ForeignOwner`]
    /// and [`AirError::Writable`].
    pub fn at(directory: impl Into<PathBuf>) -> Result<Self, AirError> {
        let path = directory.into();
        match private_directory().create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(AirError::Create { path, source }),
        }
        check(&path)?;
        Ok(Self {
            directory: path.into(),
        })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// A relative `$XDG_RUNTIME_DIR` is to be ignored (XDG Base Directory Specification).
fn default_directory(runtime: Option<OsString>, temporary: &Path) -> PathBuf {
    match runtime.map(PathBuf::from) {
        Some(runtime) if runtime.is_absolute() => runtime.join(DIRECTORY),
        _ => temporary.join(name_in_a_shared_place()),
    }
}

/// On Unix the directory for temporary files is everybody's.
#[cfg(unix)]
fn name_in_a_shared_place() -> String {
    format!("{DIRECTORY}-{}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn name_in_a_shared_place() -> String {
    DIRECTORY.to_owned()
}

#[cfg(unix)]
fn private_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_directory() -> DirBuilder {
    DirBuilder::new()
}

/// Links are not followed: in a place for everybody, one may point to any directory of ours.
fn check(path: &Path) -> Result<(), AirError> {
    let metadata = fs::symlink_metadata(path).map_err(|source| AirError::Create {
        path: path.to_owned(),
        source,
    })?;
    if !metadata.is_dir() {
        return Err(AirError::NotADirectory {
            path: path.to_owned(),
        });
    }
    #[cfg(unix)]
    check_owner(path, &metadata)?;
    Ok(())
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), AirError> {
    use std::os::unix::fs::MetadataExt as _;

    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(AirError::ForeignOwner {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(AirError::Writable {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_the_runtime_directory_or_names_the_user() {
        let temporary = Path::new("/temporary");
        // A path without a drive is a relative one on Windows.
        let runtime = if cfg!(windows) {
            r"C:\run\user\7"
        } else {
            "/run/user/7"
        };
        assert_eq!(
            default_directory(Some(runtime.into()), temporary),
            Path::new(runtime).join("hawser-air")
        );
        let fallback = temporary.join(name_in_a_shared_place());
        assert_eq!(default_directory(None, temporary), fallback);
        assert_eq!(default_directory(Some("".into()), temporary), fallback);
        assert_eq!(
            default_directory(Some("run/user/7".into()), temporary),
            fallback
        );
    }
}
