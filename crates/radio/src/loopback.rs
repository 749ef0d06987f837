//! Adverts that go from process to process on one machine, as datagrams on the loopback interface.
//!
//! # How it works
//!
//! An [`Air`] is a directory. Whoever listens binds a UDP port of 127.0.0.1 and puts an empty file
//! into the directory, named by the port and its process: `PORT-PID`. Whoever advertises sends a
//! datagram to every port that it finds there, at once and then every `ADVERT_INTERVAL`. Ports
//! at which nobody listens any more, because a process was killed, are removed by the next advert.
//!
//! A datagram is one advertising structure as it stands in a Bluetooth advert (Core Specification
//! Supplement, part A §1.11):
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 1 | number of bytes that follow |
//! | 1 | 1 | `16`: service data of a 16-bit UUID |
//! | 2 | 2 | the UUID, least significant byte first: `F9 FF` or `E2 FD` |
//! | 4 | n | the service data |
//!
//! # What it is not
//!
//! Proximity. Everybody on the machine may send to a loopback port, and a directory that is shared
//! over a network would carry adverts around the world. So whoever uses it must say so: show
//! [`PROXIMITY_NOTICE`]. What a listener hears is as untrusted as what a radio hears; the private
//! directory keeps other users of the machine from hearing.

mod air;
#[cfg(any(feature = "scanner", feature = "advertiser"))]
mod datagram;
#[cfg(any(feature = "scanner", feature = "advertiser"))]
mod registration;

#[cfg(feature = "advertiser")]
mod advertiser;
#[cfg(feature = "scanner")]
mod scanner;

#[cfg(feature = "advertiser")]
pub use advertiser::{ADVERT_INTERVAL, AdvertGuard, LoopbackAdvertiser};
pub use air::{Air, AirError};
#[cfg(any(feature = "scanner", feature = "advertiser"))]
pub use datagram::MAX_SERVICE_DATA;
#[cfg(feature = "scanner")]
pub use scanner::LoopbackScanner;

/// What a user interface must show while it uses this module.
pub const PROXIMITY_NOTICE: &str = "Bluetooth proximity is simulated: adverts travel inside this \
     machine only, so this sign-in does not prove that the phone is near.";
