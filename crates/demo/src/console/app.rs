//! Everything that the pages stand on, put together.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::FromRef;
use hawser_laptop::Laptop;
use hawser_laptop::webauthn::Origin;
use hawser_radio::loopback::Air;
use hawser_relay::Relay;
use hawser_tunnel::Dialer;
use hawser_wire::TunnelDomain;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use webauthn_rs::prelude::Url;

use super::clock::DemoClock;
use super::laptop::LaptopDesk;
use super::phones::{PhoneKit, Phones};
use super::wire::Wire;
use super::{ConsoleError, people, proxy};
use crate::relying_party::site::Site;
use crate::relying_party::{Options, RelyingParty, StorePlace};

/// What every route can use. Cheap to clone.
#[derive(Clone)]
pub(super) struct App {
    pub(super) site: Arc<Site>,
    pub(super) desk: Arc<LaptopDesk>,
    pub(super) phones: Arc<Phones>,
    pub(super) wire: Wire,
    pub(super) clock: DemoClock,
    pub(super) relay_url: Arc<str>,
    pub(super) air: Air,
    /// Pictures that are being read; each takes its memory and a processor.
    pub(super) pictures: Arc<Semaphore>,
    /// Pages that listen for events; each holds a connection.
    pub(super) streams: Arc<Semaphore>,
    /// Holds the adverts, and the phones of a demo without a file.
    _scratch: Arc<TempDir>,
}

impl FromRef<App> for Arc<Site> {
    fn from_ref(app: &App) -> Self {
        Self::clone(&app.site)
    }
}

pub(super) async fn assemble(
    origin: Url,
    store: StorePlace,
    servers: &mut JoinSet<()>,
) -> Result<(RelyingParty, App), ConsoleError> {
    let wire = Wire::new();
    let relay_url = serve_relay(&wire, servers).await?;
    let dialer = Dialer::new().tunnel_service(&relay_url)?;
    let scratch = TempDir::new().map_err(system("make a temporary directory"))?;
    let air = Air::at(scratch.path().join("air"))?;

    let phones = phones_directory(&store, scratch.path())?;
    let kit = PhoneKit {
        dialer: dialer.clone(),
        air: air.clone(),
        domain: TunnelDomain::from_id(PHONES_DOMAIN)?,
        wire: wire.clone(),
    };
    let phones = Phones::open(&phones, &kit)?;
    let page_origin: Origin = origin.origin().ascii_serialization().parse()?;
    let laptop = Laptop::new(dialer);

    let clock = DemoClock::of(&store).map_err(system("read the demo's clock"))?;
    let party = RelyingParty::open(Options {
        origin,
        store,
        clock: clock.clock(),
    })?;
    settle(party.clone()).await?;
    let limits = party.site().limits().clone();
    let desk = LaptopDesk::new(laptop, air.clone(), page_origin, wire.clone(), limits);
    let app = App {
        site: Arc::clone(party.site()),
        desk: Arc::new(desk),
        phones: Arc::new(phones),
        wire,
        clock,
        relay_url: relay_url.into(),
        air,
        pictures: Arc::new(Semaphore::new(MAX_PICTURES)),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        _scratch: Arc::new(scratch),
    };
    Ok((party, app))
}

/// Starts the relay and its observer; returns where the observer listens.
async fn serve_relay(wire: &Wire, servers: &mut JoinSet<()>) -> Result<String, ConsoleError> {
    let no_address = "learn a port";
    let listener = hawser_relay::bind(ANY_PORT)?;
    let relay_address = listener.local_addr().map_err(system(no_address))?;
    let relay = Relay::new(hawser_relay::Config::default())?;
    servers.spawn(async move {
        relay.serve(listener, std::future::pending()).await;
    });
    let observer = TcpListener::bind(ANY_PORT).await;
    let observer = observer.map_err(system("listen on a port"))?;
    let address = observer.local_addr().map_err(system(no_address))?;
    servers.spawn(proxy::observe(observer, relay_address, wire.clone()));
    Ok(format!("ws://{address}"))
}

/// Password hashes take a while, so they are not computed on a thread that serves others.
async fn settle(party: RelyingParty) -> Result<(), ConsoleError> {
    let settled = tokio::task::spawn_blocking(move || people::settle(&party));
    settled.await.map_err(ConsoleError::Thread)??;
    Ok(())
}

fn phones_directory(store: &StorePlace, scratch: &Path) -> Result<PathBuf, ConsoleError> {
    let directory = match store {
        StorePlace::Memory => scratch.join("phones"),
        StorePlace::File(path) => {
            let mut directory = path.clone().into_os_string();
            directory.push(".phones");
            directory.into()
        }
    };
    fs::create_dir_all(&directory).map_err(system("make a directory for the phones"))?;
    Ok(directory)
}

fn system(doing: &'static str) -> impl Fn(std::io::Error) -> ConsoleError {
    move |source| ConsoleError::System { doing, source }
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Pictures that are read at a time: the largest takes some 600 MB while it is looked at.
pub const MAX_PICTURES: usize = 2;

/// Pages that listen for events at a time. A browser has six connections to a host, and the pages
/// that can be seen share them, so these are the pages of more than forty browsers.
pub const MAX_STREAMS: usize = 256;

/// The number in the phones' adverts. Any derived one will do, because both ends were told where
/// the relay is.
const PHONES_DOMAIN: u16 = 0xF980;
