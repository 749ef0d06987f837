//! The `hawser-relay` program: configuration, logs, certificate, listeners, work, drain.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use hawser_relay::config::{self, Action, Loaded, Settings};
use hawser_relay::logging::Logs;
use hawser_relay::peer::{PeerConfig, Slot};
use hawser_relay::tls::{Files, Pair};
use hawser_relay::{Admin, CertificateMetrics, Listeners, Relay, Tls, bind, open_files};
use hawser_wire::{RoutingId, TunnelDomain};
use prometheus::Registry;
use sd_notify::NotifyState;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Packs the few hundred bytes of a connection tighter than the C library, and gives memory back when
/// thousands of connections have gone (docs/performance.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error>;

/// Exit status for a configuration that is wrong.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    let matches = config::command().get_matches();
    let variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .collect();
    let loaded = match config::load(&matches, &variables) {
        Ok(loaded) => loaded,
        Err(error) => return complain(&error.to_string(), WRONG),
    };
    match loaded.action {
        Action::Run => run(&loaded),
        Action::Print => print(&config::as_file(&loaded.settings, &loaded.origins)),
        Action::Check => match check(&loaded) {
            Ok(report) => print(&report),
            Err(error) => complain(&error.to_string(), WRONG),
        },
    }
}

fn complain(what: &str, status: u8) -> ExitCode {
    // Nobody to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{what}");
    ExitCode::from(status)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What can be said without listening: warnings, the domain, the certificate.
fn check(loaded: &Loaded) -> Result<String, Error> {
    use std::fmt::Write as _;

    let mut report = String::new();
    for warning in &loaded.warnings {
        writeln!(report, "warning: {}", warning.0)?;
    }
    open_files::make_room(loaded.settings.limits.connections)?;
    if let Some(domain) = domain(&loaded.settings) {
        writeln!(report, "tunnel domain {} is {domain}", domain.id())?;
    }
    if let Some((_, pair)) = certificate(&loaded.settings)? {
        pair.validity().check(SystemTime::now())?;
        let until = humantime::format_rfc3339_seconds(pair.validity().to);
        writeln!(
            report,
            "the certificate and its key fit, and are valid until {until}"
        )?;
    }
    if let Some((peers, routing_id)) = peers(&loaded.settings)? {
        let slot = Slot::of(routing_id).number();
        writeln!(report, "one of {} instances, in slot {slot}", peers.count)?;
    }
    Ok(report + "the configuration is right\n")
}

fn run(loaded: &Loaded) -> ExitCode {
    let logs = Logs::start(
        loaded.settings.operation.log_format,
        loaded.settings.operation.log_level,
    );
    let runtime = Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Error::from).and_then(|runtime| {
        let ended = runtime.block_on(serve(loaded, &logs));
        // A name that is being looked up cannot be interrupted, and must not hold up the end.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(status) => status,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(loaded: &Loaded, logs: &Logs) -> Result<ExitCode, Error> {
    let settings = &loaded.settings;
    for warning in &loaded.warnings {
        tracing::warn!("{}", warning.0);
    }
    let (mut term, mut int, hup) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    open_files::make_room(settings.limits.connections)?;
    if let Some(domain) = domain(settings) {
        tracing::info!(id = domain.id(), host = %domain, "tunnel domain");
    }

    let mut config = settings.config();
    if let Some((peers, routing_id)) = peers(settings)? {
        (config.peers, config.routing_id) = (Some(peers), routing_id);
    }
    let relay = Relay::new(config)?;
    let registry = Registry::new();
    relay.register_metrics(&registry)?;
    logs.register_metrics(&registry)?;
    hawser_relay::register_process_metrics(&registry)?;
    let certificate = match certificate(settings)? {
        None => None,
        Some((files, pair)) => Some(show(files, pair, &registry)?),
    };
    let threads = settings.clients.threads.count();
    let mut listeners =
        Listeners::bind(settings.clients.listen, threads).map_err(named("listen"))?;
    let admin = settings.operation.admin.map(|address| {
        Admin::bind(
            address,
            relay.clone(),
            registry,
            settings.operation.debug_tunnels,
        )
    });
    let admin = admin.transpose().map_err(named("admin"))?;
    if let Some(admin) = &admin {
        tracing::info!(address = %admin.local_addr()?, "listening for the operator");
    }
    let address = listeners.local_addr()?;
    if let Some((tls, _)) = &certificate {
        listeners = listeners.with_tls(tls.clone());
    }
    let tls = certificate.is_some();
    if let Some(address) = settings.peers.listen {
        let listener = bind(address).map_err(named("peer-listen"))?;
        tracing::info!(address = %listener.local_addr()?, "listening for other instances");
        let relay = relay.clone();
        tokio::spawn(async move { relay.serve_peers(listener).await });
    }
    let keys = settings.peers.key_file.clone();
    let keys = keys.map(|path| (relay.clone(), path));
    keep_house(admin, certificate.map(|(_, watch)| watch), keys, hup)?;

    let stop = CancellationToken::new();
    let work = relay
        .clone()
        .serve_threads(listeners, stop.clone().cancelled_owned());
    tracing::info!(%address, tls, threads, connections = relay.most_connections(), "listening for clients");
    tell_service_manager(&[NotifyState::Ready]);

    let told_twice = async {
        either(&mut term, &mut int).await;
        tell_service_manager(&[NotifyState::Stopping]);
        let stats = relay.stats();
        tracing::info!(
            waiting = stats.waiting,
            paired = stats.paired,
            "stopping: new tunnels are refused"
        );
        stop.cancel();
        either(&mut term, &mut int).await;
        // Before the other threads end, which they do as soon as nobody waits for the work.
        relay.stats()
    };
    tokio::select! {
        report = work => {
            let report = report?;
            tracing::info!(finished = report.finished, cut = report.cut, "stopped");
            Ok(ExitCode::SUCCESS)
        }
        stats = told_twice => {
            tracing::warn!(cut = stats.waiting + stats.paired + stats.hops, "stopped at once, as asked twice");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// An error about the setting of this name.
fn named<E: std::fmt::Display>(setting: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{setting}: {error}")
}

/// What it takes to be one of several instances.
fn peers(settings: &Settings) -> Result<Option<(PeerConfig, RoutingId)>, Error> {
    let system = rustix::system::uname();
    let host_name = system.nodename().to_string_lossy();
    Ok(settings.peers.load(&host_name, SystemTime::now())?)
}

fn domain(settings: &Settings) -> Option<TunnelDomain> {
    settings
        .clients
        .domain_id
        .and_then(|id| TunnelDomain::from_id(id).ok())
}

fn certificate(settings: &Settings) -> Result<Option<(Files, Pair)>, Error> {
    let (Some(certificate), Some(key)) = (&settings.clients.tls_cert, &settings.clients.tls_key)
    else {
        return Ok(None);
    };
    let files = Files {
        certificate: certificate.clone(),
        key: key.clone(),
        host: domain(settings).map(TunnelDomain::host),
    };
    let pair = files.load()?;
    Ok(Some((files, pair)))
}

/// The certificate that is shown from the start, and what looks after it.
struct Watch {
    files: Files,
    tls: Tls,
    metrics: CertificateMetrics,
}

fn show(files: Files, pair: Pair, registry: &Registry) -> Result<(Tls, Watch), Error> {
    let validity = pair.validity();
    // The clock may be wrong so early, and clients judge by their own.
    if let Err(error) = validity.check(SystemTime::now()) {
        tracing::warn!("{error}");
    }
    let metrics = CertificateMetrics::new(validity)?;
    metrics.register(registry)?;
    let tls = Tls::new(pair)?;
    let watch = Watch {
        files,
        tls: tls.clone(),
        metrics,
    };
    Ok((tls, watch))
}

/// Answers the operator and looks after the certificate and the keys, on a thread of its own: none of it
/// may slow clients down.
fn keep_house(
    admin: Option<Admin>,
    watch: Option<Watch>,
    keys: Option<(Relay, PathBuf)>,
    mut hup: Signal,
) -> Result<(), Error> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build()?;
    let work = async move {
        let [asked, asked_for_keys] = [(); 2].map(|()| Arc::new(Notify::new()));
        if let Some((relay, path)) = keys {
            tokio::spawn(relay.watch_peer_keys(path, Arc::clone(&asked_for_keys)));
        }
        if let Some(Watch {
            files,
            tls,
            metrics,
        }) = watch
        {
            tokio::spawn(files.watch(tls, metrics, Arc::clone(&asked)));
        }
        if let Some(admin) = admin {
            tokio::spawn(async move {
                let Err(error) = admin.serve().await;
                tracing::error!(%error, "the admin address is not served");
            });
        }
        while hup.recv().await.is_some() {
            asked.notify_one();
            asked_for_keys.notify_one();
        }
    };
    std::thread::Builder::new()
        .name("house".into())
        .spawn(move || runtime.block_on(work))?;
    Ok(())
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Without a service manager, this does nothing.
fn tell_service_manager(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}
