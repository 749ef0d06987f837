//! The laptop for machines without Bluetooth: the demo does what a browser would do.
//!
//! A page hands over the options that it would give to `navigator.credentials`, and gets back what
//! that would return. Between lies a whole hybrid transaction by the laptop crate, over sockets,
//! with adverts that go over loopback: proximity is simulated, and the page says so.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use data_encoding::HEXLOWER;
use hawser_laptop::webauthn::{Authentication, Origin, Registration};
use hawser_laptop::{Canceller, Hint, Invite, Laptop, LaptopError, Progress};
use hawser_radio::loopback::Air;
use rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::wire::{Eye, Wire};
use crate::relying_party::limits::{Limit, Limits};
use crate::relying_party::store::SessionSecret;

/// Every ceremony that is under way, or was a little while ago; of each session the latest.
pub(super) struct LaptopDesk {
    laptop: Laptop,
    air: Air,
    origin: Origin,
    wire: Wire,
    limits: Limits,
    ceremonies: Mutex<HashMap<String, Arc<Ceremony>>>,
}

/// One ceremony at the laptop.
pub(super) struct Ceremony {
    /// Whoever began it; nobody else may look.
    owner: SessionSecret,
    /// What the QR code says.
    code: String,
    begun: Instant,
    canceller: Canceller,
    view: watch::Sender<View>,
}

/// What the page wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operation {
    Register,
    SignIn,
}

/// What the page shows of a ceremony.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct View {
    /// The stages that were reached, in order.
    stages: Vec<StageView>,
    /// What to hand to the site, at the end of a good one.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    /// What went wrong, at the end of a bad one.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct StageView {
    name: &'static str,
    ms: u64,
}

/// Why there is no ceremony.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeskError {
    #[error("the laptop cannot use these options: {0}")]
    Options(#[from] hawser_laptop::webauthn::OptionsError),
    #[error("{0}")]
    Invite(#[source] LaptopError),
    #[error("too many sign-ins are under way: try again in a minute")]
    TooMany,
    #[error("there is no such ceremony: begin again")]
    Unknown,
}

/// A request for the phone.
enum Wanted {
    Registration(Registration),
    Authentication(Authentication),
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
        let json = options.to_string();
        let (wanted, hint) = match operation {
            Operation::Register => {
                let registration = Registration::from_json(&json, &self.origin)?;
                (Wanted::Registration(registration), Hint::MakeCredential)
            }
            Operation::SignIn => {
                let authentication = Authentication::from_json(&json, &self.origin)?;
                (Wanted::Authentication(authentication), Hint::GetAssertion)
            }
        };
        let invite = self.laptop.invite(hint, SystemTime::now());
        let invite = invite.map_err(DeskError::Invite)?;
        let ceremony = Arc::new(Ceremony {
            owner,
            code: invite.uri(),
            begun: Instant::now(),
            canceller: invite.canceller(),
            view: watch::Sender::new(View::default()),
        });
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
                ceremony.canceller.cancel();
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
        latest.map(|ceremony| ceremony.code.clone())
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
        ceremony.view.send_modify(|view| match outcome {
            Ok(answer) => {
                self.wire
                    .saw(Eye::Laptop, "decrypts the answer and hands it to the site");
                view.answer = Some(answer);
            }
            Err(words) => {
                self.wire.saw(Eye::Laptop, format!("gives up: {words}"));
                view.failure = Some(words);
            }
        });
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
        let ms = u64::try_from(ceremony.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        ceremony.view.send_modify(|view| {
            view.stages.push(StageView { name: stage, ms });
        });
    }

    fn ceremonies(&self) -> MutexGuard<'_, HashMap<String, Arc<Ceremony>>> {
        self.ceremonies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ceremony {
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    pub(super) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    pub(super) fn cancel(&self) {
        self.canceller.cancel();
    }

    fn is_over(&self) -> bool {
        self.view.borrow().is_over()
    }

    fn waits_for_scan(&self) -> bool {
        let view = self.view.borrow();
        let reached: Vec<_> = view.stages.iter().map(|stage| stage.name).collect();
        !view.is_over() && reached == ["waiting-for-scan"]
    }
}

impl View {
    pub(super) fn is_over(&self) -> bool {
        self.answer.is_some() || self.failure.is_some()
    }
}

impl Wanted {
    fn in_words(&self) -> String {
        match self {
            Self::Registration(wanted) => {
                let request = wanted.request();
                let site = &request.relying_party.id;
                format!(
                    "is asked by {site} for a new passkey for {}",
                    request.user.name
                )
            }
            Self::Authentication(wanted) => {
                let request = wanted.request();
                let mut words = format!("is asked by {} for a signature", request.relying_party_id);
                let allowed = request.allow.len();
                if allowed > 0 {
                    let plural = if allowed == 1 { "" } else { "s" };
                    // Writing to a string cannot fail.
                    write!(words, " with one of {allowed} passkey{plural}").ok();
                }
                words
            }
        }
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
