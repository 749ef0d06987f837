//! CPU time, memory and files of processes and threads, from /proc.

/// What a process has used so far, and holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// CPU time since its start, in nanoseconds.
    pub(crate) cpu: u64,
    /// Resident memory, in bytes.
    pub(crate) rss: u64,
    /// Open files.
    pub(crate) fds: u64,
}

impl Usage {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            rss: self.rss + other.rss,
            fds: self.fds + other.fds,
        }
    }
}

/// How a thread has spent its time, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ThreadTime {
    /// On a CPU.
    pub(crate) running: u64,
    /// Ready, but without a CPU.
    pub(crate) waiting: u64,
}

#[cfg(target_os = "linux")]
mod imp {
    use procfs::process::Process;

    use super::{ThreadTime, Usage};
    use crate::number::whole_len;

    /// Ticks that a process total may be ahead of its threads' sum before a thread must have ended:
    /// ticks are coarse.
    const TICK_SLACK: u64 = 50_000_000;

    pub(crate) fn usage(pid: i32) -> Option<Usage> {
        let process = Process::new(pid).ok()?;
        let status = process.status().ok()?;
        let stat = process.stat().ok()?;
        // One that has died and that nobody has cleared away.
        if matches!(stat.state, 'Z' | 'X') {
            return None;
        }
        let tick = 1_000_000_000 / procfs::ticks_per_second().max(1);
        let ticks = (stat.utime + stat.stime) * tick;
        // The scheduler's own count is exact, but forgets threads that have ended.
        let threads: u64 = process
            .tasks()
            .ok()?
            .flatten()
            .filter_map(|task| task.schedstat().ok())
            .map(|schedule| schedule.sum_exec_runtime)
            .sum();
        let cpu = if ticks > threads + threads / 20 + TICK_SLACK {
            ticks
        } else {
            threads
        };
        Some(Usage {
            cpu,
            rss: status.vmrss.unwrap_or_default() * 1024,
            fds: whole_len(process.fd_count().unwrap_or_default()),
        })
    }

    pub(crate) fn thread(tid: i32) -> Option<ThreadTime> {
        let schedule = Process::myself().ok()?.task_from_tid(tid).ok()?;
        let schedule = schedule.schedstat().ok()?;
        Some(ThreadTime {
            running: schedule.sum_exec_runtime,
            waiting: schedule.run_delay,
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use super::{ThreadTime, Usage};

    pub(crate) fn usage(_pid: i32) -> Option<Usage> {
        None
    }

    pub(crate) fn thread(_tid: i32) -> Option<ThreadTime> {
        None
    }
}

pub(crate) use imp::{thread, usage};
