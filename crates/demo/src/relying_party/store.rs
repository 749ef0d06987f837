//! What the site must not forget: SQLite, one transaction for each operation.
//!
//! An operation that refuses changes nothing: its transaction is rolled back. What must be kept
//! about a refusal (the count of wrong passwords, the audit trail) is an operation of its own.

mod audit;
mod devices;
mod guesses;
mod policy;
mod sessions;
mod users;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::limits::Limits;
use super::refusal::Refusal;

pub(crate) use devices::{Device, NewDevice};
pub(crate) use sessions::{Proved, Session, SessionSecret};
pub(crate) use users::User;

/// Where the records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StorePlace {
    /// In memory: gone when the site stops.
    #[default]
    Memory,
    /// In an SQLite file, made when missing. Several processes may have it open at once.
    File(PathBuf),
}

/// Why the records cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file can be neither opened nor made.
    #[error("cannot open {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// SQLite does not like the file.
    #[error("the records of the site cannot be used")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by another release.
    #[error("the records have form {found}, this program knows form {VERSION}: use another file")]
    Version {
        /// The form that the file says.
        found: i64,
    },
}

/// The records. Clones share them.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
    limits: Limits,
}

/// The records within one operation.
pub(crate) struct Records<'c>(Transaction<'c>, &'c Limits);

impl Store {
    pub(crate) fn open(place: &StorePlace, limits: Limits) -> Result<Self, StoreError> {
        let mut connection = match place {
            StorePlace::Memory => Connection::open_in_memory()?,
            StorePlace::File(path) => {
                make_private(path)?;
                Connection::open(path)?
            }
        };
        connection.busy_timeout(BUSY_TIME)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What a person was told is done stays done, also when the power fails: their phone would
        // otherwise hold a passkey that the site has forgotten.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        prepare(&mut connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            limits,
        })
    }

    /// Does one operation on a thread where it may wait for the disk.
    ///
    /// Not undone when the future is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Records<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.run_here(operation))
            .await
            .map_err(Refusal::Thread)?
    }

    /// Does one operation on the caller's thread.
    pub(crate) fn run_here<T>(
        &self,
        operation: impl FnOnce(&Records<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        // A panic in an operation rolled its transaction back, so a poisoned lock is still good.
        let connection = self.connection.lock();
        let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let records = Records(transaction, &self.limits);
        let outcome = operation(&records).map_err(|refusal| refusal.counted(&self.limits))?;
        records.0.commit()?;
        Ok(outcome)
    }
}

impl Records<'_> {
    /// Where limits are counted that bite without a refusal.
    pub(super) fn limits(&self) -> &Limits {
        self.1
    }
}

/// Makes the tables of a new file, and refuses the files of other releases.
fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        VERSION => Ok(()),
        0 => {
            transaction.execute_batch(include_str!("store/schema.sql"))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
            Ok(())
        }
        found => Err(StoreError::Version { found }),
    }
}

/// The file holds password hashes: nobody else may read it.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|source| StoreError::File {
            path: path.to_owned(),
            source,
        })
}

/// Milliseconds since 1970, as times are stored.
fn stored(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, stored_length)
}

fn stored_length(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn time(stored: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + length(stored)
}

fn length(stored: i64) -> Duration {
    Duration::from_millis(u64::try_from(stored).unwrap_or(0))
}

/// The form of the records that this program writes.
const VERSION: i64 = 1;

/// How long another process may hold the file: operations take milliseconds.
const BUSY_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
