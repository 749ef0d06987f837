//! What settings stand for: a domain, a certificate, other instances.

use std::time::SystemTime;

use hawser_relay::config::Settings;
use hawser_relay::peer::PeerConfig;
use hawser_relay::tls::{Files, Pair};
use hawser_wire::{RoutingId, TunnelDomain};

use crate::Error;

/// What it takes to be one of several instances.
pub(crate) fn peers(settings: &Settings) -> Result<Option<(PeerConfig, RoutingId)>, Error> {
    let system = rustix::system::uname();
    let host_name = system.nodename().to_string_lossy();
    Ok(settings.peers.load(&host_name, SystemTime::now())?)
}

pub(crate) fn domain(settings: &Settings) -> Option<TunnelDomain> {
    settings
        .clients
        .domain_id
        .and_then(|id| TunnelDomain::from_id(id).ok())
}

pub(crate) fn certificate(settings: &Settings) -> Result<Option<(Files, Pair)>, Error> {
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
