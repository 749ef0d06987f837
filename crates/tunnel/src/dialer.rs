//! How to reach tunnel services.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXUPPER;
use hawser_wire::{ContactId, RoutingId, TunnelDomain, TunnelId, TunnelPath, header};
use http::HeaderMap;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::deadline::Deadline;
pub use crate::dialer_error::DialerError;
use crate::open_error::{OpenError, Request};
use crate::service::{Address, Service};
use crate::tunnel::Tunnel;
use crate::{connect, upgrade};

/// How long dialling may take from the name's look-up to the service's answer, unless
/// [`Dialer::time_limit`] says otherwise.
pub const DIAL_LIMIT: Duration = Duration::from_secs(20);

/// Where tunnel services are, whose certificates to trust, how long to wait. Cheap to clone.
///
/// By default a service is where the protocol puts it: TLS on port 443 of its
/// [domain](TunnelDomain), with a certificate of a public authority (Mozilla's list). Of several
/// addresses the first to connect is taken (Happy Eyeballs, RFC 8305).
#[derive(Debug, Clone)]
pub struct Dialer {
    roots: Arc<RootCertStore>,
    connect_to: Option<Address>,
    service: Option<Service>,
    limit: Duration,
}

/// Whether the service will tell that a contacted phone has joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneSignal {
    /// The first message of the tunnel is the service's own, one zero byte, once the phone joined.
    Promised,
    /// The service does not offer the signal: every message is the phone's.
    Unsupported,
}

impl Default for Dialer {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialer {
    /// TLS on port 443 of the domain, Mozilla's root certificates, [`DIAL_LIMIT`].
    #[must_use]
    pub fn new() -> Self {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Self {
            roots: Arc::new(roots),
            connect_to: None,
            service: None,
            limit: DIAL_LIMIT,
        }
    }

