//! The `hawser-relay` program.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use hawser_relay::{Config, Relay, bind};

/// A FIDO hybrid (caBLE) tunnel service.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", env = "HAWSER_RELAY_LISTEN")]
    listen: SocketAddr,
    /// Lift the limits on messages and bytes of a tunnel, for load tests and trusted networks.
    #[arg(long, env = "HAWSER_RELAY_NO_QUOTAS")]
    no_quotas: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    if args.no_quotas {
        config.lift_quotas();
        tracing::warn!("quotas are lifted: do not run like this on the open internet");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = bind(args.listen)?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        let report = Relay::new(config)?.serve(listener, stop_signal()).await;
        tracing::info!(finished = report.finished, cut = report.cut, "stopped");
        Ok(())
    })
}

/// Resolves at SIGTERM or Ctrl-C.
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
