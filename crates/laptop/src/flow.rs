//! A transaction, step by step: find the phone and secure the connection, ask, say goodbye.
//!
//! | module | what it holds | in the specification |
//! |---|---|---|
//! | [`code`] | the way to a phone that sees a QR code | CTAP 2.2 §11.5.1 |
//! | [`linked`] | the way to a phone behind a link | CTAP 2.2 §11.5.2 |
//! | [`search`] | the radio, for both | |
//! | [`session`] | a secured connection | §11.5 |
//! | [`watch`] | deadlines and cancelling | |

mod code;
mod linked;
mod search;
mod session;
mod watch;

pub use self::session::Session;
pub(crate) use self::watch::Watch;
use crate::ctap::{CtapRequest, Status};
use crate::error::LaptopError;
use crate::progress::Progress;

/// What hears of each step.
pub(crate) type Sink<'a> = &'a mut (dyn FnMut(Progress) + Send);

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
    let mut reply = session.ctap(request).await;
    // Whoever broke the protocol, or has gone, gets no goodbye.
    let owes_goodbye = matches!(
        reply,
        Ok(_) | Err(LaptopError::NoCtap | LaptopError::Cancelled | LaptopError::TimedOut { .. })
    );
    if owes_goodbye {
        let (link, late) = session.end().await;
        if let Some(link) = link {
            progress(Progress::Linked(Box::new(link)));
        }
        if let (Err(LaptopError::Cancelled), Some(late)) = (&reply, late)
            && late.first() == Some(&Status::OK.code())
        {
            reply = Ok(late);
        }
    }
    let reply = reply?;
    let status = reply.first().copied().unwrap_or_default();
    LaptopError::from_status(Status::from_code(status))?;
    progress(Progress::Done);
    Ok((reply, info))
}
