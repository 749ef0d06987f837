//! Waiting until an exact moment. Tokio's own timers are a millisecond coarse, which would be most
//! of what a fast service takes.

use std::io;
use std::time::Instant;

/// Wakes one task at given moments, to some tens of microseconds.
#[derive(Debug)]
pub(crate) struct Alarm(imp::Alarm);

impl Alarm {
    /// # Errors
    /// When there is no file descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        imp::Alarm::new().map(Self)
    }

    /// Waits until `when`.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the moment.
    pub(crate) async fn wait(&mut self, when: Instant) -> io::Result<()> {
        self.0.wait(when).await
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Instant;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "deprecated for types that may lose their descriptor; an OwnedFd keeps it, \
                          and the replacement is unsafe"
            )]
            let timer = AsyncFd::new(timer)?;
            Ok(Self(timer))
        }

        pub(super) async fn wait(&mut self, when: Instant) -> io::Result<()> {
            // An old expiry must not end this wait, and setting the time clears it.
            loop {
                let left = when.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(());
                }
                let value = Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                };
                let zero = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                let spec = Itimerspec {
                    it_interval: zero,
                    it_value: value,
                };
                timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &spec)?;
                let mut ready = self.0.readable().await?;
                let mut count = [0; 8];
                match rustix::io::read(self.0.get_ref(), &mut count) {
                    Ok(_) | Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::time::Instant;

    #[derive(Debug)]
    pub(super) struct Alarm;

    impl Alarm {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) async fn wait(&mut self, when: Instant) -> io::Result<()> {
            tokio::time::sleep_until(when.into()).await;
            Ok(())
        }
    }
}
