//! Who plays: the relay, the site, the laptop and the phone, on addresses of this machine.

use std::net::{Ipv4Addr, SocketAddr};

use hawser_laptop::Laptop;
use hawser_phone::store::MemoryStore;
use hawser_phone::{Authenticator, Phone};
use hawser_radio::loopback::{Air, LoopbackAdvertiser, LoopbackScanner};
use hawser_relay::Relay;
use hawser_tunnel::Dialer;
use hawser_wire::TunnelDomain;
use tempfile::TempDir;
use tokio::task::JoinSet;
use webauthn_rs::prelude::{Url, Uuid};

use super::USER;
use super::browser::Browser;
use super::error::StoryError;
use super::person::Person;
use super::stage::Stage;
use super::telling::PartTelling;
use crate::relying_party::{AccountError, AccountKind, Clock, NewUser, RelyingParty, UserKind};

/// Everything that the two ceremonies share. Dropping it stops the relay and the site.
pub(super) struct Cast {
    relay: Relay,
    pub(super) site: Site,
    pub(super) laptop: Laptop,
    dialer: Dialer,
    air: Air,
    /// Holds the adverts; nobody else's phone or laptop looks here.
    _air_directory: TempDir,
    _servers: JoinSet<()>,
}

pub(super) struct Site {
    address: SocketAddr,
    pub(super) origin: Url,
    password: String,
}

/// The phone of the story.
pub(super) type StoryPhone = Phone<LoopbackAdvertiser, Authenticator<MemoryStore, Person>>;

impl Cast {
    pub(super) async fn assemble(telling: &PartTelling) -> Result<Self, StoryError> {
        let mut servers = JoinSet::new();

        let listener = hawser_relay::bind(ANY_PORT).map_err(StoryError::RelayAddress)?;
        let address = listener.local_addr().map_err(StoryError::LocalAddress)?;
        let relay = Relay::new(hawser_relay::Config::default()).map_err(StoryError::Relay)?;
        let serving = relay.clone().serve(listener, std::future::pending());
        servers.spawn(async move {
            serving.await;
        });
        let relay_url = format!("ws://{address}");
        telling.happened(Stage::RelayUp, relay_url.as_str());

        let (party, listener) = RelyingParty::bind(ANY_PORT, Clock::system())
            .await
            .map_err(StoryError::Site)?;
        let site = Site {
            address: listener.local_addr().map_err(StoryError::LocalAddress)?,
            origin: party.origin().clone(),
            password: Uuid::new_v4().to_string(),
        };
        add_user(party.clone(), site.password.clone()).await?;
        servers.spawn(async move {
            if let Err(error) = party.serve(listener, std::future::pending()).await {
                tracing::error!(%error, "the site stopped");
            }
        });
        telling.happened(Stage::SiteUp, site.origin.origin().ascii_serialization());

        let dialer = Dialer::new().tunnel_service(&relay_url)?;
        let air_directory = TempDir::new().map_err(StoryError::AirDirectory)?;
        Ok(Self {
            relay,
            site,
            laptop: Laptop::new(dialer.clone()),
            dialer,
            air: Air::at(air_directory.path().join("air"))?,
            _air_directory: air_directory,
            _servers: servers,
        })
    }

    /// The person's phone, without passkeys yet.
    pub(super) fn phone(&self, person: Person) -> Result<StoryPhone, StoryError> {
        let authenticator = Authenticator::new(MemoryStore::new(), person);
        let domain = TunnelDomain::from_id(PHONES_DOMAIN)?;
        let dialer = self.dialer.clone();
        Ok(Phone::new(
            dialer,
            self.air.advertiser(),
            authenticator,
            domain,
        ))
    }

    /// The laptop's radio, listening already.
    pub(super) async fn scanner(&self) -> Result<LoopbackScanner, StoryError> {
        Ok(self.air.scanner().await?)
    }

    /// Messages that the relay forwarded so far.
    pub(super) fn relay_messages(&self) -> u64 {
        self.relay.stats().messages
    }
}

impl Site {
    /// A fresh browser in which the password has been accepted.
    pub(super) async fn browser_after_password(
        &self,
        telling: &PartTelling,
    ) -> Result<Browser, StoryError> {
        let mut browser = Browser::new(self.address, self.origin.clone());
        let standing = browser.password(USER, &self.password).await?;
        telling.happened(Stage::PasswordAccepted, format!("for {}", standing.user));
        Ok(browser)
    }
}

/// A password hash takes a while, so it is not computed on a thread that serves others.
async fn add_user(party: RelyingParty, password: String) -> Result<(), StoryError> {
    let added = tokio::task::spawn_blocking(move || add_user_to(&party, &password));
    Ok(added.await.map_err(StoryError::Thread)??)
}

fn add_user_to(party: &RelyingParty, password: &str) -> Result<(), AccountError> {
    party.add_account(ACCOUNT, AccountKind::Management)?;
    party.add_user(&NewUser {
        account: ACCOUNT,
        name: USER,
        display_name: "Alice",
        password,
        kind: UserKind::User,
        administrator: false,
    })
}

const ACCOUNT: &str = "Story";

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The number in the phone's advert. Any derived one will do, because both ends were told where
/// the relay is.
const PHONES_DOMAIN: u16 = 0xF980;
