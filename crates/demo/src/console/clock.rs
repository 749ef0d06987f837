//! The demo's clock: the system's, and whatever the administrator has let pass.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use crate::relying_party::{Clock, StorePlace};

/// A clock that can be set forward, because nobody waits 35 days for a demo. Clones share the time.
///
/// With records in a file it is kept beside them: with a clock that jumped back, sessions would live
/// again, lock-outs last for weeks and grace periods grow; and the command line must mean the same
/// time.
#[derive(Debug, Clone)]
pub(super) struct DemoClock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: Option<PathBuf>,
    /// In seconds.
    ahead: Mutex<u64>,
}

/// Why the clock is not set forward.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClockError {
    #[error("the demo's clock goes at most {MAX_DAYS_AHEAD} days ahead")]
    TooFar,
    #[error("the demo's clock cannot be kept")]
    Kept(#[from] io::Error),
}

impl DemoClock {
    /// The clock of the records at a place.
    pub(super) fn of(store: &StorePlace) -> io::Result<Self> {
        let file = match store {
            StorePlace::Memory => None,
            StorePlace::File(records) => Some(beside(records)),
        };
        let ahead = file.as_deref().map_or(Ok(0), read)?;
        Ok(Self(Arc::new(Shared {
            file,
            ahead: Mutex::new(ahead),
        })))
    }

    pub(super) fn clock(&self) -> Clock {
        let ahead = self.clone();
        Clock::from_fn(move || SystemTime::now() + ahead.ahead())
    }

    /// Sets the clock forward. Writes a small file.
    pub(super) fn let_pass(&self, days: u32) -> Result<(), ClockError> {
        let mut ahead = self.seconds();
        let then = u64::from(days)
            .saturating_mul(DAY.as_secs())
            .saturating_add(*ahead);
        if then > LIMIT {
            return Err(ClockError::TooFar);
        }
        if let Some(file) = &self.0.file {
            write(file, then)?;
        }
        *ahead = then;
        Ok(())
    }

    pub(super) fn ahead(&self) -> Duration {
        Duration::from_secs(*self.seconds())
    }

    pub(super) fn days_ahead(&self) -> u64 {
        self.ahead().as_secs() / DAY.as_secs()
    }

    fn seconds(&self) -> MutexGuard<'_, u64> {
        self.0.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn beside(records: &Path) -> PathBuf {
    let mut file = records.to_owned().into_os_string();
    file.push(".clock");
    file.into()
}

/// The seconds in a file; none when there is no file.
fn read(file: &Path) -> io::Result<u64> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        text => text?,
    };
    let seconds = text.trim().parse().ok().filter(|ahead| *ahead <= LIMIT);
    seconds.ok_or_else(|| {
        let words = format!("{} does not hold a number of seconds", file.display());
        io::Error::new(io::ErrorKind::InvalidData, words)
    })
}

/// In one step: whoever reads at the same time sees the old time or the new.
fn write(file: &Path, seconds: u64) -> io::Result<()> {
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
    let mut fresh = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    writeln!(fresh, "{seconds}")?;
    fresh.persist(file)?;
    Ok(())
}

const DAY: Duration = Duration::from_hours(24);
/// At a time.
pub(super) const MAX_DAYS: u32 = 365;
/// Altogether: twenty roll-outs one after another, and far from the years that dates cannot show.
pub(super) const MAX_DAYS_AHEAD: u64 = 10 * 365;
const LIMIT: u64 = MAX_DAYS_AHEAD * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_ten_years_ahead_and_not_a_day_further() {
        let clock = DemoClock::of(&StorePlace::Memory).unwrap();
        for _ in 0..10 {
            clock.let_pass(MAX_DAYS).unwrap();
        }
        assert_eq!(clock.days_ahead(), MAX_DAYS_AHEAD);
        assert!(matches!(clock.let_pass(1), Err(ClockError::TooFar)));
        assert_eq!(clock.days_ahead(), MAX_DAYS_AHEAD);
    }

    #[test]
    fn a_file_without_a_time_is_no_clock() {
        let directory = tempfile::TempDir::new().unwrap();
        let records = directory.path().join("console.sqlite");
        for nonsense in ["", "soon", "-1", "99999999999999999999", "315360001"] {
            std::fs::write(beside(&records), nonsense).unwrap();
            let refused = DemoClock::of(&StorePlace::File(records.clone()));
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        std::fs::write(beside(&records), "315360000\n").unwrap();
        let clock = DemoClock::of(&StorePlace::File(records)).unwrap();
        assert_eq!(clock.days_ahead(), MAX_DAYS_AHEAD);
    }
}
