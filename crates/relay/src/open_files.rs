//! The limit on open files, which is the limit on connections.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::config::{Ceiling, Threads};

/// Most files that are not connections: standard streams, certificates while they are read, and the
/// admin listener with its few clients.
const OTHERS: u64 = 100;

/// Files of each thread that serves clients, of which there is one a core: its listener and its event
/// loop.
const OF_A_CORE: u64 = 8;

/// The part of a small limit that is kept for them.
const SHARE_OF_OTHERS: u64 = 4;

/// The limit on open files is too low for the connections that are asked for.
#[derive(Debug, thiserror::Error)]
#[error(
    "connections: {asked} do not fit into the limit of {files} open files, which leaves room for {most}; \
     raise the limit (LimitNOFILE= in systemd, ulimit -n in a shell)"
)]
pub struct NoRoom {
    asked: u64,
    files: u64,
    most: u64,
}

/// Raises the limit on open files, and checks that these connections fit into it.
///
/// # Errors
/// [`NoRoom`], which says what to do.
pub fn make_room(connections: Ceiling) -> Result<(), NoRoom> {
    let files = raise();
    match (connections, self::connections()) {
        (Ceiling::At(asked), Some(most)) if asked > most => Err(NoRoom {
            asked,
            files: files.unwrap_or_default(),
            most,
        }),
        _ => Ok(()),
    }
}

/// Raises the limit on open files as far as the operating system allows, and says what it is then.
/// `None` is no limit.
///
/// Nothing in this process uses `select`, for which the usual 1,024 is kept so low.
#[must_use]
pub fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || limit.maximum.is_none() {
        let mut raised = limit;
        raised.current = limit.maximum;
        // If it fails, the limit that is there counts.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    getrlimit(Resource::Nofile).current
}

/// Connections that fit into the limit on open files. `None` is any number.
#[must_use]
pub fn connections() -> Option<u64> {
    let cores = Threads::PerCore.count().get();
    getrlimit(Resource::Nofile)
        .current
        .map(|files| room(files, u64::try_from(cores).unwrap_or(u64::MAX)))
}

fn room(files: u64, cores: u64) -> u64 {
    let others = OTHERS.saturating_add(cores.saturating_mul(OF_A_CORE));
    (files - others.min(files / SHARE_OF_OTHERS)).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_no_connections_and_more_on_a_larger_machine() {
        for (files, cores, connections) in [
            (1024, 2, 908),
            (1024, 64, 768),
            (262_144, 2, 262_028),
            (262_144, 64, 261_532),
            (100, 2, 75),
            (0, 2, 2),
        ] {
            assert_eq!(room(files, cores), connections, "{files} and {cores}");
        }
    }
}
