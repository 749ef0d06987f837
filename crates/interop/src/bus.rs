//! A private D-Bus "system" bus.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::process::Process;

/// A `dbus-daemon` of the test's own, on a Unix socket in a temporary folder. It ends when dropped.
///
/// Programs find it through the environment variable `DBUS_SYSTEM_BUS_ADDRESS`.
#[derive(Debug)]
pub struct PrivateBus {
    daemon: Process,
    address: String,
    _folder: TempDir,
}

/// Who may call the Bluetooth service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// Everybody.
    #[default]
    Granted,
    /// Nobody: the bus itself rejects every call, as a distribution's policy does to a user who is not in the right group.
    Denied,
}

/// Why there is no private bus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The temporary folder or the configuration in it could not be made.
    #[error("the folder of the private bus could not be made")]
    Folder(#[source] io::Error),
    /// The daemon did not start.
    #[error("dbus-daemon did not start: install the package dbus")]
    Start(#[source] io::Error),
    /// The daemon ended before it said where it listens.
    #[error("dbus-daemon ended at once and said: {0}")]
    Ended(String),
}

impl PrivateBus {
    /// Starts a bus. It accepts connections when this returns.
    ///
    /// # Errors
    /// [`BusError`]. Blocks the thread for the few milliseconds that the daemon needs.
    pub fn start(permission: Permission) -> Result<Self, BusError> {
        let folder = TempDir::with_prefix("hawser-bus-").map_err(BusError::Folder)?;
        let config = folder.path().join("bus.conf");
        std::fs::write(&config, configuration(folder.path(), permission))
            .map_err(BusError::Folder)?;
        let log = folder.path().join("bus.log");
        let mut daemon = Process::start("dbus-daemon", &log, |command| {
            command
                .arg(format!("--config-file={}", config.display()))
                .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address"])
                .stdout(Stdio::piped());
        })
        .map_err(BusError::Start)?;
        let address = first_line(&mut daemon).map_err(BusError::Start)?;
        if address.is_empty() {
            return Err(BusError::Ended(
                std::fs::read_to_string(&log).unwrap_or_default(),
            ));
        }
        Ok(Self {
            daemon,
            address,
            _folder: folder,
        })
    }

    /// Where it listens, in the form of `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the daemon wrote.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.daemon.log().to_owned()
    }
}

fn configuration(folder: &Path, permission: Permission) -> String {
    let deny = match permission {
        Permission::Granted => "",
        Permission::Denied => r#"<deny send_destination="org.bluez"/>"#,
    };
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={}/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    {deny}
  </policy>
</busconfig>
"#,
        folder.display()
    )
}

/// The line in which the daemon says where it listens, or nothing when it ended first.
fn first_line(daemon: &mut Process) -> io::Result<String> {
    let mut line = String::new();
    if let Some(output) = daemon.child().stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    Ok(line.trim_end().to_owned())
}
