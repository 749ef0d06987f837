//! A stand-in for BlueZ: Bluetooth adverts on a machine without Bluetooth.
//!
//! [`BluezStandIn`] owns the name `org.bluez` on a [private bus](crate::bus) and offers the part of the BlueZ interface that
//! adverts need: one adapter that can be powered and scan, `Device1` objects for what is heard, and
//! `LEAdvertisingManager1` for those who want to be heard. Programs are pointed at it by the environment variable
//! `DBUS_SYSTEM_BUS_ADDRESS`; a real Chromium takes it for a machine with Bluetooth.
//!
//! What one client advertises, every scanning client hears, and tests may transmit and listen without D-Bus:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use hawser_interop::bluez::{BluezStandIn, Settings};
//!
//! let bluez = BluezStandIn::start(Settings::default()).await?;
//! // Start the program under test with DBUS_SYSTEM_BUS_ADDRESS set to `bluez.address()`, then:
//! bluez.until(|radio| radio.scanners > 0).await;
//! let _on_air = bluez.transmit(0xFFF9, &[0; 20]);
//! # Ok(())
//! # }
//! ```
//!
//! It is strict where BlueZ is: a scan with a filter on service UUIDs does not hear these adverts, a second report of the same
//! advert comes only to those who asked for duplicates, an advert of more than 31 bytes is refused, and whatever a
//! client started ends when the client leaves the bus.
//!
//! It says nothing about radio: every advert is heard at once and by everybody.

mod advertisement;
mod calls;
mod command;
mod daemon;
mod objects;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::bus::{BusError, Permission, PrivateBus};

use command::Command;
use daemon::Daemon;

/// What kind of machine the stand-in plays.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The adapter at the start.
    pub adapter: Adapter,
    /// What the adapter can send.
    pub advertising: Advertising,
    /// Who may call it.
    pub permission: Permission,
}

/// The adapter `hci0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adapter {
    /// There is none.
    Absent,
    /// There is one, and it is switched off.
    Off,
    /// There is one, and it is switched on.
    #[default]
    On,
}

/// Whether the adapter can send adverts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advertising {
    /// It can.
    #[default]
    Supported,
    /// It has no `LEAdvertisingManager1`, like an old adapter.
    Unsupported,
    /// Other programs use all of its slots.
    Full,
    /// The controller refuses, for a reason that it keeps to itself.
    Broken,
}

/// What happens on the stand-in, as a test may look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Radio {
    /// Clients that scan right now.
    pub scanners: usize,
    /// Clients that scan and, because of their filter on service UUIDs, hear nothing.
    pub deaf_scanners: usize,
    /// What is on the air, oldest first.
    pub on_air: Vec<Advert>,
    /// Every advert that a client ever registered, oldest first.
    pub registered: Vec<Advert>,
}

/// Service data on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The 128-bit UUID of the service, in lower case with dashes.
    pub uuid: String,
    /// The service data. An advert without any is listed with none.
    pub data: Vec<u8>,
}

/// The stand-in, running. It leaves the bus, and the bus ends, when it is dropped.
#[derive(Debug)]
pub struct BluezStandIn {
    // Dropped first: the bus must outlive those who are on it.
    _daemon: AbortOnDropHandle<()>,
    commands: mpsc::Sender<Command>,
    radio: watch::Receiver<Radio>,
    bus: Arc<PrivateBus>,
}

/// Keeps an advert of the test on the air until it is dropped.
#[derive(Debug)]
pub struct Transmission {
    _stop: oneshot::Sender<()>,
}

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandInError {
    /// Its bus did not start.
    #[error("the private bus did not start")]
    Bus(#[from] BusError),
    /// The bus did not accept it.
    #[error("the private bus did not accept the BlueZ stand-in")]
    Refused(#[from] zbus::Error),
}

impl BluezStandIn {
    /// Starts a private bus and the stand-in on it. Its name is on the bus when this returns.
    ///
    /// Runs as a task of the current tokio runtime.
    ///
    /// # Errors
    /// [`StandInError`].
    pub async fn start(settings: Settings) -> Result<Self, StandInError> {
        let bus = Arc::new(PrivateBus::start(settings.permission)?);
        Self::join(bus, &settings).await
    }

    /// Starts the stand-in on a bus that is there already, as `bluetoothd` may be started late.
    ///
    /// # Errors
    /// [`StandInError::Refused`], also when the name is taken.
    pub async fn join(bus: Arc<PrivateBus>, settings: &Settings) -> Result<Self, StandInError> {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (radio_writer, radio) = watch::channel(Radio::default());
        let daemon = Daemon::new(
            bus.address(),
            settings,
            inbox,
            commands.downgrade(),
            radio_writer,
        )
        .await?;
        Ok(Self {
            _daemon: AbortOnDropHandle::new(tokio::spawn(daemon.run())),
            commands,
            radio,
            bus,
        })
    }

    /// What belongs into `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.bus.address()
    }

    /// The bus, to be shared with another stand-in or kept when this one leaves.
    #[must_use]
    pub fn bus(&self) -> &Arc<PrivateBus> {
        &self.bus
    }

    /// Puts service data under a 16-bit UUID on the air, again and again until the guard is dropped.
    pub async fn transmit(&self, uuid: u16, data: &[u8]) -> Transmission {
        let (stop, stopped) = oneshot::channel();
        self.send(Command::Transmit {
            advert: Advert::under(uuid, data),
            stopped,
        })
        .await;
        Transmission { _stop: stop }
    }

    /// Lets service data be heard once by those who scan now, and never again: somebody who walked by.
    pub async fn pass_by(&self, uuid: u16, data: &[u8]) {
        self.send(Command::PassBy {
            advert: Advert::under(uuid, data),
        })
        .await;
    }

    /// Switches the adapter on or off, as the user or a switch does it. Off ends every scan and every advert.
    pub async fn power(&self, on: bool) {
        self.send(Command::Power { on }).await;
    }

    /// What happens right now.
    #[must_use]
    pub fn radio(&self) -> Radio {
        self.radio.borrow().clone()
    }

    /// Waits until what happens satisfies `condition`, and returns it. It waits for ever if need be.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn until(&self, condition: impl FnMut(&Radio) -> bool) -> Radio {
        match self.radio.clone().wait_for(condition).await {
            Ok(radio) => radio.clone(),
            // The daemon is a task that only ends with this value or with the bus.
            Err(_) => std::future::pending().await,
        }
    }

    async fn send(&self, command: Command) {
        // A daemon that is gone (its bus was killed) hears nothing, like one that crashed.
        let _ = self.commands.send(command).await;
    }
}

impl Advert {
    /// Service data under a 16-bit UUID.
    #[must_use]
    pub fn under(uuid: u16, data: &[u8]) -> Self {
        Self {
            uuid: long_uuid(uuid),
            data: data.to_owned(),
        }
    }
}

/// A 16-bit UUID of the Bluetooth SIG in its long form.
fn long_uuid(uuid: u16) -> String {
    format!("0000{uuid:04x}-0000-1000-8000-00805f9b34fb")
}

/// Orders of the test that may wait for the daemon; more make the test wait.
const COMMANDS: usize = 64;
