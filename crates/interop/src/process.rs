//! A child process that ends with its test.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// A running program, in a process group of its own. Dropping it kills the whole group and waits.
///
/// The kernel kills the program too when the test itself is killed (`setpriv --pdeathsig`), so nothing outlives a test
/// runner that loses its patience.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints goes to the file `log`, which is made anew.
    ///
    /// `prepare` adds arguments and environment, and may take standard output for itself.
    ///
    /// # Errors
    /// The program could not be started, or the log not be made.
    pub fn start(
        program: &str,
        log: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        let output = File::create(log)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", program])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        prepare(&mut command);
        Ok(Self {
            child: command.spawn()?,
            log: log.to_owned(),
        })
    }

    /// What it printed.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The process, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// The system could not say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Kills the whole group at once, as a crash would.
    pub fn kill(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // Once waited for, the id may belong to somebody else.
        if let (Some(group), Ok(None)) = (group, self.child.try_wait()) {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
