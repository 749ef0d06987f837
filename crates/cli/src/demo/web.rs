//! The console: the story with pages.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use hawser_demo::console::{Console, DEMO_PASSWORD, Options};
use hawser_demo::relying_party::StorePlace;

use crate::ending::{Ending, Failure};
use crate::signal::Signals;
use crate::{argument, output, runtime};

/// How the console is served.
// A group of its own name: clap calls the story's "Flags" already.
#[derive(Debug, Args)]
#[group(id = "web_console")]
pub(super) struct Flags {
    /// Serve the story as a web console, with a simulated phone, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["refuse", "slow", "json"])]
    web: bool,
    /// Where the console listens. The simulated phones are there too, so keep it on this computer.
    #[arg(
        long,
        requires = "web",
        value_name = "ADDR",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Keep accounts, devices and the audit trail in this SQLite file, and the phones' passkeys beside it. Otherwise everything
    /// is gone with Ctrl-C.
    #[arg(long, requires = "web", value_name = "FILE")]
    store: Option<PathBuf>,
}

impl Flags {
    /// Whether the console is wanted, and not the story in the terminal.
    pub(super) fn wanted(&self) -> bool {
        self.web
    }

    pub(super) fn run(self) -> Ending {
        if let Some(path) = &self.store {
            argument::can_be_made("--store", path)?;
        }
        let options = Options {
            listen: self.listen,
            store: self.store.map_or(StorePlace::Memory, StorePlace::File),
            ..Options::default()
        };
        runtime::run(async {
            let mut signals = Signals::listen();
            let console = Console::open(options).await;
            let console = console.map_err(|error| Failure::failed(&error))?;
            output::print_line(&welcome(&console))?;
            if !self.listen.ip().is_loopback() {
                tracing::warn!(listen = %self.listen, "others can reach the simulated phones and use them");
            }
            let stop = async move {
                signals.next().await;
            };
            let served = console.serve(stop).await;
            served.map_err(|error| Failure::failed(&error))?;
            Ok(ExitCode::SUCCESS)
        })?
    }
}

/// Where everything is.
fn welcome(console: &Console) -> String {
    let (origin, relay) = (console.origin(), console.relay_url());
    format!(
        "console  {origin}\nphone    {origin}phone\nwire     {origin}wire\nrelay    {relay}\n\n\
         Sign in as root or alice; everybody's password is {DEMO_PASSWORD}. Ctrl-C ends it."
    )
}
