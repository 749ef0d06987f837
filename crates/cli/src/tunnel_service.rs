//! Which tunnel service is dialled, and whose certificates are trusted.

use std::path::PathBuf;

use clap::Args;
use hawser_tunnel::Dialer;

use crate::argument;
use crate::ending::Failure;

/// The way to the tunnel service.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tunnel service")]
pub(crate) struct TunnelService {
    /// Dial this address, whatever the tunnel domain. TLS name and Host header stay the domain's.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "tunnel_service")]
    connect: Option<String>,
    /// Trust the CA certificates in this PEM file, and no others.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Take this to be the service of every domain: wss://HOST:PORT, or ws://HOST:PORT on this computer.
    #[arg(id = "tunnel_service", long = "tunnel-service", value_name = "URL")]
    url: Option<String>,
}

impl TunnelService {
    pub(crate) fn dialer(&self) -> Result<Dialer, Failure> {
        let mut dialer = Dialer::new();
        if let Some(path) = &self.ca {
            let name = path.display().to_string();
            let pem = std::fs::read(path)
                .map_err(|error| Failure::malformed(&error).about(&format!("--ca {name}")))?;
            dialer = dialer
                .trust_pem(&pem)
                .map_err(|error| Failure::malformed(&error).about(&format!("--ca {name}")))?;
        }
        if let Some(address) = &self.connect {
            dialer = dialer
                .connect_to(address)
                .map_err(|error| Failure::malformed(&error).about("--connect"))?;
        }
        if let Some(url) = &self.url {
            dialer = dialer
                .tunnel_service(url)
                .map_err(|error| Failure::malformed(&error).about("--tunnel-service"))?;
        }
        Ok(dialer)
    }

    /// Whether no domain is looked up, so that its number does not matter.
    pub(crate) const fn stands_for_every_domain(&self) -> bool {
        self.url.is_some()
    }

    /// Whether the domain's own name is looked up.
    pub(crate) const fn is_looked_up(&self) -> bool {
        self.url.is_none() && self.connect.is_none()
    }

    /// Whether there is no certificate to look at.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.starts_with("ws:"))
    }

    /// The flags as they were typed, for another program on this computer.
    pub(crate) fn typed(&self) -> Vec<String> {
        let flags = [
            ("--connect", self.connect.clone()),
            (
                "--ca",
                self.ca.as_ref().map(|path| path.display().to_string()),
            ),
            ("--tunnel-service", self.url.clone()),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, value)| Some(format!("{flag} {}", argument::typed(&value?))))
            .collect()
    }
}
