//! The laptop for machines without Bluetooth: the demo does what a browser would do.
//!
//! A page hands over the options that it would give to `navigator.credentials`, and gets back what
//! that would return. Between lies a whole hybrid transaction by the laptop crate, over sockets,
//! with adverts that go over loopback: proximity is simulated, and the page says so.

mod ceremony;
mod wanted;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use hawser_laptop::webauthn::{OptionsError, Origin};
use hawser_laptop::{Invite, Laptop, LaptopError, Progress};
use hawser_radio::loopback::Air;
use rand_core::{OsRng, RngCore as _};
use serde_json::Value;

use super::wire::{Eye, Wire};
use crate::relying_party::limits::{Limit, Limits};
use crate::relying_party::store::SessionSecret;

use ceremony::Ceremony;
use wanted::Wanted;

pub(super) use wanted::Operation;

/// Every ceremony that is under way, or was a little while ago; of each session the latest.
pub(super) struct LaptopDesk {
    laptop: Laptop,
    air: Air,
    origin: Origin,
    wire: Wire,
    limits: Limits,
    ceremonies: Mutex<HashMap<String, Arc<Ceremony>>>,
}

/// Why there is no ceremony.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeskError {
    #[error("the laptop cannot use these options: {0}")]
    Options(#[from] OptionsError),
    #[error("{0}")]
    Invite(#[source] LaptopError),
    #[error("too many sign-ins are under way: try again in a minute")]
    TooMany,
    #[error("there is no such ceremony: begin again")]
    Unknown,
}

impl LaptopDesk {
    pub(super) fn new(
        laptop: Laptop,
        air: Air,
        origin: Origin,
        wire: Wire,
        limits: Limits,
    ) -> Self {
        Self {
            laptop,
            air,
            origin,
            wire,
            limits,
            ceremonies: Mutex::default(),
        }
    }

    /// Begins a ceremony; an earlier one of the same session is cancelled. Returns its id.
    pub(super) fn begin(
        self: &Arc<Self>,
        owner: SessionSecret,
        operation: Operation,
        options: &Value,
    ) -> Result<String, DeskError> {
        let wanted = Wanted::new(operation, options, &self.origin)?;
        let invite = self.laptop.invite(wanted.hint(), SystemTime::now());
        let invite = invite.map_err(DeskError::Invite)?;
        let ceremony = Arc::new(Ceremony::new(owner, &invite));
        let id = self.remember(&ceremony)?;
        let desk = Arc::clone(self);
        // Ends by itself: every wait of the laptop crate has a limit.
        tokio::spawn(async move { Box::pin(desk.conduct(&ceremony, invite, wanted)).await });
        Ok(id)
    }

    /// A ceremony, for whoever began it.
    pub(super) fn find(&self, id: &str, owner: &SessionSecret) -> Result<Arc<Ceremony>, DeskError> {
        let ceremonies = self.ceremonies();
        let found = ceremonies
            .get(id)
            .filter(|ceremony| ceremony.owner == *owner);
        found.cloned().ok_or(DeskError::Unknown)
    }

    /// Takes a session's code off the screen: its owner has left.
    pub(super) fn clear(&self, owner: &SessionSecret) {
        Self::cancel_of(&mut self.ceremonies(), owner);
    }

    fn cancel_of(ceremonies: &mut HashMap<String, Arc<Ceremony>>, owner: &SessionSecret) {
        ceremonies.retain(|_, ceremony| {
            let theirs = ceremony.owner == *owner;
            if theirs {
                ceremony.cancel();
            }
            !theirs
        });
    }

    /// The code that was shown last and nobody has scanned: what a phone sees that is held to the
    /// demo's screen.
    pub(super) fn code_on_screen(&self) -> Option<String> {
        let ceremonies = self.ceremonies();
        let waiting = ceremonies
            .values()
            .filter(|ceremony| ceremony.waits_for_scan());
        let latest = waiting.max_by_key(|ceremony| ceremony.begun);
        latest.map(|ceremony| ceremony.code().to_owned())
    }

    fn remember(&self, ceremony: &Arc<Ceremony>) -> Result<String, DeskError> {
        let mut ceremonies = self.ceremonies();
        // Its place is free at once, so that whoever has one may try again when the desk is full.
        Self::cancel_of(&mut ceremonies, &ceremony.owner);
        if ceremonies.len() >= MAX_CEREMONIES {
            ceremonies.retain(|_, earlier| !earlier.is_over());
        }
        if ceremonies.len() >= MAX_CEREMONIES {
            self.limits.reached(Limit::Ceremonies);
            return Err(DeskError::TooMany);
        }
        let mut random = [0; 16];
        OsRng.fill_bytes(&mut random);
        let id = HEXLOWER.encode(&random);
        ceremonies.insert(id.clone(), Arc::clone(ceremony));
        Ok(id)
    }

    async fn conduct(&self, ceremony: &Ceremony, invite: Invite, wanted: Wanted) {
        self.wire.saw_beginning(wanted.in_words());
        let outcome = self.ask(ceremony, invite, &wanted).await;
        match &outcome {
            Ok(_) => self
                .wire
                .saw(Eye::Laptop, "decrypts the answer and hands it to the site"),
            Err(words) => self.wire.saw(Eye::Laptop, format!("gives up: {words}")),
        }
        ceremony.end(outcome);
    }

    async fn ask(
        &self,
        ceremony: &Ceremony,
        invite: Invite,
        wanted: &Wanted,
    ) -> Result<Value, String> {
        let radio = self.air.scanner().await;
        let radio = radio.map_err(|error| error.to_string())?;
        let hear = |progress: Progress| self.hear(ceremony, &progress);
        let answer = match wanted {
            Wanted::Registration(wanted) => {
                let answer = invite
                    .register(radio, wanted, hear)
                    .await
                    .map_err(in_words)?;
                serde_json::to_value(answer)
            }
            Wanted::Authentication(wanted) => {
                let answer = invite
                    .authenticate(radio, wanted, hear)
                    .await
                    .map_err(in_words)?;
                serde_json::to_value(answer)
            }
        };
        answer.map_err(|error| error.to_string())
    }

    fn hear(&self, ceremony: &Ceremony, progress: &Progress) {
        let (stage, seen) = match progress {
            Progress::WaitingForScan => ("waiting-for-scan", "shows a QR code: a secret and a key"),
            Progress::PhoneNearby { .. } => (
                "phone-nearby",
                "hears the phone's advert and opens it with the secret of the QR code",
            ),
            Progress::Connected => ("connected", "joins the phone at the relay"),
            Progress::Secured => (
                "secured",
                "handshake done: it is the phone that scanned the code",
            ),
            Progress::WaitingForApproval => {
                ("waiting-for-approval", "sends the request, encrypted")
            }
            Progress::Done => ("answered", "has the phone's answer, and says goodbye"),
            _ => return,
        };
        self.wire.saw(Eye::Laptop, seen);
        ceremony.reach(stage);
    }

    fn ceremonies(&self) -> MutexGuard<'_, HashMap<String, Arc<Ceremony>>> {
        self.ceremonies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The laptop's sentence, which is for the person in front of it.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn in_words(error: LaptopError) -> String {
    tracing::debug!(?error, "a ceremony of the demo's laptop failed");
    error.to_string()
}

/// Ceremonies that are remembered at once. One takes a socket and a few kilobytes.
pub(super) const MAX_CEREMONIES: usize = 64;

#[cfg(test)]
mod tests;
