//! `hawser completions` and `hawser man`: made from the same description as `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::ending::{Ending, Failure};
use crate::output;

/// Print a script that completes the command in a shell.
///
/// For bash: source <(hawser completions bash)
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, mut command: Command) -> Ending {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "hawser", &mut script);
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Write a manual page for each subcommand into a directory.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The directory. It is made when it is not there.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(&self, command: Command) -> Ending {
        std::fs::create_dir_all(&self.directory)
            .and_then(|()| clap_mangen::generate_to(command, &self.directory))
            .map_err(|error| {
                Failure::failed(&error).about(&self.directory.display().to_string())
            })?;
        Ok(ExitCode::SUCCESS)
    }
}
