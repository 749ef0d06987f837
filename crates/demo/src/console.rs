//! The web console: the whole story with pages, a simulated phone and a view of the wire.
//!
//! ```no_run
//! use hawser_demo::console::{Console, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let console = Console::open(Options::default()).await?;
//! println!("open {}", console.origin());
//! console.serve(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`admin`] | what an administrator does at the command line |
//! | `pages` | HTML, one page a file; they share `layout`, `forms`, `words` and `signed_in` |
//! | `laptop` | the laptop crate, run for pages where there is no Bluetooth |
//! | `phones` | the phone crate, with a page for a screen |
//! | `wire`, `proxy`, `frames` | what the relay sees |
//! | `live` | server-sent events and what scripts post |
//! | `assets` | what browsers run and look at: styles, and scripts with one idea a module |
//!
//! The site itself is [`relying_party`](crate::relying_party). What a real console leaves behind of
//! this module: the phones, the laptop, the wire view, the clock, and the people with their password.

pub mod admin;
mod app;
mod assets;
mod clock;
mod failure;
mod forms;
mod frames;
mod laptop;
mod layout;
mod live;
mod own_form;
mod own_host;
mod pages;
mod people;
mod phones;
mod proxy;
mod router;
mod signed_in;
mod wire;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use hawser_laptop::webauthn::OriginError;
use hawser_phone::store::FileStoreError;
use hawser_radio::loopback::AirError;
use hawser_tunnel::DialerError;
use hawser_wire::DomainError;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use webauthn_rs::prelude::Url;

use crate::relying_party::{AccountError, RelyingParty, SetupError, StorePlace};
use app::App;

pub use app::{MAX_PICTURES, MAX_STREAMS};
pub use people::DEMO_PASSWORD;

/// How the console is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens. Default: a free port of 127.0.0.1. The simulated phones are at the same
    /// address, so whoever reaches it can use them: keep it on this machine.
    pub listen: SocketAddr,
    /// The origin of the pages; `None` is `http://localhost` and the port. Behind a proxy with TLS,
    /// say what browsers see.
    pub origin: Option<Url>,
    /// Where accounts, devices and the audit trail are kept. Default: in memory. With a file, the
    /// phones' passkeys are kept in the directory `<file>.phones`, and how far the demo's clock is
    /// ahead in `<file>.clock`.
    pub store: StorePlace,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            origin: None,
            store: StorePlace::Memory,
        }
    }
}

/// A console that listens already.
pub struct Console {
    listener: TcpListener,
    party: RelyingParty,
    app: App,
    /// The relay and the proxy in front of it.
    servers: JoinSet<()>,
}

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The site cannot start.
    #[error("the console cannot start")]
    Site(#[from] SetupError),
    /// The demo's people cannot be added.
    #[error("the people of the demo cannot be added")]
    People(#[from] AccountError),
    /// The demo's relay has no address.
    #[error("the demo's relay cannot start")]
    RelayAddress(#[from] hawser_relay::BindError),
    /// The demo's relay cannot be set up.
    #[error("the demo's relay cannot start")]
    Relay(#[from] hawser_relay::RelayError),
    /// The demo's relay cannot be dialled.
    #[error("the demo's relay cannot be dialled")]
    Dialer(#[from] DialerError),
    /// The phones have no tunnel domain.
    #[error("the demo's phones have no tunnel domain")]
    Domain(#[from] DomainError),
    /// The simulated radio does not work.
    #[error("the simulated radio does not work")]
    Air(#[from] AirError),
    /// The origin is not one for WebAuthn.
    #[error("the origin is not fit for passkeys")]
    Origin(#[from] OriginError),
    /// The phones cannot keep passkeys.
    #[error("the demo's phones cannot keep passkeys")]
    Phones(#[from] FileStoreError),
    /// A directory or a port of this machine cannot be had.
    #[error("cannot {doing}")]
    System {
        /// What failed.
        doing: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A thread of this program broke.
    #[error("this program has a fault")]
    Thread(#[source] tokio::task::JoinError),
}

impl Console {
    /// Sets everything up: the site with the demo's people, a relay, phones and a laptop.
    ///
    /// # Errors
    /// See [`ConsoleError`].
    pub async fn open(options: Options) -> Result<Self, ConsoleError> {
        let (listener, local) = crate::relying_party::listen(options.listen).await?;
        let origin = options.origin.unwrap_or(local);
        let mut servers = JoinSet::new();
        let (party, app) = app::assemble(origin, options.store, &mut servers).await?;
        Ok(Self {
            listener,
            party,
            app,
            servers,
        })
    }

    /// Where browsers find it.
    #[must_use]
    pub fn origin(&self) -> &Url {
        self.party.origin()
    }

    /// The site behind the pages.
    #[must_use]
    pub fn relying_party(&self) -> &RelyingParty {
        &self.party
    }

    /// Where the demo's relay can be reached, through the proxy that the wire view watches:
    /// `ws://127.0.0.1:PORT`.
    #[must_use]
    pub fn relay_url(&self) -> &str {
        &self.app.relay_url
    }

    /// Where the simulated radio is, for laptops and phones of one's own.
    #[must_use]
    pub fn air(&self) -> &hawser_radio::loopback::Air {
        &self.app.air
    }

    /// The routes, for a server of one's own and for tests.
    pub fn router(&self) -> axum::Router {
        router::router(self.app.clone())
    }

    /// Serves until `shutdown` is done. Pages that listen for events are cut off then.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let service = self.router();
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        // Dropped, and so stopped, when the pages are.
        let _servers = self.servers;
        tokio::select! {
            served = std::future::IntoFuture::into_future(axum::serve(self.listener, service)) => served,
            () = shutdown => Ok(()),
        }
    }
}
