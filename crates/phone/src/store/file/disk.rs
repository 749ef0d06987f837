//! Reading and replacing the file: modes, locks, renames.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use passkey_types::Passkey;
use zeroize::Zeroizing;

use super::FileStoreError;
use crate::store::record;

/// Longest file that is read: 16 MiB, some forty thousand passkeys.
const MAX_LEN: u64 = 16 * 1024 * 1024;

/// A passkey file, locked for as long as this lives.
pub(super) struct Disk {
    path: PathBuf,
    /// The file as it was last read or written here, if there was one.
    version: Option<Version>,
    /// Makes a rename in this directory last. A disk that cannot is hard to come by, so tests have their own.
    flush: fn(&File) -> io::Result<()>,
    _lock: File,
}

impl Disk {
    /// Takes the lock. The file itself need not exist.
    pub(super) fn open(path: PathBuf) -> Result<Self, FileStoreError> {
        // Not on the file itself, which every write replaces by another.
        let lock_path = sibling(&path, ".lock");
        let io = |source| FileStoreError::Io {
            doing: "lock",
            path: lock_path.clone(),
            source,
        };
        let lock = private()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                version: None,
                flush: File::sync_all,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(FileStoreError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The passkeys in the file, or `None` when there is no file.
    pub(super) fn read(&mut self) -> Result<Option<Vec<Passkey>>, FileStoreError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.error("open", e)),
        };
        // Of the open file, not of the path: nobody can swap it in between.
        let metadata = file.metadata().map_err(|e| self.error("read", e))?;
        self.check_private(&metadata)?;
        if metadata.len() > MAX_LEN {
            let path = self.path.clone();
            return Err(FileStoreError::TooLong { path });
        }
        // Of its final size, so that no reallocation leaves a copy of the keys behind.
        let len = usize::try_from(metadata.len()).unwrap_or_default();
        let mut json = Zeroizing::new(Vec::with_capacity(len.saturating_add(1)));
        file.take(MAX_LEN)
            .read_to_end(&mut json)
            .map_err(|e| self.error("read", e))?;

        let damaged = |source| FileStoreError::Damaged {
            path: self.path.clone(),
            source,
        };
        let header: record::Header = serde_json::from_slice(&json).map_err(damaged)?;
        if header.version != record::VERSION {
            return Err(FileStoreError::Version {
                path: self.path.clone(),
                found: header.version,
            });
        }
        let passkeys = record::from_json(&json).map_err(damaged)?;
        self.version = Some(Version::of(&metadata));
        Ok(Some(passkeys))
    }

    /// Replaces the file. After [`FileStoreError::Unflushed`] it is replaced as well.
    pub(super) fn write(&mut self, passkeys: &[Passkey]) -> Result<(), FileStoreError> {
        if self.current()? != self.version {
            let path = self.path.clone();
            return Err(FileStoreError::Changed { path });
        }
        let json = record::to_json(passkeys).map_err(FileStoreError::Encode)?;
        let directory = directory(&self.path).map_err(|e| self.error("write", e))?;
        let version = self.replace(&json).map_err(|e| self.error("write", e))?;
        // From here on the new file is the file, whatever becomes of the flush.
        self.version = Some(version);
        let flushed = directory.as_ref().map_or(Ok(()), self.flush);
        flushed.map_err(|source| FileStoreError::Unflushed {
            path: self.path.clone(),
            source,
        })
    }

    /// From now on the directory cannot be flushed, or can be again.
    #[cfg(test)]
    pub(super) fn flush_with(&mut self, flush: fn(&File) -> io::Result<()>) {
        self.flush = flush;
    }

    /// An error about this file.
    pub(super) fn error(&self, doing: &'static str, source: io::Error) -> FileStoreError {
        FileStoreError::Io {
            doing,
            path: self.path.clone(),
            source,
        }
    }

    fn current(&self) -> Result<Option<Version>, FileStoreError> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(Some(Version::of(&metadata))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.error("read", e)),
        }
    }

    fn replace(&self, json: &[u8]) -> io::Result<Version> {
        let new = sibling(&self.path, ".new");
        // Left over from a crash: the lock says that nobody is writing it now.
        match fs::remove_file(&new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = private().create_new(true).open(&new)?;
        file.write_all(json)?;
        file.sync_all()?;
        // A rename changes none of it.
        let version = Version::of(&file.metadata()?);
        fs::rename(&new, &self.path)?;
        Ok(version)
    }

    #[cfg(unix)]
    fn check_private(&self, metadata: &Metadata) -> Result<(), FileStoreError> {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = metadata.permissions().mode() & 0o7777;
        let for_others = mode & 0o077;
        if for_others == 0 {
            return Ok(());
        }
        Err(FileStoreError::NotPrivate {
            path: self.path.clone(),
            mode,
        })
    }

    #[cfg(not(unix))]
    fn check_private(&self, _: &Metadata) -> Result<(), FileStoreError> {
        Ok(())
    }
}

/// What changes whenever a file does.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    len: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            inode: inode(metadata),
        }
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Options that make files which only their owner can use.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The directory of the file, to be flushed. Only on Unix can a directory be opened for that.
fn directory(path: &Path) -> io::Result<Option<File>> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(directory).map(Some)
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
