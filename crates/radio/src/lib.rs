//! Bluetooth adverts of the FIDO hybrid transport (CTAP 2.2 §11.5), and a simulation of them.
//!
//! A phone proves to be near by an advert that only a radio in the same room hears. The libraries
//! for phones (`hawser-phone`) and laptops (`hawser-laptop`) leave the radio to the app; this crate
//! has three. `bluez` is real Bluetooth on Linux. `btleplug` hears on Windows and macOS, and cannot send.
//! [`loopback`] works everywhere and proves nothing: it is for development and tests.
//!
//! ```
//! use hawser_laptop::Scanner;
//! use hawser_phone::Advertiser;
//! use hawser_radio::loopback::Air;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path().join("air");
//! let air = Air::at(directory)?;
//! let mut scanner = air.scanner().await?;
//!
//! let guard = air.advertiser().advertise(b"twenty bytes of data").await?;
//! assert_eq!(scanner.next().await?, b"twenty bytes of data");
//! drop(guard); // and the advert is off the air
//! # Ok(())
//! # }
//! ```
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `scanner` | on | `loopback::LoopbackScanner`, and the laptop crate |
//! | `advertiser` | on | `loopback::LoopbackAdvertiser`, and the phone crate |
//! | `bluez` | off | `bluez` on Linux: the real radio, for whichever of the above is on |
//! | `btleplug` | off | `btleplug` on Windows and macOS, with `scanner`: hears phones. Compiled, never tried on a radio |

#[cfg(all(feature = "bluez", target_os = "linux"))]
pub mod bluez;
#[cfg(all(
    feature = "btleplug",
    feature = "scanner",
    any(windows, target_os = "macos")
))]
pub mod btleplug;
pub mod loopback;
#[cfg(all(
    feature = "scanner",
    any(
        all(feature = "bluez", target_os = "linux"),
        all(feature = "btleplug", any(windows, target_os = "macos"))
    )
))]
mod scan;
