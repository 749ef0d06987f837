//! Where the service under test is, and whom to trust there.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use url::{Host, Url};

use crate::args::TargetArgs;
use crate::client::source::{has_whole_loopback, loopback};

/// Why there is nothing to drive. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("{0} is not a ws:// or wss:// URL of a tunnel service, such as ws://127.0.0.1:8080")]
    Url(String),
    #[error("{0} has a path; give the service's root, the harness adds /cable/..")]
    Path(String),
    #[error("cannot find the address of {0}: {1}")]
    Resolve(String, #[source] std::io::Error),
    #[error(
        "{0} is not on this machine. Load can take a service down: give --target-is-mine if it is \
         yours and you may load it"
    )]
    NotLoopback(SocketAddr),
    #[error("cannot read the CA certificates in {0}: {1}")]
    Ca(String, String),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] rustls::Error),
    #[error("--source {0} cannot reach {1}: one is IPv4 and the other IPv6")]
    SourceFamily(IpAddr, SocketAddr),
    #[error("--sources needs a target on IPv4 loopback; give --source with addresses of your own")]
    Sources,
}

/// A service under test.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Every address that connections are spread over.
    pub(crate) addresses: Vec<SocketAddr>,
    /// For the `Host` field.
    pub(crate) authority: String,
    /// `ws` or `wss`.
    pub(crate) scheme: &'static str,
    /// For wss.
    pub(crate) tls: Option<Tls>,
    /// Every address that connections come from; none leaves the choice to the kernel.
    pub(crate) sources: Vec<IpAddr>,
    /// The laptop goes to the address after the phone's.
    pub(crate) laptop_elsewhere: bool,
    /// Connections are reset once both ends have said goodbye.
    pub(crate) reset: bool,
}

/// How to speak TLS with the service.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl Target {
    /// Resolves names, reads certificates, and refuses targets that might be somebody else's.
    pub(crate) fn new(args: &TargetArgs) -> Result<Self, TargetError> {
        let bad_url = || TargetError::Url(args.url.clone());
        let url = Url::parse(&args.url).map_err(|_| bad_url())?;
        let (scheme, default_port) = match url.scheme() {
            "ws" => ("ws", 80),
            "wss" => ("wss", 443),
            _ => return Err(bad_url()),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(TargetError::Path(args.url.clone()));
        }
        let host = url.host().ok_or_else(bad_url)?;
        let port = url.port().unwrap_or(default_port);
        let addresses = addresses(&host, port, &args.connect)?;
        if let Some(address) = addresses.iter().find(|a| !a.ip().is_loopback())
            && !args.target_is_mine
        {
            return Err(TargetError::NotLoopback(*address));
        }
        let name = args.server_name.clone().unwrap_or_else(|| match &host {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        });
        let tls = match scheme {
            "wss" => Some(Tls::new(name, args.ca.as_deref())?),
            _ => None,
        };
        let shown = args.server_name.clone().unwrap_or(host.to_string());
        let authority = url.port().map_or(shown.clone(), |p| format!("{shown}:{p}"));
        let sources = sources(args, &addresses)?;
        Ok(Self {
            addresses,
            authority,
            scheme,
            tls,
            sources,
            laptop_elsewhere: args.laptop_elsewhere,
            reset: args.reset,
        })
    }
}

fn addresses(
    host: &Host<&str>,
    port: u16,
    connect: &[String],
) -> Result<Vec<SocketAddr>, TargetError> {
    if connect.is_empty() {
        return match host {
            Host::Ipv4(address) => Ok(vec![SocketAddr::new((*address).into(), port)]),
            Host::Ipv6(address) => Ok(vec![SocketAddr::new((*address).into(), port)]),
            Host::Domain(name) => resolve(&format!("{name}:{port}")),
        };
    }
    let mut all = Vec::new();
    for address in connect {
        all.extend(resolve(address)?);
    }
    Ok(all)
}

/// The first address of a name: the others are usually the same machine by another protocol.
fn resolve(address: &str) -> Result<Vec<SocketAddr>, TargetError> {
    let found = address
        .to_socket_addrs()
        .map_err(|e| TargetError::Resolve(address.to_owned(), e))?;
    Ok(found.take(1).collect())
}

/// On IPv4 loopback, connections come from many addresses unless told otherwise: the clients of a
/// tunnel service do, it may have quotas for each, and one address has only 28,000 ports.
fn sources(args: &TargetArgs, addresses: &[SocketAddr]) -> Result<Vec<IpAddr>, TargetError> {
    if !args.source.is_empty() {
        for source in &args.source {
            let other = |a: &&SocketAddr| a.is_ipv4() != source.is_ipv4();
            if let Some(address) = addresses.iter().find(other) {
                return Err(TargetError::SourceFamily(*source, *address));
            }
        }
        return Ok(args.source.clone());
    }
    let is_local = addresses.iter().all(|a| match a.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(_) => false,
    });
    match args.sources {
        Some(count) if count > 1 && !is_local => Err(TargetError::Sources),
        Some(count) if is_local => Ok(loopback(count)),
        None if is_local && has_whole_loopback() => Ok(loopback(DEFAULT_SOURCES)),
        _ => Ok(Vec::new()),
    }
}

/// Source addresses on loopback: with a usual quota of 30 tunnels a second and client, enough for
/// 30,000 a second.
pub(crate) const DEFAULT_SOURCES: u16 = 1000;

impl Tls {
    fn new(name: String, ca: Option<&Path>) -> Result<Self, TargetError> {
        let mut roots = RootCertStore::empty();
        match ca {
            Some(path) => {
                let bad = |e: String| TargetError::Ca(path.display().to_string(), e);
                let certificates =
                    CertificateDer::pem_file_iter(path).map_err(|e| bad(e.to_string()))?;
                for certificate in certificates {
                    let certificate = certificate.map_err(|e| bad(e.to_string()))?;
                    roots.add(certificate).map_err(|e| bad(e.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(bad("no -----BEGIN CERTIFICATE----- in it".to_owned()));
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TargetError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Each sign-in is of another phone and laptop, so none resumes the session of another.
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(name.clone()).map_err(|_| TargetError::Url(name))?;
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }
}
