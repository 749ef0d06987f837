//! Everything around one browser: radio, relay, screen, site, and phones.
//!
//! A test describes a [`Setup`] and a scenario; [`run`] builds the world for it, plays it, and takes the world down. When the
//! scenario fails, what a person needs to understand it is kept, and the error says where.

mod error;
mod evidence;
mod laptop;
mod phone;
mod relay;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hawser_phone::phone::Progress;
use hawser_wire::{DomainError, TunnelDomain};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::authority::Authority;
use crate::bluez::{BluezStandIn, Settings};
use crate::browser::{Browser, World};
use crate::screen::Screen;
use crate::site::{Account, Registration, SignedIn, Site, UserVerificationPolicy};

pub use error::RigError;
pub use evidence::{Failed, Passed, STALLS, run};
pub use laptop::{Ceremony, Laptop};
pub use phone::{Asked, Guard, Person, Radio, RigPhone, Serving};
pub use relay::{Disturbance, NotStarted, RelayUnderTest};

/// The world that a scenario needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The tunnel domains that exist, by number. All of them lead to the one relay.
    pub domains: Vec<u16>,
    /// How the relay behaves.
    pub relay: hawser_relay::Config,
    /// What the relay does to the messages, apart from forwarding them.
    pub disturbance: Option<Disturbance>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            domains: vec![0],
            relay: hawser_relay::Config::default(),
            disturbance: None,
        }
    }
}

/// The world of a scenario. Everything in it ends when it is dropped.
#[derive(Debug)]
pub struct Rig {
    /// The laptop: a browser on its screen.
    pub laptop: Laptop,
    /// The site that is open in it.
    pub site: Site,
    /// The relay behind every domain.
    pub relay: RelayUnderTest,
    /// The air.
    pub bluez: Arc<BluezStandIn>,
    /// Trusted by browser and phones.
    pub authority: Authority,
    domains: Vec<String>,
    folder: TempDir,
}

impl Rig {
    /// Builds the world.
    ///
    /// # Errors
    /// [`RigError`].
    pub async fn build(setup: &Setup) -> Result<Self, RigError> {
        let folder = TempDir::with_prefix("hawser-interop-").map_err(RigError::Folder)?;
        let domains = setup
            .domains
            .iter()
            .map(|id| Ok(TunnelDomain::from_id(*id)?.host()))
            .collect::<Result<Vec<String>, DomainError>>()?;
        let authority = Authority::create(folder.path(), &domains)?;
        let relay = RelayUnderTest::start(&authority, setup.relay.clone(), setup.disturbance)
            .map_err(RigError::Relay)?;
        let bluez = Arc::new(BluezStandIn::start(Settings::default()).await?);
        let site = Site::start().await?;
        let laptop = folder.path().join("laptop");
        let around = Around {
            authority: &authority,
            bluez: &bluez,
            domains: &domains,
            relay: relay.address(),
            url: site.url(),
        };
        let laptop = around.laptop(&laptop).await?;
        Ok(Self {
            laptop,
            site,
            relay,
            bluez,
            authority,
            domains,
            folder,
        })
    }

    /// Another laptop, for the same site, air and relay. A third one would share its folder.
    ///
    /// # Errors
    /// [`RigError`].
    pub async fn another_laptop(&self) -> Result<Laptop, RigError> {
        let around = Around {
            authority: &self.authority,
            bluez: &self.bluez,
            domains: &self.domains,
            relay: self.relay.address(),
            url: self.site.url(),
        };
        around.laptop(&self.folder.path().join("other")).await
    }

    /// The folder of this run: logs, profiles, certificates.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Registers a passkey from the page to the site; the phone approves.
    ///
    /// # Errors
    /// [`RigError`] when anybody does not play along.
    pub async fn register(
        &mut self,
        phone: &mut RigPhone,
        wanted: &Registration,
    ) -> Result<Account, RigError> {
        let pending = self.site.register(wanted)?;
        let ceremony = self
            .laptop
            .ceremony("create", &pending.options, phone, &self.relay)
            .await?;
        let credential = ceremony.credential()?;
        Ok(self.site.registered(pending, credential)?)
    }

    /// Signs in; the phone approves. With no account allowed, any passkey of the phone will do.
    ///
    /// # Errors
    /// [`RigError`] when anybody does not play along.
    pub async fn sign_in(
        &mut self,
        phone: &mut RigPhone,
        allowed: &[&Account],
        user_verification: UserVerificationPolicy,
    ) -> Result<SignedIn, RigError> {
        let pending = self.site.sign_in(allowed, user_verification)?;
        let ceremony = self
            .laptop
            .ceremony("get", &pending.options, phone, &self.relay)
            .await?;
        let credential = ceremony.credential()?;
        Ok(self.site.signed_in(&pending, credential)?)
    }

    /// Shows a code in the browser and lets a phone scan it.
    ///
    /// # Errors
    /// [`RigError`] when the browser shows none.
    pub async fn scan(
        &mut self,
        call: &str,
        options: &Value,
        phone: RigPhone,
    ) -> Result<Serving, RigError> {
        self.laptop.ask(call, options).await?;
        Ok(phone.start(self.laptop.code().await?))
    }

    /// Waits until a phone gets to a step.
    ///
    /// # Errors
    /// [`RigError`] when that takes too long.
    pub async fn reaches(
        &self,
        phone: &Serving,
        step: impl Fn(&Progress) -> bool,
    ) -> Result<(), RigError> {
        let deadline = Instant::now() + STEP;
        loop {
            let progress = phone.progress();
            if progress.iter().any(&step) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let stalled = matches!(progress.last(), Some(Progress::Advertising))
                    && self.relay.joined() + self.relay.refused() == 0;
                return Err(if stalled {
                    RigError::Stall
                } else {
                    RigError::NotReached(progress)
                });
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the relay holds nothing any more.
    ///
    /// # Errors
    /// [`RigError::LeftBehind`].
    pub async fn relay_is_empty(&self) -> Result<(), RigError> {
        self.relay
            .empty_within(LEFT_BEHIND)
            .await
            .map_err(RigError::LeftBehind)
    }
}

/// What surrounds a laptop.
struct Around<'a> {
    authority: &'a Authority,
    bluez: &'a BluezStandIn,
    domains: &'a [String],
    relay: &'a str,
    url: &'a str,
}

impl Around<'_> {
    async fn laptop(&self, folder: &Path) -> Result<Laptop, RigError> {
        std::fs::create_dir_all(folder).map_err(RigError::Folder)?;
        self.authority.install(folder)?;
        let screen = Screen::start(&folder.join("xvfb.log"))?;
        let browser = Browser::start(&World {
            folder,
            display: screen.display(),
            bus: self.bluez.address(),
            domains: self.domains,
            relay: self.relay,
            url: self.url,
        })
        .await?;
        Ok(Laptop::new(browser, screen, folder.join("chromium.log")))
    }
}

/// A step takes less than a second.
const STEP: Duration = Duration::from_secs(40);
/// The browser, the phone and the relay each take a moment to close.
const LEFT_BEHIND: Duration = Duration::from_secs(10);
