//! One phone: scans, converses with the laptop, and shows on its page how that goes.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use hawser_phone::phone::Ending;
use hawser_phone::store::FileStore;
use hawser_phone::{
    Authenticator, Operation, Phone, PhoneError, PhoneOutcome, Progress, ScannedQr,
};
use hawser_radio::loopback::{Air, LoopbackAdvertiser};
use hawser_tunnel::Dialer;
use hawser_wire::TunnelDomain;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;

use super::prompt::{PagePerson, Prompt};
use super::refusal::PhoneRefusal;
use super::screen::{PasskeyView, Screen, State};
use crate::console::wire::{Eye, Wire};
use crate::console::words::sentence;

/// What a phone is made with.
#[derive(Clone)]
pub(in crate::console) struct PhoneKit {
    pub(in crate::console) dialer: Dialer,
    pub(in crate::console) air: Air,
    pub(in crate::console) domain: TunnelDomain,
    pub(in crate::console) wire: Wire,
}

/// One phone.
pub(in crate::console) struct PocketPhone {
    /// Its place in addresses.
    pub(in crate::console) slug: &'static str,
    pub(in crate::console) name: &'static str,
    /// Locked while a session runs.
    device: Arc<Mutex<Device>>,
    prompt: Arc<Prompt>,
    wire: Wire,
    /// Ends the session that runs.
    stop: std::sync::Mutex<CancellationToken>,
}

type Device = Phone<LoopbackAdvertiser, Authenticator<FileStore, PagePerson>>;

impl PocketPhone {
    pub(super) fn new(
        slug: &'static str,
        name: &'static str,
        store: FileStore,
        kit: &PhoneKit,
    ) -> Self {
        let prompt = Arc::new(Prompt::new(kit.wire.clone()));
        let authenticator = Authenticator::new(store, PagePerson::new(Arc::clone(&prompt)));
        let advertiser = kit.air.advertiser();
        let device = Phone::new(kit.dialer.clone(), advertiser, authenticator, kit.domain);
        let phone = Self {
            slug,
            name,
            prompt,
            wire: kit.wire.clone(),
            stop: std::sync::Mutex::default(),
            device: Arc::new(Mutex::new(device)),
        };
        if let Ok(device) = phone.idle() {
            phone.list_passkeys(&device);
        }
        phone
    }

    pub(in crate::console) fn watch(&self) -> watch::Receiver<Screen> {
        self.prompt.screen.subscribe()
    }

    pub(in crate::console) fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// Whether it could scan a code.
    pub(in crate::console) fn is_free(&self) -> Result<(), PhoneRefusal> {
        self.idle().map(drop)
    }

    /// Goes where a scanned code leads. `text` must come from a picture of a code.
    pub(in crate::console) fn scan(self: &Arc<Self>, text: &str) -> Result<(), PhoneRefusal> {
        let code = ScannedQr::from_scanner(text).map_err(|_| PhoneRefusal::OtherCode)?;
        let device = self.idle()?;
        let stop = self.fresh_stop();
        let phone = Arc::clone(self);
        phone.show(State::Connecting, "Connecting to the laptop\u{2026}");
        // Ends by itself: a session has a limit.
        tokio::spawn(async move { phone.converse(device, &code, &stop).await });
        Ok(())
    }

    /// Ends the session that runs, if any.
    pub(in crate::console) fn cancel(&self) {
        self.stop_now().cancel();
    }

    /// Forgets one passkey, or with `None` everything: the phone fell into the harbour.
    pub(in crate::console) async fn forget(
        &self,
        passkey: Option<&str>,
    ) -> Result<(), PhoneRefusal> {
        let mut device = self.idle()?;
        let all = device.authenticator().store().passkeys();
        let wanted = all.into_iter().filter(|held| {
            let id = BASE64URL_NOPAD.encode(&held.credential_id);
            passkey.is_none_or(|passkey| *passkey == *id)
        });
        let mut found = passkey.is_none();
        for held in wanted {
            let store = device.authenticator_mut().store_mut();
            found |= store.remove(&held.credential_id).await?;
        }
        self.list_passkeys(&device);
        found.then_some(()).ok_or(PhoneRefusal::NoSuchPasskey)
    }

