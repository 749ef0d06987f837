//! A transaction, step by step (CTAP 2.2 §11.5.1): listen, join, secure, ask, say goodbye.

mod search;
mod session;
mod watch;

use hawser_proto::{Advert, LaptopInvitation, LaptopSession, OsRng};

pub use self::session::Session;
pub(crate) use self::watch::Watch;
use crate::ctap::{CtapRequest, Status};
use crate::error::LaptopError;
use crate::laptop::Laptop;
use crate::progress::{Progress, Stage};
use crate::scanner::Scanner;

/// What hears of each step.
pub(crate) type Sink<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// From a QR code to a session with the phone that saw it.
pub(crate) async fn find_phone(
    laptop: &Laptop,
    invitation: &LaptopInvitation,
    watch: Watch,
    scanner: impl Scanner,
    progress: Sink<'_>,
) -> Result<Session, LaptopError> {
    let key = invitation.invitation().eid_key();
    let advert = search::first(scanner, |data| Advert::open(&key, data), &mut *progress);
    let advert = watch
        .within(Stage::Searching, laptop.limits.advert, advert)
        .await??;
    let domain = advert.domain();
    progress(Progress::PhoneNearby {
        domain,
        routing_id: Some(advert.routing_id()),
    });

    let id = invitation.invitation().tunnel_id();
    let tunnel = laptop.dialer.join(domain, advert.routing_id(), id);
    let tunnel = watch
        .until_deadline(Stage::Connecting, tunnel)
        .await?
        .map_err(|error| LaptopError::from_open(domain, error))?;
    progress(Progress::Connected);

    let (session, message) =
        LaptopSession::start(invitation, &advert, &mut OsRng).map_err(LaptopError::Start)?;
    let session = Session::secure(tunnel, session, message, watch, &laptop.limits).await?;
    progress(Progress::Secured);
    Ok(session)
}

/// The one request, its reply and the goodbye; the phone's `authenticatorGetInfo` reply as well.
pub(crate) async fn ask(
    mut session: Session,
    request: &CtapRequest,
    progress: Sink<'_>,
) -> Result<(Vec<u8>, Option<Vec<u8>>), LaptopError> {
    let info = session.get_info();
    if info.is_some() {
        progress(Progress::WaitingForApproval);
    }
    let reply = session.ctap(request).await;
    // Whoever broke the protocol, or has gone, gets no goodbye.
    let owes_goodbye = matches!(
        reply,
        Ok(_) | Err(LaptopError::NoCtap | LaptopError::Cancelled | LaptopError::TimedOut { .. })
    );
    if owes_goodbye && let Some(link) = session.close().await {
        progress(Progress::Linked(Box::new(link)));
    }
    let reply = reply?;
    let status = reply.first().copied().unwrap_or_default();
    LaptopError::from_status(Status::from_code(status))?;
    progress(Progress::Done);
    Ok((reply, info))
}
