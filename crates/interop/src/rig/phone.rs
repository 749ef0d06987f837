//! Phones for a scenario: the library, a person, and the air of the BlueZ stand-in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hawser_phone::phone::{PhoneError, PhoneOutcome, Progress};
use hawser_phone::store::MemoryStore;
use hawser_phone::{
    AdvertiseError, Approver, Ask, Authenticator, Decision, Limits, Operation, Phone, ScannedQr,
};
use hawser_radio::bluez;
use hawser_tunnel::{Dialer, DialerError};
use hawser_wire::TunnelDomain;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Rig, RigError};
use crate::bluez::{BluezStandIn, Transmission};

/// A phone with the passkeys that were made on it.
#[derive(Debug)]
pub struct RigPhone {
    phone: Phone<Radio, Authenticator<MemoryStore, Person>>,
    /// Who holds it.
    pub person: Person,
    progress: Arc<Mutex<Vec<Progress>>>,
}

/// A phone at work. It dies, suddenly and without a word, when this is dropped.
#[derive(Debug)]
pub struct Serving {
    task: AbortOnDropHandle<(RigPhone, Result<PhoneOutcome, PhoneError>)>,
    progress: Arc<Mutex<Vec<Progress>>>,
}

/// How the phone of a scenario is heard.
#[derive(Clone, Debug)]
pub enum Radio {
    /// As a real phone app on Linux is: BlueZ over D-Bus, under `0xFFF9`.
    Bluez(bluez::Advertiser),
    /// Straight on the air, under any UUID.
    Air {
        /// The air.
        air: Arc<BluezStandIn>,
        /// The 16-bit UUID.
        uuid: u16,
    },
}

/// Keeps an advert on the air.
#[derive(Debug)]
pub enum Guard {
    /// Of [`Radio::Bluez`].
    Bluez(bluez::AdvertGuard),
    /// Of [`Radio::Air`].
    Air(Transmission),
}

/// Decides, and remembers what was asked. Clones are the same person.
#[derive(Clone, Debug)]
pub struct Person {
    decision: Arc<Mutex<Option<Decision>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What the phone showed to its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What approval would do.
    pub operation: Operation,
    /// For which relying party.
    pub rp_id: String,
    /// The accounts to choose among.
    pub accounts: Vec<String>,
    /// Whether the person had to prove who they are.
    pub user_verification: bool,
}

impl Rig {
    /// A new phone without passkeys, whose person says yes and whose tunnel domain has this number.
    ///
    /// # Errors
    /// [`RigError`].
    pub fn phone(&self, domain: u16) -> Result<RigPhone, RigError> {
        self.phone_on(
            Radio::Bluez(bluez::Advertiser::on_bus(self.bluez.address())),
            domain,
        )
    }

    /// The same with another radio.
    ///
    /// # Errors
    /// [`RigError`].
    pub fn phone_on(&self, radio: Radio, domain: u16) -> Result<RigPhone, RigError> {
        let dialer = self
            .dialer()
            .map_err(|error| RigError::Relay(error.into()))?;
        RigPhone::new(dialer, radio, domain)
    }

    /// Reaches the relay over TLS, like any phone or laptop, and trusts the test authority only.
    ///
    /// # Errors
    /// The authority's certificate or the relay's address is not what it should be.
    pub fn dialer(&self) -> Result<Dialer, DialerError> {
        let pem = std::fs::read(&self.authority.ca).unwrap_or_default();
        Dialer::new()
            .trust_pem(&pem)?
            .connect_to(self.relay.address())
    }
}

impl RigPhone {
    /// A phone without passkeys, whose person says yes.
    ///
    /// # Errors
    /// [`RigError::Domain`].
    pub fn new(dialer: Dialer, radio: Radio, domain: u16) -> Result<Self, RigError> {
        let person = Person {
            decision: Arc::new(Mutex::new(Some(Decision::Approve))),
            asked: Arc::default(),
        };
        let authenticator = Authenticator::new(MemoryStore::new(), person.clone());
        let domain = TunnelDomain::from_id(domain)?;
        Ok(Self {
            phone: Phone::new(dialer, radio, authenticator, domain),
            person,
            progress: Arc::default(),
        })
    }

    /// The same phone, with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.phone = self.phone.with_limits(limits);
        self
    }

    /// Scans a code and serves the laptop behind it.
    ///
    /// # Errors
    /// [`PhoneError`].
    ///
    /// # Cancel safety
    /// Dropping the future is the sudden death of the phone.
    pub async fn accept(&mut self, code: &str) -> Result<PhoneOutcome, PhoneError> {
        let code = ScannedQr::from_scanner(code)?;
        let progress = Arc::clone(&self.progress);
        lock(&progress).clear();
        self.phone
            .accept(&code, move |step| lock(&progress).push(step))
            .await
    }

    /// What the last session reached.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        lock(&self.progress).clone()
    }

    /// Scans a code and serves the laptop behind it, while the test does something else.
    #[must_use]
    pub fn start(mut self, code: String) -> Serving {
        let progress = Arc::clone(&self.progress);
        let task = tokio::spawn(async move {
            let outcome = self.accept(&code).await;
            (self, outcome)
        });
        Serving {
            task: AbortOnDropHandle::new(task),
            progress,
        }
    }

    /// Its passkeys and its authenticator.
    pub fn authenticator(&mut self) -> &mut Authenticator<MemoryStore, Person> {
        self.phone.authenticator_mut()
    }
}

impl Serving {
    /// What it has reached so far.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        lock(&self.progress).clone()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// [`RigError::Endless`] when that does not come within `limit`.
    pub async fn ended(
        self,
        limit: Duration,
    ) -> Result<(RigPhone, Result<PhoneOutcome, PhoneError>), RigError> {
        match timeout(limit, self.task).await {
            Ok(Ok(ended)) => Ok(ended),
            Ok(Err(panic)) => Err(RigError::Panicked(panic)),
            Err(_) => Err(RigError::Endless(lock(&self.progress).clone())),
        }
    }
}

impl Person {
    /// From now on decides like this; with nothing, looks at the phone and never answers.
    pub fn will(&self, decision: Option<Decision>) {
        *lock(&self.decision) = decision;
    }

    /// Everything that was asked, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }
}

impl Approver for Person {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        let name =
            |account: &hawser_phone::Account<'_>| account.name.unwrap_or_default().to_owned();
        lock(&self.asked).push(Asked {
            operation: ask.operation,
            rp_id: ask.rp_id.to_owned(),
            accounts: ask.accounts.iter().map(name).collect(),
            user_verification: ask.user_verification,
        });
        let decision = *lock(&self.decision);
        match decision {
            Some(decision) => decision,
            None => std::future::pending().await,
        }
    }
}

impl hawser_phone::Advertiser for Radio {
    type Guard = Guard;

    async fn advertise(&self, service_data: &[u8]) -> Result<Guard, AdvertiseError> {
        match self {
            Self::Bluez(bluez) => bluez.advertise(service_data).await.map(Guard::Bluez),
            Self::Air { air, uuid } => Ok(Guard::Air(air.transmit(*uuid, service_data).await)),
        }
    }
}

/// A poisoned lock belongs to a test that has failed already.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
