//! From settings to a relay at work, and to its end.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use hawser_relay::config::{Loaded, Settings};
use hawser_relay::logging::Logs;
use hawser_relay::{
    Admin, DrainReport, Listeners, Relay, bind, open_files, register_process_metrics,
};
use prometheus::Registry;
use sd_notify::NotifyState;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::house::{keep_house, show};
use crate::parts::{certificate, domain, peers};

/// Runs the relay to its end.
pub(crate) fn run(loaded: &Loaded) -> ExitCode {
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
    register_process_metrics(&registry)?;
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
    let mut work = pin!(work);
    // Its first step starts the threads: whoever is told that it listens finds all of them there.
    if let Poll::Ready(over) = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        return Ok(stopped(over?));
    }
    tracing::info!(%address, tls, threads, connections = relay.most_connections(), "listening for clients");
    tell_service_manager(&[NotifyState::Ready]);

    let told_twice = async {
        either(&mut term, &mut int).await;
        let time = time_to_stop(settings);
        tell_service_manager(&[NotifyState::Stopping, NotifyState::Custom(&time)]);
        let stats = relay.stats();
        tracing::info!(
            waiting = stats.waiting,
            paired = stats.paired,
            "stopping: new tunnels are refused"
        );
        stop.cancel();
        either(&mut term, &mut int).await;
        // Before the other threads end, which they do as soon as nobody waits for the work.
        relay.drained_so_far()
    };
    tokio::select! {
        report = work => Ok(stopped(report?)),
        report = told_twice => {
            tracing::warn!(finished = report.finished, cut = report.cut, "stopped at once, as asked twice");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Says how the drain went.
fn stopped(report: DrainReport) -> ExitCode {
    tracing::info!(finished = report.finished, cut = report.cut, "stopped");
    ExitCode::SUCCESS
}

/// An error about the setting of this name.
fn named<E: std::fmt::Display>(setting: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{setting}: {error}")
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Asks for as long as a drain may take, and some more: a manager that grants less would kill it.
fn time_to_stop(settings: &Settings) -> String {
    const MORE: Duration = Duration::from_secs(5);
    let time = settings.operation.drain_time + settings.limits.close_time + MORE;
    // By hand: the crate's own form ends at 71 minutes.
    format!("EXTEND_TIMEOUT_USEC={}", time.as_micros())
}

/// Without a service manager, this does nothing.
fn tell_service_manager(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}