    /// Trusts the CA certificates in `pem` and no others, the built-in ones included.
    ///
    /// # Errors
    /// [`DialerError::Pem`], [`DialerError::NoCertificate`], [`DialerError::Certificate`].
    pub fn trust_pem(mut self, pem: &[u8]) -> Result<Self, DialerError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|e| DialerError::Pem(e.into()))?;
            roots
                .add(certificate)
                .map_err(|e| DialerError::Certificate(e.into()))?;
        }
        if roots.is_empty() {
            return Err(DialerError::NoCertificate);
        }
        self.roots = Arc::new(roots);
        Ok(self)
    }

    /// Dials `address` (`HOST:PORT`) whatever the domain; the TLS name, `Host` and `Origin` stay
    /// the domain's. For a service that is not in public DNS yet.
    ///
    /// # Errors
    /// [`DialerError::Address`].
    pub fn connect_to(mut self, address: &str) -> Result<Self, DialerError> {
        self.connect_to = Some(Address::parse(address)?);
        Ok(self)
    }

    /// Takes the service at `url` (`wss://HOST[:PORT]`, or `ws://HOST[:PORT]` on this machine) to
    /// be the service of every domain. For development: phones and laptops that were not told so
    /// look for the domain's own.
    ///
    /// # Errors
    /// [`DialerError::Url`]; [`DialerError::PlaintextNotLocal`], because what a plaintext
    /// connection carries to another machine anybody on the way can cut or join.
    pub fn tunnel_service(mut self, url: &str) -> Result<Self, DialerError> {
        self.service = Some(Service::parse(url)?);
        Ok(self)
    }

    /// Gives up after `limit`, for all steps of dialling together; [`DIAL_LIMIT`] by default.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Opens a tunnel, as a phone does: `/cable/new`. The routing id goes into the advert.
    ///
    /// # Errors
    /// [`OpenError`]; in particular [`OpenError::Refused`] with status 409 when the id is in use.
    ///
    /// # Cancel safety
    /// A future that is dropped closes its connection; the service may have seen the request.
    pub async fn open(
        &self,
        domain: TunnelDomain,
        id: TunnelId,
    ) -> Result<(Tunnel, RoutingId), OpenError> {
        let path = TunnelPath::New(id);
        let (tunnel, answer) = self
            .dial(domain, Request::Open, &path, HeaderMap::new())
            .await?;
        let routing = upgrade::routing_id(&answer)?;
        Ok((tunnel, routing))
    }

    /// Joins a tunnel that waits, as a laptop does, and a linked phone: `/cable/connect`.
    ///
    /// # Errors
    /// [`OpenError`]; in particular [`OpenError::Refused`] with status 404 when nobody waits there
    /// or somebody else has joined.
    ///
    /// # Cancel safety
    /// A future that is dropped closes its connection. The tunnel may be lost with it: a service
    /// lets one laptop join.
    pub async fn join(
        &self,
        domain: TunnelDomain,
        routing: RoutingId,
        id: TunnelId,
    ) -> Result<Tunnel, OpenError> {
        let path = TunnelPath::Connect(routing, id);
        let (tunnel, _) = self
            .dial(domain, Request::Join, &path, HeaderMap::new())
            .await?;
        Ok(tunnel)
    }

    /// Asks the service to wake a linked phone and waits for it in a tunnel: `/cable/contact`.
    ///
    /// `client_payload` is the CBOR map for the phone; the service passes it on unread. It is some
    /// 35 bytes long, and a service may refuse one that is much longer.
    ///
    /// # Errors
    /// [`OpenError`]; in particular [`OpenError::Gone`], after which the link is of no use.
    ///
    /// # Cancel safety
    /// A future that is dropped closes its connection; the phone may have been woken.
    pub async fn contact(
        &self,
        domain: TunnelDomain,
        contact: &ContactId,
        client_payload: &[u8],
    ) -> Result<Tunnel, OpenError> {
        let headers = contact_headers(client_payload)?;
        let path = TunnelPath::Contact(contact.clone());
        let (tunnel, _) = self.dial(domain, Request::Contact, &path, headers).await?;
        Ok(tunnel)
    }

    /// [`contact`](Self::contact), and asks to be told when the phone has joined.
    ///
    /// # Errors
    /// As for [`contact`](Self::contact).
    ///
    /// # Cancel safety
    /// As for [`contact`](Self::contact).
    pub async fn contact_with_signal(
        &self,
        domain: TunnelDomain,
        contact: &ContactId,
        client_payload: &[u8],
    ) -> Result<(Tunnel, PhoneSignal), OpenError> {
        let mut headers = contact_headers(client_payload)?;
        headers.insert(
            header::SIGNAL_CONNECTION,
            http::HeaderValue::from_static("true"),
        );
        let path = TunnelPath::Contact(contact.clone());
        let (tunnel, answer) = self.dial(domain, Request::Contact, &path, headers).await?;
        let signal = if answer.contains_key(header::SIGNAL_CONNECTION) {
            PhoneSignal::Promised
        } else {
            PhoneSignal::Unsupported
        };
        Ok((tunnel, signal))
    }

    /// One connection and one WebSocket upgrade on it. Returns the headers of the answer.
    async fn dial(
        &self,
        domain: TunnelDomain,
        request: Request,
        path: &TunnelPath,
        headers: HeaderMap,
    ) -> Result<(Tunnel, HeaderMap), OpenError> {
        let deadline = Deadline::after(self.limit);
        let service = self
            .service
            .clone()
            .unwrap_or_else(|| Service::tls(domain.host()));
        let address = self.connect_to.as_ref().unwrap_or(&service.address);

        let socket = connect::tcp(&service, address, &deadline).await?;
        let socket = connect::tls(&service, socket, &self.roots, &deadline).await?;
        upgrade::upgrade(&service, socket, request, path, headers, &deadline).await
    }
}

fn contact_headers(client_payload: &[u8]) -> Result<HeaderMap, OpenError> {
    let payload = http::HeaderValue::try_from(HEXUPPER.encode(client_payload))
        .map_err(|e| OpenError::Request(e.into()))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CLIENT_PAYLOAD, payload);
    Ok(headers)
}