    async fn converse(
        &self,
        mut device: OwnedMutexGuard<Device>,
        code: &ScannedQr,
        stop: &CancellationToken,
    ) {
        let session = device.accept(code, |progress| self.hear(&progress));
        let outcome = stop.run_until_cancelled(session).await;
        self.list_passkeys(&device);
        match outcome {
            None => self.show(State::Idle, "Cancelled."),
            Some(Ok(outcome)) => {
                let (state, words) = in_words(&outcome);
                self.show(state, words);
            }
            Some(Err(error)) => {
                tracing::debug!(?error, "a session of the demo's phone failed");
                self.wire.saw(Eye::Phone, format!("gives up: {error}"));
                let words = match error {
                    PhoneError::Cancelled => "The laptop cancelled.".to_owned(),
                    error => sentence(&error.to_string()),
                };
                self.show(State::Failed, words);
            }
        }
    }

    fn hear(&self, progress: &Progress) {
        match progress {
            Progress::QrRead { .. } => {
                self.wire.saw(
                    Eye::Phone,
                    "scans the code: has the secret and the laptop's key",
                );
            }
            Progress::TunnelOpen { .. } => self.wire.saw(Eye::Phone, "waits at the relay"),
            Progress::Advertising => {
                self.wire
                    .saw(Eye::Phone, "advertises over Bluetooth (simulated)");
            }
            Progress::Secured => {
                self.wire.saw(
                    Eye::Phone,
                    "handshake done: the laptop heard the advert, so it is near",
                );
                self.show(State::Connected, "Connected. The laptop is asking\u{2026}");
            }
            Progress::Answered { status: 0 } => self.wire.saw(Eye::Phone, "answers, encrypted"),
            Progress::Answered { status } => {
                self.wire.saw(
                    Eye::Phone,
                    format!("answers no (status 0x{status:02x}), encrypted"),
                );
            }
            _ => {}
        }
    }

    fn show(&self, state: State, words: impl Into<String>) {
        let words = words.into();
        self.prompt.screen.send_modify(|screen| {
            screen.state = state;
            screen.words = words;
        });
    }

    fn list_passkeys(&self, device: &Device) {
        let held = device.authenticator().store().passkeys();
        let views = held.iter().rev().map(|held| PasskeyView {
            id: BASE64URL_NOPAD.encode(&held.credential_id),
            site: held.rp_id.clone(),
            user: held.username.clone().unwrap_or_default(),
        });
        let passkeys = views.collect();
        self.prompt
            .screen
            .send_modify(|screen| screen.passkeys = passkeys);
    }

    /// The phone, unless a session has it.
    fn idle(&self) -> Result<OwnedMutexGuard<Device>, PhoneRefusal> {
        let device = Arc::clone(&self.device).try_lock_owned();
        device.map_err(|_| PhoneRefusal::Busy)
    }

    fn fresh_stop(&self) -> CancellationToken {
        let mut stop = self.stop_now();
        *stop = CancellationToken::new();
        stop.clone()
    }

    fn stop_now(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.stop
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn in_words(outcome: &PhoneOutcome) -> (State, &'static str) {
    match outcome.answers.last() {
        Some(answer) if answer.status == 0 => match answer.asked {
            Some((Operation::Register, _)) => (State::Done, "Passkey saved on this phone."),
            _ => (State::Done, "Signed in on the laptop."),
        },
        Some(answer) if answer.status == DENIED => (State::Idle, "Declined. Nothing was sent."),
        Some(answer) if answer.status == TIMED_OUT => (State::Failed, "Nobody decided in time."),
        Some(answer) => match answer.asked {
            Some((Operation::AlreadyRegistered, _)) => (
                State::Done,
                "This phone has a passkey for that account already.",
            ),
            Some((Operation::NoPasskey, _)) => (State::Done, "This phone has no passkey for it."),
            _ => (
                State::Failed,
                "The laptop asked for something this phone cannot do.",
            ),
        },
        None if outcome.ending == Ending::AnotherDevice => (State::Done, "Another phone was used."),
        None => (State::Done, "Done."),
    }
}

/// `CTAP2_ERR_OPERATION_DENIED` (CTAP 2.2 §8.2).
const DENIED: u8 = 0x27;
/// `CTAP2_ERR_USER_ACTION_TIMEOUT`.
const TIMED_OUT: u8 = 0x2f;
