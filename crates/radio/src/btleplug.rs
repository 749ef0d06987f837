//! Real Bluetooth on Windows and macOS: the system's own stack, through the library btleplug.
//!
//! [`Scanner`] hears phones. There is no advertiser: btleplug cannot send adverts.
//!
//! On macOS an app needs `NSBluetoothAlwaysUsageDescription` in its `Info.plist`, and a command the Bluetooth permission of
//! its terminal (btleplug's README). The first scan may make the system ask the user.
//!
//! Compiled, and never run near a radio: see "What nobody has run" in `docs/interop.md`.

mod error;
mod scanner;

pub use error::BtleplugError;
pub use scanner::Scanner;
