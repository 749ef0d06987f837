//! Being asked by a laptop without a QR code (CTAP 2.2 §11.5.2).
//!
//! A phone offers a link to a laptop whose code it has just scanned. From then on the laptop has the phone woken through the phone's tunnel
//! service, and the phone joins the laptop in the tunnel that the service names. How a service wakes phones is the vendor's own affair.
//!
//! ```no_run
//! # use hawser_phone::linked::*;
//! # use hawser_phone::{Advertiser, CtapAuthenticator, Phone};
//! # fn stored(_: &RootSecret) {}
//! # async fn example(phone: &mut Phone<impl Advertiser, impl CtapAuthenticator>, push: (RoutingId, TunnelId, &str))
//! # -> Result<(), Box<dyn std::error::Error>> {
//! // Once: the one secret from which all links come, and what the service calls this phone.
//! let root = RootSecret::generate(&mut OsRng)?;
//! let contact_id = ContactId::from_bytes(b"a push token, or a random name for it")?;
//!
//! // Before a code is accepted, when the person wants this laptop to be remembered.
//! let link_id = LinkId::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8])?;
//! phone.offer_link(LinkingOffer {
//!     secret: root.contact_secret(&contact_id).link_secret(&link_id),
//!     identity: root.identity_key()?,
//!     contact_id: contact_id.clone(),
//!     link_id,
//!     name: "Kim's phone".into(),
//! })?;
//!
//! // Later: a push message.
//! let (routing_id, tunnel_id, client_payload) = push;
//! let request = LinkedRequest::from_header(client_payload)?;
//! let secret = root.contact_secret(&contact_id).link_secret(request.link_id());
//! let call = LinkedCall::new(request, routing_id, tunnel_id, secret, root.identity_key()?);
//! phone.accept_linked(&call, |progress| println!("{progress:?}")).await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;

pub use hawser_proto::linked_request::LinkedRequestError;
pub use hawser_proto::update::UpdateError;
pub use hawser_proto::{
    ContactSecret, LinkId, LinkSecret, LinkedRequest, LinkingOffer, OsRng, PrivateKey, RootSecret,
};
pub use hawser_wire::{ContactId, RoutingId, TunnelId};

/// A linked laptop asks for this phone, and waits for it in a tunnel.
///
/// Whoever knows the contact id can send one, and only who has the link gets past the handshake: so a call proves nothing yet. An app
/// should show who is calling and let its person decide before the radio is on.
pub struct LinkedCall {
    request: LinkedRequest,
    routing_id: RoutingId,
    tunnel_id: TunnelId,
    secret: LinkSecret,
    identity: PrivateKey,
}

impl LinkedCall {
    /// What the push message says, and what this phone knows of the link that [`LinkedRequest::link_id`] names: its secret, and
    /// the key whose public half the laptop has.
    #[must_use]
    pub const fn new(
        request: LinkedRequest,
        routing_id: RoutingId,
        tunnel_id: TunnelId,
        secret: LinkSecret,
        identity: PrivateKey,
    ) -> Self {
        Self {
            request,
            routing_id,
            tunnel_id,
            secret,
            identity,
        }
    }

    /// What the laptop says of itself: which link, and what it will probably ask.
    #[must_use]
    pub const fn request(&self) -> &LinkedRequest {
        &self.request
    }

    pub(crate) const fn place(&self) -> (RoutingId, TunnelId) {
        (self.routing_id, self.tunnel_id)
    }

    pub(crate) const fn secret(&self) -> &LinkSecret {
        &self.secret
    }

    pub(crate) const fn identity(&self) -> &PrivateKey {
        &self.identity
    }
}

impl fmt::Debug for LinkedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedCall")
            .field("request", &self.request)
            .field("routing_id", &self.routing_id)
            .finish_non_exhaustive()
    }
}
