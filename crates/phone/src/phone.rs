//! One session with a laptop, from the scanned code to its last reply.

mod error;
mod keys;
mod limits;
mod progress;
mod session;

use std::fmt;
use std::time::Duration;

use hawser_proto::update::UpdateError;
use hawser_proto::{
    Channel, Invitation, LinkingOffer, OsRng, PhoneHello, PostHandshake, StartError,
};
use hawser_tunnel::{Dialer, OpenError, Tunnel};
use hawser_wire::TunnelDomain;
use tokio::time::{Instant, timeout_at};

use crate::advertiser::Advertiser;
use crate::ctap_authenticator::CtapAuthenticator;
use crate::linked::LinkedCall;
use crate::scanned::ScannedQr;
use session::Laptop;

pub use error::{PhoneError, Stage};
pub use limits::Limits;
pub use progress::{Answer, Ending, PhoneOutcome, Progress};

/// A phone: it accepts the invitations that laptops show as QR codes (CTAP 2.2 §11.5.1).
///
/// It needs a tokio runtime with IO and time enabled.
pub struct Phone<R, C> {
    dialer: Dialer,
    advertiser: R,
    authenticator: C,
    domain: TunnelDomain,
    limits: Limits,
    offer: Option<LinkingOffer>,
}

impl<R: Advertiser, C: CtapAuthenticator> Phone<R, C> {
    /// A phone whose tunnel service is `domain`'s, with the default [`Limits`].
    ///
    /// The number of the domain should be 256 or more: laptops work out the host name of those
    /// themselves, while lower numbers need a laptop that has them in its table.
    pub fn new(dialer: Dialer, advertiser: R, authenticator: C, domain: TunnelDomain) -> Self {
        Self {
            dialer,
            advertiser,
            authenticator,
            domain,
            limits: Limits::default(),
            offer: None,
        }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Offers a link to the laptop of the next session that begins with a code, once, if it says that it would keep one.
    ///
    /// The laptop gets it right after the handshake, before it asks anything: so only when the person wants it. See [`linked`](crate::linked).
    ///
    /// # Errors
    /// [`UpdateError::LinkingTooLong`]: a shorter contact id or name will do.
    pub fn offer_link(&mut self, offer: LinkingOffer) -> Result<(), UpdateError> {
        PhoneHello::new(PostHandshake::json()).with_linking(offer.clone())?;
        self.offer = Some(offer);
        Ok(())
    }

    /// The authenticator, to list or remove passkeys between sessions.
    pub fn authenticator(&self) -> &C {
        &self.authenticator
    }

    /// The authenticator, to change its store between sessions.
    pub fn authenticator_mut(&mut self) -> &mut C {
        &mut self.authenticator
    }

    /// Accepts an invitation and serves the laptop behind it until that is done.
    ///
    /// Waits at the tunnel service, advertises until a laptop has proved that it heard the advert,
    /// answers its requests one at a time, and lets the laptop say when it is done. A request that the person
    /// declines is answered too, so it is part of a good [`PhoneOutcome`]. `progress` is called at
    /// every step and must not block.
    ///
    /// # Errors
    /// [`PhoneError`]. A code is good for one session, whatever came of it: after an error, the laptop
    /// has to show a new one.
    ///
    /// # Cancel safety
    /// Dropping the future ends the session at once: the advert goes off the air, the prompt disappears,
    /// the connection breaks. See [`Authenticator::respond`](crate::Authenticator::respond) about a passkey that was being made.
    pub async fn accept(
        &mut self,
        code: &ScannedQr,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<PhoneOutcome, PhoneError> {
        let invitation = code.invitation();
        let deadline = after(self.limits.session);
        self.check(invitation)?;
        progress(Progress::QrRead {
            hint: invitation.hint(),
        });
        // Boxed, as what follows is: apps embed this future in their own.
        let opening = Box::pin(self.dialer.open(self.domain, invitation.tunnel_id()));
        let (tunnel, routing_id) = reach(opening, deadline).await?;
        progress(Progress::TunnelOpen {
            domain: self.domain,
            routing_id,
        });
        let offer = self
            .offer
            .take()
            .filter(|_| invitation.linking() == Some(true));
        let here = (self.domain, routing_id);
        let drawn = self
            .hello(offer)
            .await
            .and_then(|hello| keys::draw(&mut OsRng, invitation, here, hello));
        Box::pin(self.meet(tunnel, drawn, deadline, &mut progress)).await
    }

    /// Joins a linked laptop, which had this phone woken, and serves it until that is done: as [`accept`](Self::accept) does after a
    /// code.
    ///
    /// # Errors
    /// [`PhoneError`]; [`PhoneError::TunnelRefused`] with status 404 when the laptop has given up. The link is good all the same.
    ///
    /// # Cancel safety
    /// As of [`accept`](Self::accept).
    pub async fn accept_linked(
        &mut self,
        call: &LinkedCall,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<PhoneOutcome, PhoneError> {
        let deadline = after(self.limits.session);
        progress(Progress::Called {
            hint: call.request().hint(),
        });
        let (routing_id, tunnel_id) = call.place();
        let joining = Box::pin(self.dialer.join(self.domain, routing_id, tunnel_id));
        let tunnel = reach(joining, deadline).await?;
        progress(Progress::TunnelOpen {
            domain: self.domain,
            routing_id,
        });
        let drawn = self
            .hello(None)
            .await
            .and_then(|hello| keys::draw_linked(&mut OsRng, call, hello));
        Box::pin(self.meet(tunnel, drawn, deadline, &mut progress)).await
    }

    /// What this phone says of itself.
    async fn hello(&self, offer: Option<LinkingOffer>) -> Result<PhoneHello, StartError> {
        let hello = PhoneHello::new(PostHandshake::ctap(self.authenticator.get_info().await));
        match offer {
            // Its length was looked at before.
            Some(offer) => hello.with_linking(offer).map_err(|_| StartError::Internal),
            None => Ok(hello),
        }
    }

    /// A session in an open tunnel, and its end.
    async fn meet(
        &mut self,
        mut tunnel: Tunnel,
        drawn: Result<keys::Drawn, StartError>,
        deadline: Instant,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<PhoneOutcome, PhoneError> {
        let outcome = match drawn {
            Ok((service_data, session)) => {
                let laptop = Laptop {
                    tunnel: &mut tunnel,
                    session,
                    limits: &self.limits,
                    deadline,
                };
                let authenticator = &mut self.authenticator;
                converse(
                    laptop,
                    &self.advertiser,
                    &service_data,
                    authenticator,
                    progress,
                )
                .await
            }
            Err(error) => Err(PhoneError::Start(error)),
        };
        // In good order whatever happened, so that the service need not wait for a time-out.
        tunnel.close().await;
        outcome
    }

    /// Whether this phone and this laptop can meet.
    fn check(&self, invitation: &Invitation) -> Result<(), PhoneError> {
        if !invitation.channels().contains(&Channel::Tunnel) {
            return Err(PhoneError::NoTunnel);
        }
        let known = invitation.known_domains();
        if self.domain.is_assigned() && u64::from(self.domain.id()) >= known {
            return Err(PhoneError::DomainUnknown {
                domain: self.domain,
                known,
            });
        }
        Ok(())
    }
}

impl<R, C> fmt::Debug for Phone<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone")
            .field("domain", &self.domain)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The way to the tunnel.
async fn reach<T>(
    dialling: impl Future<Output = Result<T, OpenError>>,
    deadline: Instant,
) -> Result<T, PhoneError> {
    match timeout_at(deadline, dialling).await {
        Ok(reached) => reached.map_err(refused_or_unreachable),
        Err(_) => Err(PhoneError::TimedOut {
            stage: Stage::Opening,
        }),
    }
}

fn refused_or_unreachable(source: OpenError) -> PhoneError {
    match source {
        OpenError::Refused { status, .. } => PhoneError::TunnelRefused { status, source },
        source => PhoneError::TunnelUnreachable(source),
    }
}

/// A session on an open tunnel: advertise, shake hands, serve.
async fn converse(
    mut laptop: Laptop<'_, Tunnel>,
    advertiser: &impl Advertiser,
    service_data: &[u8],
    authenticator: &mut impl CtapAuthenticator,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<PhoneOutcome, PhoneError> {
    let until = laptop.until(laptop.limits.radio);
    let advert = match timeout_at(until, advertiser.advertise(service_data)).await {
        Ok(advertising) => advertising.map_err(PhoneError::Advertise)?,
        Err(_) => {
            return Err(PhoneError::TimedOut {
                stage: Stage::StartingAdvert,
            });
        }
    };
    progress(Progress::Advertising);
    laptop.secure(advert).await?;
    progress(Progress::Secured);
    let outcome = laptop.serve(authenticator, progress).await?;
    progress(Progress::Done);
    Ok(outcome)
}

/// The moment after a limit. Nobody means more than a day, and clocks overflow on some of it.
fn after(limit: Duration) -> Instant {
    const DAY: Duration = Duration::from_hours(24);
    Instant::now() + limit.min(DAY)
}
