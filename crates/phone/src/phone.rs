//! One session with a laptop, from the scanned code to its last reply.

mod error;
mod keys;
mod limits;
mod progress;
mod session;

use std::fmt;
use std::time::Duration;

use hawser_proto::{Channel, Invitation, OsRng, PostHandshake};
use hawser_tunnel::{Dialer, OpenError, Tunnel};
use hawser_wire::{RoutingId, TunnelDomain};
use passkey_types::Passkey;
use tokio::time::{Instant, timeout_at};

use crate::advertiser::Advertiser;
use crate::approver::Approver;
use crate::authenticator::Authenticator;
use crate::scanned::ScannedQr;
use crate::store::CredentialStore;
use session::Laptop;

pub use error::{PhoneError, Stage};
pub use limits::Limits;
pub use progress::{Answer, Ending, PhoneOutcome, Progress};

/// A phone: it accepts the invitations that laptops show as QR codes (CTAP 2.2 §11.5.1).
///
/// It needs a tokio runtime with IO and time enabled.
pub struct Phone<R, S, A> {
    dialer: Dialer,
    advertiser: R,
    authenticator: Authenticator<S, A>,
    domain: TunnelDomain,
    limits: Limits,
}

impl<R, S, A> Phone<R, S, A>
where
    R: Advertiser,
    S: CredentialStore<PasskeyItem = Passkey> + Send + Sync,
    A: Approver,
{
    /// A phone whose tunnel service is `domain`'s, with the default [`Limits`].
    ///
    /// The number of the domain should be 256 or more: laptops work out the host name of those
    /// themselves, while lower numbers need a laptop that has them in its table.
    pub fn new(
        dialer: Dialer,
        advertiser: R,
        authenticator: Authenticator<S, A>,
        domain: TunnelDomain,
    ) -> Self {
        Self {
            dialer,
            advertiser,
            authenticator,
            domain,
            limits: Limits::default(),
        }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The authenticator, to list or remove passkeys between sessions.
    pub fn authenticator(&self) -> &Authenticator<S, A> {
        &self.authenticator
    }

    /// The authenticator, to change its store between sessions.
    pub fn authenticator_mut(&mut self) -> &mut Authenticator<S, A> {
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
    /// the connection breaks. See [`Authenticator::respond`] about a passkey that was being made.
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

        let (mut tunnel, routing_id) = self.open(invitation, deadline).await?;
        progress(Progress::TunnelOpen {
            domain: self.domain,
            routing_id,
        });

        let introduction = PostHandshake::ctap(self.authenticator.info().await);
        let here = (self.domain, routing_id);
        let outcome = match keys::draw(&mut OsRng, invitation, here, introduction) {
            Ok((advert, session)) => {
                let laptop = Laptop {
                    tunnel: &mut tunnel,
                    session,
                    limits: &self.limits,
                    deadline,
                };
                converse(
                    laptop,
                    &self.advertiser,
                    &advert.seal(&invitation.eid_key()),
                    &mut self.authenticator,
                    &mut progress,
                )
                .await
            }
            Err(error) => Err(error),
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

    async fn open(
        &self,
        invitation: &Invitation,
        deadline: Instant,
    ) -> Result<(Tunnel, RoutingId), PhoneError> {
        let opening = self.dialer.open(self.domain, invitation.tunnel_id());
        match timeout_at(deadline, opening).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(source)) => Err(refused_or_unreachable(source)),
            Err(_) => Err(PhoneError::TimedOut {
                stage: Stage::Opening,
            }),
        }
    }
}

impl<R, S, A> fmt::Debug for Phone<R, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone")
            .field("domain", &self.domain)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn refused_or_unreachable(source: OpenError) -> PhoneError {
    match source {
        OpenError::Refused { status, .. } => PhoneError::TunnelRefused { status, source },
        source => PhoneError::TunnelUnreachable(source),
    }
}

/// A session on an open tunnel: advertise, shake hands, serve.
async fn converse<R, S, A>(
    mut laptop: Laptop<'_, Tunnel>,
    advertiser: &R,
    service_data: &[u8],
    authenticator: &mut Authenticator<S, A>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<PhoneOutcome, PhoneError>
where
    R: Advertiser,
    S: CredentialStore<PasskeyItem = Passkey> + Send + Sync,
    A: Approver,
{
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
