//! The machine that a run was on, and its limits.

use serde::{Deserialize, Serialize};

/// What a figure needs beside it to mean something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) system: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// Open files that this process may have.
    pub(crate) files: Option<u64>,
}

impl Machine {
    /// Raises the limit on open files as far as it goes, and describes the machine.
    pub(crate) fn prepare() -> Self {
        Self {
            system: imp::system(),
            processor: imp::processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            files: imp::raise_files(),
        }
    }
}

pub(crate) use imp::tracked_share;

#[cfg(target_os = "linux")]
mod imp {
    use procfs::Current as _;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use crate::number::{float, ratio};

    pub(super) fn system() -> String {
        let version = procfs::sys::kernel::Version::current();
        version.map_or_else(
            |_| "Linux".to_owned(),
            |v| format!("Linux {}.{}.{}", v.major, v.minor, v.patch),
        )
    }

    pub(super) fn processor() -> String {
        let name = procfs::CpuInfo::current()
            .ok()
            .and_then(|info| info.model_name(0).map(str::to_owned));
        name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
    }

    pub(super) fn raise_files() -> Option<u64> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // The limit as it is will do, too.
        let _ = setrlimit(Resource::Nofile, raised);
        getrlimit(Resource::Nofile).current
    }

    /// How full the kernel's table of tracked connections is, from 0 to 1.
    pub(crate) fn tracked_share() -> Option<f64> {
        let read = |name| {
            let text = std::fs::read_to_string(format!("/proc/sys/net/netfilter/{name}")).ok()?;
            text.trim().parse::<u64>().ok()
        };
        let (count, most) = (read("nf_conntrack_count")?, read("nf_conntrack_max")?);
        Some(ratio(float(count), float(most)))
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn system() -> String {
        std::env::consts::OS.to_owned()
    }

    pub(super) fn processor() -> String {
        std::env::consts::ARCH.to_owned()
    }

    pub(super) fn raise_files() -> Option<u64> {
        None
    }

    pub(crate) fn tracked_share() -> Option<f64> {
        None
    }
}
