//! Real Bluetooth on Linux: BlueZ over D-Bus.
//!
//! `Scanner` hears phones (feature `scanner`), `Advertiser` is heard by laptops (feature `advertiser`), and [`check`] says beforehand what would go wrong. All of it
//! is pure Rust: no libdbus, no libbluetooth.
//!
//! Each use has a D-Bus connection of its own. BlueZ ends whatever a client started as soon as the client's connection
//! goes, so neither a dropped guard nor a killed process leaves an advert or a scan behind.
//!
//! The bus is the system's, or the one that the environment variable `DBUS_SYSTEM_BUS_ADDRESS` names; `on_bus` takes an
//! address for tests.

#[cfg(feature = "advertiser")]
mod advertiser;
mod daemon;
mod error;
#[cfg(feature = "scanner")]
mod scanner;

#[cfg(feature = "advertiser")]
pub use advertiser::{AdvertGuard, Advertiser};
pub use daemon::{Adapter, check, check_on_bus};
pub use error::BluezError;
#[cfg(feature = "scanner")]
pub use scanner::Scanner;
