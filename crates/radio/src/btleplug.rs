//! Real Bluetooth on Windows and macOS: the system's own stack, through the library btleplug.
//!
//! [`Scanner`] hears phones. There is no advertiser: btleplug cannot send adverts, and neither system lets a program
//! choose the service data of one.
//!
//! On macOS the app's `Info.plist` needs `NSBluetoothAlwaysUsageDescription`: the system ends a program that uses Bluetooth
//! without saying why. The first scan makes macOS ask the user.
//!
//! Compiled in checks, and never run near a radio: see "What nobody has run" in `docs/interop.md`.

mod error;
mod scanner;

pub use error::BtleplugError;
pub use scanner::Scanner;
