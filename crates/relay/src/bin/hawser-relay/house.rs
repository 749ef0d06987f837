//! What goes on beside the work: the operator's questions, and the certificate and the keys that change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use hawser_relay::tls::{Files, Pair};
use hawser_relay::{Admin, CertificateMetrics, Relay, Tls};
use prometheus::Registry;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::Signal;
use tokio::sync::Notify;

use crate::Error;

/// The certificate that is shown from the start, and what looks after it.
pub(crate) struct Watch {
    files: Files,
    tls: Tls,
    metrics: CertificateMetrics,
}

/// Sets TLS up with the certificate that was found at the start.
pub(crate) fn show(files: Files, pair: Pair, registry: &Registry) -> Result<(Tls, Watch), Error> {
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
pub(crate) fn keep_house(
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
