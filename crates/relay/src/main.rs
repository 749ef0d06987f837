//! The `hawser-relay` program.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hawser_relay::tls::Pair;
use hawser_relay::{Config, Listeners, Relay, Tls};

/// Packs the few hundred bytes of a connection tighter than the C library, and gives memory back when
/// thousands of connections have gone (docs/performance.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A FIDO hybrid (caBLE) tunnel service.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", env = "HAWSER_RELAY_LISTEN")]
    listen: SocketAddr,
    /// Certificate chain in PEM, the server's first. With it, the relay speaks TLS.
    #[arg(
        long,
        value_name = "FILE",
        env = "HAWSER_RELAY_TLS_CERT",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(
        long,
        value_name = "FILE",
        env = "HAWSER_RELAY_TLS_KEY",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
    /// Threads with an event loop each.
    #[arg(long, default_value = "1", env = "HAWSER_RELAY_THREADS")]
    threads: NonZeroUsize,
    /// Lift the limits on messages and bytes of a tunnel, for load tests and trusted networks.
    #[arg(long, env = "HAWSER_RELAY_NO_QUOTAS")]
    no_quotas: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
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
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::new(Pair::from_files(certificate, key)?)?),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut listeners = Listeners::bind(args.listen, args.threads)?;
        tracing::info!(address = %listeners.local_addr()?, tls = tls.is_some(), "listening for clients");
        if let Some(tls) = tls {
            listeners = listeners.with_tls(tls);
        }
        let report = Relay::new(config)?.serve_threads(listeners, stop_signal()).await?;
        tracing::info!(finished = report.finished, cut = report.cut, "stopped");
        Ok(())
    })
}

/// Resolves at SIGTERM or Ctrl-C.
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
