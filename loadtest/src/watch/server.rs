//! What the service costs.

use url::Url;

use crate::watch::process::{self, Usage};
use crate::watch::scrape;

/// Where the service's cost can be read.
#[derive(Debug, Clone)]
pub(crate) enum Server {
    Unknown,
    Processes(Vec<i32>),
    Page(Url),
}

/// Why a service cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    #[error("there is no process {0}, or this system has no /proc")]
    NoProcess(i32),
    #[error("{0} is not an http:// URL")]
    Url(String),
    #[error(
        "{0} cannot be read, or has no process_cpu_seconds_total and process_resident_memory_bytes; \
         use --server-pid"
    )]
    NoMetrics(String),
}

impl Server {
    /// Checks that there is something to read.
    pub(crate) async fn new(pids: &[i32], page: Option<&str>) -> Result<Self, WatchError> {
        for pid in pids {
            process::usage(*pid).ok_or(WatchError::NoProcess(*pid))?;
        }
        if !pids.is_empty() {
            return Ok(Self::Processes(pids.to_vec()));
        }
        let Some(page) = page else {
            return Ok(Self::Unknown);
        };
        let url = Url::parse(page).map_err(|_| WatchError::Url(page.to_owned()))?;
        if url.scheme() != "http" {
            return Err(WatchError::Url(page.to_owned()));
        }
        if scrape::usage(&url).await.is_none() {
            return Err(WatchError::NoMetrics(page.to_owned()));
        }
        Ok(Self::Page(url))
    }

    /// What it has used until now. `None` when it cannot be told, as when it has died.
    pub(crate) async fn usage(&self) -> Option<Usage> {
        match self {
            Self::Unknown => None,
            Self::Page(url) => scrape::usage(url).await,
            Self::Processes(pids) => pids.iter().try_fold(Usage::default(), |sum, pid| {
                Some(sum.plus(process::usage(*pid)?))
            }),
        }
    }
}
